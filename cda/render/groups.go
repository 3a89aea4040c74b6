package render

import "github.com/carnet-fhir/carnet/cda"

// readGroups reads everybody who took part in a document, and its circumstances, in the order in which a reader asks for them.
func readGroups(h *cda.Header) []group {
	var all []group
	put := func(heading string, cards []card) {
		if len(cards) > 0 {
			all = append(all, group{heading: heading, cards: cards})
		}
	}
	put("Auteurs", authors(h))
	if h.LegalAuthenticator != nil {
		put("Responsable du document", []card{participation(h.LegalAuthenticator, "Validé le")})
	}
	put("Attestation de validité", participations(h.Authenticators, "Attesté le"))
	put("Acte documenté", serviceEvents(h))
	if h.ComponentOf != nil {
		put("Prise en charge", encounter(h.ComponentOf))
	}
	put("Autres intervenants", participants(h))
	put("Entourage et informateurs", informants(h))
	put("Destinataires", recipients(h))
	put("Demandes à l’origine du document", orders(h))
	put("Consentements", consents(h))
	if h.DataEnterer != nil {
		put("Saisie", []card{participation(h.DataEnterer, "Saisi le")})
	}
	if c := h.Custodian; c != nil && c.Organization != nil {
		put("Conservation", []card{{title: c.Organization.Name(), facts: organizationFacts(c.Organization)}})
	}
	return all
}

func authors(h *cda.Header) []card {
	cards := make([]card, 0, len(h.Authors))
	for i := range h.Authors {
		a := &h.Authors[i]
		facts := add(nil, "Rôle", label(a.Function.Element))
		facts = add(facts, "Date", frenchDate(a.Time.Value))
		cards = append(cards, card{title: actorName(&a.Assigned), facts: append(facts, actorFacts(&a.Assigned)...)})
	}
	return cards
}

func participation(p *cda.Participation, when string) card {
	facts := add(nil, when, frenchDate(p.Time.Value))
	return card{title: actorName(&p.Assigned), facts: append(facts, actorFacts(&p.Assigned)...)}
}

func participations(all []cda.Participation, when string) []card {
	cards := make([]card, 0, len(all))
	for i := range all {
		cards = append(cards, participation(&all[i], when))
	}
	return cards
}

func interval(t cda.IVLTS) string {
	if t.Value != "" {
		return frenchDate(t.Value)
	}
	return frenchPeriod(t.Low.Value, t.High.Value)
}

func serviceEvents(h *cda.Header) []card {
	cards := make([]card, 0, len(h.ServiceEvents))
	for i := range h.ServiceEvents {
		e := &h.ServiceEvents[i]
		c := card{title: label(e.Code.Element), facts: add(nil, "Date", interval(e.EffectiveTime))}
		for _, t := range e.Code.Translations {
			c.facts = add(c.facts, "Précision", label(t.Element))
		}
		c.facts = add(c.facts, "Identifiant", identifiers(e.IDs)...)
		for j := range e.Performers {
			p := &e.Performers[j]
			name := actorName(&p.Assigned)
			c.facts = add(c.facts, "Exécutant", joined(", ", name, label(p.Function.Element)))
			for _, f := range actorFacts(&p.Assigned) {
				if f.label != "Structure" || f.values[0] != name {
					c.facts = append(c.facts, f)
				}
			}
		}
		if c.title == "" {
			c.title = "Acte"
		}
		cards = append(cards, c)
	}
	return cards
}

func encounter(e *cda.EncompassingEncounter) []card {
	c := card{title: label(e.Code.Element), facts: add(nil, "Date", interval(e.EffectiveTime))}
	if f := e.Facility; f != nil {
		c.facts = add(c.facts, "Type de structure", label(f.Code.Element))
		if f.Location != nil {
			c.facts = add(c.facts, "Lieu", f.Location.Name.String())
			c.facts = add(c.facts, "Adresse", addresses([]cda.AD{f.Location.Address})...)
		}
		c.facts = add(c.facts, "Structure", f.Provider.Name())
		c.facts = add(c.facts, "Identifiant du lieu", identifiers(f.IDs)...)
	}
	c.facts = add(c.facts, "Sortie", label(e.Discharge.Element))
	c.facts = add(c.facts, "Identifiant", identifiers(e.IDs)...)
	if c.title == "" && len(c.facts) > 0 {
		c.title = "Prise en charge"
	}
	cards := []card{c}
	if e.Responsible != nil {
		cards = append(cards, card{title: actorName(e.Responsible), facts: append(add(nil, "Rôle", "Responsable de la prise en charge"), actorFacts(e.Responsible)...)})
	}
	for i := range e.Participants {
		p := &e.Participants[i]
		facts := add(nil, "Rôle", roleLabels[p.TypeCode])
		facts = add(facts, "Date", interval(p.Time))
		cards = append(cards, card{title: actorName(&p.Assigned), facts: append(facts, actorFacts(&p.Assigned)...)})
	}
	return cards
}

// roleLabels are the participation types that headers use (JDV_J140, JDV_J144) and the classes of related entities.
var roleLabels = map[string]string{
	"REF": "Adresseur", "REFB": "Correspondant", "INF": "Informateur", "RESP": "Responsable", "PRF": "Exécutant", "CON": "Consultant", "VRF": "Vérificateur",
	"ADM": "Médecin d’admission", "ATND": "Médecin en charge", "DIS": "Médecin de sortie",
}

var relationLabels = map[string]string{
	"ECON": "Personne à prévenir en cas d’urgence", "NOK": "Personne de confiance", "CON": "Informateur", "CAREGIVER": "Aidant", "PAT": "Personne aidée",
}

func participants(h *cda.Header) []card {
	cards := make([]card, 0, len(h.Participants))
	for i := range h.Participants {
		p := &h.Participants[i]
		role := label(p.Function.Element)
		if role == "" {
			role = roleLabels[p.TypeCode]
		}
		facts := add(nil, "Rôle", role)
		facts = add(facts, "Date", interval(p.Time))
		cards = append(cards, card{title: actorName(&p.Associated), facts: append(facts, actorFacts(&p.Associated)...)})
	}
	return cards
}

func informants(h *cda.Header) []card {
	cards := make([]card, 0, len(h.Informants))
	for i := range h.Informants {
		in := &h.Informants[i]
		if in.Related != nil {
			facts := add(nil, "Rôle", relationLabels[in.Related.ClassCode])
			facts = add(facts, "Lien", label(in.Related.Code.Element))
			facts = add(facts, "Adresse", addresses(in.Related.Addresses)...)
			cards = append(cards, card{title: actorName(in.Related), facts: add(facts, "Contact", telecoms(in.Related.Telecoms)...)})
		}
		if in.Assigned != nil {
			cards = append(cards, card{title: actorName(in.Assigned), facts: actorFacts(in.Assigned)})
		}
	}
	return cards
}

func recipients(h *cda.Header) []card {
	cards := make([]card, 0, len(h.InformationRecipients))
	for i := range h.InformationRecipients {
		a := &h.InformationRecipients[i].Intended
		cards = append(cards, card{title: actorName(a), facts: actorFacts(a)})
	}
	return cards
}

func orders(h *cda.Header) []card {
	cards := make([]card, 0, len(h.InFulfillmentOf))
	for i := range h.InFulfillmentOf {
		o := &h.InFulfillmentOf[i]
		title := label(o.Code.Element)
		if title == "" {
			title = "Demande"
		}
		facts := add(nil, "Numéro de demande", identifiers(o.IDs)...)
		cards = append(cards, card{title: title, facts: add(facts, "Numéro d’accès", identifiers(o.AccessionNumbers)...)})
	}
	return cards
}

func consents(h *cda.Header) []card {
	cards := make([]card, 0, len(h.Authorizations))
	for i := range h.Authorizations {
		c := &h.Authorizations[i]
		cards = append(cards, card{title: label(c.Code.Element), facts: add(nil, "Identifiant", identifiers(c.IDs)...)})
	}
	return cards
}
