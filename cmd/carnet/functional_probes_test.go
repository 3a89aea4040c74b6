package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

func (f *functional) authenticates(c *column, k terms) bool {
	status, _ := f.ask(f.of(c, k.patient()), http.MethodGet, "Organization?_count=1", nil)
	return status == http.StatusOK
}

func (f *functional) tests(c *column, k terms) bool {
	return f.finds(f.of(c, k.patient()), "Patient?identifier="+url.QueryEscape(f.insOf(k.patient())), k.patient())
}

// authorising is a care-team Consent for an identity.
func authorising(t *testing.T, patient string, who rules.Identifier) []byte {
	d := consent.Directive{Category: consent.CareTeam, Active: true, Patient: patient, Given: time.Now().Add(-time.Minute), Verified: true, Means: "oral", Actors: []rules.Identifier{who}}
	body, err := d.JSON()
	require.NoError(t, err)
	return body
}

func (f *functional) declares(c *column, k terms) bool {
	status, answer := f.ask(f.of(c, k.patient()), http.MethodPost, "Consent", authorising(f.t.(*testing.T), k.patient(), c.identity))
	require.Contains(f.t, []int{http.StatusCreated, http.StatusForbidden}, status, "%s", answer)
	return status == http.StatusCreated
}

const patchEnd = `[{"op":"replace","path":"/status","value":"inactive"}]`

func (f *functional) ends(c *column, k terms, id string) bool {
	status, answer := f.ask(f.of(c, k.patient()), http.MethodPatch, "Consent/"+id, []byte(patchEnd))
	require.Contains(f.t, []int{http.StatusOK, http.StatusForbidden, http.StatusNotFound}, status, "%s", answer)
	return status == http.StatusOK
}

func (f *functional) withdraws(c *column, k terms) bool {
	return f.ends(c, k, f.stored(authorising(f.t.(*testing.T), k.patient(), c.identity)))
}

func (f *functional) leaves(c *column, k terms) bool {
	who := cellTreating
	if !c.treating && !c.structure {
		who = c.actor.ID.Value
		if c.actor.Profession == "10" { // naming him would make him a médecin traitant
			who = cellTreating
		}
	}
	return f.ends(c, k, f.stored(said(f.t, consent.TreatingDoctor, k.patient(), who, false)))
}

func (f *functional) lists(c *column, k terms) bool {
	id := f.stored(authorising(f.t.(*testing.T), k.patient(), c.identity))
	who := c.identity.System + "|" + c.identity.Value
	return f.finds(f.of(c, k.patient()), "Consent?category=care-team&status=active&actor:identifier="+url.QueryEscape(who)+"&_sort=-_lastUpdated&_count=20", id)
}

// describes looks for a person by name whom nobody in the test knows: among those whom one knows, and the one for whom the glass is broken, one may search.
func (f *functional) describes(c *column, k terms) bool {
	_, body := f.ask(f.operator, http.MethodGet, "Patient/unknown", nil)
	var p struct {
		Name      []struct{ Family string }
		BirthDate string
	}
	require.NoError(f.t, json.Unmarshal(body, &p))
	return f.finds(f.of(c, k.patient()), "Patient?family="+url.QueryEscape(p.Name[0].Family)+"&birthdate="+p.BirthDate, "unknown")
}

func (f *functional) launches(c *column, k terms) bool {
	form := url.Values{"client_id": {consoleClient}, "patient": {k.patient()}}
	status, answer := f.send(f.of(c, k.patient()), http.MethodPost, strings.TrimSuffix(f.base, "/fhir")+"/auth/launch", "application/x-www-form-urlencoded", []byte(form.Encode()))
	require.Contains(f.t, []int{http.StatusCreated, http.StatusForbidden}, status, "%s", answer)
	return status == http.StatusCreated
}

func (f *functional) administrative(c *column, k terms) bool {
	status, _ := f.ask(f.of(c, k.patient()), http.MethodGet, "Patient/"+k.patient(), nil)
	return status == http.StatusOK
}

func (f *functional) professionals(c *column, k terms) bool {
	id := f.stored(said(f.t, consent.Block, k.patient(), cellStranger, true))
	return f.finds(f.of(c, k.patient()), "Consent?patient=Patient/"+k.patient()+"&category=block&_sort=-_lastUpdated&_count=20", id)
}

// feeds deposits a document with its content by Simplified Publish (ITI-105).
func (f *functional) feeds(c *column, k terms) bool {
	f.n++
	body := fmt.Sprintf(`{"resourceType":"DocumentReference","meta":{"profile":["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"]},
		"masterIdentifier":{"use":"usual","system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.999.10.%d"},"status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},
		"subject":{"reference":"Patient/%s"},"securityLabel":%s,"content":[{"attachment":{"contentType":"text/plain","data":"U2VjcmV0","title":"Document"}}]}`, f.n, reportCode, k.patient(), labelN)
	status, answer := f.ask(f.of(c, k.patient()), http.MethodPost, "DocumentReference", []byte(body))
	require.Contains(f.t, []int{http.StatusCreated, http.StatusForbidden}, status, "%s", answer)
	return status == http.StatusCreated
}

// searches finds a document.
func (f *functional) searches(c *column, k terms) bool {
	id := f.document(c, k, "", habilitation.Normal)
	return f.finds(f.of(c, k.patient()), "DocumentReference?patient=Patient/"+k.patient()+"&status=current&_sort=-_lastUpdated&_count=20", id)
}
