package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/nos"
)

const (
	archivedURL = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
	addedTypes  = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
	ordinaryAt  = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
)

// written is a document with its content as it lies in a record.
type written struct {
	id, unique, patient string
	kind, class         string
	// author is the contained resource of the author; nil: the patient.
	author object
	labels []string // of TRE_A07; none: N
	state  string   // archived, superseded, deleted; "": active
	date   string
}

// byProfessional is an author who is a professional, by a national identifier (IDNPS or RPPS).
func byProfessional(system, value string) object {
	return object{"resourceType": "Practitioner", "id": "a", "identifier": []object{{"system": system, "value": value}}}
}

// byStructure is an author that is a structure, by its FINESS number.
func byStructure(finess string) object {
	return object{"resourceType": "Organization", "id": "a", "identifier": []object{{"system": nos.SystemIDNST, "value": "1" + finess}}}
}

func concept(system, code string) object {
	return object{"coding": []object{{"system": system, "code": code}}}
}

// labelled are the labels of a document, or of data under meta.
func labelled(codes ...string) (out []object) {
	for _, code := range codes {
		out = append(out, concept(masksAt, code))
	}
	if out == nil {
		out = []object{concept(ordinaryAt, "N")}
	}
	return out
}

// typeAt is the system of a type of documents.
func typeAt(kind string) string {
	if strings.Contains(kind, "-") && kind[0] >= '0' && kind[0] <= '9' {
		return typeSystem
	}
	return addedTypes
}

// bodies are the DocumentReference and its Binary.
func (d *written) bodies(t testing.TB) [][]byte {
	authors := []object{{"reference": "#a"}}
	if d.author == nil {
		authors = []object{{"reference": "Patient/" + d.patient}}
	}
	if d.date == "" {
		d.date = "2026-01-02T03:04:05Z"
	}
	doc := object{
		"resourceType": "DocumentReference", "id": d.id, "status": "current", "masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": d.unique}, "author": authors, "type": concept(typeAt(d.kind), d.kind),
		"category": []object{concept(classesAt, d.class)}, "subject": object{"reference": "Patient/" + d.patient}, "date": d.date, "securityLabel": labelled(d.labels...),
		"content": []object{{"attachment": object{"contentType": "text/plain", "url": "Binary/b-" + d.id}}},
	}
	if d.author != nil {
		doc["contained"] = []object{d.author}
	}
	switch d.state {
	case "archived":
		doc["extension"] = []object{{"url": archivedURL, "valueBoolean": true}}
	case "superseded":
		doc["status"] = "superseded"
	case "deleted":
		doc["status"] = "entered-in-error"
	}
	binary := object{"resourceType": "Binary", "id": "b-" + d.id, "contentType": "text/plain", "securityContext": object{"reference": "DocumentReference/" + d.id}, "data": "U2VjcmV0"}
	var out [][]byte
	for _, o := range []object{doc, binary} {
		body, err := json.Marshal(o)
		require.NoError(t, err)
		out = append(out, body)
	}
	return out
}

// write stores a document as the operator.
func (s *securedServer) write(d *written) string {
	s.t.Helper()
	for _, body := range d.bodies(s.t) {
		s.store(body)
	}
	return d.id
}

// stamp is a moment as FHIR writes it.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
