package metadata

import (
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// ActorKind says what an actor is.
type ActorKind string

// Kinds of actors.
const (
	ByProfessional ActorKind = "professional"
	ByPatient      ActorKind = "patient"
	BySystem       ActorKind = "system"
)

// Actor is an author or the legal authenticator.
type Actor struct {
	Kind      ActorKind
	ID        cda.II
	Name      cda.EN // of a person
	Device    *cda.Device
	Specialty Code // profession and specialty, JDV_J01
	Role      Code // towards the patient, JDV_J47
	// Organization is the institution, nil when there is none.
	Organization *cda.Organization
	Telecoms     []cda.TEL
	Addresses    []cda.AD
}

// codePatientExpression is the "profession" of a patient who writes (TRE_A00).
const codePatientExpression = "EXP_PATIENT"

func authorOf(a *cda.Author) Actor {
	actor := actorOf(&a.Assigned)
	actor.Role = code(a.Function)
	return actor
}

func actorOf(a *cda.Assigned) Actor {
	actor := Actor{
		Kind: ByProfessional, Name: a.Person.Name(), Device: a.Device, Specialty: code(a.Code), Organization: a.Organization,
		Telecoms: a.Telecoms, Addresses: a.Addresses,
	}
	if ids := present(a.IDs); len(ids) > 0 {
		actor.ID = ids[0]
	}
	switch _, isINS := ins.KindOf(actor.ID.Root); {
	case isINS, a.Code.Code == codePatientExpression:
		actor.Kind = ByPatient
	case a.Device != nil, a.Person == nil && strings.Contains(actor.ID.Extension, "/"):
		actor.Kind = BySystem
	}
	return actor
}

// Institution gives XDS authorInstitution (XON), "" for a patient or without organisation.
func (a *Actor) Institution() string {
	if a.Organization == nil || a.Kind == ByPatient {
		return ""
	}
	name := escape(a.Organization.Name())
	ids := present(a.Organization.IDs)
	if len(ids) == 0 {
		return name
	}
	id, kind := ids[0], "IDNST"
	if id.Root == "1.3.2" {
		kind = "SIREN"
	}
	return name + "^^^^^&" + escape(id.Root) + "&ISO^" + kind + "^^^" + escape(id.Extension)
}

// Person gives XDS authorPerson or legalAuthenticator (XCN). Of a system, the family name is the name of the software and the given name its model.
func (a *Actor) Person() string {
	family, given := cda.First(a.Name.Family), cda.First(a.Name.Given)
	nameType, idType := "D", "IDNPS"
	switch {
	case a.Kind == ByPatient:
		idType = "NH"
	case a.Kind == BySystem:
		nameType, idType = "U", "RI"
		if a.Device != nil {
			family, given = a.Device.Software.Value, a.Device.Model.Value
		}
	}
	authority := ""
	if a.ID.Root != "" {
		authority = "&" + escape(a.ID.Root) + "&ISO"
	} else {
		idType = ""
	}
	return strings.Join([]string{
		escape(a.ID.Extension), escape(family), escape(given), "", escape(cda.First(a.Name.Suffix)), escape(cda.First(a.Name.Prefix)), "", "",
		authority, nameType, "", "", idType,
	}, "^")
}

// SpecialtyTriple gives XDS authorSpecialty: code^display^system.
func (a *Actor) SpecialtyTriple() string { return triple(a.Specialty) }

// RoleText gives XDS authorRole: the label.
func (a *Actor) RoleText() string { return a.Role.Display }

func triple(c Code) string {
	if c.IsZero() {
		return ""
	}
	return escape(c.Code) + "^" + escape(c.Display) + "^" + escape(c.System)
}

// escape keeps HL7 v2 delimiters of a text from being read as such (HL7 v2.5 §2.7).
func escape(s string) string {
	if !strings.ContainsAny(s, `^&|~\`) {
		return s
	}
	return strings.NewReplacer(`\`, `\E\`, `^`, `\S\`, `&`, `\T\`, `|`, `\F\`, `~`, `\R\`).Replace(s)
}
