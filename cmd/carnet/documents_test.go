package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/metadata"
)

// mapped is what the published table says of a document, as far as it is compared here.
type mapped struct {
	Size                int    `json:"size"`
	Hash                string `json:"hashSHA1hex"`
	TypeCode, ClassCode struct{ Code string }
	FormatCode, Title   string
}

// TestThePublishedDocumentsGoThroughARecord is the main job on real input: a server as "make run" starts it takes every published document of the CI-SIS into the records of their persons (ITI-65), finds each
// by its person's INS (ITI-67) with the metadata of the mapping, gives its bytes back (ITI-68), and recognises all of them when they come again.
func TestThePublishedDocumentsGoThroughARecord(t *testing.T) {
	const shared = "../../../shared/data/cda/"
	files, err := filepath.Glob(shared + "examples/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	raw, err := os.ReadFile(shared + "EXPECTED_METADATA.json")
	require.NoError(t, err)
	var table map[string]mapped
	require.NoError(t, json.Unmarshal(raw, &table))

	p := startServer(t, "--demo", "--data", filepath.Join(t.TempDir(), "data"))
	for _, want := range []string{"30 documents accepted, 0 already known, 0 refused", "0 documents accepted, 30 already known, 0 refused"} {
		status, out := runImport(t, append([]string{"--server", p.base, "--open-records"}, files...)...)
		require.Zero(t, status, out)
		require.Contains(t, out, want)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		name := filepath.Base(file)
		checkShared(t, p.base, name, raw, table[name])
		// Sent once more by another way, the server recognises it itself.
		resp, err := http.Post(p.base+"/$ingest-cda", "text/xml", bytes.NewReader(raw))
		require.NoError(t, err)
		answer, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, http.StatusOK, resp.StatusCode, "%s: %s", name, answer)
		assert.Contains(t, string(answer), `"already known"`, name)
	}
	p.stop(t)
}

// checkShared finds one document by its person's INS, and compares it with the file and with the mapping.
func checkShared(t *testing.T, base, name string, raw []byte, want mapped) {
	t.Helper()
	d, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	entry, _ := metadata.Derive(d)
	system, value := entry.MasterIdentifier()
	query := url.Values{
		"patient.identifier": {"urn:oid:" + entry.Patient.Root + "|" + entry.Patient.Extension}, "status": {"current,superseded"}, "identifier": {system + "|" + value},
	}
	var found struct {
		Entry []struct{ Resource map[string]json.RawMessage }
	}
	require.NoError(t, json.Unmarshal(fetch(t, base+"/DocumentReference?"+query.Encode()), &found))
	require.Len(t, found.Entry, 1, name)
	got := found.Entry[0].Resource

	made, err := entry.DocumentReference(metadata.ReferenceOptions{Date: time.Now(), NoRelations: true})
	require.NoError(t, err)
	var expected map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(made, &expected))
	for _, member := range []string{"contained", "masterIdentifier", "type", "category", "author", "authenticator", "custodian", "securityLabel", "context"} {
		if expected[member] != nil || got[member] != nil {
			assert.JSONEq(t, string(expected[member]), string(got[member]), "%s: %s", name, member)
		}
	}
	var content, derived []struct {
		Attachment map[string]any
		Format     struct{ Code string }
	}
	require.NoError(t, json.Unmarshal(got["content"], &content))
	require.NoError(t, json.Unmarshal(expected["content"], &derived))
	attachment := content[0].Attachment
	address, _ := attachment["url"].(string)
	delete(attachment, "url")
	assert.Equal(t, derived[0].Attachment, attachment, name)
	assert.Equal(t, raw, fetch(t, address), "%s: the bytes are those of the file", name)

	sum, err := base64.StdEncoding.DecodeString(attachment["hash"].(string))
	require.NoError(t, err)
	assert.Equal(t, want.Hash, hex.EncodeToString(sum), name)
	assert.InDelta(t, want.Size, attachment["size"], 0, name)
	assert.Equal(t, want.Title, attachment["title"], name)
	assert.Equal(t, want.FormatCode, content[0].Format.Code, name)
	assert.Contains(t, string(got["type"]), `"code":"`+want.TypeCode.Code+`"`, name)
	assert.Contains(t, string(got["category"]), `"code":"`+want.ClassCode.Code+`"`, name)
}
