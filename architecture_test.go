// Package carnet_test holds the rules of the whole: which room may import which.
package carnet_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/carnet-fhir/carnet/"

// forbidden lists, for a room, the rooms that it must not import: imports point cmd -> ihe, conformance -> cda, fhir -> store.
var forbidden = map[string][]string{
	"store":       {"fhir", "cda", "ihe", "conformance", "cmd", "internal"},
	"fhir":        {"cda", "ihe", "conformance", "cmd", "store/embedded", "store/mongo"},
	"cda":         {"ihe", "conformance", "cmd", "store"},
	"ihe":         {"conformance", "cmd", "store/embedded", "store/mongo"},
	"conformance": {"ihe", "cmd", "store", "fhir/rest", "fhir/repository"},
}

func TestImportsPointOneWay(t *testing.T) {
	files := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != "." {
			return filepath.SkipDir
		}
		// Tests run on real parts, so a test may open a store below its own room.
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files++
		checkImports(t, filepath.ToSlash(path))
		return nil
	})
	require.NoError(t, err)
	require.Greater(t, files, 20, "the walk found the sources")
}

func checkImports(t *testing.T, path string) {
	t.Helper()
	room, _, _ := strings.Cut(path, "/")
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range parsed.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		inner, ours := strings.CutPrefix(name, module)
		if !ours {
			continue
		}
		for _, no := range forbidden[room] {
			assert.False(t, inner == no || strings.HasPrefix(inner, no+"/"), "%s imports %s, against the architecture", path, inner)
		}
	}
}
