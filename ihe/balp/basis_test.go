package balp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// TestTheConsentOfAnAccessIsTraced gives a doctor authorisations: one that a nurse collected for him, one for the moment that ends, one of somebody else.
func TestTheConsentOfAnAccessIsTraced(t *testing.T) {
	var s *traced
	consents := balp.NewConsents(func() time.Time { return s.Now() })
	s = newTraced(t, servertest.Options{
		Made: func(made *servertest.Server) { consents.Bind(made.Repository, made.Store) },
	})
	s.trace.SetBasis(consents.Basis)
	seed(t, s)
	bases := func() (out []string) {
		t.Helper()
		events := s.since(t, func() {
			status, answer := s.as(t, "doctor", "GET", "Observation?patient=pa", "")
			require.Equal(t, 200, status, answer)
		})
		require.Len(t, events, 1)
		for _, e := range entitiesOfType(events[0], "http://hl7.org/fhir/resource-types|Consent") {
			text := at(e, "what.reference").(string)
			if c := at(e, "detail.0.valueString"); c != nil {
				text += " " + c.(string)
			}
			out = append(out, text)
		}
		return out
	}
	give := func(d consent.Directive) string {
		t.Helper()
		d.Active, d.Patient, d.Given, d.Verified, d.Means = true, "pa", s.Now(), true, "oral"
		text, err := d.JSON()
		require.NoError(t, err)
		w := s.Do("POST", "/fhir/Consent", string(text))
		require.Equal(t, 201, w.Code, w.Body.String())
		location := w.Header().Get("Location")
		return location[len("http://test/fhir/") : len(location)-len("/_history/1")]
	}
	assert.Empty(t, bases())
	id := func(system, value string) []habilitation.Identifier {
		return []habilitation.Identifier{{System: system, Value: value}}
	}
	nurse := habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000002"}
	team := give(consent.Directive{Category: consent.CareTeam, Actors: id("urn:oid:1.2.250.1.71.4.2.1", "810000000001"), Collector: nurse})
	moment := give(consent.Directive{Category: consent.Moment, Actors: id("https://rpps.esante.gouv.fr", "10000000001"), Until: s.Now().Add(time.Hour)})
	give(consent.Directive{Category: consent.CareTeam, Actors: id("https://rpps.esante.gouv.fr", "10000000002")})
	want := []string{team + " https://rpps.esante.gouv.fr|10000000002", moment}
	require.Eventually(t, func() bool { return len(bases()) == 2 }, 5*time.Second, 5*time.Millisecond)
	assert.ElementsMatch(t, want, bases())
	s.Advance(2 * time.Hour)
	assert.Equal(t, want[:1], bases(), "the consent of the moment has ended")
	require.Equal(t, 204, s.Do("DELETE", "/fhir/"+team, "").Code)
	require.Eventually(t, func() bool { return len(bases()) == 0 }, 5*time.Second, 5*time.Millisecond)
}
