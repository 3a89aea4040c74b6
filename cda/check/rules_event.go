package check

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// eventRules are those of the act that the document is about, and of the encounter that it belongs to.
func eventRules() []Rule {
	event := "documentationOf/serviceEvent"
	performer := event + "/performer"
	encounter := "componentOf/encompassingEncounter"
	facility := encounter + "/location/healthCareFacility"
	return []Rule{
		{"event-present", cda.Error, "", "a document has at least one documentationOf", has("documentationOf", 1, -1)},
		{"event-null", cda.Error, "documentationOf", "documentationOf has no null flavor", notNull},
		{"event-performer", cda.Error, "", "the first act of a document is the main one, and has exactly one performer", mainAct},
		{"event-time-present", cda.Error, event, "the main act has an effectiveTime", ofMainAct(has("effectiveTime", 1, 1))},
		{"event-time", cda.Error, event + "/effectiveTime", "the time of the main act has a low with a @value, and no null flavor", low},
		{"event-code", cda.Error, event + "/code", "the code of an act has @code and @codeSystem, or a null flavor", all(attr("code", true), attr("codeSystem", true))},
		{"performer-type", cda.Error, performer, "it must be PRF", attr("typeCode", false, "PRF")},
		{"performer-id", cda.Error, performer + "/assignedEntity/id", "a performer is identified by root and extension, or has a null flavor", identifier(true)},
		{"performer-code-set", cda.Warning, performer + "/assignedEntity/code", "it should be in JDV_J01 (professions and specialties)", in(vocabulary.AuthorSpecialty)},
		{"performer-organization", cda.Error, performer + "/assignedEntity", "the performer of the main act has a representedOrganization", has("representedOrganization", 1, 1)},
		{"performer-industry", cda.Error, performer + "/assignedEntity/representedOrganization", "the organisation of the performer has a standardIndustryClassCode", has("standardIndustryClassCode", 1, 1)},
		{"encounter-present", cda.Error, "", "a document has exactly one componentOf", has("componentOf", 1, 1)},
		{"encounter-null", cda.Error, "componentOf | componentOf/encompassingEncounter", "the encounter has no null flavor", notNull},
		{"encounter-id", cda.Error, encounter + "/id", "an identifier of the encounter has a root, or a null flavor", attr("root", true)},
		{"encounter-code", cda.Error, encounter + "/code", "it must be in JDV_J142 (types of encounter)", in(vocabulary.EncounterType)},
		{"encounter-time", cda.Error, encounter + "/effectiveTime", "the time of the encounter has a low, a high, or a null flavor", bounds},
		{"encounter-discharge", cda.Error, encounter + "/dischargeDispositionCode", "it must be of code system 1.2.250.1.213.2.14", attr("codeSystem", true, "1.2.250.1.213.2.14")},
		{"encounter-responsible", cda.Error, encounter + "/responsibleParty/assignedEntity/id", personID, attr("root", false, rootPerson)},
		{"encounter-participant-id", cda.Error, encounter + "/encounterParticipant/assignedEntity/id", personID, attr("root", false, rootPerson)},
		{"facility-present", cda.Error, encounter, "the encounter has a location", has("location", 1, 1)},
		{"facility-id", cda.Error, facility + "/id", structureID, structureIdentifier},
		{"facility-code-present", cda.Error, facility, "the facility has a code", has("code", 1, 1)},
		{"facility-code-complete", cda.Error, facility + "/code", "the sector of activity has @code, @codeSystem and @displayName, and no null flavor", all(notNull, complete)},
		{"facility-code-set", cda.Error, facility + "/code", "it must be in JDV_J02 (sectors of activity)", in(vocabulary.FacilityType)},
	}
}

// mainAct counts over the first act, as the framework's own rules do. Acts after it may have performers too: imaging reports of several examinations do.
func mainAct(c *checker, r *Rule, el *etree.Element) {
	first := cda.Child(el, "documentationOf")
	if n := count(cda.Child(first, "serviceEvent"), "performer"); first != nil && n != 1 {
		c.report(r, cda.Child(first, "serviceEvent"), "performer", "the first act has %d; %s", n, r.Allowed)
	}
}

// isMainAct says whether a service event is the one that the metadata are taken from.
func (c *checker) isMainAct(event *etree.Element) bool {
	main := c.d.Header.MainAct()
	return main != nil && main.Element == event
}

func ofMainAct(t test) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if c.isMainAct(el) {
			t(c, r, el)
		}
	}
}

func low(c *checker, r *Rule, el *etree.Element) {
	if !c.isMainAct(el.Parent()) {
		return
	}
	if notNull(c, r, el); nullFlavor(el) != "" {
		return
	}
	if at := cda.Child(el, "low"); cda.Attr(at, "value") == "" {
		c.report(r, el, "low", "effectiveTime lacks it; %s", r.Allowed)
	}
}
