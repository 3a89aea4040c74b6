package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestExportImportRoundTrip exports while the server runs, imports into a new directory and compares what both answer, history included.
func TestExportImportRoundTrip(t *testing.T) {
	dir := t.TempDir()
	data, copied, tar := filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "out.tar")
	p := startServer(t, "--demo", "--data", data)
	out, err := command(t, "export", "--data", data, tar).CombinedOutput()
	require.NoError(t, err, "%s", out)
	paths := []string{"/Patient/p-000003", "/Patient/p-000003/_history", "/Observation?patient=p-000003&_sort=code", "/_history?_count=20", "/Patient?_summary=count"}
	var before []string
	for _, path := range paths {
		before = append(before, normal(string(fetch(t, p.base+path)), p.base))
	}
	p.stop(t)
	out, err = command(t, "import", "--data", copied, tar).CombinedOutput()
	require.NoError(t, err, "%s", out)
	q := startServer(t, "--data", copied)
	for i, path := range paths {
		assert.Equal(t, before[i], normal(string(fetch(t, q.base+path)), q.base), path)
	}
	q.stop(t)
	out, err = command(t, "doctor", "--data", copied).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "no problem found")
	out, err = command(t, "import", "--data", copied, tar).CombinedOutput()
	require.Error(t, err, "an import does not overwrite: %s", out)
}

// normal replaces what differs between two servers: their address, the ids and times of the bundles, the sealed links.
func normal(body, base string) string {
	body = strings.ReplaceAll(body, base, "BASE")
	var bundle map[string]any
	if json.Unmarshal([]byte(body), &bundle) != nil || bundle["resourceType"] != "Bundle" {
		return body
	}
	delete(bundle, "id")
	delete(bundle, "meta")
	delete(bundle, "link")
	delete(bundle, "timestamp")
	b, _ := json.Marshal(bundle)
	return string(b)
}

func TestImportFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	files := []string{
		write("one.json", `{"resourceType":"Patient","id":"one","active":true}`),
		write("two.xml", `<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"><id value="two"/><active value="true"/></Patient>`),
		write("lines.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"three\"}\n\n{\"resourceType\":\"Patient\",\"id\":\"four\"}\n"),
		write("set.json", `{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"five"}}]}`),
	}
	data := filepath.Join(dir, "d")
	out, err := command(t, append([]string{"import", "--data", data}, files...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "5 accepted, 0 refused")
	p := startServer(t, "--data", data)
	for _, id := range []string{"one", "two", "three", "four", "five"} {
		fetch(t, p.base+"/Patient/"+id)
	}
	bad := write("bad.ndjson", "{\"resourceType\":\"Patient\",\"id\":\"six\"}\n{\"resourceType\":\"Patient\",\"id\":\"seven\",\"nom\":\"x\"}\n")
	cmd := command(t, "import", "--server", p.base, bad)
	out, err = cmd.CombinedOutput()
	require.Error(t, err, "%s", out)
	assert.Contains(t, string(out), "1 accepted, 1 refused", "the good line is not refused with the bad one")
	fetch(t, p.base+"/Patient/six")
}
