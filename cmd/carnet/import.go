package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store/embedded"
)

type importFlags struct {
	server, token, data string
	synthetic           int
	seed                uint64
	documents           documentFlags
	directory           directoryFlags
}

func newImport() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import [FILE...]",
		Short: "Load CDA documents, FHIR JSON, XML, NDJSON and bundles, an export, or synthetic people",
		Long: `Load files into a running server (--server) or into a data directory that no server runs on (--data).

A resource with an id is put at its id, one without is created. A batch or transaction bundle is posted as it is; the resources of any other bundle and
the lines of an NDJSON file are loaded in transactions. A .tar file made by "carnet export" fills an empty data directory.

CDA documents, named as files, directories or patterns, are judged and each is submitted to the record of its person (ITI-65); one that the record already has
is left alone. --dry-run only judges and needs no server.

Exit status: 0 everything was accepted, 1 something was refused (each refusal is printed), 2 the command could not run.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && f.synthetic == 0 && !f.directory.asked() {
				return errors.New("nothing to import: name files, --synthetic N, --directory or --finess")
			}
			if f.documents.dryRun {
				return f.documents.dryRunAll(cmd.Context(), cmd.OutOrStdout(), args)
			}
			if f.documents.checkWith != "" {
				return errors.New("--check-with needs --dry-run: what is loaded is judged by the server")
			}
			return f.run(cmd.Context(), cmd.OutOrStdout(), args)
		},
	}
	f.documents.register(cmd)
	f.directory.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", "", "FHIR base URL of a running server")
	flags.StringVar(&f.token, "token", "", "bearer token for --server")
	flags.StringVar(&f.data, "data", "", "data directory")
	flags.IntVar(&f.synthetic, "synthetic", 0, "make and load the records of as many synthetic people")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of --synthetic")
	return cmd
}

func (f *importFlags) run(ctx context.Context, out io.Writer, files []string) error {
	if (f.server == "") == (f.data == "") {
		return errors.New("name one of --server and --data")
	}
	if f.data != "" && len(files) == 1 && strings.HasSuffix(files[0], ".tar") {
		return importExport(ctx, out, f.data, files[0])
	}
	target, done, err := f.target()
	if err != nil {
		return err
	}
	if f.directory.asked() {
		if err := f.directory.run(ctx, target, out); err != nil || len(files) == 0 && f.synthetic == 0 {
			return errors.Join(err, done())
		}
	}
	documents, files, err := ingest.Split(files)
	if err != nil {
		return errors.Join(err, done())
	}
	if len(files) == 0 && f.synthetic == 0 {
		return errors.Join(f.documents.submitAll(ctx, out, target, documents), done())
	}
	report, err := f.load(ctx, ingest.NewLoader(target, runtime.GOMAXPROCS(0)), files)
	if err == nil && len(documents) > 0 {
		err = f.documents.submitAll(ctx, out, target, documents)
	}
	err = errors.Join(err, done())
	fmt.Fprint(out, report)
	if err != nil {
		return err
	}
	if len(report.Refused) > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d of %d were refused", len(report.Refused), report.Accepted+len(report.Refused))}
	}
	return nil
}

func (f *importFlags) load(ctx context.Context, l *ingest.Loader, files []string) (*ingest.Report, error) {
	if f.synthetic > 0 {
		if err := loadSynthetic(ctx, l, f.seed, f.synthetic); err != nil {
			return l.Report(), err
		}
	}
	for _, name := range files {
		if err := l.File(ctx, name); err != nil {
			return l.Report(), fmt.Errorf("%s: %w", filepath.Base(name), err)
		}
	}
	err := l.Wait()
	return l.Report(), err
}

// target gives a client for the server, or one that calls the same handler in this process on the data directory.
func (f *importFlags) target() (ingest.Target, func() error, error) {
	if f.server != "" {
		return ingest.Target{Base: strings.TrimRight(f.server, "/"), Token: f.token, Client: &http.Client{}}, func() error { return nil }, nil
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	const base = "http://localhost/fhir"
	in, err := openSized(f.data, base, "", f.directory.sizes(log))
	if err != nil {
		return ingest.Target{}, nil, err
	}
	handler, err := localHandler(in, base, log)
	if err != nil {
		return ingest.Target{}, nil, errors.Join(err, in.Close())
	}
	stop := func() error { return errors.Join(handler.Close(), in.Close()) }
	return ingest.Target{Base: base, Client: &http.Client{Transport: ingest.InProcess(handler)}}, stop, nil
}

func localHandler(in *instance, base string, log *slog.Logger) (*rest.Server, error) {
	f := serveFlags{maxBody: 64 << 20, maxBundle: 1 << 30, maxBinary: 4 << 30}
	options, err := f.options(in, base, log, rest.AccessLog{Off: true})
	if err != nil {
		return nil, err
	}
	return rest.New(options)
}

func importExport(ctx context.Context, out io.Writer, data, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(s.Import(ctx, in), s.Close()); err != nil {
		return err
	}
	fmt.Fprintf(out, "imported %s\n", path)
	return nil
}

// loadSynthetic loads the directory, then n records.
func loadSynthetic(ctx context.Context, l *ingest.Loader, seed uint64, n int) error {
	g := synthetic.New(seed)
	if err := putAll(ctx, l, g.Directory(synthetic.DirectorySize)); err != nil {
		return err
	}
	for i := range n {
		if err := putAll(ctx, l, g.Record(i, synthetic.DirectorySize)); err != nil {
			return err
		}
	}
	return l.Wait()
}

func putAll(ctx context.Context, l *ingest.Loader, resources []synthetic.Resource) error {
	for _, r := range resources {
		if err := l.Put(ctx, r.Type, r.ID, r.JSON); err != nil {
			return err
		}
	}
	return nil
}
