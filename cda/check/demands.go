package check

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
)

// demands are the kinds of what a model asks of the header: whether it is there, and how to say what is not.
var demands = map[string]*struct {
	met  func(*cda.Header, demand) bool
	says string
}{
	"participant": {participant, "a participant of type (and function) "},
	"event":       {eventCode, "a main act of code "},
	"encounter": {func(h *cda.Header, d demand) bool {
		return h.ComponentOf != nil && h.ComponentOf.Code.Code == d.args[0]
	}, "an encounter of code "},
	"setting":       {setting, "a setting of practice of the performer of code "},
	"title":         {func(h *cda.Header, d demand) bool { return strings.EqualFold(h.Title.Value, d.text) }, "the title "},
	"authenticator": {authenticator, "an authenticator of templateId "},
	"responsible":   {func(h *cda.Header, _ demand) bool { return h.ComponentOf != nil && h.ComponentOf.Responsible != nil }, "a responsible party of the encounter"},
	"order-id": {func(h *cda.Header, _ demand) bool {
		return slices.ContainsFunc(h.InFulfillmentOf, func(o cda.Order) bool { return len(o.IDs) > 0 })
	}, "an order with an id"},
	"accession": {func(h *cda.Header, _ demand) bool {
		return slices.ContainsFunc(h.InFulfillmentOf, func(o cda.Order) bool { return len(o.AccessionNumbers) > 0 })
	}, "an order with an accession number"},
	"modality": {modality, "an act with a translation of DICOM DCM, the modality"},
	"patient":  {patientHas, "of the person, at least one "},
	"author":   {authorHas, "of the author, the "},
	"event-high": {func(h *cda.Header, _ demand) bool {
		act := h.MainAct()
		return act != nil && act.EffectiveTime.High.Value != ""
	}, "the end of the main act"},
}

func participant(h *cda.Header, d demand) bool {
	return slices.ContainsFunc(h.Participants, func(p cda.Participant) bool {
		return p.TypeCode == d.args[0] && (len(d.args) < 2 || p.Function.Code == d.args[1])
	})
}

func eventCode(h *cda.Header, d demand) bool {
	return slices.ContainsFunc(h.ServiceEvents, func(e cda.ServiceEvent) bool { return slices.Contains(d.args, e.Code.Code) })
}

func setting(h *cda.Header, d demand) bool {
	act := h.MainAct()
	if act == nil || len(act.Performers) == 0 {
		return false
	}
	organization := act.Performers[0].Assigned.Organization
	return organization != nil && organization.Industry.Code == d.args[0]
}

func authenticator(h *cda.Header, d demand) bool {
	return slices.ContainsFunc(h.Authenticators, func(p cda.Participation) bool {
		return slices.ContainsFunc(p.TemplateIDs, func(id cda.II) bool { return id.Root == d.args[0] })
	})
}

func modality(h *cda.Header, _ demand) bool {
	return slices.ContainsFunc(h.ServiceEvents, func(e cda.ServiceEvent) bool {
		return slices.ContainsFunc(e.Code.Translations, func(c cda.CD) bool { return c.CodeSystem == "1.2.840.10008.2.16.4" })
	})
}

func patientHas(h *cda.Header, d demand) bool {
	p := h.Patient()
	if p == nil {
		return false
	}
	if d.args[0] == "addr" {
		return len(p.Addresses) > 0
	}
	return len(p.Telecoms) > 0
}

func authorHas(h *cda.Header, d demand) bool {
	return len(h.Authors) > 0 && (d.args[0] == "code" && h.Authors[0].Assigned.Code.Present() || d.args[0] != "code" && h.Authors[0].Assigned.Organization != nil)
}
