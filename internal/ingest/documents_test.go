package ingest

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/unicode"

	"github.com/carnet-fhir/carnet/cda/judge"
)

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestNamesStandForFiles(t *testing.T) {
	dir := t.TempDir()
	a, b, c := write(t, dir, "a.xml", "<a/>"), write(t, dir, "sub/b.CDA", "<b/>"), write(t, dir, "c.json", "{}")
	files, err := Documents([]string{c, dir, filepath.Join(dir, "*.json")})
	require.NoError(t, err)
	assert.Equal(t, []string{c, a, b, c}, files)
	for _, name := range []string{filepath.Join(dir, "none.xml"), filepath.Join(dir, "*.none")} {
		_, err := Documents([]string{name})
		assert.ErrorIs(t, err, os.ErrNotExist)
	}
}

func TestDocumentsAreToldFromOtherFiles(t *testing.T) {
	dir := t.TempDir()
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(`<?xml version="1.0" encoding="UTF-16"?><ClinicalDocument/>`)
	require.NoError(t, err)
	for text, is := range map[string]bool{
		`<ClinicalDocument xmlns="urn:hl7-org:v3"/>`: true, `<?xml version="1.0"?><!-- <Patient> --><?p?><c:ClinicalDocument>`: true, "\xef\xbb\xbf<ClinicalDocument>": true,
		wide: true, `<xsl:stylesheet version="1.0">`: true, `<ds:Signature>`: true, `<!DOCTYPE x><ClinicalDocument>`: true,
		`<Patient xmlns="http://hl7.org/fhir"/>`: false, `{"resourceType":"Patient"}`: false, "": false, "<": false, "<!-- ": false, "%PDF-1.4": false,
	} {
		assert.Equal(t, is, IsDocument(write(t, dir, "x", text)), text)
	}
	assert.False(t, IsDocument(filepath.Join(dir, "none")))
}

func TestInOrderKeepsOrderAndBounds(t *testing.T) {
	var running, most, begun atomic.Int64
	var got []int
	err := InOrder(200, 3, func(i int) int {
		most.Store(max(most.Load(), running.Add(1)))
		begun.Add(1)
		defer running.Add(-1)
		return i
	}, func(i int) error {
		assert.LessOrEqual(t, int(begun.Load()), len(got)+1+2*3+3)
		got = append(got, i)
		return nil
	})
	require.NoError(t, err)
	require.Len(t, got, 200)
	for i, n := range got {
		require.Equal(t, i, n)
	}
	assert.LessOrEqual(t, most.Load(), int64(3))
	stop := errors.New("stop")
	n := 0
	require.ErrorIs(t, InOrder(1000, 2, func(i int) int { return i }, func(int) error { n++; return stop }), stop)
	assert.Equal(t, 1, n)
	require.NoError(t, InOrder(0, 2, func(i int) int { return i }, func(int) error { return stop }))
}

func TestJudgingAFileThatIsTooLong(t *testing.T) {
	path := write(t, t.TempDir(), "long.xml", "<ClinicalDocument>")
	require.NoError(t, os.Truncate(path, 1<<30)) // sparse
	v, err := JudgeFile(path, judge.Options{})
	require.NoError(t, err)
	assert.Equal(t, "cda-limit", v.Findings[0].Rule)
}
