package access_test

import (
	"fmt"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/access"
)

func (w *world) patch(name, path, ops string) *httptest.ResponseRecorder {
	return w.as(name, "PATCH", path, ops, "Content-Type: application/json-patch+json")
}

func labels(codes ...string) string {
	var all []string
	for _, l := range codes {
		all = append(all, fmt.Sprintf(`{"coding":[{"system":%q,"code":%q}]}`, systemOf(l), l))
	}
	return `[{"op":"replace","path":"/securityLabel","value":[` + strings.Join(all, ",") + `]}]`
}

func refusal(t *testing.T, r *httptest.ResponseRecorder, status int, rule string) {
	t.Helper()
	require.Equal(t, status, r.Code, r.Body.String())
	if rule != "" {
		assert.Contains(t, r.Body.String(), `"code":"`+rule+`"`)
	}
}

func TestMetadataUpdates(t *testing.T) {
	w := documents(t)
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	w.consent("t", "p1", access.CategoryTreatingDoctor, "permit", rpps, "899700000003")
	const path = "/fhir/DocumentReference/"
	mask, unmask := labels("MASQUE_PS"), labels("N")
	for _, step := range []struct {
		name, id, ops string
		status        int
		rule          string
	}{
		{"doctor", "biology", mask, 200, ""},     // anybody who reads it masks (D4)
		{"doctor", "biology", unmask, 404, ""},   // it is gone for who is no author
		{"treating", "biology", unmask, 200, ""}, // the médecin traitant unmasks any
		{"other", "masked", unmask, 200, ""},     // its author
		{"other", "masked", mask, 200, ""},       //
		{"doctor", "announced", unmask, 200, ""}, // shown to the patient (D7)
		{"holder1", "letter", mask, 200, ""},     // D1
		{"holder1", "letter", unmask, 200, ""},   //
		{"holder1", "letter", `[{"op":"replace","path":"/status","value":"entered-in-error"}]`, 403, "D13"},
		{"doctor", "letter", `[{"op":"replace","path":"/status","value":"entered-in-error"}]`, 403, "D12"},
		{"other", "letter", `[{"op":"replace","path":"/status","value":"entered-in-error"}]`, 200, ""},
		{"glass", "biology", mask, 403, "E11"},
		{"holder2", "biology", mask, 404, ""},
		{"nurse", "biology", mask, 404, ""}, // no relation
		{"nurse", "unknown", mask, 404, ""},
	} {
		r := w.patch(step.name, path+step.id, step.ops)
		refusal(t, r, step.status, step.rule)
	}
	unknown, hidden := w.patch("nurse", path+"unknown", mask), w.patch("nurse", path+"biology", mask)
	assert.Equal(t, unknown.Body.String(), hidden.Body.String())
	refusal(t, w.as("other", "DELETE", path+"biology", ""), 403, "X1")
}

func TestDeposits(t *testing.T) {
	w := documents(t)
	body := func(typ, patient string) string {
		return fmt.Sprintf(`{"resourceType":"DocumentReference","status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},"subject":{"reference":"Patient/%s"},"securityLabel":[{"coding":[{"system":%q,"code":"N"}]}],`+
			`"content":[{"attachment":{"contentType":"text/plain","url":"Binary/none"}}]}`, typ, patient, systemOf("N"))
	}
	post := func(name, text string) *httptest.ResponseRecorder {
		return w.as(name, "POST", "/fhir/DocumentReference", text)
	}
	refusal(t, post("doctor", body("11502-2", "p1")), 201, "") // feeding needs no authorisation (A10)
	refusal(t, post("hospital", body("11502-2", "p1")), 201, "")
	refusal(t, post("holder1", body("11502-2", "p1")), 403, "D15")
	refusal(t, post("holder1", body("DOCPAT03", "p1")), 201, "")
	refusal(t, post("holder2", body("DOCPAT03", "p1")), 403, "")
	refusal(t, post("doctor", body("DOCPAT03", "p1")), 403, "D15")
	refusal(t, post("doctor", body("11502-2", "nobody")), 403, "L6")
	refusal(t, w.as("doctor", "PUT", "/fhir/DocumentReference/mine", strings.Replace(body("11502-2", "p1"), `{`, `{"id":"mine",`, 1)), 403, "X1")
	refusal(t, w.as("doctor", "PUT", "/fhir/DocumentReference/letter", strings.Replace(body("11502-2", "p1"), `{`, `{"id":"letter",`, 1)), 403, "X1")
	w.consent("hide", "p1", access.CategoryVisibility, "deny", "", "")
	r := post("hospital", body("11502-2", "p1"))
	refusal(t, r, 201, "")
	assert.Contains(t, r.Body.String(), "MASQUE_PS", "the holder wants new documents masked")
}

func TestConsentsAreChangedByWhoMay(t *testing.T) {
	w := documents(t)
	post := func(name, category, typ, value string, more ...string) *httptest.ResponseRecorder {
		actor := fmt.Sprintf(`,"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":{"system":%q,"value":%q}}}]`, rpps, value)
		text := consentJSON("x", "p1", category, typ, actor)
		for i := 0; i+1 < len(more); i += 2 {
			text = strings.Replace(text, more[i], more[i+1], 1)
		}
		return w.as(name, "POST", "/fhir/Consent", text)
	}
	const documents = "/fhir/DocumentReference?patient=Patient/p1&status=current"
	r := post("doctor", access.CategoryCareTeam, "permit", doctorID)
	refusal(t, r, 201, "")
	assert.NotEmpty(t, w.ids("doctor", documents))
	id := w.ids("doctor", "/fhir/Consent?patient=Patient/p1")
	require.Len(t, id, 1)
	refusal(t, w.patch("nurse", "/fhir/Consent/"+id[0], `[{"op":"replace","path":"/status","value":"inactive"}]`), 404, "")
	refusal(t, w.patch("doctor", "/fhir/Consent/"+id[0], `[{"op":"replace","path":"/dateTime","value":"2024-04-02T08:00:00Z"}]`), 403, "A12")
	refusal(t, w.patch("doctor", "/fhir/Consent/"+id[0], `[{"op":"replace","path":"/status","value":"inactive"}]`), 200, "")
	assert.Empty(t, w.ids("doctor", documents), "TD0.3, SUPPRESSION")
	refusal(t, post("doctor", access.CategoryAccessRule, "deny", nurseID), 403, "A7")
	refusal(t, post("doctor", access.CategoryBlock, "deny", nurseID), 403, "T6")
	refusal(t, post("doctor", access.CategoryTreatingDoctor, "permit", doctorID), 403, "A7")
	refusal(t, post("doctor", access.CategoryCareTeam, "permit", nurseID), 403, "A5")
	refusal(t, post("holder2", access.CategoryCareTeam, "permit", doctorID), 403, "")
	refusal(t, post("holder1", access.CategoryBlock, "deny", doctorID), 201, "")
	refusal(t, post("doctor", access.CategoryCareTeam, "permit", doctorID), 403, "A8")
	refusal(t, post("holder1", access.CategoryTreatingDoctor, "permit", "899700000003"), 201, "")
	refusal(t, post("treating", access.CategoryBlock, "deny", nurseID), 201, "")
	refusal(t, post("holder1", "of-my-own", "permit", doctorID), 422, "")
	refusal(t, post("glass", access.CategoryCareTeam, "permit", "899700000005"), 403, "E11")
}

func TestPatientsAreChangedByWhoMay(t *testing.T) {
	w := documents(t)
	refusal(t, w.patch("doctor", "/fhir/Patient/p1", `[{"op":"replace","path":"/active","value":false}]`), 403, "L2")
	refusal(t, w.patch("doctor", "/fhir/Patient/p1", `[{"op":"replace","path":"/identifier/0/value","value":"153078987658513"}]`), 403, "L8")
	refusal(t, w.patch("doctor", "/fhir/Patient/p1", `[{"op":"add","path":"/telecom","value":[{"system":"phone","value":"0100000000"}]}]`), 200, "")
	refusal(t, w.patch("holder2", "/fhir/Patient/p1", `[{"op":"add","path":"/gender","value":"male"}]`), 404, "")
	refusal(t, w.as("doctor", "POST", "/fhir/Patient", `{"resourceType":"Patient","name":[{"family":"NEW"}]}`), 403, "L7")
	refusal(t, w.patch("holder1", "/fhir/Patient/p1", `[{"op":"replace","path":"/active","value":false}]`), 200, "")
	assert.Empty(t, w.ids("holder1", "/fhir/DocumentReference?patient=Patient/p1&status=current"), "a closed record is not read (L6)")
}

// TestNobodyHidesDataForGood: who may feed a record does not put data into it that the person, or whoever treats her, never sees.
func TestNobodyHidesDataForGood(t *testing.T) {
	w := documents(t)
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	observation := func(code string) string {
		return fmt.Sprintf(`{"resourceType":"Observation","meta":{"security":[{"system":%q,"code":%q}]},"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`, "urn:other", code)
	}
	for _, code := range []string{"INVISIBLE_PATIENT", "invisible_patient", "INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS", "MASQUE_PSOCIAL", "MASQUE_PT"} {
		refusal(t, w.as("doctor", "POST", "/fhir/Observation", observation(code)), 403, "X1")
	}
	refusal(t, w.as("doctor", "POST", "/fhir/Observation", observation("R")), 201, "") // a level of confidentiality hides nothing
}

// TestNobodySpeaksFromTheFuture: a Consent that was said later than now would stand before what is said until then.
func TestNobodySpeaksFromTheFuture(t *testing.T) {
	w := documents(t)
	body := consentJSON("", "p1", access.CategoryCareTeam, "permit", fmt.Sprintf(`,"actor":[{"role":{"text":"a"},"reference":{"identifier":{"system":%q,"value":%q}}}]`, rpps, doctorID))
	body = regexp.MustCompile(`"id":"",`).ReplaceAllString(body, "")
	later := regexp.MustCompile(`"dateTime":"[^"]*"`).ReplaceAllString(body, `"dateTime":"2090-01-01T00:00:00Z"`)
	require.NotEqual(t, body, later)
	refusal(t, w.as("operator", "POST", "/fhir/Consent", later), 422, "")
	refusal(t, w.as("operator", "POST", "/fhir/Consent", body), 201, "")
}
