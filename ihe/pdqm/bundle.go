package pdqm

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
)

const (
	extensionGrade = "http://hl7.org/fhir/StructureDefinition/match-grade"
	// extensionExplanation tells what was compared and how it came out ("family equal 0.30; birthDate different 0.30"), never the values.
	extensionExplanation = "https://carnet-fhir.github.io/StructureDefinition/match-explanation"
)

// bundle writes the answer (PDQm Match Output Bundle).
func (s *Supplier) bundle(a *asked, matches []*Match) []byte {
	b := []byte(`{"resourceType":"Bundle","type":"searchset","total":` + strconv.Itoa(len(matches)))
	for i, m := range matches {
		if i == 0 {
			b = append(b, `,"entry":[`...)
		} else {
			b = append(b, ',')
		}
		b = append(b, `{"fullUrl":`...)
		b = appendString(b, s.base+"/Patient/"+m.Person.Record.ID)
		b = append(b, `,"resource":`...)
		b = append(b, a.shown(m.Person)...)
		b = append(b, `,"search":{"extension":[{"url":"`+extensionGrade+`","valueCode":"`+string(m.Grade)+`"},{"url":"`+extensionExplanation+`","valueString":`...)
		b = appendString(b, m.explanation())
		b = append(b, `}],"mode":"match","score":`...)
		b = strconv.AppendFloat(b, m.Score, 'f', 2, 64)
		b = append(b, `}}`...)
	}
	if len(matches) > 0 {
		b = append(b, ']')
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, text...)
}

func (m *Match) explanation() string {
	parts := make([]string, len(m.Parts))
	for i, p := range m.Parts {
		parts[i] = p.Name + " " + p.Outcome
		if p.Weight > 0 {
			parts[i] += " " + strconv.FormatFloat(p.Weight, 'f', 2, 64)
		}
	}
	return strings.Join(parts, "; ")
}

// shown gives a Patient as a match shows it: of a qualified identity the local identifiers are left out but for the domains that the caller knows the person by.
func (a *asked) shown(p *dmp.Person) []byte {
	if p.INS.IsZero() {
		return p.Record.Body
	}
	return keeping(p.Tree, func(system string) bool {
		if _, isINS := ins.KindOf(system); isINS {
			return true
		}
		for _, t := range a.tokens {
			if t[0] == system {
				return true
			}
		}
		return false
	})
}

// keeping writes a Patient with the identifiers of some domains only.
func keeping(tree *element.Element, keep func(system string) bool) []byte {
	tree = element.Clone(tree)
	var gone []*element.Element
	for e := range tree.Children("identifier") {
		if !keep(e.ChildValue("system")) {
			gone = append(gone, e)
		}
	}
	for _, e := range gone {
		_ = tree.Remove(e) // it was just found there
	}
	return element.AppendJSON(nil, tree)
}
