package access_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/ihe/dmp/access"
)

const doctorID, nurseID, otherID = "899700000001", "899700000004", "899700000002"

func documents(t testing.TB) *world {
	w := newWorld(t)
	w.usual()
	w.people()
	w.document("biology", "p1", "11502-2", otherID) // read by nurses too
	w.document("letter", "p1", "96349-6", otherID)  // by doctors only
	w.document("masked", "p1", "11502-2", otherID, "MASQUE_PS")
	w.document("announced", "p1", "11502-2", otherID, "INVISIBLE_PATIENT")
	w.document("secret", "p1", "11502-2", otherID, "INVISIBLE_REPRESENTANTS_LEGAUX")
	w.document("elsewhere", "p2", "11502-2", "899700000009")
	return w
}

func TestCareTeamReadsByMatrix(t *testing.T) {
	w := documents(t)
	const path = "/fhir/DocumentReference?patient=Patient/p1&status=current"
	assert.Empty(t, w.ids("doctor", path), "nobody said that the doctor takes care of the person")
	assert.Equal(t, 404, w.status("doctor", "/fhir/DocumentReference/biology"))
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	w.consent("c2", "p1", access.CategoryCareTeam, "permit", rpps, nurseID)
	for _, path := range []string{path, "/fhir/DocumentReference?subject=Patient/p1&status=current", "/fhir/DocumentReference?patient.identifier=" + insNIR + "|" + numbers[0] + "&status=current"} {
		assert.ElementsMatch(t, []string{"biology", "letter", "announced", "secret"}, w.ids("doctor", path))
		assert.ElementsMatch(t, []string{"biology", "announced", "secret"}, w.ids("nurse", path))
		assert.ElementsMatch(t, []string{"biology", "letter", "announced", "secret", "masked"}, w.ids("other", path), "an author's own documents")
	}
	for id, status := range map[string]int{"biology": 200, "letter": 404, "masked": 404, "elsewhere": 404, "unknown": 404} {
		assert.Equal(t, status, w.status("nurse", "/fhir/DocumentReference/"+id), id)
		assert.Equal(t, status, w.status("nurse", "/fhir/Binary/b-"+id), id)
		assert.Equal(t, status, w.status("nurse", "/fhir/DocumentReference/"+id+"/_history"), id)
		assert.Equal(t, status, w.status("nurse", "/fhir/DocumentReference/"+id+"/_history/1"), id)
	}
	w.consent("block", "p1", access.CategoryBlock, "deny", rpps, doctorID)
	assert.Empty(t, w.ids("doctor", path), "a block holds for the next request")
	assert.Equal(t, 404, w.status("doctor", "/fhir/Binary/b-biology"))
	w.as("", "DELETE", "/fhir/Consent/c2", "")
	assert.Empty(t, w.ids("nurse", path))
}

func TestPatientSideSeesItsRecord(t *testing.T) {
	w := documents(t)
	assert.ElementsMatch(t, []string{"biology", "letter", "masked", "secret"}, w.ids("holder1", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
	assert.ElementsMatch(t, []string{"p1"}, w.ids("holder1", "/fhir/Patient"))
	assert.Equal(t, 404, w.status("holder1", "/fhir/Patient/p2"))
	assert.Empty(t, w.ids("holder1", "/fhir/DocumentReference?patient=Patient/p2&status=current"))
	assert.Empty(t, w.ids("mother", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
	w.Put(t, "RelatedPerson/mother", `{"resourceType":"RelatedPerson","id":"mother","patient":{"reference":"Patient/p1"},"identifier":[{"system":"`+insNIR+`","value":"279035121518989"}],"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]}`)
	assert.ElementsMatch(t, []string{"biology", "letter", "masked"}, w.ids("mother", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
}

func TestPeopleAreFoundByINS(t *testing.T) {
	w := documents(t)
	assert.Empty(t, w.ids("doctor", "/fhir/Patient"))
	assert.Empty(t, w.ids("doctor", "/fhir/Patient?family=TEST1"))
	assert.Equal(t, []string{"p1"}, w.ids("doctor", "/fhir/Patient?identifier="+insNIR+"|"+numbers[0]))
	assert.Empty(t, w.ids("doctor", "/fhir/Patient?identifier="+insNIR+"|"), "a system is no INS")
	assert.Equal(t, 200, w.status("doctor", "/fhir/Patient/p1"))
	assert.Equal(t, []string{"p1"}, w.ids("samu", "/fhir/Patient?family=TEST1"))
	assert.Empty(t, w.ids("samu", "/fhir/Patient"))
	assert.Empty(t, w.ids("samu", "/fhir/Patient?gender:missing=true"))
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	assert.Equal(t, []string{"p1"}, w.ids("doctor", "/fhir/Patient"), "the records for which one is authorised (TD0.4)")
}

func TestEmergencies(t *testing.T) {
	w := documents(t)
	assert.ElementsMatch(t, []string{"biology", "letter", "announced", "secret"}, w.ids("glass", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
	assert.Empty(t, w.ids("glass", "/fhir/DocumentReference?patient=Patient/p2&status=current"), "the glass is broken for one person")
	assert.ElementsMatch(t, []string{"elsewhere"}, w.ids("samu", "/fhir/DocumentReference?patient=Patient/p2&status=current"))
	w.consent("o1", "p1", access.CategoryBreakGlass, "deny", "", "")
	w.consent("o2", "p2", access.CategoryCentre15, "deny", "", "")
	assert.Empty(t, w.ids("glass", "/fhir/DocumentReference?patient=Patient/p1&status=current"))
	assert.Empty(t, w.ids("samu", "/fhir/DocumentReference?patient=Patient/p2&status=current"))
}
