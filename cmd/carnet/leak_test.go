package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/conformance/leak"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/nos"
)

type object = map[string]any

const (
	leakTeam   = "81200000001" // a nurse of the care team
	leakAuthor = "81299999991"
	typeSystem = "http://loinc.org"
	reportCode = "11488-4" // a consultation report: nurses read it
	masksAt    = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
	classesAt  = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS"
)

// leakDocument is a document with its content, submission set, an Observation extracted from it and the Provenance that says so.
func leakDocument(patient, id, code, mark string) (leak.Document, [][]byte) {
	d := leak.Document{
		ID: "doc-" + id, Unique: "urn:oid:1.2.250.1.999.8." + fmt.Sprint(len(id), id[len(id)-1]-'a'+1), Binary: "bin-" + id, List: "lot-" + id, Data: "obs-" + id, Type: typeSystem + "|" + code, Category: classesAt + "|10", Title: "Secret " + id,
	}
	coding := func(system, code string) []object {
		return []object{{"coding": []object{{"system": system, "code": code}}}}
	}
	label := coding("http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "N")
	meta := object{"tag": []object{{"system": "https://carnet-fhir.github.io/CodeSystem/document-type", "code": code}}}
	if mark != "" {
		label = append(label, coding(masksAt, mark)...)
		meta["security"] = []object{{"system": masksAt, "code": mark}}
	}
	subject := object{"reference": "Patient/" + patient}
	author := object{"resourceType": "Practitioner", "id": "a", "identifier": []object{{"system": nos.SystemIDNPS, "value": "8" + leakAuthor}}}
	var bodies [][]byte
	for _, o := range []object{
		{"resourceType": "DocumentReference", "id": d.ID, "status": "current", "masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": d.Unique}, "contained": []object{author}, "author": []object{{"reference": "#a"}}, "type": coding(typeSystem, code)[0],
			"category": coding(classesAt, "10"), "subject": subject, "description": d.Title, "date": "2026-01-02T03:04:05Z", "securityLabel": label, "content": []object{{"attachment": object{"contentType": "text/plain", "url": "Binary/" + d.Binary, "title": d.Title}}}},
		{"resourceType": "Binary", "id": d.Binary, "contentType": "text/plain", "securityContext": object{"reference": "DocumentReference/" + d.ID}, "data": "U2VjcmV0"},
		{"resourceType": "List", "id": d.List, "status": "current", "mode": "working", "title": d.Title, "code": coding("https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "submissionset")[0], "subject": subject, "date": "2026-01-02T03:04:05Z",
			"entry": []object{{"item": object{"reference": "DocumentReference/" + d.ID}}}},
		{"resourceType": "Observation", "id": d.Data, "meta": meta, "status": "final", "code": object{"text": d.Title}, "subject": subject, "effectiveDateTime": "2026-01-02", "derivedFrom": []object{{"reference": "DocumentReference/" + d.ID}}},
		{"resourceType": "Provenance", "id": "prov-" + id, "target": []object{{"reference": "Observation/" + d.Data}}, "recorded": "2026-01-02T03:04:05Z", "agent": []object{{"who": object{"display": "Carnet"}}},
			"entity": []object{{"role": "source", "what": object{"reference": "DocumentReference/" + d.ID}}}},
	} {
		text, err := json.Marshal(o)
		if err != nil {
			panic(err) // maps of strings are always written
		}
		bodies = append(bodies, text)
	}
	return d, bodies
}

// leakCase is one caller with what it must not know of.
type leakCase struct {
	name   string
	client func(s *securedServer) *habilitation.Client
	hidden [][2]string // type and mark of the hidden documents
	other  bool        // nothing of the record is the caller's
}

func nurse(rpps string) *rules.Actor {
	return &rules.Actor{Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: rpps}, Profession: "60", Authentication: rules.Direct, Mode: rules.Normal}
}

func leakCases() []leakCase {
	const all = "user/*.cruds"
	masked := [][2]string{{reportCode, "MASQUE_PS"}, {"89233-1", ""}}
	return []leakCase{
		{"a nurse of the care team", func(s *securedServer) *habilitation.Client { return s.as(nurse(leakTeam), all, "", "") }, masked, false},
		{"a nurse in the patient's context", func(s *securedServer) *habilitation.Client { return s.as(nurse(leakTeam), "patient/*.cruds", "p", "") }, masked, false},
		{"a nurse of nobody's team", func(s *securedServer) *habilitation.Client { return s.as(nurse("81200000019"), all, "", "") }, [][2]string{{reportCode, ""}, {"89233-1", ""}}, true},
		{"a blocked doctor", func(s *securedServer) *habilitation.Client {
			a := nurse("81200000027")
			a.Profession, a.Speciality = "10", "SM26"
			return s.as(a, all, "", "")
		}, [][2]string{{reportCode, ""}, {"89233-1", ""}}, true},
		{"the holder", func(s *securedServer) *habilitation.Client {
			return s.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("holder")}, "patient/*.cruds", "p", "Patient/p")
		}, [][2]string{{reportCode, "INVISIBLE_PATIENT"}, {"89233-1", "INVISIBLE_PATIENT"}}, false},
		{"another person", func(s *securedServer) *habilitation.Client {
			return s.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("other")}, "patient/*.cruds", "q", "Patient/q")
		}, [][2]string{{reportCode, ""}, {"89233-1", ""}}, true},
		{"an institution", func(s *securedServer) *habilitation.Client {
			id := rules.Identifier{System: nos.SystemFINESS, Value: "990000001"}
			return s.as(&rules.Actor{Kind: rules.Institution, ID: id, Structure: id, Authentication: rules.Indirect}, "system/*.cruds", "", "")
		}, [][2]string{{reportCode, ""}, {"89233-1", ""}}, true},
		{"scopes for one category", func(s *securedServer) *habilitation.Client {
			return s.as(nurse(leakTeam), "user/Patient.rs user/DocumentReference.rs?type="+typeSystem+"|"+reportCode, "", "")
		}, [][2]string{{"11506-3", ""}, {"34112-3", ""}}, false},
	}
}

// leakWorld seeds a server; with says whether the hidden documents are there.
func leakWorld(t *testing.T, c *leakCase, with bool) (*securedServer, *leak.World) {
	s := startSecuredAs(t, securityOptions{untraced: true}, "http://localhost:9/fhir") // the same for both
	s.person("p", 3)
	s.person("q", 17)
	w := &leak.World{Patient: "p", INS: s.insOf("p"), Author: nos.SystemIDNPS + "|8" + leakAuthor}
	visible, bodies := leakDocument("p", "va", reportCode, "")
	if c.other { // what the caller sees is elsewhere
		visible, bodies = leakDocument("q", "va", reportCode, "")
	}
	w.Visible = append(w.Visible, visible)
	for i, h := range c.hidden {
		d, more := leakDocument("p", "h"+string(rune('b'+i)), h[0], h[1])
		w.Hidden = append(w.Hidden, d)
		if with {
			bodies = append(bodies, more...)
		}
	}
	bodies = append(bodies, said(t, consent.CareTeam, "p", leakTeam, false), said(t, consent.CareTeam, "p", "81200000027", false), said(t, consent.Block, "p", "81200000027", true), said(t, consent.CareTeam, "q", "81200000019", false))
	for _, body := range bodies { // one by one: a transaction with a submission set is a submission
		s.store(body)
	}
	return s, w
}

// store puts one resource as the operator.
func (s *securedServer) store(body []byte) {
	s.t.Helper()
	var head struct{ ResourceType, ID string }
	require.NoError(s.t, json.Unmarshal(body, &head))
	method, path := http.MethodPut, head.ResourceType+"/"+head.ID
	if head.ID == "" {
		method, path = http.MethodPost, head.ResourceType
	}
	status, answer, err := s.operator.Do(context.Background(), method, path, body)
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusCreated, status, "%s %.600s", path, answer)
}

// insOf gives a person's INS as system|value.
func (s *securedServer) insOf(patient string) string {
	_, body, err := s.operator.Do(context.Background(), http.MethodGet, "Patient/"+patient, nil)
	require.NoError(s.t, err)
	var p struct {
		Identifier []struct{ System, Value string }
	}
	require.NoError(s.t, json.Unmarshal(body, &p))
	for _, i := range p.Identifier {
		if strings.HasPrefix(i.System, "urn:oid:1.2.250.1.213.1.4.") {
			return i.System + "|" + i.Value
		}
	}
	s.t.Fatal("the person has no INS")
	return ""
}

func play(t *testing.T, s *securedServer, c *habilitation.Client, shape *leak.Shape) *leak.Answer {
	r, err := http.NewRequestWithContext(context.Background(), shape.Method, s.base+"/"+shape.Path, strings.NewReader(shape.Body))
	require.NoError(t, err)
	r.Header = shape.Header.Clone()
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Authorization", "Bearer "+c.Token)
	a, err := s.http.Do(r)
	require.NoError(t, err)
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	require.NoError(t, err)
	return &leak.Answer{Status: a.StatusCode, Header: a.Header, Body: string(body)}
}

// TestLeaks: for each caller, a server that has documents which the caller must not know of and one that has not answer alike, byte by byte apart from ids, dates and page links, to hundreds of requests.
func TestLeaks(t *testing.T) {
	for _, c := range leakCases() {
		t.Run(c.name, func(t *testing.T) {
			with, w := leakWorld(t, &c, true)
			without, _ := leakWorld(t, &c, false)
			a, b := c.client(with), c.client(without)
			differ, told, seen := 0, 0, 0
			shapes := w.Shapes()
			for i := range shapes {
				shape := &shapes[i]
				x, y := play(t, with, a, shape), play(t, without, b, shape)
				got, want := leak.Normalise(x), leak.Normalise(y)
				if got != want {
					if differ++; differ <= 12 {
						t.Errorf("%s\n%s\n--- with:\n%.900s\n--- without:\n%.900s", shape.Name, shape.Body, got, want)
					}
				}
				for _, name := range w.Names() {
					if strings.Contains(x.Body, name) && !strings.Contains(shape.Path+shape.Body, strings.ReplaceAll(name, " ", "+")) && !strings.Contains(shape.Body, name) {
						told++
						t.Errorf("%s tells %q", shape.Name, name)
					}
				}
				if strings.Contains(x.Body, w.Visible[0].Title) {
					seen++
				}
				require.Less(t, x.Status, 500, "%s: %s", shape.Name, x.Body)
			}
			assert.Zero(t, differ)
			if !c.other {
				assert.Greater(t, seen, 50, "the caller sees what is not hidden")
			}
			t.Logf("%d requests, %d differ, %d name what is hidden, %d show what is not", len(shapes), differ, told, seen)
		})
	}
}
