package habilitation

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Document is one document of a record under test.
type Document struct {
	ID string // of the DocumentReference
	Type
	Marking Marking
	// Author is the RPPS number of its author.
	Author string
}

// Record is one person's record under test, and what the holder decided for emergencies.
type Record struct {
	Patient                                           string // logical id
	Documents                                         []Document
	OpposedBreakGlass, OpposedCentre15, MaskedAllowed bool
	Closed                                            bool
}

// Documents makes a document of each type with each marking. Ids begin with the prefix.
func (t *Tables) Documents(prefix, author string) []Document {
	var list []Document
	for i := range t.Types {
		for k, m := range []Marking{Normal, Masked, HiddenPatient, HiddenParents} {
			list = append(list, Document{ID: fmt.Sprintf("%s-%d-%d", prefix, i, k), Type: t.Types[i], Marking: m, Author: author})
		}
	}
	return list
}

// Question is what the oracle is asked of a document for a professional in a mode.
func (r *Record) Question(d *Document, p *Professional, mode Mode) Question {
	return Question{
		Column: p.Column, Doctor: p.Doctor, Occupational: p.Occupational, Treating: p.Treating, Type: d.Type, Marking: d.Marking, Relation: p.Relation, Blocked: p.Blocked, Mode: mode,
		Own: d.Author == p.RPPS, OpposedBreakGlass: r.OpposedBreakGlass, OpposedCentre15: r.OpposedCentre15, MaskedAllowed: r.MaskedAllowed, Closed: r.Closed,
	}
}

const (
	nos = "https://mos.esante.gouv.fr/NOS/"
	// RPPSSystem is the system of an RPPS number, as FR Core has it.
	RPPSSystem = "https://rpps.esante.gouv.fr"
	// PSIdNat is that of the national identifier of professionals in documents.
	PSIdNat = "urn:oid:1.2.250.1.71.4.2.1"
)

// Body is the document as FHIR.
func (d *Document) Body(patient string) []byte {
	system, code := nos+"TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire", d.Code
	switch {
	case strings.HasPrefix(d.System, "LOINC"):
		system = "http://loinc.org"
	case d.Code == "*" || strings.HasPrefix(d.Code, "("): // a procedure's code, which varies
		system, code = "http://dicom.nema.org/resources/ontology/DCM", "113014"
	}
	type object = map[string]any
	body := object{
		"resourceType": "DocumentReference", "id": d.ID, "status": "current", "masterIdentifier": object{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.7." + strings.ReplaceAll(strings.TrimLeft(d.ID, "abcdefghijklmnopqrstuvwxyz-"), "-", ".")},
		"contained": []object{{"resourceType": "Practitioner", "id": "a", "identifier": []object{{"system": PSIdNat, "value": "8" + d.Author}, {"system": RPPSSystem, "value": d.Author}}}},
		"type":      object{"coding": []object{{"system": system, "code": code}}},
		"category":  []object{{"coding": []object{{"system": nos + "TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS", "code": d.Class}}}},
		"subject":   object{"reference": "Patient/" + patient}, "author": []object{{"reference": "#a"}}, "description": "Document " + d.ID,
		"content": []object{{"attachment": object{"contentType": "text/plain", "title": "Document " + d.ID, "url": "Binary/b-" + d.ID}}},
	}
	if d.Marking != Normal {
		body["securityLabel"] = []object{{"coding": []object{{"system": nos + "TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument", "code": string(d.Marking)}}}}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil // maps of strings are always written
	}
	return text
}

// Client asks a server with one token.
type Client struct {
	Base  string // the FHIR base
	HTTP  *http.Client
	Token string
}

// Do sends a request below the base; a body is FHIR JSON.
func (c *Client) Do(ctx context.Context, method, path string, body []byte) (status int, answer []byte, err error) {
	target := path
	if !strings.HasPrefix(path, "http") {
		target = c.Base + "/" + path
	}
	r, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Accept", "application/fhir+json")
	if body != nil {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	a, err := c.HTTP.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer a.Body.Close()
	answer, err = io.ReadAll(a.Body)
	return a.StatusCode, answer, err
}

// Find gives the ids of the documents that a search of a record finds, over all its pages, with the total that each page says.
func (c *Client) Find(ctx context.Context, patient string, count int) (ids map[string]bool, total int, err error) {
	ids = map[string]bool{}
	next := fmt.Sprintf("DocumentReference?patient=%s&status=current&_total=accurate&_elements=status&_count=%d", url.QueryEscape("Patient/"+patient), count)
	for next != "" {
		status, body, err := c.Do(ctx, http.MethodGet, next, nil)
		if err != nil {
			return nil, 0, err
		}
		if status != http.StatusOK {
			return nil, 0, fmt.Errorf("a search answers %d: %.300s", status, body)
		}
		var page struct {
			Total int
			Link  []struct{ Relation, URL string }
			Entry []struct{ Resource struct{ ID string } }
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, 0, err
		}
		for _, e := range page.Entry {
			ids[e.Resource.ID] = true
		}
		total, next = page.Total, ""
		for _, l := range page.Link {
			if l.Relation == "next" {
				next = l.URL
			}
		}
	}
	return ids, total, nil
}
