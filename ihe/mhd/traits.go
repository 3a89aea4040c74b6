package mhd

import (
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
)

// traitsOf gives the traits of the person in a document's header; what it does not say is "".
func traitsOf(p *cda.RecordTarget) dmp.Traits {
	t := dmp.Traits{Sex: map[string]string{"F": "female", "M": "male"}[p.Gender.Code]}
	for i := range p.Names {
		if t.Family == "" {
			t.Family = cda.Part(p.Names[i].Family, "BR")
		}
		if t.Given == "" {
			t.Given = givenNames(&p.Names[i])
		}
	}
	if m, err := p.BirthTime.Moment(); err == nil && p.BirthTime.NullFlavor == "" {
		m.Precision = min(m.Precision, cda.Day)
		t.BirthDate = m.FHIR()
	}
	if p.BirthPlace != nil {
		t.BirthPlace = p.BirthPlace.Address.County
	}
	return t
}

// givenNames gives the list of birth given names, which stands without a qualifier (CI-SIS, Volet Structuration Minimale), or else the first of them.
func givenNames(n *cda.EN) string {
	names := cda.Part(n.Given, "")
	if names == "" {
		names = cda.Part(n.Given, "BR")
	}
	return strings.Join(strings.Fields(names), " ")
}

// differingTraits lists the traits that the header and the record both have and that are not the same. A header may have the first given name only.
func differingTraits(header, record *dmp.Traits) []dmp.Trait {
	given := *header
	if given.Given != "" && strings.HasPrefix(search.Fold(record.Given)+" ", search.Fold(given.Given)+" ") {
		given.Given = record.Given
	}
	var out []dmp.Trait
	missing := append(given.Missing(), record.Missing()...)
	for _, trait := range record.Differ(&given) {
		if !slices.Contains(missing, trait) {
			out = append(out, trait)
		}
	}
	return out
}

// compareTraits tells, a warning for each trait, what the header of a document says otherwise than the record of the same INS. It refuses nothing: two identities of one INS are for people to look at, and the document may be the one that is
// right. The values are not told.
func (p *plan) compareTraits(e *entry, who *person) {
	d := e.document
	target := d.verdict.Document.Header.Patient()
	if target == nil || who.traits == nil {
		return
	}
	header := traitsOf(target)
	differing := differingTraits(&header, who.traits)
	where := ""
	if target.Patient != nil && len(differing) > 0 { // finding a line reads the document
		where = " (line " + strconv.Itoa(d.verdict.Document.Line(target.Patient)) + ", " + d.verdict.Document.Path(target.Patient) + ")"
	}
	for _, trait := range differing {
		p.breach("dmp-doc-traits", d.at, "In the document's header the "+string(trait)+" is another than in the record of the same INS"+where+". The document is stored; have the identity verified.", e.place)
	}
}
