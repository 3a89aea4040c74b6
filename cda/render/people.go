package render

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// The OIDs of the national identifiers of professionals and structures (CI-SIS, structuration minimale).
const (
	professionalOID = "1.2.250.1.71.4.2.1"
	structureOID    = "1.2.250.1.71.4.2.2"
)

// titles are the civilities and titles of JDV_J245 and JDV_J246 as they are written before a name.
var titles = map[string]string{
	"M": "M.", "MME": "Mme", "MLLE": "Mme", "DR": "Dr", "PR": "Pr", "MC": "Médecin chef", "MG": "Médecin général", "PC": "Pharmacien chef", "PG": "Pharmacien général",
}

// personName writes the name of a professional or a relative: the title in place of the civility when there is one.
func personName(n cda.EN) string {
	words := make([]string, 0, 4)
	title := cda.First(n.Suffix)
	if title == "" {
		title = cda.First(n.Prefix)
	}
	if known := titles[strings.ToUpper(title)]; known != "" {
		title = known
	}
	words = append(words, title)
	given, family := cda.Part(n.Given, "CL"), cda.Part(n.Family, "CL")
	if given == "" {
		given = cda.First(n.Given)
	}
	if family == "" {
		family = cda.First(n.Family)
	}
	words = slices.DeleteFunc(append(words, given, family), func(s string) bool { return s == "" })
	if given == "" && family == "" {
		return n.Text
	}
	return strings.Join(words, " ")
}

// actorName is how an actor is named: the person, the device, else the organisation.
func actorName(a *cda.Assigned) string {
	if a == nil {
		return ""
	}
	if n := personName(a.Person.Name()); n != "" {
		return n
	}
	if a.Device != nil {
		return joined(" – ", a.Device.Software.Value, a.Device.Model.Value)
	}
	return a.Organization.Name()
}

// actorFacts is all that is said of an actor in a role.
func actorFacts(a *cda.Assigned) []fact {
	if a == nil {
		return nil
	}
	facts := add(nil, "Profession", label(a.Code.Element))
	if a.Person != nil || a.Device != nil {
		facts = add(facts, "Structure", a.Organization.Name())
	}
	facts = add(facts, "Identifiant", identifiers(a.IDs)...)
	facts = add(facts, "Adresse", addresses(a.Addresses)...)
	facts = add(facts, "Contact", telecoms(a.Telecoms)...)
	return append(facts, organizationFacts(a.Organization)...)
}

func organizationFacts(o *cda.Organization) []fact {
	if o == nil {
		return nil
	}
	facts := add(nil, "Identifiant structure", identifiers(o.IDs)...)
	facts = add(facts, "Cadre d’exercice", label(o.Industry.Element))
	facts = add(facts, "Adresse structure", addresses(o.Addresses)...)
	return add(facts, "Contact structure", telecoms(o.Telecoms)...)
}

// identifiers writes the identifiers of an actor. A null flavor is no identifier.
func identifiers(ids []cda.II) []string {
	var out []string
	for _, id := range ids {
		switch {
		case id.Root == "" && id.Extension == "":
		case id.Root == professionalOID && len(id.Extension) == 12 && id.Extension[0] == '8':
			out = append(out, "RPPS "+id.Extension[1:])
		case id.Root == professionalOID && len(id.Extension) == 10 && id.Extension[0] == '0':
			out = append(out, "ADELI "+id.Extension[1:])
		case id.Root == structureOID && len(id.Extension) == 10 && id.Extension[0] == '1':
			out = append(out, "FINESS "+id.Extension[1:])
		case id.Root == structureOID && len(id.Extension) == 15 && id.Extension[0] == '3':
			out = append(out, "SIRET "+id.Extension[1:])
		case id.Root == structureOID && len(id.Extension) == 10 && id.Extension[0] == '2':
			out = append(out, "SIREN "+id.Extension[1:])
		case id.Extension != "" && (id.Root == professionalOID || id.Root == structureOID):
			out = append(out, id.Extension)
		case id.Extension == "":
			out = append(out, id.Root)
		default:
			if kind, ok := ins.KindOf(id.Root); ok {
				out = append(out, kindLabel(kind)+" "+spacedINS(id.Extension))
				continue
			}
			out = append(out, id.Extension+" ("+id.Root+")")
		}
	}
	return out
}

// spacedINS groups the characters of a matricule as they are printed on cards: 1 85 05 78 006 084 36.
func spacedINS(s string) string {
	if len(s) != 15 {
		return s
	}
	return strings.Join([]string{s[:1], s[1:3], s[3:5], s[5:7], s[7:10], s[10:13], s[13:]}, "\u00a0")
}

func kindLabel(k ins.Kind) string {
	switch k {
	case ins.NIR:
		return "NIR"
	case ins.NIA:
		return "NIA"
	case ins.Test:
		return "NIR de test"
	case ins.Demo:
		return "NIR de démonstration"
	default:
		return "INS"
	}
}

// addresses writes addresses, each on one line.
func addresses(all []cda.AD) []string {
	var out []string
	for _, a := range all {
		lines := append(slices.Clone(a.Street()), joined(" ", a.PostalCode, a.City), a.State, a.Country)
		if text := joined(", ", lines...); text != "" {
			out = append(out, text)
		} else if a.Text != "" {
			out = append(out, a.Text)
		}
	}
	return out
}

// telecomUses and telecomSchemes say what a telecommunication address is for.
var telecomUses = map[string]string{"H": "domicile", "HP": "domicile", "HV": "vacances", "WP": "professionnel", "DIR": "ligne directe", "MC": "mobile", "EC": "urgence"}

func telecoms(all []cda.TEL) []string {
	var out []string
	for _, t := range all {
		scheme, rest := t.Scheme()
		if rest == "" {
			continue
		}
		text := map[string]string{"tel": "Tél. ", "fax": "Fax ", "mailto": ""}[scheme]
		switch scheme {
		case "tel", "fax":
			text += spacedPhone(rest)
		case "mailto":
			text += rest
		default:
			text = t.Value
		}
		for _, u := range t.Use {
			if use := telecomUses[u]; use != "" {
				text += " (" + use + ")"
				break
			}
		}
		out = append(out, text)
	}
	return out
}

// spacedPhone groups the ten digits of a French number by two.
func spacedPhone(s string) string {
	if len(s) != 10 || strings.Trim(s, "0123456789") != "" {
		return s
	}
	return strings.Join([]string{s[:2], s[2:4], s[4:6], s[6:8], s[8:]}, "\u00a0")
}

// joined joins the parts that are not empty.
func joined(separator string, parts ...string) string {
	kept := make([]string, 0, len(parts))
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}
