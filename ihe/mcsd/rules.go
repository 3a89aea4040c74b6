package mcsd

import (
	"context"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// Rules hold entries of the directory to what their identifiers and profiles say. They are an interceptor of the repository and review each Practitioner against the others.
//
// What was taken out of a document (meta.source is urn:oid: and the document's id) says what the document says and is no entry of the directory: it is let through as it is.
type Rules struct{}

// BeforeWrite judges a resource of the directory by itself; all that is wrong makes one 422 fault.
func (Rules) BeforeWrite(_ context.Context, _ repository.Interaction, after *element.Resource) error {
	j := judge{root: after.Root}
	switch after.Type() {
	case "Practitioner":
		j.practitioner()
	case "PractitionerRole":
		j.role()
	case "Organization":
		j.organization()
	default:
		return nil
	}
	if len(j.issues) == 0 || fromDocument(after.Root) {
		return nil
	}
	return fault.Of(http.StatusUnprocessableEntity, j.issues)
}

// Review refuses a second current Practitioner of an RPPS number: 409, with the first one's place in Location.
func (Rules) Review(ctx context.Context, v *repository.Review) error {
	if v.Type != "Practitioner" || v.After == nil || !current(v.After) {
		return nil
	}
	for id := range v.After.Children("identifier") {
		if id.ChildValue("system") != nos.SystemRPPS || id.ChildValue("use") == "old" {
			continue
		}
		others, err := v.Others(ctx, "identifier", nos.SystemRPPS, id.ChildValue("value"))
		if err != nil {
			return err
		}
		for _, other := range others {
			if !current(other) {
				continue
			}
			f := fault.At(http.StatusConflict, fault.Duplicate, element.Path(id),
				"There is a Practitioner with this RPPS number. Update that one, or set active to false on the one that is no longer in use.")
			f.Header = http.Header{"Location": {"Practitioner/" + other.ChildValue("id")}}
			return f
		}
	}
	return nil
}

// current says that a Practitioner is an entry of the directory in use: active=false is how the directory deletes (as-practitioner).
func current(p *element.Element) bool { return p.ChildValue("active") != "false" && !fromDocument(p) }

func fromDocument(root *element.Element) bool {
	return strings.HasPrefix(root.Child("meta").ChildValue("source"), "urn:oid:")
}

type judge struct {
	root   *element.Element
	issues []fault.Issue
}

func (j *judge) wrong(code fault.Code, at *element.Element, diagnostics string) {
	j.issues = append(j.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: element.Path(at), Diagnostics: diagnostics})
}

// checks are the rules of identifier values by system.
var checks = map[string]map[string]func(string) nos.Rule{
	"Practitioner": {nos.SystemRPPS: nos.CheckRPPS, nos.SystemIDNPS: nos.CheckIDNPS},
	"Organization": {
		nos.SystemFINESS: nos.CheckFINESS, nos.SystemSIRENE: nos.CheckSIRENE, nos.SystemIDNST: nos.CheckIDNST,
		nos.SystemRPPSRang: nos.CheckRank, nos.SystemADELIRang: nos.CheckRank,
	},
}

// types are the identifier types of FR Core that may stand beside a system.
var types = map[string]string{
	nos.SystemRPPS: "RPPS", nos.SystemIDNPS: "IDNPS ADELI", nos.SystemFINESS: "FINEJ FINEG", nos.SystemSIRENE: "SIREN SIRET", nos.SystemIDNST: "IDNST",
	nos.SystemRPPSRang: "INTRN RPPSRG", nos.SystemADELIRang: "INTRN",
}

// identifiers judges values and types; values of one system are given back.
func (j *judge) identifiers() map[string]*element.Element {
	found := map[string]*element.Element{}
	for id := range j.root.Children("identifier") {
		system, value := id.ChildValue("system"), id.Child("value")
		check := checks[j.root.Type.Name][system]
		if check == nil {
			continue
		}
		if value == nil || value.Value == "" {
			j.wrong(fault.Required, id, "An identifier of a national register has a value.")
			continue
		}
		if rule := check(value.Value); rule != "" {
			j.wrong(fault.Value, value, string(rule))
		}
		for c := range id.Child("type").Children("coding") {
			if code := c.ChildValue("code"); c.ChildValue("system") == nos.IdentifierTypes && !strings.Contains(" "+types[system]+" ", " "+code+" ") {
				j.wrong(fault.CodeInvalid, c, "The type of an identifier of the system "+system+" is "+strings.ReplaceAll(types[system], " ", " or ")+".")
			} else if system == nos.SystemSIRENE && (code == "SIREN") != (len(value.Value) == 9) && (code == "SIREN" || code == "SIRET") {
				j.wrong(fault.Value, value, "A SIREN has 9 digits and a SIRET 14: the type does not fit the number.")
			}
		}
		if id.ChildValue("use") != "old" {
			found[system] = value
		}
	}
	return found
}

func (j *judge) practitioner() {
	found := j.identifiers()
	rpps, national := found[nos.SystemRPPS], found[nos.SystemIDNPS]
	if rpps != nil && national != nil && strings.HasPrefix(national.Value, "8") && national.Value[1:] != rpps.Value {
		j.wrong(fault.BusinessRule, national, "The national identifier of type 8 is the RPPS number behind the digit 8; the two say different people.")
	}
	if !claims(j.root, "as-practitioner", "fr-core-practitioner") {
		return
	}
	for name := range j.root.Children("name") {
		if _, second := two(name, "prefix"); second != nil {
			j.wrong(fault.Structure, second, "A name has one prefix at most (fr-core-human-name).")
		}
	}
	j.contacts()
}

func (j *judge) role() {
	if !claims(j.root, "as-practitionerrole", "fr-core-practitioner-role") {
		return
	}
	j.contacts()
	seen := map[string]bool{}
	for code := range j.root.Children("code") {
		for c := range code.Children("coding") {
			switch system := c.ChildValue("system"); system {
			case nos.GenreActivite, nos.ModeExercice, nos.Fonction:
				if seen[system] {
					j.wrong(fault.Structure, c, "A PractitionerRole has one kind of activity, one mode of exercise and one function at most (as-practitionerrole).")
				}
				seen[system] = true
			}
		}
	}
}

func (j *judge) organization() {
	j.identifiers()
	if !claims(j.root, "as-organization", "fr-core-organization") {
		return
	}
	for id := range j.root.Children("identifier") {
		if id.ChildValue("system") == "" || id.ChildValue("value") == "" {
			j.wrong(fault.Required, id, "An identifier of an Organization has a system and a value (fr-core-organization).")
		}
	}
	j.contacts()
}

// contacts: fr-core-contact-point asks for system and value.
func (j *judge) contacts() {
	for t := range j.root.Children("telecom") {
		if t.ChildValue("system") == "" || t.ChildValue("value") == "" {
			j.wrong(fault.Required, t, "A contact point has a system and a value (fr-core-contact-point).")
		}
	}
}

func two(of *element.Element, name string) (first, second *element.Element) {
	for e := range of.Children(name) {
		if first != nil {
			return first, e
		}
		first = e
	}
	return first, nil
}

// claims says that the content claims one of the profiles, by the last part of its URL.
func claims(root *element.Element, profiles ...string) bool {
	for p := range root.Child("meta").Children("profile") {
		url, _, _ := strings.Cut(p.Value, "|")
		for _, name := range profiles {
			if url == nos.Annuaire+"StructureDefinition/"+name || url == nos.FRCore+"StructureDefinition/"+name {
				return true
			}
		}
	}
	return false
}
