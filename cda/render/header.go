package render

import (
	"regexp"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// newPage reads a document into what people see of it.
func newPage(doc *cda.Document, o Options) *page {
	h := &doc.Header
	p := &page{title: h.Title.Value, kind: label(h.Code.Element), created: frenchDate(h.EffectiveTime.Value)}
	if p.title == "" {
		p.title = p.kind
	}
	if p.title == "" {
		p.title = "Document sans titre"
	}
	p.byline = byline(h)
	p.lang = foreign(h.LanguageCode.Code)
	p.notices = notices(h)
	p.banner = readBanner(h)
	p.groups = readGroups(h)
	p.imprint = imprint(doc)
	p.body(doc.Root, o)
	return p
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// foreign is a language that is not French, "" for French and for what is no language tag.
func foreign(code string) string {
	if !languageTag.MatchString(code) || strings.EqualFold(code, "fr") || strings.HasPrefix(strings.ToLower(code), "fr-") {
		return ""
	}
	return code
}

// byline names the authors and the day.
func byline(h *cda.Header) string {
	names := make([]string, 0, len(h.Authors))
	for i := range h.Authors {
		a := &h.Authors[i].Assigned
		name := actorName(a)
		if a.Person != nil && name != "" {
			name = joined(", ", name, label(a.Code.Element), a.Organization.Name())
		}
		if name != "" {
			names = append(names, name)
		}
	}
	text := strings.Join(names, " ; ")
	if text != "" {
		text = "Par " + text
	}
	if date := frenchDate(h.EffectiveTime.Value); date != "" {
		text = joined(" — ", text, date)
	}
	return text
}

// notices are what a reader must see before the rest.
func notices(h *cda.Header) []string {
	var out []string
	switch h.ConfidentialityCode.Code {
	case "R":
		out = append(out, "Document à accès restreint (confidentialité : restreint).")
	case "V":
		out = append(out, "Document à accès très restreint (confidentialité : très restreint).")
	}
	for i := range h.RelatedDocuments {
		if h.RelatedDocuments[i].TypeCode == "RPLC" {
			out = append(out, "Ce document remplace une version précédente.")
			break
		}
	}
	if p := h.Patient(); p != nil {
		for i := range p.IDs {
			if kind, ok := ins.KindOf(p.IDs[i].Root); ok && (kind == ins.Test || kind == ins.Demo) {
				out = append(out, "Identité de test ou de démonstration : ce document ne concerne pas une personne réelle.")
				break
			}
		}
	}
	return out
}

func readBanner(h *cda.Header) banner {
	p := h.Patient()
	if p == nil {
		return banner{name: "Patient non renseigné"}
	}
	name := p.Name()
	b := banner{name: calledName(name), birth: birthName(name)}
	born := frenchDate(p.BirthTime.Value)
	if a := age(p.BirthTime.Value, h.EffectiveTime.Value); a != "" {
		born += " (" + a + " à la date du document)"
	}
	if born == "" {
		born = "non renseignée"
	}
	b.facts = add(b.facts, "Date de naissance", born)
	b.facts = add(b.facts, "Sexe", sex(p.Gender))
	if p.BirthPlace != nil {
		b.facts = add(b.facts, "Lieu de naissance", birthPlace(p.BirthPlace))
	}
	var local []string
	for _, id := range p.IDs {
		if kind, ok := ins.KindOf(id.Root); ok && id.Extension != "" {
			b.facts = add(b.facts, "Matricule INS ("+kindLabel(kind)+")", spacedINS(id.Extension))
		} else {
			local = append(local, identifiers([]cda.II{id})...)
		}
	}
	if p.Deceased.Value == "true" || p.DeceasedAt.Value != "" {
		b.facts = add(b.facts, "Décès", joined(" ", "oui", frenchDate(p.DeceasedAt.Value)))
	}
	if p.MultiBirth.Value == "true" {
		b.facts = add(b.facts, "Naissance multiple", joined(", rang ", "oui", p.BirthOrder.Value))
	}
	b.more = add(b.more, "Adresse", addresses(p.Addresses)...)
	b.more = add(b.more, "Contact", telecoms(p.Telecoms)...)
	b.more = add(b.more, "Autres identifiants", local...)
	for i := range p.Guardians {
		g := &p.Guardians[i]
		who := joined(", ", personName(g.Person.Name()), g.Organization.Name(), label(g.Code.Element))
		lines := append([]string{who}, addresses(g.Addresses)...)
		b.more = add(b.more, "Représentant", append(lines, telecoms(g.Telecoms)...)...)
	}
	if p.Provider != nil {
		b.more = add(b.more, "Structure", p.Provider.Name())
	}
	return b
}

// calledName is the name a person goes by: names used, else those of birth.
func calledName(n cda.EN) string {
	family, given := cda.Part(n.Family, "CL"), cda.Part(n.Given, "CL")
	if family == "" {
		family = cda.Part(n.Family, "SP")
	}
	for _, fallback := range []string{cda.Part(n.Family, "BR"), cda.First(n.Family)} {
		if family == "" {
			family = fallback
		}
	}
	for _, fallback := range []string{cda.Part(n.Given, "BR"), cda.First(n.Given)} {
		if given == "" {
			given = fallback
		}
	}
	if name := joined(" ", given, family); name != "" {
		return name
	}
	if n.Text != "" {
		return n.Text
	}
	return "Patient non nommé"
}

// birthName is the name of the birth certificate: family name and all given names.
func birthName(n cda.EN) string {
	family, given := cda.Part(n.Family, "BR"), cda.Part(n.Given, "")
	if given == "" {
		given = cda.Part(n.Given, "BR")
	}
	if family == "" {
		return ""
	}
	return "Nom de naissance : " + joined(" ; prénoms de naissance : ", family, given)
}

func sex(code cda.CD) string {
	switch code.Code {
	case "F":
		return "Féminin"
	case "M":
		return "Masculin"
	case "UN", "U":
		return "Indéterminé"
	default:
		return label(code.Element)
	}
}

func birthPlace(p *cda.Place) string {
	place := joined(" ", p.Address.PostalCode, p.Address.City)
	if place == "" {
		place = p.Name.String()
	}
	if p.Address.County != "" {
		place = joined(" ", place, "(code "+p.Address.County+")")
	}
	return place
}

// imprint is what identifies the document.
func imprint(doc *cda.Document) []fact {
	h := &doc.Header
	facts := add(nil, "Type de document", joined(" – ", h.Code.Code, label(h.Code.Element)))
	facts = add(facts, "Date de création", frenchDate(h.EffectiveTime.Value))
	facts = add(facts, "Identifiant du document", h.ID.String())
	facts = add(facts, "Série de versions", joined(", version ", h.SetID.String(), h.VersionNumber.Value))
	facts = add(facts, "Confidentialité", confidentiality(h.ConfidentialityCode))
	for i := range h.RelatedDocuments {
		r := &h.RelatedDocuments[i]
		for _, id := range r.ParentIDs {
			facts = add(facts, map[bool]string{true: "Remplace le document", false: "Document lié"}[r.TypeCode == "RPLC"],
				joined(", version ", id.String(), r.ParentVersion.Value))
		}
	}
	return facts
}

func confidentiality(c cda.CD) string {
	if l := map[string]string{"N": "Normale", "R": "Restreinte", "V": "Très restreinte"}[c.Code]; l != "" {
		return l
	}
	return label(c.Element)
}
