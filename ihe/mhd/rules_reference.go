package mhd

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

const (
	sourceDR       = "MHD 4.2.3, IHE.MHD.Minimal.DocumentReference"
	sourceDRFull   = "MHD 4.2.3, IHE.MHD.UnContained.Comprehensive.DocumentReference"
	sourceDRHeld   = "MHD 4.2.3, IHE.MHD.Comprehensive.DocumentReference"
	sourceDRPDSm   = "PDSm 3.1.1, pdsm-comprehensive-document-reference"
	sourcePublish  = "MHD 4.2.3, IHE.MHD.SimplifiedPublish.DocumentReference"
	sourcePublishF = "PDSm 3.1.1, pdsm-simplified-publish"
)

// referenceRules are about the DocumentReference (fiche), but for its attachment and its codes.
var referenceRules = []Rule{
	required("mhd-dr-master-identifier", anyLevel, PartDocumentReference, "masterIdentifier", sourceDR+": masterIdentifier 1..1"),
	{
		ID: "mhd-dr-unique-id", Levels: inBundle, Part: PartDocumentReference, Source: "MHD 4.2.3, IHE.MHD.UniqueIdIdentifier", Code: fault.Value, XDS: xdsMetadata,
		Text: "The masterIdentifier has a system and a value; an id that is a URI (system " + systemURI + ") begins with urn:oid: or urn:uuid:.",
		check: func(c *checking) {
			for m := range c.root.Children("masterIdentifier") {
				system, value := m.ChildValue("system"), m.ChildValue("value")
				if system == "" || value == "" || system == systemURI && !strings.HasPrefix(value, "urn:") {
					c.at(m, "")
				}
			}
		},
	},
	entryUUIDRule("mhd-dr-entry-uuid", PartDocumentReference),
	absent("mhd-publish-identifier", published, PartDocumentReference, sourcePublish+": identifier 0..0", "identifier"),
	{
		ID: "mhd-dr-status", Levels: anyLevel, Part: PartDocumentReference, Source: sourceDR + ": status; IHE ITI TF-3, 4.2.3.2.2", Code: fault.Value, XDS: xdsMetadata,
		Text: "A DocumentReference is submitted with the status current; superseded comes of its replacement.",
		check: func(c *checking) {
			if s := c.root.Child("status"); s != nil && s.Value != "current" {
				c.at(s, "")
			}
		},
	},
	absent("mhd-dr-absent", anyLevel, PartDocumentReference, sourceDR+": docStatus and modifierExtension 0..0", "docStatus", "modifierExtension"),
	required("mhd-dr-type", complete, PartDocumentReference, "type", sourceDRFull+": type 1..1"),
	required("mhd-dr-category", complete, PartDocumentReference, "category", sourceDRFull+": category 1..1"),
	atMost("mhd-dr-category-one", complete, PartDocumentReference, "category", 1, sourceDRFull+": category 1..1"),
	required("mhd-dr-subject", complete|published, PartDocumentReference, "subject", sourceDRFull+": subject 1..1"),
	required("pdsm-dr-date", PDSm|SimplifiedPDSm, PartDocumentReference, "date", sourceDRPDSm+": date 1..1"),
	required("pdsm-dr-author", PDSm|SimplifiedPDSm, PartDocumentReference, "author", sourceDRPDSm+": author 1..*"),
	inside("mhd-dr-author-contained", contained, PartDocumentReference, "author", sourceDRHeld+": author is contained"),
	targets("pdsm-dr-author-type", PDSm, PartDocumentReference, "author", sourceDRPDSm+": author", "Practitioner", "PractitionerRole", "Device", "Patient"),
	inside("mhd-dr-authenticator-contained", contained, PartDocumentReference, "authenticator", sourceDRHeld+": authenticator is contained"),
	targets("pdsm-dr-authenticator-type", PDSm|SimplifiedPDSm, PartDocumentReference, "authenticator", sourceDRPDSm+": authenticator", "Practitioner", "PractitionerRole", "Organization"),
	required("pdsm-dr-custodian", PDSm|SimplifiedPDSm, PartDocumentReference, "custodian", sourceDRPDSm+": custodian 1..1"),
	required("pdsm-dr-contained", PDSm, PartDocumentReference, "contained", sourceDRPDSm+": contained 1..*"),
	required("mhd-dr-security-label", complete, PartDocumentReference, "securityLabel", sourceDRFull+": securityLabel 1..*"),
	atMost("pdsm-dr-security-label-four", PDSm|SimplifiedPDSm, PartDocumentReference, "securityLabel", 4, "PDSm4DMP 0.1.0, DocumentEntry: confidentiality 1..4"),
	atMost("mhd-dr-content-one", anyLevel, PartDocumentReference, "content", 1, sourceDR+": content 1..1"),
	required("mhd-dr-context", complete, PartDocumentReference, "context", sourceDRFull+": context 1..1"),
	required("pdsm-dr-period", PDSm, PartDocumentReference, "context.period", sourceDRPDSm+": context.period 1..1"),
	required("pdsm-dr-period-start", PDSm, PartDocumentReference, "context.period.start", sourceDRPDSm+": context.period.start 1..1"),
	required("mhd-dr-facility", complete, PartDocumentReference, "context.facilityType", sourceDRFull+": context.facilityType 1..1"),
	required("mhd-dr-setting", complete, PartDocumentReference, "context.practiceSetting", sourceDRFull+": context.practiceSetting 1..1"),
	required("mhd-dr-source-patient", complete, PartDocumentReference, "context.sourcePatientInfo", sourceDRFull+": context.sourcePatientInfo 1..1"),
	inside("mhd-dr-source-patient-contained", contained, PartDocumentReference, "context.sourcePatientInfo", sourceDRHeld+": context.sourcePatientInfo is contained"),
	targets("mhd-dr-source-patient-type", anyLevel, PartDocumentReference, "context.sourcePatientInfo", sourceDR+": context.sourcePatientInfo", "Patient"),
	atMost("pdsm-publish-event", SimplifiedPDSm, PartDocumentReference, "context.event", 1, sourcePublishF+": context.event 0..1"),
	archivedRule("pdsm-dr-archived", PDSm|SimplifiedPDSm, PartDocumentReference),
	{
		ID: "pdsm-dr-related", Levels: PDSm, Part: PartDocumentReference, Source: sourceDRPDSm + ": context.related:referenceIdList", Code: fault.Value, XDS: xdsMetadata,
		Text:  "An identifier in context.related has a value and a type of the system " + systemURI + ": studyInstanceUID, order or accession (urn:ihe:iti:xds:...).",
		check: checkRelated,
	},
	{
		ID: "mhd-dr-relates-target", Levels: anyLevel, Part: PartDocumentReference, Source: sourceITI65 + ": relatesTo", Code: fault.Value, XDS: xdsUnresolved,
		Text: "relatesTo.target names a DocumentReference, by reference or by identifier.",
		check: func(c *checking) {
			along(c.root, "relatesTo.target", func(t *element.Element) {
				link, identifier := t.ChildValue("reference"), t.Child("identifier")
				typ := c.s.typeOf(c.root, t)
				if link == "" && identifier == nil || link != "" && typ != "" && typ != "DocumentReference" {
					c.at(t, "")
				}
			})
		},
	},
	{
		ID: "pdsm-dr-replace-one", Levels: PDSm, Part: PartDocumentReference, Source: sourceDRPDSm + ": relatesTo 1..1 when replacing", Code: fault.Structure, XDS: xdsReplaceFailed,
		Text: "A document replaces one other.",
		check: func(c *checking) {
			n := 0
			for r := range c.root.Children("relatesTo") {
				if r.ChildValue("code") == "replaces" {
					if n++; n > 1 {
						c.at(r, "")
					}
				}
			}
		},
	},
	{
		ID: "mhd-dr-unique-in-bundle", Levels: inBundle, Part: PartBundle, Source: "IHE ITI TF-3, table 4.2.4.1-2", Code: fault.Duplicate, XDS: xdsDuplicateInside,
		Text: "Two DocumentReferences of the submission have the same masterIdentifier.",
		check: func(c *checking) {
			seen := map[string]bool{}
			for e := range c.s.of(PartDocumentReference) {
				if key := masterKey(e.root); key != "|" && seen[key] {
					c.report(element.Path(e.root)+".masterIdentifier", "", false)
				} else {
					seen[key] = true
				}
			}
		},
	},
}

// masterKey gives "system|value" of the masterIdentifier.
func masterKey(root *element.Element) string {
	m := root.Child("masterIdentifier")
	if m == nil {
		return "|"
	}
	return m.ChildValue("system") + "|" + m.ChildValue("value")
}

// relatedTypes are the kinds of identifiers in referenceIdList (JDV_J231).
var relatedTypes = []string{
	"urn:ihe:iti:xds:2016:studyInstanceUID", "urn:ihe:iti:xds:2013:order", "urn:ihe:iti:xds:2013:accession",
}

// checkRelated looks at the logical references in context.related. One of the types that XDS has beside those of PDSm is told of, not refused.
func checkRelated(c *checking) {
	along(c.root, "context.related.identifier", func(identifier *element.Element) {
		if identifier.Child("type") == nil {
			return // any logical reference
		}
		ok := false
		along(identifier, "type.coding", func(coding *element.Element) {
			system, code := coding.ChildValue("system"), coding.ChildValue("code")
			if system != systemURI {
				return
			}
			ok = ok || slices.Contains(relatedTypes, code)
			if !ok && strings.HasPrefix(code, "urn:ihe:iti:xds:") {
				ok = true
				c.warnAt(coding, "PDSm knows studyInstanceUID, order and accession; this type of XDS is kept and found by related:identifier.")
			}
		})
		if !ok || identifier.ChildValue("value") == "" {
			c.at(identifier, "")
		}
	})
}
