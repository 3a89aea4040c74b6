package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/ihe/mcsd/extraction"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// directoryFlags are what "carnet import" takes to load the national directories.
type directoryFlags struct {
	annuaire, finess, date string
	closeAny               bool
}

func (f *directoryFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.annuaire, "directory", "", "extraction of the Annuaire Santé (PS_LibreAcces_Personne_activite_*.txt); an interrupted import is resumed by the same command")
	flags.StringVar(&f.finess, "finess", "", "extraction of the FINESS establishments (etalab CSV, with or without positions), loaded before --directory")
	flags.StringVar(&f.date, "directory-date", "", "day of the extractions (YYYY-MM-DD, today by default): when activities that are not in them any more ended")
	flags.BoolVar(&f.closeAny, "close-any", false, "let the extractions close more than a tenth of the entries that are there")
}

func (f *directoryFlags) asked() bool { return f.annuaire != "" || f.finess != "" }

// run imports the extractions: FINESS first, which knows structures better and where they are.
func (f *directoryFlags) run(ctx context.Context, target ingest.Target, out io.Writer) error {
	o := extraction.Options{Server: target, CloseAny: f.closeAny, Progress: os.Stderr, Terminal: terminal(os.Stderr),
		Refused: func(line int, reason string) { fmt.Fprintf(out, "refused: line %d: %s\n", line, reason) }}
	if f.date != "" {
		day, err := time.Parse(time.DateOnly, f.date)
		if err != nil {
			return errors.New("--directory-date is a day: 2026-03-31")
		}
		o.Day = day
	}
	refused := 0
	for _, one := range []struct {
		path string
		load func(context.Context, string, extraction.Options) (*extraction.Report, error)
	}{{f.finess, extraction.FINESS}, {f.annuaire, extraction.Annuaire}} {
		if one.path == "" {
			continue
		}
		report, err := one.load(ctx, one.path, o)
		if report != nil {
			fmt.Fprint(out, report)
			refused += report.Refused
		}
		if err != nil {
			return fmt.Errorf("%w (the same command goes on from where it stopped)", err)
		}
	}
	if refused > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d lines were refused", refused)}
	}
	return nil
}

// sizes gives the store's sizes for an import into a data directory. That of a directory of a million lines stays under 300 MB: what is read is read once, so that the room of a
// server's cache would be wasted, and the heap may double only below a limit, near which it is collected more often.
func (f *directoryFlags) sizes(log *slog.Logger) embedded.Options {
	o := embedded.Options{Logger: log}
	if f.asked() {
		o.CacheSize, o.MemTableSize, o.Bulk = 64<<20, 16<<20, true
		debug.SetMemoryLimit(240 << 20)
	}
	return o
}

func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
