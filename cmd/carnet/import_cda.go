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

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// documentFlags are the flags of importing CDA documents.
type documentFlags struct {
	dryRun, openRecords bool
	report, identities  string
	checkWith           string
}

func (f *documentFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&f.dryRun, "dry-run", false, "judge the CDA documents, load nothing")
	flags.StringVar(&f.report, "report", "", "write one line of JSON for each CDA document to this file (- for standard output)")
	flags.BoolVar(&f.openRecords, "open-records", false, "open the record of a person whose INS is not known yet")
	flags.StringVar(&f.checkWith, "check-with", "", "with --dry-run: also run the official files of this directory (schema, compiled schematrons) with xmllint and Saxon")
	flags.StringVar(&f.identities, "identities", "", "with --dry-run: take the INS of a sandbox or of production only (default: of both)")
}

// dryRunAll judges files. The error is an *exitError 1 when some were refused.
func (f *documentFlags) dryRunAll(ctx context.Context, out io.Writer, names []string) error {
	var options judge.Options
	if f.identities != "" {
		mode, err := ins.ParseMode(f.identities)
		if err != nil {
			return err
		}
		options.Modes = []ins.Mode{mode}
	}
	var official *check.External
	if f.checkWith != "" {
		var err error
		if official, err = check.OpenExternal(f.checkWith); err != nil {
			return err
		}
	}
	files, err := ingest.Documents(names)
	if err != nil {
		return err
	}
	t, err := f.tally(out)
	if err != nil {
		return err
	}
	err = t.each(ctx, files, runtime.GOMAXPROCS(0), func(name string) (judge.Report, error) {
		v, err := ingest.JudgeFile(name, options)
		if err != nil {
			return judge.Report{}, err
		}
		if official != nil && v.Document != nil {
			v.Findings = append(v.Findings, official.Check(ctx, v.Document)...)
			v.Accepted = !cda.Refuses(v.Findings)
		}
		return v.Report(name), nil
	})
	return t.finish(err)
}

// submitAll judges files and submits those that are accepted: the ones that replace others last and one by one, so that what they replace is there.
func (f *documentFlags) submitAll(ctx context.Context, out io.Writer, target ingest.Target, files []string) error {
	t, err := f.tally(out)
	if err != nil {
		return err
	}
	s := &ingest.Submitter{Target: target, OpenRecords: f.openRecords}
	submit := func(replacing bool) func(string) (judge.Report, error) {
		return func(name string) (judge.Report, error) {
			v, err := ingest.JudgeFile(name, judge.Options{})
			if err != nil {
				return judge.Report{}, err
			}
			if v.Accepted && !replacing && len(v.Entry.Replaces) > 0 {
				return judge.Report{File: name, Outcome: outcomeLater}, nil
			}
			outcome := ""
			if v.Accepted {
				outcome, err = s.Submit(ctx, v)
			}
			r := v.Report(name)
			r.Outcome = outcome
			return r, err
		}
	}
	err = t.each(ctx, files, runtime.GOMAXPROCS(0), submit(false))
	if err == nil {
		err = t.each(ctx, t.later, 1, submit(true))
	}
	return t.finish(err)
}

// outcomeLater marks a document whose turn comes in the second round.
const outcomeLater = "later"

// tally counts outcomes and writes the report.
type tally struct {
	out                      io.Writer
	write                    func(*judge.Report) error
	close                    func() error
	accepted, known, refused int
	later                    []string
	silent                   bool
}

// each works on files and reports in their order. The first error ends it.
func (t *tally) each(ctx context.Context, files []string, parallel int, work func(name string) (judge.Report, error)) error {
	type judged struct {
		report judge.Report
		err    error
	}
	return ingest.InOrder(len(files), parallel, func(i int) judged {
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
		return t.add(&j.report)
	})
}

func (t *tally) add(r *judge.Report) error {
	switch {
	case r.Outcome == outcomeLater:
		t.later = append(t.later, r.File)
		return nil
	case !r.Accepted:
		t.refused++
	case r.Outcome == judge.AlreadyKnown:
		t.known++
	default:
		t.accepted++
	}
	return t.write(r)
}

// finish writes what is buffered and the summary, and turns refusals into exit status 1.
func (t *tally) finish(err error) error {
	if err := errors.Join(err, t.close()); err != nil {
		return err
	}
	if !t.silent {
		fmt.Fprintf(t.out, "%9d documents accepted, %d already known, %d refused\n", t.accepted, t.known, t.refused)
	}
	if t.refused > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d of %d documents were refused", t.refused, t.accepted+t.known+t.refused)}
	}
	return nil
}

// tally begins a report: of JSON lines, or, without --report, of the findings of refused documents for people to read.
func (f *documentFlags) tally(out io.Writer) (*tally, error) {
	t := &tally{out: out, close: func() error { return nil }, silent: f.report == "-"}
	if f.report == "" {
		t.write = func(r *judge.Report) error { return explain(out, r) }
		return t, nil
	}
	to, closeFile := out, t.close
	if !t.silent {
		file, err := os.OpenFile(f.report, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		to, closeFile = file, file.Close
	}
	w := bufio.NewWriter(to)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	t.write = func(r *judge.Report) error { return enc.Encode(r) }
	t.close = func() error { return errors.Join(w.Flush(), closeFile()) }
	return t, nil
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
