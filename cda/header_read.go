package cda

import "github.com/beevik/etree"

func readHeader(root *etree.Element) Header {
	h := Header{
		RealmCodes: each(root, "realmCode", ReadCD), TypeID: ReadII(Child(root, "typeId")), TemplateIDs: each(root, "templateId", ReadII),
		ID: ReadII(Child(root, "id")), Code: ReadCD(Child(root, "code")), Title: ReadST(Child(root, "title")),
		EffectiveTime: ReadTS(Child(root, "effectiveTime")), ConfidentialityCode: ReadCD(Child(root, "confidentialityCode")),
		LanguageCode: ReadCD(Child(root, "languageCode")), SetID: ReadII(Child(root, "setId")),
		VersionNumber: ReadINT(Child(root, "versionNumber")), CopyTime: ReadTS(Child(root, "copyTime")),

		RecordTargets: each(root, "recordTarget", readRecordTarget), Authors: each(root, "author", ReadAuthor),
		DataEnterer: optional(Child(root, "dataEnterer"), readParticipation), Informants: each(root, "informant", readInformant),
		Custodian:             optional(Child(root, "custodian"), readCustodian),
		InformationRecipients: each(root, "informationRecipient", readInformationRecipient),
		LegalAuthenticator:    optional(Child(root, "legalAuthenticator"), readParticipation),
		Authenticators:        each(root, "authenticator", readParticipation), Participants: each(root, "participant", readParticipant),
		InFulfillmentOf: each(root, "inFulfillmentOf", readOrder), RelatedDocuments: each(root, "relatedDocument", readRelatedDocument),
		Authorizations: each(root, "authorization", readConsent),
		ComponentOf:    optional(Descend(root, "componentOf", "encompassingEncounter"), readEncounter),
	}
	for of := range Children(root, "documentationOf") {
		h.ServiceEvents = append(h.ServiceEvents, each(of, "serviceEvent", readServiceEvent)...)
	}
	return h
}

func readRecordTarget(el *etree.Element) RecordTarget {
	role := Child(el, "patientRole")
	patient := Child(role, "patient")
	return RecordTarget{
		Element: el, Role: role, IDs: each(role, "id", ReadII), Addresses: each(role, "addr", ReadAD), Telecoms: each(role, "telecom", ReadTEL),
		Patient: patient, Names: each(patient, "name", ReadEN), Gender: ReadCD(Child(patient, "administrativeGenderCode")),
		BirthTime: ReadTS(Child(patient, "birthTime")), Deceased: readBL(ChildNS(patient, NSSDTC, "deceasedInd")),
		DeceasedAt: ReadTS(ChildNS(patient, NSSDTC, "deceasedTime")), MultiBirth: readBL(ChildNS(patient, NSSDTC, "multipleBirthInd")),
		BirthOrder: ReadINT(ChildNS(patient, NSSDTC, "multipleBirthOrderNumber")), Guardians: each(patient, "guardian", readGuardian),
		BirthPlace: optional(Descend(patient, "birthplace", "place"), readPlace), Provider: optional(Child(role, "providerOrganization"), ReadOrganization),
		MaritalCode: ReadCD(Child(patient, "maritalStatusCode")),
	}
}

func readPlace(el *etree.Element) Place {
	return Place{el, ReadEN(Child(el, "name")), ReadAD(Child(el, "addr"))}
}

func readGuardian(el *etree.Element) Guardian {
	return Guardian{
		Element: el, Code: ReadCD(Child(el, "code")), IDs: each(el, "id", ReadII), Addresses: each(el, "addr", ReadAD), Telecoms: each(el, "telecom", ReadTEL),
		Person: optional(Child(el, "guardianPerson"), readPerson), Organization: optional(Child(el, "guardianOrganization"), ReadOrganization),
	}
}

func readPerson(el *etree.Element) Person { return Person{el, each(el, "name", ReadEN)} }

func readDevice(el *etree.Element) Device {
	return Device{el, ReadST(Child(el, "manufacturerModelName")), ReadST(Child(el, "softwareName"))}
}

// ReadOrganization reads a representedOrganization or any element of the same shape.
func ReadOrganization(el *etree.Element) Organization {
	return Organization{
		Element: el, IDs: each(el, "id", ReadII), Names: each(el, "name", ReadEN), Telecoms: each(el, "telecom", ReadTEL), Addresses: each(el, "addr", ReadAD),
		Industry: ReadCD(Child(el, "standardIndustryClassCode")), PartOf: Child(el, "asOrganizationPartOf"),
	}
}

// ReadAssigned reads an assignedEntity, assignedAuthor, intendedRecipient, associatedEntity or relatedEntity; of nil, the zero Assigned.
func ReadAssigned(el *etree.Element) Assigned {
	if el == nil {
		return Assigned{}
	}
	return Assigned{
		Element: el, ClassCode: Attr(el, "classCode"), IDs: each(el, "id", ReadII), Code: ReadCD(Child(el, "code")),
		Addresses: each(el, "addr", ReadAD), Telecoms: each(el, "telecom", ReadTEL),
		Person:       optional(Child(el, "assignedPerson", "informationRecipient", "associatedPerson", "relatedPerson"), readPerson),
		Device:       optional(Child(el, "assignedAuthoringDevice"), readDevice),
		Organization: optional(Child(el, "representedOrganization", "receivedOrganization", "scopingOrganization"), ReadOrganization),
	}
}

// ReadAuthor reads an author of a document, section or entry.
func ReadAuthor(el *etree.Element) Author {
	return Author{el, ReadCD(Child(el, "functionCode")), ReadTS(Child(el, "time")), ReadAssigned(Child(el, "assignedAuthor"))}
}

func readParticipation(el *etree.Element) Participation {
	return Participation{
		Element: el, TemplateIDs: each(el, "templateId", ReadII), Time: ReadTS(Child(el, "time")),
		SignatureCode: ReadCD(Child(el, "signatureCode")), Assigned: ReadAssigned(Child(el, "assignedEntity")),
	}
}

func readInformant(el *etree.Element) Informant {
	return Informant{el, optional(Child(el, "assignedEntity"), ReadAssigned), optional(Child(el, "relatedEntity"), ReadAssigned)}
}

func readCustodian(el *etree.Element) Custodian {
	return Custodian{el, optional(Descend(el, "assignedCustodian", "representedCustodianOrganization"), ReadOrganization)}
}

func readInformationRecipient(el *etree.Element) InformationRecipient {
	return InformationRecipient{el, Attr(el, "typeCode"), ReadAssigned(Child(el, "intendedRecipient"))}
}

func readParticipant(el *etree.Element) Participant {
	return Participant{
		Element: el, TypeCode: Attr(el, "typeCode"), Function: ReadCD(Child(el, "functionCode")),
		Time: ReadIVLTS(Child(el, "time")), Associated: ReadAssigned(Child(el, "associatedEntity")),
	}
}

func readOrder(el *etree.Element) Order {
	order := Child(el, "order")
	o := Order{Element: order, IDs: each(order, "id", ReadII), Code: ReadCD(Child(order, "code"))}
	for c := range ChildrenNS(order, NSDICOM, "accessionNumber") {
		o.AccessionNumbers = append(o.AccessionNumbers, ReadII(c))
	}
	return o
}

func readServiceEvent(el *etree.Element) ServiceEvent {
	return ServiceEvent{
		Element: el, IDs: each(el, "id", ReadII), Code: ReadCD(Child(el, "code")), StatusCode: ReadCD(ChildNS(el, NSLab, "statusCode")),
		EffectiveTime: ReadIVLTS(Child(el, "effectiveTime")), Performers: each(el, "performer", ReadPerformer),
	}
}

// ReadPerformer reads a performer of a service event or of an entry.
func ReadPerformer(el *etree.Element) Performer {
	return Performer{
		Element: el, TypeCode: Attr(el, "typeCode"), Function: ReadCD(Child(el, "functionCode")),
		Time: ReadIVLTS(Child(el, "time")), Assigned: ReadAssigned(Child(el, "assignedEntity")),
	}
}

func readRelatedDocument(el *etree.Element) RelatedDocument {
	parent := Child(el, "parentDocument")
	return RelatedDocument{
		Element: el, TypeCode: Attr(el, "typeCode"), ParentIDs: each(parent, "id", ReadII),
		ParentSetID: ReadII(Child(parent, "setId")), ParentVersion: ReadINT(Child(parent, "versionNumber")),
	}
}

func readConsent(el *etree.Element) Consent {
	c := Child(el, "consent")
	return Consent{el, each(c, "id", ReadII), ReadCD(Child(c, "code")), ReadCD(Child(c, "statusCode"))}
}

func readEncounter(el *etree.Element) EncompassingEncounter {
	return EncompassingEncounter{
		Element: el, IDs: each(el, "id", ReadII), Code: ReadCD(Child(el, "code")), EffectiveTime: ReadIVLTS(Child(el, "effectiveTime")),
		Discharge:    ReadCD(Child(el, "dischargeDispositionCode")),
		Responsible:  optional(Descend(el, "responsibleParty", "assignedEntity"), ReadAssigned),
		Participants: each(el, "encounterParticipant", readEncounterParticipant),
		Facility:     optional(Descend(el, "location", "healthCareFacility"), readFacility),
	}
}

func readEncounterParticipant(el *etree.Element) EncounterParticipant {
	return EncounterParticipant{el, Attr(el, "typeCode"), ReadIVLTS(Child(el, "time")), ReadAssigned(Child(el, "assignedEntity"))}
}

func readFacility(el *etree.Element) Facility {
	return Facility{
		el, each(el, "id", ReadII), ReadCD(Child(el, "code")), optional(Child(el, "location"), readPlace),
		optional(Child(el, "serviceProviderOrganization"), ReadOrganization),
	}
}
