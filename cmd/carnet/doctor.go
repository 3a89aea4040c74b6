package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func newDoctor() *cobra.Command {
	var data string
	var sweep, reindex bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Read every record and document of a stopped data directory, say what is there and what is wrong",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if reindex {
				if err := rebuildIndex(cmd.Context(), cmd.OutOrStdout(), data); err != nil {
					return err
				}
			}
			return doctor(cmd.Context(), cmd.OutOrStdout(), data, sweep)
		},
	}
	cmd.Flags().StringVar(&data, "data", defaultData, "data directory")
	cmd.Flags().BoolVar(&reindex, "reindex", false, "make the search index anew first, as a new version may ask")
	cmd.Flags().BoolVar(&sweep, "sweep", false, "remove documents that no version points to and that are older than an hour")
	return cmd
}

func doctor(ctx context.Context, out io.Writer, data string, sweep bool) error {
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	wrong, err := examine(ctx, out, s)
	if err != nil {
		return err
	}
	err = s.Check(ctx, func(problem string) {
		wrong++
		fmt.Fprintln(out, problem)
	})
	if err != nil {
		return err
	}
	if sweep {
		n, err := s.Blobs().Sweep(ctx, time.Hour)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "swept %d documents\n", n)
	}
	if wrong > 0 {
		return &exitError{code: 1, err: fmt.Errorf("%d problems", wrong)}
	}
	fmt.Fprintln(out, "no problem found")
	return nil
}

// examine reads every live record and opens its document, and compares the kept counts with what is there.
func examine(ctx context.Context, out io.Writer, s store.Store) (wrong int, err error) {
	stats := s.Stats()
	fmt.Fprintf(out, "format %d, head %s, %d bytes on disk\n", stats.Format, s.Head().Wall().Format(time.RFC3339), stats.DiskBytes)
	found := map[string]int64{}
	err = s.Walk(ctx, "", 0, func(r *store.Record) error {
		found[r.Type]++
		if r.Blob == nil {
			return nil
		}
		if problem := blobProblem(ctx, s, r.Blob); problem != "" {
			wrong++
			fmt.Fprintf(out, "%s of version %d: its document %s\n", r.Type, r.Version, problem)
		}
		return nil
	})
	if err != nil {
		return wrong, err
	}
	for _, typ := range slices.Sorted(maps.Keys(found)) {
		fmt.Fprintf(out, "%9d %s\n", found[typ], typ)
	}
	for typ, n := range stats.Records {
		if found[typ] != n {
			wrong++
			fmt.Fprintf(out, "%s: the kept count is %d, found %d\n", typ, n, found[typ])
		}
	}
	return wrong, nil
}

// blobProblem says what is wrong with a document, "" when nothing is.
func blobProblem(ctx context.Context, s store.Store, ref *store.BlobRef) string {
	blob, err := s.Blobs().Open(ctx, ref.Digest)
	if err != nil {
		return "cannot be opened"
	}
	defer blob.Close()
	if blob.Size() != ref.Size {
		return "has another size than was written"
	}
	return ""
}

// rebuildIndex makes the search index of a stopped directory anew.
func rebuildIndex(ctx context.Context, out io.Writer, data string) error {
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	if err != nil {
		return err
	}
	defer s.Close()
	defs := spec.R4()
	registry, err := newRegistry(defs, "")
	if err != nil {
		return err
	}
	n, err := repository.Rebuild(ctx, repository.Options{Definitions: defs, Store: s, Registry: registry,
		Engine: search.NewEngine(registry, search.EngineOptions{})})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "indexed %d resources anew\n", n)
	return nil
}
