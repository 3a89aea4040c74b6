package mhd_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusalsBlameTheSenderOnly: the server takes the bytes out of what it judges, and must not find it empty then. Each refusal has the issues of what the sender did, each once.
func TestRefusalsBlameTheSenderOnly(t *testing.T) {
	const dr = "Bundle.entry[1].resource"
	for name, c := range map[string]struct {
		edit func(fiche, attachment, binary map[string]any)
		want []string
	}{
		"a Binary of data only":        {func(_, _, b map[string]any) { delete(b, "contentType") }, []string{"Bundle.entry[2].resource.contentType"}},
		"another hash":                 {func(_, a, _ map[string]any) { a["hash"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, []string{dr + ".content[0].attachment.hash"}},
		"no custodian":                 {func(f, _, _ map[string]any) { delete(f, "custodian") }, []string{dr + ".custodian"}},
		"data in the attachment":       {func(_, a, b map[string]any) { a["data"] = b["data"] }, []string{dr + ".content[0].attachment.data"}},
		"an empty Binary":              {func(_, _, b map[string]any) { delete(b, "data") }, []string{"Bundle.entry[2].resource.data"}},
		"another type":                 {func(_, _, b map[string]any) { b["contentType"] = "image/png" }, []string{"Bundle.entry[2].resource.contentType"}},
		"an attachment of data and no": {func(_, a, b map[string]any) { clear(a); a["data"] = b["data"] }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var bundle map[string]any
			require.NoError(t, json.Unmarshal([]byte(fixture(t, "pdsm.json")), &bundle))
			entry := func(i int) map[string]any {
				return bundle["entry"].([]any)[i].(map[string]any)["resource"].(map[string]any)
			}
			c.edit(entry(1), entry(1)["content"].([]any)[0].(map[string]any)["attachment"].(map[string]any), entry(2))
			body, err := json.Marshal(bundle)
			require.NoError(t, err)
			w := post(recipient(t), string(body), "application/fhir+json")
			assert.GreaterOrEqual(t, w.Code, http.StatusBadRequest)
			assert.NotContains(t, w.Body.String(), "ele-1")
			var outcome struct {
				Issue []struct {
					Expression  []string
					Diagnostics string
				}
			}
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &outcome))
			var got []string
			for _, i := range outcome.Issue {
				require.NotEmpty(t, i.Expression, i.Diagnostics)
				got = append(got, i.Expression...)
			}
			if c.want != nil {
				assert.Equal(t, c.want, got, w.Body.String())
			}
			seen := map[string]bool{}
			for _, at := range got {
				assert.False(t, seen[at], "%s is said twice", at)
				seen[at] = true
			}
		})
	}
	// Alone (ITI-105), with data and nothing else.
	w := recipient(t).Do(http.MethodPost, "/fhir/DocumentReference", `{"resourceType":"DocumentReference","content":[{"attachment":{"data":"`+strings.Repeat("QUFB", 4)+`"}}]}`)
	assert.GreaterOrEqual(t, w.Code, http.StatusBadRequest)
	assert.NotContains(t, w.Body.String(), "ele-1")
}
