package search

import (
	"cmp"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

var rewriteFormat = flag.Bool("rewrite-format", false, "write testdata/index-format.txt anew")

// TestIndexFormat notices a change of the index encoding by the rows of the maximal instances. When it fails: raise IndexFormat, then run it with -rewrite-format.
func TestIndexFormat(t *testing.T) {
	files, err := filepath.Glob("../../testdata/maximal/*.json")
	require.NoError(t, err)
	require.Greater(t, len(files), 140)
	e := NewEngine(NewRegistry(RegistryOptions{Definitions: spec.R4(), BaseURL: "http://server.test/fhir"}), EngineOptions{})
	sum, rows := sha256.New(), 0
	for _, name := range files {
		src, err := os.ReadFile(name)
		require.NoError(t, err)
		res, err := element.ParseJSON(spec.R4(), src, element.Options{Trusted: true})
		require.NoError(t, err, name)
		entries, err := e.Entries(res.Root)
		require.NoError(t, err, name)
		slices.SortFunc(entries, func(a, b store.Entry) int {
			return cmp.Or(cmp.Compare(a.Index, b.Index), slices.Compare(a.Value, b.Value))
		})
		for _, entry := range entries {
			fmt.Fprintf(sum, "%s %x\n", entry.Index, entry.Value)
			rows++
		}
	}
	const golden = "testdata/index-format.txt"
	found := fmt.Sprintf("format %d, %d rows, sha256 %x\n", IndexFormat, rows, sum.Sum(nil))
	if *rewriteFormat {
		require.NoError(t, os.WriteFile(golden, []byte(found), 0o600))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), found, "the index encoding changed: existing stores would lose matches unless IndexFormat grows")
}
