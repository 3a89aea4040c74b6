package mhd

import (
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// extract adds what the coded entries of a CDA document say, as resources with a Provenance. A document whose entries do not come out as valid resources is taken all the same: it is the
// document that counts.
func (p *plan) extract(e *entry) {
	d := e.document
	if d == nil || d.verdict == nil || d.verdict.Entry.Level != cda.N3 || p.patient == "" || p.patient == newPatient {
		return
	}
	if p.s.bare {
		p.breach("carnet-doc-extract", e.base, "The coded entries of the document were not extracted: what is made of them would not be valid together. The document is stored.", e.place)
		return
	}
	var labels []extract.Coding
	along(e.root, "securityLabel.coding", func(c *element.Element) {
		labels = append(labels, extract.Coding{System: c.ChildValue("system"), Code: c.ChildValue("code"), Display: c.ChildValue("display")})
	})
	made := extract.Extract(d.verdict.Document, extract.Options{
		Subject: "Patient/" + p.patient, Document: "DocumentReference/" + e.id, Security: labels, Recorded: p.r.o.Now(),
	})
	entries := make([]repository.BundleEntry, 0, len(made.Resources))
	for i := range made.Resources {
		one := &made.Resources[i]
		res, err := element.ParseJSON(spec.R4(), one.JSON, element.Options{ExpectType: one.Type, Judge: p.r.repo.Judge})
		if err == nil && fault.Of(http.StatusUnprocessableEntity, p.r.repo.Judge(res.Root)) != nil {
			err = fault.New(http.StatusUnprocessableEntity, fault.Invariant, "invalid")
		}
		if err != nil {
			p.breach("carnet-doc-extract", e.base, "The coded entries of the document were not extracted: a "+one.Type+" made of them would not be valid. The document is stored.", e.place)
			return
		}
		entries = append(entries, repository.BundleEntry{FullURL: one.FullURL, Method: http.MethodPost, URL: one.Type, Resource: res, Own: true})
	}
	for _, entry := range entries {
		p.add(-1, entry)
	}
	if n := made.NotExtracted; n > 0 {
		p.breach("carnet-doc-extract", e.base, strconv.Itoa(n)+" coded entries of the document have no form as resources here and are read in the document only.", e.place)
	}
}
