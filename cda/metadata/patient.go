package metadata

import (
	"encoding/json"
	"errors"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// FR Core 2.1.
const (
	frCore             = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
	profileINS         = frCore + "fr-core-patient-ins"
	extReliability     = frCore + "fr-core-identity-reliability"
	extBirthGivens     = frCore + "fr-core-patient-birth-list-given-name"
	extINSEE           = frCore + "fr-core-address-insee-code"
	extBirthPlace      = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
	systemReliability  = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445"
	systemCommune      = "https://mos.esante.gouv.fr/NOS/TRE_R13-Commune/FHIR/TRE-R13-Commune"
	identityStatusVALI = "VALI"
)

type patient struct {
	ResourceType string         `json:"resourceType"`
	ID           string         `json:"id,omitempty"`
	Meta         *meta          `json:"meta,omitempty"`
	Extension    []extension    `json:"extension,omitempty"`
	Identifier   []identifier   `json:"identifier,omitempty"`
	Active       *bool          `json:"active,omitempty"`
	Name         []humanName    `json:"name,omitempty"`
	Telecom      []contactPoint `json:"telecom,omitempty"`
	Gender       string         `json:"gender,omitempty"`
	BirthDate    string         `json:"birthDate,omitempty"`
	Address      []address      `json:"address,omitempty"`
}

// ErrNoINS is what InsPatient gives for a document without an INS.
var ErrNoINS = errors.New("the document has no INS")

// InsPatient gives the person of a document as an FR Core Patient with a qualified INS (fr-core-patient-ins of FR Core 2.1): what opens a record. The local
// identifiers stay behind, as they belong to an establishment.
func InsPatient(h *cda.Header) ([]byte, error) {
	p := h.Patient()
	if p == nil {
		return nil, ErrNoINS
	}
	e := Entry{header: h}
	e.fromPatient(h)
	if e.Patient.Root == "" {
		return nil, ErrNoINS
	}
	out := snapshot(p)
	out.Meta = &meta{Profile: []string{profileINS}}
	out.Identifier = []identifier{insIdentifier(e.Patient)}
	active := true
	out.Active = &active
	out.Extension = append([]extension{{
		URL:       extReliability,
		Extension: []extension{{URL: "identityStatus", Coding: &coding{System: systemReliability, Code: identityStatusVALI}}},
	}}, out.Extension...)
	return json.Marshal(out)
}

// snapshot is the person as the header has them.
func snapshot(p *cda.RecordTarget) patient {
	out := patient{ResourceType: "Patient", Gender: gender(p.Gender.Code), Telecom: toTelecoms(p.Telecoms), Address: toAddresses(p.Addresses)}
	for _, id := range present(p.IDs) {
		if id.Extension == "" {
			continue
		}
		_, isINS := ins.KindOf(id.Root)
		switch {
		case isINS:
			out.Identifier = append(out.Identifier, insIdentifier(id))
		case national(id.Root):
			out.Identifier = append(out.Identifier, identifier{System: idSystem(id.Root), Value: id.Extension})
		default:
			out.Identifier = append(out.Identifier, identifier{Use: "usual", Type: typed(systemIdentifiers, "PI"), System: idSystem(id.Root), Value: id.Extension})
		}
	}
	for i := range p.Names {
		out.Name = append(out.Name, patientNames(&p.Names[i])...)
	}
	if m, err := p.BirthTime.Moment(); err == nil && p.BirthTime.NullFlavor == "" {
		m.Precision = min(m.Precision, cda.Day)
		out.BirthDate = m.FHIR()
	}
	if p.BirthPlace != nil {
		out.Extension = append(out.Extension, birthPlace(&p.BirthPlace.Address)...)
	}
	return out
}

func insIdentifier(id cda.II) identifier {
	kind, _ := ins.KindOf(id.Root)
	use := "official"
	if kind == ins.NIA {
		use = "temp"
	}
	return identifier{Use: use, Type: typed(systemFrenchIdentifiers, kind.Code()), System: kind.System(), Value: id.Extension}
}

// patientNames gives the name of birth as the official one and the name used as the usual one.
func patientNames(n *cda.EN) []humanName {
	var names []humanName
	official := humanName{Use: "official", Family: cda.Part(n.Family, "BR")}
	if first := cda.Part(n.Given, "BR"); first != "" {
		official.Given = []string{first}
	}
	if all := cda.Part(n.Given, ""); all != "" {
		official.Extension = []extension{{URL: extBirthGivens, String: all}}
		if len(official.Given) == 0 {
			official.Given = []string{all}
		}
	}
	if official.Family != "" {
		official.Prefix, official.Suffix = values(n.Prefix), values(n.Suffix)
		names = append(names, official)
	}
	usual := humanName{Use: "usual", Family: cda.Part(n.Family, "CL")}
	if usual.Family == "" {
		usual.Family = cda.Part(n.Family, "SP")
	}
	if usual.Family == "" && official.Family == "" {
		usual.Family = cda.First(n.Family)
	}
	if given := cda.Part(n.Given, "CL"); given != "" {
		usual.Given = []string{given}
	}
	if usual.Family == "" && len(usual.Given) > 0 {
		usual.Family = official.Family
	}
	if usual.Family != "" {
		names = append(names, usual)
	}
	return names
}

func birthPlace(a *cda.AD) []extension {
	place := address{City: a.City, Country: a.Country}
	if a.County != "" {
		place.Extension = []extension{{URL: extINSEE, Coding: &coding{System: systemCommune, Code: a.County}}}
	}
	if place.City == "" && place.Country == "" && len(place.Extension) == 0 {
		return nil
	}
	return []extension{{URL: extBirthPlace, Address: &place}}
}

func gender(code string) string {
	switch code {
	case "F":
		return "female"
	case "M":
		return "male"
	case "":
		return ""
	}
	return "unknown"
}

// PatientInfo gives XDS sourcePatientInfo: the segments PID-3, PID-5, PID-7, PID-8, PID-11 and PID-13 of the person as the header has them, one value a line.
func (e *Entry) PatientInfo() []string {
	p := e.header.Patient()
	if p == nil {
		return nil
	}
	var lines []string
	for _, id := range present(p.IDs) {
		if v := cx(id); v != "" {
			lines = append(lines, "PID-3|"+v)
		}
	}
	for i := range p.Names {
		lines = append(lines, pid5(&p.Names[i])...)
	}
	if m, err := p.BirthTime.Moment(); err == nil {
		m.Precision = min(m.Precision, cda.Day)
		lines = append(lines, "PID-7|"+m.UTC())
	}
	if p.Gender.Code != "" {
		g := p.Gender.Code
		if g == "UN" {
			g = "U"
		}
		lines = append(lines, "PID-8|"+escape(g))
	}
	for i := range p.Addresses {
		if a := toAddress(&p.Addresses[i]); a != nil {
			street := ""
			if len(a.Line) > 0 {
				street = a.Line[0]
			}
			lines = append(lines, "PID-11|"+escape(street)+"^^"+escape(a.City)+"^"+escape(a.State)+"^"+escape(a.PostalCode)+"^"+escape(a.Country))
		}
	}
	for _, t := range p.Telecoms {
		if t.Value != "" && t.NullFlavor == "" {
			lines = append(lines, "PID-13|"+escape(t.Value))
		}
	}
	return lines
}

// pid5 gives one field per family name: L birth, D used, U unqualified.
func pid5(n *cda.EN) []string {
	var lines []string
	for _, f := range n.Family {
		kind, given := "U", cda.Part(n.Given, f.Qualifier)
		switch f.Qualifier {
		case "BR":
			kind = "L"
		case "CL", "SP":
			kind, given = "D", cda.Part(n.Given, "CL")
		}
		if given == "" {
			given = cda.First(n.Given)
		}
		if f.Value != "" {
			lines = append(lines, "PID-5|"+escape(f.Value)+"^"+escape(given)+"^^^^^"+kind)
		}
	}
	return lines
}
