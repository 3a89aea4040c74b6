package balp_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// notifying is a server whose notifier works.
type notifying struct {
	*traced
	notifier *balp.Notifier
}

func newNotifying(t testing.TB, o servertest.Options) *notifying {
	t.Helper()
	out := &notifying{}
	var server *servertest.Server
	before := o.Repository
	o.Repository = func(ro *repository.Options) {
		out.notifier = balp.NewNotifier(balp.NotifierOptions{BaseURL: servertest.Base, Interval: time.Millisecond, Now: func() time.Time { return server.Now() }})
		ro.Observers = append(ro.Observers, out.notifier)
		if before != nil {
			before(ro)
		}
	}
	o.Made = func(s *servertest.Server) {
		server = s
		require.NoError(t, out.notifier.Start(s.Repository, s.Store))
	}
	out.traced = newTraced(t, o)
	t.Cleanup(func() { require.NoError(t, out.notifier.Close()) })
	return out
}

func (s *notifying) end() {
	_ = s.notifier.Close()
	s.Close()
}

// notices gives what was told, in the order of telling, as "topic patient recipient [labels]".
func (s *notifying) notices(t testing.TB) []string {
	t.Helper()
	view, err := s.Store.View(0)
	require.NoError(t, err)
	defer view.Close()
	cur := view.Live("Communication")
	defer cur.Close()
	var out []string
	for cur.Next() {
		rec, err := view.Get(cur.RID())
		require.NoError(t, err)
		var c object
		require.NoError(t, json.Unmarshal(rec.Body, &c))
		to := fmt.Sprint(at(c, "recipient.0.reference"))
		if to == "<nil>" {
			to = fmt.Sprint(at(c, "recipient.0.identifier.value"))
		}
		text := fmt.Sprint(at(c, "topic.coding.0.code"), " ", at(c, "subject.reference"), " ", to)
		if label := at(c, "meta.security.0.code"); label != nil {
			text += fmt.Sprint(" ", label)
		}
		assert.Equal(t, "notification", at(c, "category.0.coding.0.code"))
		assert.NotEmpty(t, at(c, "about.0.reference"))
		assert.NotEmpty(t, c["sent"])
		out = append([]string{text}, out...)
	}
	return out
}

// told waits until so much was told, and a little for more.
func (s *notifying) told(t testing.TB, want ...string) {
	t.Helper()
	require.Eventually(t, func() bool { return len(s.notices(t)) >= len(want) }, 10*time.Second, 2*time.Millisecond, "%v", want)
	time.Sleep(20 * time.Millisecond)
	got := s.notices(t)
	slices.Sort(got)
	slices.Sort(want)
	require.Equal(t, want, got)
}

func TestTheHolderIsToldOfAccesses(t *testing.T) {
	s := newNotifying(t, servertest.Options{})
	for _, x := range []string{"pa", "pb"} {
		s.Put(t, "Patient/"+x, patient(x))
		s.Put(t, "Observation/o"+x[1:], observation("o"+x[1:], x))
	}
	for range 3 {
		s.as(t, "doctor", "GET", "Observation/oa", "")
		s.as(t, "doctor", "GET", "Observation?patient=pa", "")
	}
	s.told(t, "first-access Patient/pa Patient/pa")
	s.as(t, "nurse", "GET", "Patient/pa", "")                          // who she is
	s.as(t, "nurse", "GET", "Patient?_id=pa", "")                      // likewise
	s.as(t, "nurse", "GET", "Observation/none", "")                    // nothing was seen
	s.as(t, "nurse", "POST", "Observation", observation("x", "pa"))    // was brought, not read
	s.as(t, "holder", "GET", "Observation/oa", "")                     // herself
	s.as(t, "service", "GET", "Observation/oa", "")                    // nobody
	s.as(t, "secret", "GET", "Observation?patient=pa", "")             // hidden from representatives
	s.as(t, "doctor", "GET", "Observation?status=final&_count=50", "") // both patients
	s.told(t, "first-access Patient/pa Patient/pa", "first-access Patient/pb Patient/pb", "first-access Patient/pa Patient/pa INVISIBLE_REPRESENTANTS_LEGAUX")
}

func TestFurtherAccessesAreToldBySession(t *testing.T) {
	s := newNotifying(t, servertest.Options{})
	s.Put(t, "Patient/pa", patient("pa"))
	s.Put(t, "Observation/oa", observation("oa", "pa"))
	s.as(t, "doctor", "GET", "Observation/oa", "")
	s.told(t, "first-access Patient/pa Patient/pa")
	for range 2 {
		s.as(t, "doctor-later", "GET", "Observation/oa", "")
	}
	s.told(t, "first-access Patient/pa Patient/pa", "access Patient/pa Patient/pa")
	quiet(t, s, "pa")
	s.as(t, "doctor-last", "GET", "Observation/oa", "")
	s.as(t, "nurse", "GET", "Observation/oa", "")
	s.told(t, "first-access Patient/pa Patient/pa", "access Patient/pa Patient/pa", "first-access Patient/pa Patient/pa")
}

// quiet switches off what can be.
func quiet(t testing.TB, s *notifying, patient string) {
	t.Helper()
	d := consent.Directive{Category: consent.Notifications, Active: true, Patient: patient, Deny: true, Given: s.Now()}
	text, err := d.JSON()
	require.NoError(t, err)
	w := s.Do("POST", "/fhir/Consent", string(text))
	require.Equal(t, 201, w.Code, w.Body.String())
}

func TestEmergenciesAreToldToTheTreatingDoctorToo(t *testing.T) {
	s := newNotifying(t, servertest.Options{})
	s.Put(t, "Patient/pa", `{"resourceType":"Patient","id":"pa","extension":[{"url":"https://carnet-fhir.github.io/StructureDefinition/dmp-treating-doctor","valueIdentifier":{"system":"https://rpps.esante.gouv.fr","value":"10000000077"}}]}`)
	s.Put(t, "Observation/oa", observation("oa", "pa"))
	d := consent.Directive{
		Category: consent.TreatingDoctor, Active: true, Patient: "pa", Given: s.Now(), Means: "oral", Verified: true, Actors: []habilitation.Identifier{{System: "https://rpps.esante.gouv.fr", Value: "10000000088"}},
	}
	text, err := d.JSON()
	require.NoError(t, err)
	w := s.Do("POST", "/fhir/Consent", string(text))
	require.Equal(t, 201, w.Code, w.Body.String())
	quiet(t, s, "pa")
	for range 3 {
		s.as(t, "emergency", "GET", "Observation?patient=pa", "")
	}
	s.told(t, "emergency-access Patient/pa Patient/pa", "emergency-access Patient/pa 10000000077", "emergency-access Patient/pa 10000000088", "first-access Patient/pa Patient/pa")
}

func TestTheHolderIsToldOfDocuments(t *testing.T) {
	s := newNotifying(t, servertest.Options{})
	s.Put(t, "Patient/pa", patient("pa"))
	s.Put(t, "DocumentReference/d1", document("d1", "pa", ""))
	s.Put(t, "DocumentReference/d2", document("d2", "pa", "INVISIBLE_REPRESENTANTS_LEGAUX"))
	s.Put(t, "DocumentReference/d3", document("d3", "pa", "INVISIBLE_PATIENT"))
	s.Put(t, "DocumentReference/own", strings.Replace(document("own", "pa", ""), `"content"`, `"author":[{"reference":"Patient/pa"}],"content"`, 1))
	want := []string{"document-added Patient/pa Patient/pa", "document-added Patient/pa Patient/pa INVISIBLE_REPRESENTANTS_LEGAUX"}
	s.told(t, slices.Clone(want)...)
	s.Put(t, "DocumentReference/d3", strings.Replace(document("d3", "pa", "N"), "TRE_A07", "TRE_A08", 1)) // becomes visible
	s.Put(t, "DocumentReference/d1", document("d1", "pa", "MASQUE_PS"))                                   // changes
	want = append(want, "document-added Patient/pa Patient/pa", "document-changed Patient/pa Patient/pa")
	s.told(t, slices.Clone(want)...)
	quiet(t, s, "pa")
	s.Put(t, "DocumentReference/d4", document("d4", "pa", ""))
	s.told(t, want...)
}

// TestEachIsToldOnce stops the server in the middle, again and again, and the notices of a crowd are each there once.
func TestEachIsToldOnce(t *testing.T) {
	fs := vfs.NewMem()
	s := newNotifying(t, servertest.Options{FS: fs, Repository: randomIDs})
	const people, rounds = 7, 4
	for i := range people {
		s.Put(t, fmt.Sprintf("Patient/p%d", i), patient(fmt.Sprintf("p%d", i)))
		s.Put(t, fmt.Sprintf("Observation/o%d", i), observation(fmt.Sprintf("o%d", i), fmt.Sprintf("p%d", i)))
	}
	for round := range rounds {
		for i := range people {
			for _, who := range []string{"doctor", "nurse"} {
				s.as(t, who, "GET", fmt.Sprintf("Observation/o%d", i), "")
			}
			if i == round {
				s.end() // with notices on their way
				s = newNotifying(t, servertest.Options{FS: fs, Repository: randomIDs})
			}
		}
	}
	var want []string
	for i := range people {
		want = append(want, slices.Repeat([]string{fmt.Sprintf("first-access Patient/p%d Patient/p%d", i, i)}, 2)...)
	}
	s.told(t, want...)
	// A holder who deletes a notice is not told again.
	var b struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	require.NoError(t, json.Unmarshal(s.Do("GET", "/fhir/Communication?subject=Patient/p0", "").Body.Bytes(), &b))
	require.Len(t, b.Entry, 2)
	for _, e := range b.Entry {
		require.Equal(t, 204, s.Do("DELETE", "/fhir/Communication/"+e.Resource.ID, "").Code)
	}
	s.end()
	s = newNotifying(t, servertest.Options{FS: fs, Repository: randomIDs})
	s.as(t, "doctor", "GET", "Observation/o0", "")
	s.told(t, want[2:]...)
}
