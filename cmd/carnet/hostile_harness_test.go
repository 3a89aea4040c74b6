package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// The people of the hostile tests, by RPPS and FINESS: none exists.
const (
	foeTeam      = "81200000101" // a nurse of the care team
	foeDoctor    = "81200000119" // a doctor of the care team
	foeTreating  = "81200000127" // the médecin traitant
	foeBlocked   = "81200000135" // a doctor whom the person blocked
	foeStranger  = "81200000143" // a doctor of whom nothing is said
	foeAuthor    = "81200000150" // the doctor who wrote the documents
	foeRegulates = "81200000168" // a doctor of the centre 15
	foeHouse     = "990000101"   // an institution
)

// secretMark stands in everything that is hidden.
const secretMark = "HIDDENMARK"

// foes is a server with a record p that has documents of all sorts, another record q, a minor's k, and everybody who may want what is not theirs.
type foes struct {
	*securedServer
	n int
}

func newFoes(t *testing.T, o securityOptions) *foes {
	f := &foes{securedServer: startSecured(t, o)}
	f.person("p", 3)
	f.person("q", 17)
	f.person("closed", 23)
	f.put(minor("k", 31))
	f.put(said(t, consent.CareTeam, "p", foeTeam, false), said(t, consent.CareTeam, "p", foeDoctor, false), said(t, consent.CareTeam, "p", foeBlocked, false), said(t, consent.Block, "p", foeBlocked, true),
		said(t, consent.TreatingDoctor, "p", foeTreating, false), said(t, consent.CareTeam, "k", foeDoctor, false), said(t, consent.CareTeam, "q", foeStranger, false))
	f.put([]byte(`{"resourceType":"RelatedPerson","id":"mother","active":true,"patient":{"reference":"Patient/k"},"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleCode","code":"MTH"}]}]}`))
	f.sheet("p", "visible", reportCode, "", foeAuthor)
	f.sheet("p", "masked", reportCode, "MASQUE_PS", foeAuthor)
	f.sheet("p", "other", "89233-1", "", foeAuthor) // a type that nurses do not read
	f.sheet("p", "unseen", reportCode, "INVISIBLE_PATIENT", foeAuthor)
	f.sheet("k", "minor", reportCode, "INVISIBLE_REPRESENTANTS_LEGAUX", foeAuthor)
	f.sheet("q", "elsewhere", reportCode, "", foeAuthor)
	return f
}

// minor is a synthetic person, made ten years old.
func minor(id string, n int) []byte {
	p := synthetic.New(11).Patient(n)
	text := strings.Replace(string(p.JSON), `"id":"`+p.ID+`"`, `"id":"`+id+`"`, 1)
	return []byte(birthDates.ReplaceAllString(text, `"birthDate":"`+time.Now().AddDate(-10, 0, 0).Format(time.DateOnly)+`"`))
}

var birthDates = regexp.MustCompile(`"birthDate":"[^"]*"`)

// sheet stores a document with its content, submission set, an extracted Observation and the Provenance; all but the one named visible bear the mark.
func (f *foes) sheet(patient, name, code, label, author string) {
	f.n++
	mark := secretMark + " " + name
	if name == "visible" {
		mark = "plain"
	}
	coding := func(system, code string) []object {
		return []object{{"coding": []object{{"system": system, "code": code}}}}
	}
	labels, security := coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N"), []object(nil)
	if label != "" {
		labels, security = coding(masksAt, label), []object{{"system": masksAt, "code": label}}
	}
	meta := object{"tag": []object{{"system": "https://carnet-fhir.github.io/CodeSystem/document-type", "code": code}}, "security": security}
	who := object{"resourceType": "Practitioner", "id": "a", "identifier": []object{{"system": nos.SystemIDNPS, "value": "8" + author}}}
	subject := object{"reference": "Patient/" + patient}
	date := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	for _, o := range []object{
		{"resourceType": "DocumentReference", "id": "d-" + name, "status": "current", "masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": fmt.Sprintf("urn:oid:1.2.250.1.999.7.%d", f.n)}, "contained": []object{who}, "author": []object{{"reference": "#a"}},
			"type": coding(typeSystem, code)[0], "category": coding(classesAt, "10"), "subject": subject, "description": mark, "date": date, "securityLabel": labels,
			"content": []object{{"attachment": object{"contentType": "text/plain", "url": "Binary/b-" + name, "title": mark}}}},
		{"resourceType": "Binary", "id": "b-" + name, "contentType": "text/plain", "securityContext": object{"reference": "DocumentReference/d-" + name}, "data": "SElEREVOTUFSSyBieXRlcw=="}, // "HIDDENMARK bytes"
		{"resourceType": "List", "id": "l-" + name, "status": "current", "mode": "working", "title": mark, "code": coding("https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "submissionset")[0], "subject": subject, "date": date,
			"entry": []object{{"item": object{"reference": "DocumentReference/d-" + name}}}},
		{"resourceType": "Observation", "id": "o-" + name, "meta": meta, "status": "final", "code": object{"text": mark}, "subject": subject, "effectiveDateTime": "2026-01-02", "derivedFrom": []object{{"reference": "DocumentReference/d-" + name}}},
		{"resourceType": "Provenance", "id": "v-" + name, "target": []object{{"reference": "Observation/o-" + name}}, "recorded": date, "agent": []object{{"who": object{"display": mark}}}, "entity": []object{{"role": "source", "what": object{"reference": "DocumentReference/d-" + name}}}},
	} {
		if security == nil {
			delete(meta, "security")
		}
		body, err := json.Marshal(o)
		require.NoError(f.t, err)
		f.store(body)
	}
}

const everything = "user/*.cruds"

func foeDoctorAs(rpps string) *rules.Actor {
	a := nurse(rpps)
	a.Profession, a.Speciality = "10", "SM26"
	return a
}

func (f *foes) doctor(rpps string) *habilitation.Client {
	return f.as(foeDoctorAs(rpps), everything, "", "Practitioner/"+rpps)
}

func (f *foes) holder(patient string) *habilitation.Client {
	return f.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("holder-" + patient)}, "patient/*.cruds", patient, "Patient/"+patient)
}

func (f *foes) mother() *habilitation.Client {
	return f.as(&rules.Actor{Kind: rules.Representative, ID: signin.ClientIdentifier("mother")}, "patient/*.cruds", "k", "RelatedPerson/mother")
}

func (f *foes) regulator() *habilitation.Client {
	a := foeDoctorAs(foeRegulates)
	a.Mode = rules.Centre15
	return f.as(a, everything, "", "Practitioner/"+foeRegulates)
}

func (f *foes) institution() *habilitation.Client {
	id := rules.Identifier{System: nos.SystemFINESS, Value: foeHouse}
	return f.as(&rules.Actor{Kind: rules.Institution, ID: id, Structure: id, Authentication: rules.Indirect}, "system/*.cruds", "", "")
}

// attack is one request.
type attack struct {
	method, path string
	body         string
	header       http.Header
}

// outcome is what came of an attack.
type outcome struct {
	status int
	header http.Header
	body   string
}

func (f *foes) strike(c *habilitation.Client, a attack) outcome {
	f.t.Helper()
	address := a.path
	if !strings.HasPrefix(address, "http://") {
		address = strings.TrimSuffix(f.base+"/"+a.path, "/")
	}
	r, err := http.NewRequestWithContext(context.Background(), a.method, address, bytes.NewReader([]byte(a.body)))
	require.NoError(f.t, err)
	if r.Header = a.header.Clone(); r.Header == nil {
		r.Header = http.Header{}
	}
	if r.Header.Get("Content-Type") == "" {
		switch {
		case a.method == http.MethodPatch:
			r.Header.Set("Content-Type", "application/json-patch+json")
		case strings.HasSuffix(a.path, "/_search"):
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		case a.body != "":
			r.Header.Set("Content-Type", "application/fhir+json")
		}
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := f.http.Do(r)
	require.NoError(f.t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	require.NoError(f.t, err)
	require.Less(f.t, answer.StatusCode, 500, "%s %s: %s", a.method, a.path, body)
	return outcome{answer.StatusCode, answer.Header, string(body)}
}

func (f *foes) get(c *habilitation.Client, path string) outcome {
	f.t.Helper()
	return f.strike(c, attack{method: http.MethodGet, path: path})
}

func (f *foes) post(c *habilitation.Client, path, body string) outcome {
	f.t.Helper()
	return f.strike(c, attack{method: http.MethodPost, path: path, body: body})
}

func (f *foes) patch(c *habilitation.Client, path, body string) outcome {
	f.t.Helper()
	return f.strike(c, attack{method: http.MethodPatch, path: path, body: body})
}

// leaks says whether an answer tells of something hidden.
func (o *outcome) leaks() bool {
	return strings.Contains(o.body, secretMark+" ") || strings.Contains(o.body, "SElEREVOTUFSSyBieXRlcw") || strings.Contains(fmt.Sprint(o.header), secretMark)
}

// matches counts the entries of an answer that are of a type.
func (o *outcome) matches(typ string) (n int) {
	var b struct {
		Entry []struct{ Resource struct{ ResourceType string } }
	}
	_ = json.Unmarshal([]byte(o.body), &b)
	for _, e := range b.Entry {
		if e.Resource.ResourceType == typ {
			n++
		}
	}
	return n
}
