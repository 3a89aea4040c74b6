package metadata

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// Rules of this package.
const (
	RuleRequired        = "metadata-required"        // a required metadatum has no source in the header
	RuleTime            = "metadata-time"            // a time cannot be read, or an act ends before it begins
	RuleClass           = "metadata-class"           // ASS_X04 has no class for the type
	RuleFormat          = "metadata-format"          // ASS_A12 has no format for the media type
	RuleConfidentiality = "metadata-confidentiality" // not N, R or V: valid CDA, but no metadata of the CI-SIS
)

// judge says what the entry needs and lacks.
func (e *Entry) judge(d *cda.Document) []cda.Finding {
	h := &d.Header
	var all []cda.Finding
	need := func(ok bool, el *etree.Element, below, what string) {
		if !ok {
			all = append(all, d.FindingAt(RuleRequired, cda.Error, el, below, "%s is required metadata and is not given here", what))
		}
	}
	need(e.ID.Root != "", nil, "id/@root", "the unique id")
	need(!e.TypeCode.IsZero(), nil, "code", "the type")
	need(e.Title != "", nil, "title", "the title")
	need(e.Language != "", nil, "languageCode", "the language")
	need(!e.Confidentiality.IsZero(), nil, "confidentialityCode", "the confidentiality")
	need(len(e.Authors) > 0, nil, "author", "an author")
	need(e.LegalAuthenticator != nil, nil, "legalAuthenticator", "the legal authenticator")
	need(e.Level != "", nil, "component", "a body, which the format comes from,")
	need(!e.PracticeSetting.IsZero(), nil, "documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode", "the practice setting")
	need(!e.FacilityType.IsZero(), nil, "componentOf/encompassingEncounter/location/healthCareFacility/code", "the type of facility")
	need(e.SourcePatient.Root != "" || h.Patient() == nil, nil, "recordTarget/patientRole/id", "an identifier of the patient")
	all = append(all, e.judgeTimes(d)...)
	if !e.TypeCode.IsZero() && e.ClassCode.IsZero() {
		all = append(all, d.FindingAt(RuleClass, cda.Error, h.Code.Element, "@code",
			"the association of types with classes (ASS_X04 of 2024-04-26) has no class for the type %s; the submitter must name it", short(e.TypeCode.Code)))
	}
	if d.Body.NonXML != nil && e.FormatCode.IsZero() {
		all = append(all, d.FindingAt(RuleFormat, cda.Error, d.Body.NonXML.Element, "text/@mediaType",
			"%q has no format; application/pdf, text/plain, text/rtf, image/jpeg and image/tiff have", short(d.Body.NonXML.Content.MediaType)))
	}
	switch e.Confidentiality.Code {
	case "", "N", "R", "V":
	default:
		all = append(all, d.FindingAt(RuleConfidentiality, cda.Error, h.ConfidentialityCode.Element, "@code",
			"%s is no confidentiality of shared documents; N, R and V are (JDV_J08)", short(e.Confidentiality.Code)))
	}
	return all
}

func (e *Entry) judgeTimes(d *cda.Document) []cda.Finding {
	var all []cda.Finding
	read := func(t cda.TS, below, what string, required bool) (cda.Moment, bool) {
		m, err := t.Moment()
		switch {
		case t.Value == "" && !required:
		case t.Value == "":
			all = append(all, d.FindingAt(RuleRequired, cda.Error, nil, below, "%s is required metadata and is not given here", what))
		case err != nil:
			all = append(all, d.FindingAt(RuleTime, cda.Error, t.Element, "@value", "%s is %q, which is no time of the form YYYYMMDDhhmmss±zzzz", what, short(t.Value)))
		}
		return m, err == nil
	}
	read(e.CreationTime, "effectiveTime/@value", "the creation time", true)
	start, started := read(e.ServiceStart, "documentationOf/serviceEvent/effectiveTime/low/@value", "the beginning of the act", true)
	stop, stopped := read(e.ServiceStop, "documentationOf/serviceEvent/effectiveTime/high/@value", "the end of the act", false)
	if started && stopped && start.Precision == stop.Precision && stop.Zoned == start.Zoned && stop.Time.Before(start.Time) {
		all = append(all, d.FindingAt(RuleTime, cda.Error, e.ServiceStop.Element, "@value", "the act ends before it begins"))
	}
	return all
}

// short keeps what is quoted of a document short.
func short(s string) string {
	const most = 60
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
