package pixm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

func mergeBody(source, target string) string {
	return fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"source-patient","valueReference":{"reference":"Patient/%s"}},{"name":"target-patient","valueReference":{"reference":"Patient/%s"}}]}`, source, target)
}

// owner gives the patient that a document belongs to.
func owner(t require.TestingT, s *servertest.Server, doc string) string {
	w := s.Do(http.MethodGet, "/fhir/DocumentReference/"+doc, "")
	var d struct {
		Subject struct{ Reference string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &d))
	return strings.TrimPrefix(d.Subject.Reference, "Patient/")
}

// Whatever is merged and undone in whatever order, each document belongs to the identity that its own was merged into, and when all is undone it is where it was.
func TestMergesAndUndoing(t *testing.T) {
	const patients = 4 // each with one document
	s := newServer(t)
	world := 0
	rapid.Check(t, func(r *rapid.T) {
		world++
		id := func(p int) string { return fmt.Sprintf("w%d-p%d", world, p) }
		for p := range patients {
			s.Put(t, "Patient/"+id(p), fmt.Sprintf(`{"resourceType":"Patient","id":%q,"identifier":[{"system":"urn:oid:1.2.250.1.999.1","value":%q}]}`, id(p), id(p)))
			s.Put(t, "DocumentReference/"+id(p), fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"status":"current","subject":{"reference":"Patient/%s"},"content":[{"attachment":{"title":"x"}}]}`, id(p), id(p)))
		}
		into := map[int]int{} // the model
		survivor := func(p int) int {
			for {
				next, merged := into[p]
				if !merged {
					return p
				}
				p = next
			}
		}
		check := func() {
			for p := range patients {
				require.Equal(r, id(survivor(p)), owner(r, s, id(p)))
			}
		}
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			a, b := rapid.IntRange(0, patients-1).Draw(r, "a"), rapid.IntRange(0, patients-1).Draw(r, "b")
			_, aMerged := into[a]
			if rapid.Bool().Draw(r, "merge") {
				_, bMerged := into[b]
				w := s.Do(http.MethodPost, "/fhir/Patient/$merge", mergeBody(id(a), id(b)))
				if a == b || aMerged || bMerged {
					require.GreaterOrEqual(r, w.Code, 400)
				} else {
					require.Equal(r, 200, w.Code, w.Body.String())
					into[a] = b
				}
			} else {
				w := s.Do(http.MethodPost, "/fhir/Patient/"+id(a)+"/$unmerge", "")
				_, further := into[into[a]]
				if !aMerged || further {
					require.Equal(r, 409, w.Code, w.Body.String())
				} else {
					require.Equal(r, 200, w.Code, w.Body.String())
					delete(into, a)
				}
			}
			check()
		}
		for len(into) > 0 { // undo what is left, the latest survivors first
			for p, q := range into {
				if _, further := into[q]; !further {
					require.Equal(r, 200, s.Do(http.MethodPost, "/fhir/Patient/"+id(p)+"/$unmerge", "").Code)
					delete(into, p)
				}
			}
		}
		check()
		for p := range patients {
			w := s.Do(http.MethodGet, "/fhir/Patient/"+id(p), "")
			require.NotContains(r, w.Body.String(), `"link"`)
			require.Equal(r, 1, strings.Count(w.Body.String(), `"system"`), w.Body.String())
		}
	})
}

// A record of two thousand documents is merged and taken back in one commit each.
func TestMergeOfManyDocuments(t *testing.T) {
	s := newServer(t)
	s.Put(t, "Patient/a", `{"resourceType":"Patient","id":"a"}`)
	s.Put(t, "Patient/b", `{"resourceType":"Patient","id":"b"}`)
	const n = 2000
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"resource":{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}},"request":{"method":"POST","url":"Observation"}}`)
	}
	w := s.Do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"transaction","entry":[`+b.String()+`]}`, "Prefer: return=minimal")
	require.Equal(t, 200, w.Code)
	count := func(p string) string {
		return s.Do(http.MethodGet, "/fhir/Observation?patient="+p+"&_summary=count", "").Body.String()
	}
	w = s.Do(http.MethodPost, "/fhir/Patient/$merge", mergeBody("a", "b"))
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Contains(t, count("b"), `"total":2000`)
	require.Contains(t, count("a"), `"total":0`)
	w = s.Do(http.MethodPost, "/fhir/Patient/a/$unmerge", "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Contains(t, count("a"), `"total":2000`)
	require.Contains(t, count("b"), `"total":0`)
}
