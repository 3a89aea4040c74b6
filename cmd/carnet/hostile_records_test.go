package main

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
)

// insist is an attack with what must come of it.
type insist struct {
	name   string
	client *habilitation.Client
	attack
	status int    // 0: any
	typ    string // matches of a type are counted
	want   int
}

// run carries out attacks that see nothing hidden.
func (f *foes) run(t *testing.T, all []insist) {
	t.Helper()
	for i := range all {
		a := &all[i]
		if a.method == "" {
			a.method = http.MethodGet
		}
		o := f.strike(a.client, a.attack)
		if a.status != 0 {
			assert.Equal(t, a.status, o.status, "%s: %s %s %.400s", a.name, a.method, a.path, o.body)
		}
		if a.typ != "" {
			assert.Equal(t, a.want, o.matches(a.typ), "%s: %s %.400s", a.name, a.path, o.body)
		}
		assert.False(t, o.leaks(), "%s: %s %s tells %.600s", a.name, a.method, a.path, o.body)
	}
	t.Logf("%d attacks", len(all))
}

// TestHostileRecords: nobody reads many people's records by naming them together, and regulation lists nobody.
func TestHostileRecords(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	both := url.QueryEscape(f.insOf("p") + "," + f.insOf("k"))
	stranger, regulator := f.doctor(foeStranger), f.regulator() // the stranger knows q
	var all []insist
	for _, q := range []string{
		"Patient?_id=p,k,closed", "Patient?identifier=" + both, "Patient?_filter=" + url.QueryEscape("id eq p or id eq k"), "?_type=Patient&_id=p,k", "Patient?_id=p,k&_summary=count", "Patient?_filter=" + url.QueryEscape("not (id eq p)") + "&_id=p,k",
		"Patient?name=a", "Patient?birthdate=ge1900", "Patient?_lastUpdated=gt2000", "Patient", "Patient?gender=male,female", "Patient?identifier:missing=false", "Patient?active=true", "Patient?_content=a",
		"DocumentReference?patient=Patient/p,Patient/k&status=current", "DocumentReference?subject=Patient/p,Patient/k&status=current", "DocumentReference?patient.identifier=" + both + "&status=current", "Consent?patient=p,k", "Observation?patient=p,k",
		"DocumentReference?_id=d-masked,d-visible,d-other&patient=Patient/p,Patient/k&status=current", "Patient/$match?x=1",
	} {
		all = append(all, insist{"a stranger names several", stranger, attack{path: q}, 0, "", 0})
	}
	for _, q := range []string{
		"Patient?_id=p,k", "Patient?identifier=" + both, "Patient?name=a", "Patient?family=m", "Patient?birthdate=ge1900", "Patient?birthdate=1900,1901", "Patient?birthdate=ne1899-01-01", "Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|", "Patient?telecom:missing=false",
		"Patient?name:contains=ma", "Patient?given=a,e,i,o,u", "Patient?phone=tel|", "Patient?gender=female", "Patient?_sort=birthdate", "Patient?identifier:not=" + url.QueryEscape(f.insOf("p")),
	} {
		all = append(all, insist{"regulation lists people", regulator, attack{path: q}, 0, "Patient", 0})
	}
	for _, q := range []string{"DocumentReference?patient=Patient/p,Patient/k&status=current", "DocumentReference?patient.identifier=" + both + "&status=current", "DocumentReference?_id=d-visible,d-minor&status=current", "DocumentReference?_lastUpdated=gt2000&status=current"} {
		all = append(all, insist{"regulation reads several records at once", regulator, attack{path: q}, 0, "DocumentReference", 0})
	}
	f.run(t, all)
	for _, q := range []string{"Patient?_id=p", "Patient?identifier=" + url.QueryEscape(f.insOf("p")), "Patient?_id=p&identifier=" + url.QueryEscape(f.insOf("p"))} {
		o := f.get(stranger, q)
		assert.Equal(t, 1, o.matches("Patient"), "who names one person asks about one: %s", q)
	}
	o := f.get(stranger, "Patient?_id=p,q,k")
	assert.Equal(t, 1, o.matches("Patient"), "of several one sees those that one knows")
	o = f.get(regulator, "DocumentReference?patient=Patient/p&status=current")
	assert.Equal(t, 3, o.matches("DocumentReference"), "regulation reads the record that it names: what is not masked")
}

// TestHostileTreatingDoctor: who is médecin traitant is told by no search, patch or operation to who may not know it.
func TestHostileTreatingDoctor(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	const system = "https://people.example/rpps"
	treats := func(value string, is bool) string {
		return fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"professional","valueIdentifier":{"system":%q,"value":%q}},{"name":"is","valueBoolean":%t}]}`, system, value, is)
	}
	o := f.post(f.operator, "Patient/p/$dmp-treating-doctor", treats("there", true))
	require.Equal(t, http.StatusOK, o.status, o.body)
	stranger := f.doctor(foeStranger)
	// What is asked of the one who is there and of one who is not must be answered alike.
	ask := func(value string) (answers []string) {
		q := url.QueryEscape(system + "|" + value)
		for _, path := range []string{
			"Patient?_id=p&treating-doctor=" + q, "Patient?_id=p&treating-doctor:not=" + q, "Patient?_id=p&_filter=" + url.QueryEscape(`treating-doctor eq "`+system+"|"+value+`" or treating-doctor eq "x|y"`),
			"Patient?_filter=" + url.QueryEscape(`id eq p and not (treating-doctor eq "`+system+"|"+value+`")`), "DocumentReference?patient=Patient/p&status=current&patient:Patient.treating-doctor=" + q, "Patient?_id=p&_content=" + value, "Patient?_id=p&_text=" + value,
			"Patient?_id=p&treating-doctor:missing=false", "Patient?_id=p&_sort=treating-doctor&treating-doctor=" + q,
		} {
			o := f.get(stranger, path)
			answers = append(answers, fmt.Sprintf("%s: %d, %d", path[:20], o.status, o.matches("Patient")))
		}
		for _, is := range []bool{true, false} {
			o := f.post(stranger, "Patient/p/$dmp-treating-doctor", treats(value, is))
			answers = append(answers, fmt.Sprintf("operation: %d %s", o.status, o.body))
		}
		for i := range 8 {
			o := f.patch(stranger, "Patient/p", fmt.Sprintf(`[{"op":"test","path":"/extension/%d/valueIdentifier/value","value":%q}]`, i, value))
			answers = append(answers, fmt.Sprintf("test: %d %s", o.status, o.body))
		}
		path := fmt.Sprintf("Patient.extension.where(value.value='%s')", value)
		o := f.strike(stranger, attack{method: http.MethodPatch, path: "Patient/p", header: http.Header{"Content-Type": {"application/fhir+json"}},
			body: fmt.Sprintf(`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"delete"},{"name":"path","valueString":%q}]}]}`, path)})
		return append(answers, fmt.Sprintf("fhirpath: %d", o.status))
	}
	assert.Equal(t, ask("absent"), ask("there"))
	for name, c := range map[string]*habilitation.Client{"stranger": stranger, "nurse": f.as(nurse(foeTeam), everything, "", ""), "regulator": f.regulator(), "institution": f.institution()} {
		for _, path := range []string{"Patient/p", "Patient/p?_format=xml", "Patient/p?_elements=extension", "Patient/p?_summary=true", "Patient/p/_history", "Patient/p/_history/2", "Patient/p/$everything", "Patient?_id=p", "?_type=Patient&_id=p", "Patient/_history", "_history",
			"DocumentReference?patient=Patient/p&status=current&_include=DocumentReference:subject", "Patient?_id=p&_revinclude=*"} {
			o := f.get(c, path)
			assert.NotContains(t, o.body, `"there"`, "%s: %s", name, path)
		}
	}
	o = f.patch(f.doctor(foeDoctor), "Patient/p", `[{"op":"add","path":"/extension/-","value":{"url":"https://carnet-fhir.github.io/StructureDefinition/dmp-treating-doctor","valueIdentifier":{"system":"x","value":"y"}}}]`)
	assert.Equal(t, http.StatusUnprocessableEntity, o.status, "a patch that would have no effect is refused: %s", o.body)
	assert.Contains(t, o.body, "$dmp-treating-doctor")
	before := f.get(f.operator, "Patient/p").header.Get("ETag")
	o = f.patch(stranger, "Patient/p", `[{"op":"test","path":"/resourceType","value":"Patient"}]`)
	assert.Less(t, o.status, 500)
	assert.Equal(t, before, f.get(f.operator, "Patient/p").header.Get("ETag"), "a patch that changes nothing makes no version")
}
