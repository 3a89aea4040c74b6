package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// documentFlags are the flags of importing CDA documents.
type documentFlags struct {
	dryRun, openRecords bool
	report, insMode     string
}

func (f *documentFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "judge the CDA documents, load nothing")
	flags.StringVar(&f.report, "report", "", "write one line of JSON for each CDA document to this file (- for standard output)")
	flags.BoolVar(&f.openRecords, "open-records", false, "open the record of a person whose INS is not known yet")
	flags.StringVar(&f.insMode, "ins-mode", ins.Sandbox.String(), "whose INS are taken: sandbox (test numbers) or production")
}

// judged is one document's line and what went wrong beside it.
type judged struct {
	report judge.Report
	err    error
}

// dryRunAll judges files. The error is an *exitError 1 when some were refused.
func (f *documentFlags) dryRunAll(ctx context.Context, out io.Writer, names []string) error {
	mode, err := ins.ParseMode(f.insMode)
	if err != nil {
		return err
	}
	files, err := ingest.Documents(names)
	if err != nil {
		return err
	}
	return f.each(ctx, out, files, func(name string) (judge.Report, error) {
		v, err := ingest.JudgeFile(name, judge.Options{Mode: mode})
		if err != nil {
			return judge.Report{}, err
		}
		return v.Report(name), nil
	})
}

// each works on files on all processors, and writes report and summary in the order of the files.
func (f *documentFlags) each(ctx context.Context, out io.Writer, files []string, work func(name string) (judge.Report, error)) error {
	lines, finish, err := f.lines(out)
	if err != nil {
		return err
	}
	accepted, known, refused := 0, 0, 0
	err = ingest.InOrder(len(files), runtime.GOMAXPROCS(0), func(i int) judged {
		if err := ctx.Err(); err != nil {
			return judged{err: err}
		}
		r, err := work(files[i])
		if err != nil {
			err = fmt.Errorf("%s: %w", filepath.Base(files[i]), err)
		}
		return judged{r, err}
	}, func(j judged) error {
		if j.err != nil {
			return j.err
		}
		switch {
		case !j.report.Accepted:
			refused++
		case j.report.Outcome == judge.AlreadyKnown:
			known++
		default:
			accepted++
		}
		return lines(&j.report)
	})
	if err := errors.Join(err, finish()); err != nil {
		return err
	}
	if f.report != "-" {
		fmt.Fprintf(out, "%9d documents accepted, %d already known, %d refused\n", accepted, known, refused)
	}
	if refused > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d of %d documents were refused", refused, len(files))}
	}
	return nil
}

// lines gives the writer of the report: of JSON lines, or, without --report, of the findings of refused documents for people to read.
func (f *documentFlags) lines(out io.Writer) (write func(*judge.Report) error, finish func() error, err error) {
	if f.report == "" {
		return func(r *judge.Report) error { return explain(out, r) }, func() error { return nil }, nil
	}
	to, closer := out, func() error { return nil }
	if f.report != "-" {
		file, err := os.OpenFile(f.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, err
		}
		to, closer = file, file.Close
	}
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(r *judge.Report) error { return enc.Encode(r) }, func() error { return errors.Join(w.Flush(), closer()) }, nil
}

func explain(out io.Writer, r *judge.Report) error {
	if r.Accepted {
		return nil
	}
	for _, finding := range r.Findings {
		if _, err := fmt.Fprintf(out, "%s:%d: %s %s: %s (%s)\n", r.File, finding.Line, finding.Severity, finding.Rule, finding.Message, finding.Path); err != nil {
			return err
		}
	}
	return nil
}
