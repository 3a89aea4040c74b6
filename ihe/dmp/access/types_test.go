package access_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// observation stores data: extracted from a document of the type ("": from none), with labels.
func (w *world) observation(id, patient, typ, label string) {
	var meta string
	if typ != "" {
		meta = fmt.Sprintf(`"meta":{"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":%q}]`, typ)
	} else {
		meta = `"meta":{"source":"urn:x"`
	}
	if label != "" {
		meta += fmt.Sprintf(`,"security":[{"system":%q,"code":%q}]`, systemOf(label), label)
	}
	w.Put(w.t, "Observation/"+id, fmt.Sprintf(`{"resourceType":"Observation","id":%q,%s},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"}}`, id, meta, patient))
}

func TestDataFollowTheirDocuments(t *testing.T) {
	w := documents(t)
	w.observation("bio", "p1", "11502-2", "")
	w.observation("let", "p1", "96349-6", "")
	w.observation("hid", "p1", "11502-2", "MASQUE_PS")
	w.observation("unk", "p1", "00000-0", "")
	w.observation("own", "p1", "", "")
	w.observation("far", "p2", "11502-2", "")
	w.Put(t, "Provenance/prov", `{"resourceType":"Provenance","id":"prov","target":[{"reference":"Observation/let"}],"recorded":"2024-04-30T10:00:00Z","agent":[{"who":{"display":"x"}}],"entity":[{"role":"source","what":{"reference":"DocumentReference/letter"}}]}`)
	assert.Empty(t, w.ids("doctor", "/fhir/Observation?patient=Patient/p1"))
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	w.consent("c2", "p1", access.CategoryCareTeam, "permit", rpps, nurseID)
	for _, path := range []string{"/fhir/Observation", "/fhir/Observation?patient=Patient/p1", "/fhir/Patient/p1/Observation", "/fhir/Observation?code:missing=false"} {
		assert.ElementsMatch(t, []string{"bio", "let", "unk", "own"}, w.ids("doctor", path), path)
		assert.ElementsMatch(t, []string{"bio"}, w.ids("nurse", path), path)
	}
	assert.ElementsMatch(t, []string{"prov"}, w.ids("doctor", "/fhir/Provenance"))
	assert.Empty(t, w.ids("nurse", "/fhir/Provenance"))
	assert.Equal(t, 404, w.status("nurse", "/fhir/Provenance/prov"))
	assert.ElementsMatch(t, []string{"bio", "let", "hid", "unk", "own"}, w.ids("holder1", "/fhir/Observation"))
	assert.ElementsMatch(t, []string{"far"}, w.ids("holder2", "/fhir/Observation"))
	assert.Empty(t, w.ids("hospital", "/fhir/Observation"))
	everything := w.ids("nurse", "/fhir/Patient/p1/$everything")
	assert.ElementsMatch(t, []string{"p1", "bio", "biology", "announced", "secret", "c1", "c2"}, everything)
}

func TestFoldersShowNothingHidden(t *testing.T) {
	w := documents(t)
	list := func(id string, items ...string) {
		var entry string
		for i, item := range items {
			if i > 0 {
				entry += ","
			}
			entry += fmt.Sprintf(`{"item":{"reference":"DocumentReference/%s"}}`, item)
		}
		w.Put(t, "List/"+id, fmt.Sprintf(`{"resourceType":"List","id":%q,"status":"current","mode":"working","code":{"coding":[{"system":"https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes","code":"folder"}]},"subject":{"reference":"Patient/p1"},"entry":[%s]}`, id, entry))
	}
	list("open", "biology")
	list("mixed", "biology", "masked")
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	assert.ElementsMatch(t, []string{"open"}, w.ids("doctor", "/fhir/List?patient=Patient/p1&code=folder&status=current"))
	assert.Equal(t, 404, w.status("doctor", "/fhir/List/mixed"))
	assert.Empty(t, w.ids("doctor", "/fhir/DocumentReference?patient=Patient/p1&status=current&_list=mixed"))
	assert.ElementsMatch(t, []string{"open", "mixed"}, w.ids("holder1", "/fhir/List?patient=Patient/p1&code=folder&status=current"))
	assert.Empty(t, w.ids("nurse", "/fhir/List?patient=Patient/p1&code=folder&status=current"))
}

func TestTracesMessagesAndTheRest(t *testing.T) {
	w := documents(t)
	event := func(id, who, label string) {
		w.Put(t, "AuditEvent/"+id, fmt.Sprintf(`{"resourceType":"AuditEvent","id":%q,"meta":{"security":[{"system":%q,"code":%q}]},"type":{"code":"rest"},"recorded":"2024-04-30T10:00:00Z","agent":[{"requestor":true,"who":{"identifier":{"system":%q,"value":%q}}}],`+
			`"source":{"observer":{"display":"x"}},"entity":[{"what":{"reference":"Patient/p1"}}]}`, id, systemOf(label), label, rpps, who))
	}
	event("a-doctor", doctorID, "N")
	event("a-secret", otherID, "INVISIBLE_REPRESENTANTS_LEGAUX")
	w.Put(t, "Basic/b1", `{"resourceType":"Basic","id":"b1","code":{"text":"x"}}`)
	w.Put(t, "Group/g1", `{"resourceType":"Group","id":"g1","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p1"}}]}`)
	w.Put(t, "Organization/o1", `{"resourceType":"Organization","id":"o1","name":"x"}`)
	w.Put(t, "RelatedPerson/mother", `{"resourceType":"RelatedPerson","id":"mother","patient":{"reference":"Patient/p1"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]}`)
	w.consent("t", "p1", access.CategoryTreatingDoctor, "permit", rpps, "899700000003")
	assert.ElementsMatch(t, []string{"a-doctor", "a-secret"}, w.ids("holder1", "/fhir/AuditEvent"), "T2")
	assert.ElementsMatch(t, []string{"a-doctor"}, w.ids("mother", "/fhir/AuditEvent"), "M2")
	assert.ElementsMatch(t, []string{"a-doctor", "a-secret"}, w.ids("treating", "/fhir/AuditEvent"), "T5")
	assert.ElementsMatch(t, []string{"a-doctor"}, w.ids("doctor", "/fhir/AuditEvent"), "one's own")
	assert.Empty(t, w.ids("nurse", "/fhir/AuditEvent"))
	assert.Empty(t, w.ids("holder2", "/fhir/AuditEvent"))
	for _, name := range []string{"doctor", "holder1", "hospital", "app", "treating"} {
		assert.Empty(t, w.ids(name, "/fhir/Basic"), name)
		assert.Empty(t, w.ids(name, "/fhir/Group"), name)
		assert.Equal(t, []string{"o1"}, w.ids(name, "/fhir/Organization"), name)
		assert.Equal(t, 403, w.as(name, "PUT", "/fhir/Organization/o2", `{"resourceType":"Organization","id":"o2","name":"x"}`).Code, name)
		assert.Equal(t, 403, w.as(name, "DELETE", "/fhir/Organization/o1", "").Code, name)
	}
	assert.Equal(t, []string{"b1"}, w.ids("operator", "/fhir/Basic"))
	for _, path := range []string{"/fhir/Patient?_has:DocumentReference:patient:status=current", "/fhir/Organization?_revinclude=*", "/fhir?_type=Observation,DocumentReference&_lastUpdated=gt2020"} {
		r := w.as("nurse", "GET", path, "")
		assert.NotContains(t, r.Body.String(), "Patient/p1", path)
	}
	assert.Equal(t, 403, w.status("nobody", "/fhir/DocumentReference?patient=Patient/p1&status=current"), "an actor of no kind")
}

func TestApplicationsDelegatesAndCodes(t *testing.T) {
	w := documents(t)
	const path = "/fhir/DocumentReference?patient=Patient/p1&status=current"
	assert.Empty(t, w.ids("app", path))
	w.consent("a", "p1", access.CategoryApplication, "permit", "https://app.test", "client-1",
		`,"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"access"}]}],"period":{"start":"2024-04-01","end":"2024-12-31"}`)
	assert.ElementsMatch(t, []string{"biology", "letter", "masked"}, w.ids("app", path))
	assert.Empty(t, w.ids("helper", path))
	w.Put(t, "RelatedPerson/helper", `{"resourceType":"RelatedPerson","id":"helper","patient":{"reference":"Patient/p1"}}`)
	assert.Empty(t, w.ids("helper", path), "to be a relative is no right")
	w.Put(t, "Consent/d", consentJSON("d", "p1", access.CategoryDelegate, "permit",
		`,"actor":[{"role":{"coding":[{"system":"`+access.SystemRole+`","code":"delegate"}]},"reference":{"reference":"RelatedPerson/helper"}}],"period":{"start":"2024-04-01","end":"2024-12-31"}`))
	assert.NotEmpty(t, w.ids("helper", path))
	refusal(t, w.as("helper", "POST", "/fhir/Consent", consentJSON("x", "p1", access.CategoryBreakGlass, "deny", "")), 403, "M6")
}

func TestContextOfTheTokenNarrows(t *testing.T) {
	w := documents(t)
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	w.consent("c2", "p2", access.CategoryCareTeam, "permit", rpps, doctorID)
	actor := *w.sessions["doctor"].Actor.(*habilitation.Actor)
	w.caller("launched", actor, in("p1"))
	w.caller("scoped", actor, in("p1"), scoped("patient/DocumentReference.rs?type=http://loinc.org|96349-6"))
	assert.Len(t, w.ids("doctor", "/fhir/Patient"), 2)
	assert.Equal(t, []string{"p1"}, w.ids("launched", "/fhir/Patient"))
	assert.Equal(t, 404, w.status("launched", "/fhir/DocumentReference/elsewhere"))
	assert.Empty(t, w.ids("launched", "/fhir/Patient?identifier="+insNIR+"|"+numbers[1]))
	assert.Equal(t, []string{"letter"}, w.ids("scoped", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
	assert.Equal(t, 403, w.status("scoped", "/fhir/Patient/p1"))
	assert.Equal(t, 403, w.status("scoped", "/fhir/Binary/b-letter"))
}

func TestHabilitationExplains(t *testing.T) {
	w := documents(t)
	explain := func(name, query string) map[string]any {
		r := w.as(name, "GET", "/fhir/Patient/p1/$habilitation"+query, "")
		require.Equal(t, 200, r.Code, r.Body)
		var out struct{ Parameter []map[string]any }
		require.NoError(t, json.Unmarshal(r.Body.Bytes(), &out))
		all := map[string]any{}
		for _, p := range out.Parameter {
			all[p["name"].(string)] = p
		}
		assert.NotContains(t, r.Body.String(), "biology")
		return all
	}
	state := func(x map[string]any) any {
		return x["authorisation"].(map[string]any)["part"].([]any)[0].(map[string]any)["valueCode"]
	}
	assert.Equal(t, "NON_EXISTE", state(explain("doctor", "")))
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	assert.Equal(t, "VALIDE", state(explain("doctor", "")))
	asked := "?actor=" + rpps + "|" + doctorID + "&profession=10&speciality=SM26"
	assert.Equal(t, "VALIDE", state(explain("holder1", asked)))
	w.consent("b", "p1", access.CategoryBlock, "deny", rpps, doctorID)
	assert.Equal(t, "INTERDIT", state(explain("doctor", "")))
	assert.Equal(t, "INTERDIT", state(explain("holder1", asked)))
	refusal(t, w.as("nurse", "GET", "/fhir/Patient/p1/$habilitation"+asked, ""), 403, "A7")
	assert.Equal(t, 404, w.status("holder2", "/fhir/Patient/p1/$habilitation"))
}
