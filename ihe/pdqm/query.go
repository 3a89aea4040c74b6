package pdqm

import (
	"bytes"
	"context"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
)

const guide = "https://profiles.ihe.net/ITI/PDQm/"

// SearchProfile is what ITI-78 adds to the search parameters of R4 (section 2:3.78.4.1.2.1).
func SearchProfile() search.Profile {
	return search.Profile{Parameters: []spec.SearchParameter{{
		URL: "http://hl7.org/fhir/SearchParameter/patient-extensions-Patient-mothersMaidenName", Code: "mothersMaidenName", Type: "string", Base: []string{"Patient"},
		Expression: "Patient.extension.where(url='http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName').value",
	}}}
}

// rule is what ITI-78 asks of a search of Patients beyond FHIR: identifier domains to be returned (section 2:3.78.4.1.2.3, cases 2 and 4), and a word on identities that were merged.
func (s *Supplier) rule(ctx context.Context, q *search.Query, _ bool) ([]fault.Issue, error) {
	var domains []string
	var issues []fault.Issue
	for _, c := range identifierClauses(q.Where["Patient"]) {
		if systems := onlySystems(c); systems != nil {
			domains = append(domains, systems...)
			continue
		}
		for i := range c.Operands {
			merged, err := s.merged(ctx, &c.Operands[i])
			if err != nil {
				return nil, err
			}
			if merged {
				issues = append(issues, fault.Issue{
					Severity: fault.Information, Code: fault.Informational, Expression: "http.identifier",
					Diagnostics: "An identity with this identifier was merged into another: its link of type replaced-by names the surviving one, whose documents include its own.",
				})
			}
		}
	}
	for _, d := range domains {
		if !s.domains.Known(d) {
			issues = append(issues, fault.Issue{Severity: fault.Warning, Code: fault.NotFound, Expression: "http.identifier", Diagnostics: "targetSystem not found"})
		}
	}
	s.tellCaller(ctx, q)
	if len(domains) > 0 {
		shown := q.Narrow
		q.Narrow = func(body []byte) []byte {
			if shown != nil {
				body = shown(body)
			}
			res, err := element.ParseJSON(spec.R4(), body, element.Options{ExpectType: "Patient", Trusted: true})
			if err != nil {
				return body
			}
			return keeping(res.Root, func(system string) bool { return slices.Contains(domains, system) })
		}
	}
	return issues, nil
}

// tellCaller has the answer say what a record is to who asks (TD0.2).
func (s *Supplier) tellCaller(ctx context.Context, q *search.Query) {
	if s.Treats != nil {
		q.Narrow = func(body []byte) []byte {
			told := true
			out := dmp.TD02As(body, func(patient *element.Element) (is bool) {
				is, told = s.Treats(ctx, patient.ChildValue("id"))
				return is
			})
			if !told {
				return body
			}
			return out
		}
		return
	}
	if s.Caller == nil {
		return
	}
	if caller, ok := s.Caller(ctx); ok {
		q.Narrow = func(body []byte) []byte { return dmp.TD02(body, caller) }
	}
}

// identifierClauses are the clauses on identifier that all must hold.
func identifierClauses(x search.Expr) []*search.Clause {
	switch x := x.(type) {
	case *search.Clause:
		if x.Param.Code == "identifier" && x.Modifier == search.NoModifier {
			return []*search.Clause{x}
		}
	case search.And:
		var out []*search.Clause
		for _, part := range x {
			out = append(out, identifierClauses(part)...)
		}
		return out
	}
	return nil
}

// onlySystems gives the systems of a clause that names domains (system|), nil when it names identifiers.
func onlySystems(c *search.Clause) []string {
	var out []string
	for i := range c.Operands {
		o := &c.Operands[i]
		if !o.HasSystem || o.System == "" || o.Code != "" {
			return nil
		}
		out = append(out, o.System)
	}
	return out
}

func (s *Supplier) merged(ctx context.Context, o *search.Operand) (bool, error) {
	if !o.HasSystem || o.System == "" || o.Code == "" {
		return false, nil
	}
	found, err := s.people.Stored(ctx, o.System, o.Code)
	if err != nil {
		return false, err
	}
	for _, rec := range found {
		if !bytes.Contains(rec.Body, []byte(`"replaced-by"`)) {
			continue
		}
		p, err := s.people.Read(rec)
		if err != nil {
			return false, err
		}
		if p.Into != "" {
			return true, nil
		}
	}
	return false, nil
}

// Extension adds the supplier to the server.
func (s *Supplier) Extension() rest.Extension {
	return rest.Extension{
		Instantiates:         []string{guide + "CapabilityStatement/IHE.PDQm.PatientDemographicsSupplier", guide + "CapabilityStatement/IHE.PDQm.PatientDemographicsSupplierMatch"},
		ImplementationGuides: []string{guide + "ImplementationGuide/ihe.iti.pdqm"},
		Profiles:             map[string][]string{"Patient": {guide + "StructureDefinition/IHE.PDQm.Patient"}},
		Searches:             map[string]rest.SearchRule{"Patient": s.rule},
		Operations: []rest.Operation{{
			Code: "match", Definition: guide + "OperationDefinition/PDQmMatch", Levels: rest.TypeLevel, Types: []string{"Patient"}, Handle: s.match,
			Documentation: "ITI-119. Takes resource (Patient), onlyCertainMatches and count. A match is certain by an INS whose traits do not contradict only; the extension match-explanation tells what was compared. Of a qualified identity local identifiers are " +
				"left out but for domains that the caller names an identifier of.",
		}},
	}
}
