package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
)

// told gives what the traces that a caller finds tell, decoded.
func (f *foes) told(c *habilitation.Client, query string) string {
	f.t.Helper()
	var all strings.Builder
	for path := query; path != ""; {
		o := f.strike(c, attack{method: http.MethodGet, path: path})
		require.Equal(f.t, http.StatusOK, o.status, o.body)
		var b struct {
			Entry []struct {
				Resource struct {
					Entity []struct{ Query string }
				}
			}
		}
		require.NoError(f.t, json.Unmarshal([]byte(o.body), &b))
		all.WriteString(o.body)
		for _, e := range b.Entry {
			for _, x := range e.Resource.Entity {
				request, err := base64.StdEncoding.DecodeString(x.Query)
				require.NoError(f.t, err)
				all.Write(request)
			}
		}
		path = nextPage(o)
	}
	return all.String()
}

// TestHostileTraces: the trace of a record does not tell its reader of documents that the reader does not see, and that of one's own acts tells nothing of what was refused.
func TestHostileTraces(t *testing.T) {
	f := newFoes(t, securityOptions{})
	doctor, stranger := f.doctor(foeDoctor), f.doctor(foeStranger)
	for _, name := range []string{"unseen", "minor"} {
		for _, path := range []string{
			"DocumentReference/d-" + name, "Binary/b-" + name, "List/l-" + name, "Observation/o-" + name, "Provenance/v-" + name, "DocumentReference/d-" + name + "/_history", "DocumentReference/d-" + name + "/_history/1", "DocumentReference/d-" + name + "/$meta", "List/l-" + name + "/_history",
			"Binary/b-" + name + "/_history/1", "Observation?_id=o-" + name, "DocumentReference?_id=d-" + name, "List/l-" + name + "/$meta",
		} {
			o := f.get(doctor, path)
			require.Equal(t, http.StatusOK, o.status, "%s %s", path, o.body)
		}
		o := f.post(doctor, "", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"List/l-`+name+`"}},{"request":{"method":"GET","url":"Binary/b-`+name+`"}},{"request":{"method":"GET","url":"DocumentReference/d-`+name+`/_history"}}]}`)
		require.Equal(t, http.StatusOK, o.status)
	}
	for _, path := range []string{"DocumentReference/d-visible", "List/l-visible"} {
		require.Equal(t, http.StatusOK, f.get(doctor, path).status)
	}
	told := f.told(f.holder("p"), "AuditEvent?patient=Patient/p&_count=200")
	assert.Contains(t, told, "l-visible", "the holder sees who read what")
	assert.NotContains(t, told, "-unseen", "but not of what waits for a consultation")
	assert.NotContains(t, f.told(f.mother(), "AuditEvent?patient=Patient/k&_count=200"), "-minor", "nor a parent of what a minor hides")
	assert.Contains(t, f.told(f.doctor(foeTreating), "AuditEvent?patient=Patient/p&_count=200"), "-unseen", "the médecin traitant sees all")
	for name, c := range map[string]*habilitation.Client{"holder": f.holder("p"), "stranger": stranger, "other holder": f.holder("q")} {
		for _, entity := range []string{"DocumentReference/d-unseen", "List/l-unseen", "Binary/b-unseen", "Observation/o-unseen"} {
			o := f.get(c, "AuditEvent?entity="+entity)
			assert.Zero(t, o.matches("AuditEvent"), "%s asks for the traces of %s", name, entity)
		}
	}

	// What a stranger was refused is told alike, whether it is there or not.
	for _, id := range []string{"masked", "absent"} {
		for _, path := range []string{"DocumentReference/d-" + id, "Binary/b-" + id, "List/l-" + id, "DocumentReference/d-" + id + "/_history", "DocumentReference?_id=d-" + id} {
			f.get(stranger, path)
		}
		f.patch(stranger, "DocumentReference/d-"+id, patchShow)
		f.strike(stranger, attack{method: http.MethodDelete, path: "DocumentReference/d-" + id})
	}
	own := f.told(stranger, "AuditEvent?date=ge2000-01-01&_count=200")
	assert.Equal(t, strings.Count(own, "d-absent"), strings.Count(own, "d-masked"))
	assert.NotContains(t, own, secretMark)
	assert.NotContains(t, f.told(f.holder("q"), "AuditEvent?date=ge2000-01-01&_count=200"), "Patient/p", "nobody reads another's trace")

	for name, c := range map[string]*habilitation.Client{"holder": f.holder("p"), "stranger": stranger, "institution": f.institution(), "regulator": f.regulator()} {
		o := f.post(c, "AuditEvent", `{"resourceType":"AuditEvent","type":{"system":"http://terminology.hl7.org/CodeSystem/audit-event-type","code":"rest"},"period":{"start":"2026-01-01"},"recorded":"2026-01-02T03:04:05Z","agent":[{"requestor":true}],"source":{"observer":{"display":"x"}},"entity":[{"what":{"reference":"Patient/p"}}]}`)
		assert.Equal(t, http.StatusForbidden, o.status, "%s writes a trace: %s", name, o.body)
		o = f.post(c, "Communication", `{"resourceType":"Communication","status":"completed","subject":{"reference":"Patient/p"},"recipient":[{"reference":"Patient/p"}],"payload":[{"contentString":"phishing"}]}`)
		assert.Equal(t, http.StatusForbidden, o.status, "%s writes a notice: %s", name, o.body)
	}
}
