package main

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// TestImportDirectoryKilled kills an import of the directory and runs the same command again: the result is what an import that was left alone makes, and nothing has a second version.
func TestImportDirectoryKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	file := filepath.Join(t.TempDir(), "annuaire.txt")
	f, err := os.Create(file)
	require.NoError(t, err)
	require.NoError(t, synthetic.New(1).Extraction(f, 8000))
	require.NoError(t, f.Close())

	whole, killed := t.TempDir(), t.TempDir()
	require.NoError(t, command(t, "import", "--directory", file, "--data", whole).Run())

	cmd := command(t, "import", "--directory", file, "--data", killed)
	require.NoError(t, cmd.Start())
	deadline := time.Now().Add(time.Minute)
	for size(filepath.Join(killed, "store")) < 2<<20 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	require.NoError(t, cmd.Process.Kill())
	require.Error(t, cmd.Wait(), "it was still under way")

	out := &strings.Builder{}
	again := command(t, "import", "--directory", file, "--data", killed)
	again.Stdout = out
	require.NoError(t, again.Run(), out.String())
	require.Contains(t, out.String(), "8000 lignes lues")
	require.Contains(t, out.String(), "0 lignes refusées")
	require.Equal(t, contentOf(t, whole), contentOf(t, killed))
}

func size(dir string) (n int64) {
	_ = filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			n += info.Size()
		}
		return nil
	})
	return n
}

var stampsOf = regexp.MustCompile(`"lastUpdated":"[^"]*",?`)

// contentOf gives the current resources of a directory that no server runs on, by type and id, with their version but not their time.
func contentOf(t *testing.T, data string) map[string]string {
	t.Helper()
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	require.NoError(t, err)
	defer s.Close()
	out := map[string]string{}
	require.NoError(t, s.Walk(context.Background(), "", 0, func(r *store.Record) error {
		if r.Type != "Basic" {
			out[r.Type+"/"+r.ID] = stampsOf.ReplaceAllString(string(r.Body), "")
		}
		return nil
	}))
	return out
}

// TestImportDirectoryRefusals: each refused line is printed with its number, and the command says so by its status.
func TestImportDirectoryRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "annuaire.txt")
	g := synthetic.New(1)
	bad := strings.Replace(g.ExtractionLine(1), "8|", "8|1", 1)
	require.NoError(t, os.WriteFile(file, []byte(synthetic.ExtractionHeading+"\n"+g.ExtractionLine(0)+"\n"+bad+"\n"), 0o600))
	cmd := command(t, "import", "--directory", file, "--data", t.TempDir())
	out, err := cmd.Output()
	require.Error(t, err)
	lines := bufio.NewScanner(strings.NewReader(string(out)))
	require.True(t, lines.Scan())
	require.Equal(t, "refused: line 3: the identification is not the type followed by the number of the person", lines.Text())

	other := command(t, "import", "--directory", os.Args[0], "--data", t.TempDir())
	out, err = other.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "not the heading")
}
