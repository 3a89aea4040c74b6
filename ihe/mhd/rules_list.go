package mhd

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

const (
	sourceSet      = "MHD 4.2.3, IHE.MHD.Minimal.SubmissionSet"
	sourceSetFull  = "MHD 4.2.3, IHE.MHD.UnContained.Comprehensive.SubmissionSet"
	sourceSetPDSm  = "PDSm 3.1.1, pdsm-submissionset-comprehensive"
	sourceFolder   = "MHD 4.2.3, IHE.MHD.Minimal.Folder"
	sourceFolderC  = "MHD 4.2.3, IHE.MHD.Comprehensive.Folder"
	sourceFolderFR = "PDSm 3.1.1, pdsm-folder-comprehensive"
)

// setRules are about the submission set.
var setRules = []Rule{
	fixed("mhd-set-status", inBundle, PartSubmissionSet, "status", sourceSet+": status", "current"),
	fixed("mhd-set-mode", inBundle, PartSubmissionSet, "mode", sourceSet+": mode", "working"),
	extended("mhd-set-source-id", inBundle, PartSubmissionSet, extSourceID, "Identifier", 1, 1, sourceSet+": extension:ihe-sourceId 1..1"),
	{
		ID: "mhd-set-source-id-value", Levels: inBundle, Part: PartSubmissionSet, Source: "IHE ITI TF-3, 4.2.3.3.9: sourceId is an OID", Code: fault.Value, XDS: xdsMetadata,
		Text: "The extension ihe-sourceId holds an identifier with a value, the OID of the submitting system.",
		check: func(c *checking) {
			for _, x := range extensions(c.root, extSourceID) {
				if v := x.Child("value"); v != nil && v.ChildValue("value") == "" {
					c.at(v, "")
				}
			}
		},
	},
	extended("mhd-set-designation", complete, PartSubmissionSet, extDesignationType, "CodeableConcept", 1, 1, sourceSetFull+": extension:designationType 1..1"),
	activityRule("pdsm-set-activity"),
	absent("mhd-set-absent", inBundle, PartSubmissionSet, sourceSet+": 0..0", "encounter", "orderedBy", "emptyReason", "modifierExtension", "entry.flag", "entry.deleted", "entry.date"),
	required("mhd-set-date", inBundle, PartSubmissionSet, "date", sourceSet+": date 1..1"),
	required("mhd-set-subject", complete, PartSubmissionSet, "subject", sourceSetFull+": subject 1..1"),
	atMost("mhd-set-note", inBundle, PartSubmissionSet, "note", 1, sourceSet+": note 0..1"),
	inside("mhd-set-source-contained", contained, PartSubmissionSet, "source", "MHD 4.2.3, IHE.MHD.Comprehensive.SubmissionSet: source is contained"),
	required("pdsm-set-source", PDSm, PartSubmissionSet, "source", sourceSetPDSm+": source 1..1"),
	targets("pdsm-set-source-type", PDSm, PartSubmissionSet, "source", sourceSetPDSm+": source", "PractitionerRole", "Device", "Patient"),
	required("pdsm-set-contained", PDSm, PartSubmissionSet, "contained", sourceSetPDSm+": contained 1..*"),
	{
		ID: "mhd-set-author-org", Levels: inBundle, Part: PartSubmissionSet, Source: "MHD 4.2.3, ihe-authorOrg on List.source", Code: fault.Value, XDS: xdsMetadata,
		Text: "The extension ihe-authorOrg stands once on List.source and refers to an Organization, which is contained where the profile has sources contained.",
		check: func(c *checking) {
			if len(extensions(c.root, extAuthorOrg)) > 0 {
				c.missing(c.root, "extension('"+extAuthorOrg+"')", "")
			}
			source := c.root.Child("source")
			if source == nil {
				return
			}
			found := extensions(source, extAuthorOrg)
			for i, x := range found {
				v := x.Child("value")
				held := v != nil && c.s.containedOf(c.root, v) != nil
				typ := ""
				if v != nil {
					typ = c.s.typeOf(c.root, v)
				}
				if i > 0 || typ != "Organization" || c.s.level&contained != 0 && !held {
					c.at(x, "")
				}
			}
		},
	},
	{
		ID: "pdsm-set-recipient", Levels: PDSm, Part: PartSubmissionSet, Source: sourceSetPDSm + ": extension:PDSmintendedRecipient", Code: fault.Extension, XDS: xdsMetadata,
		Text: "A recipient is given by PDSm's own extension, pdsm-ext-intended-recipient, and refers to a contained Practitioner, PractitionerRole or Organization.",
		check: func(c *checking) {
			for _, x := range extensions(c.root, extRecipient) {
				c.at(x, "")
			}
			for _, x := range extensions(c.root, extRecipientPDSm) {
				v := x.Child("value")
				if v == nil || v.Type.Name != "Reference" || !slices.Contains([]string{"Practitioner", "PractitionerRole", "Organization"}, c.s.typeOf(c.root, v)) {
					c.at(x, "")
				}
			}
		},
	},
	archivedRule("pdsm-set-archived", PDSm, PartSubmissionSet),
	uniqueIDRule("mhd-set-unique-id", PartSubmissionSet, "urn:oid:"),
	entryUUIDRule("mhd-set-entry-uuid", PartSubmissionSet),
	targets("mhd-set-items", inBundle, PartSubmissionSet, "entry.item", sourceSet+": entry.item", "DocumentReference", "List"),
	{
		ID: "mhd-set-complete", Levels: inBundle, Part: PartSubmissionSet, Source: "IHE ITI TF-3, 4.2.2.1: the submission set has what is submitted", Code: fault.Required, XDS: xdsMetadata,
		Text: "The submission set has an entry for each DocumentReference and each Folder of the submission.",
		check: func(c *checking) {
			named := map[int]bool{}
			along(c.root, "entry.item", func(el *element.Element) {
				if e := c.s.target(c.e, el.ChildValue("reference")); e != nil {
					named[e.place] = true
				}
			})
			for i := range c.s.entries {
				if e := &c.s.entries[i]; (e.part == PartDocumentReference || e.part == PartFolder && e.in.Method == "POST") && !named[i] {
					c.report(e.path, "", false)
				}
			}
		},
	},
}

// folderRules are about folders (classeurs).
var folderRules = []Rule{
	fixed("mhd-folder-mode", inBundle, PartFolder, "mode", sourceFolder+": mode", "working"),
	fixed("mhd-folder-status", inBundle, PartFolder, "status", sourceFolder+": status", "current", "retired"),
	absent("mhd-folder-absent", inBundle, PartFolder, sourceFolder+": 0..0", "source", "encounter", "orderedBy", "emptyReason", "modifierExtension", "entry.flag", "entry.deleted", "entry.date"),
	required("mhd-folder-subject", complete, PartFolder, "subject", sourceFolderC+": subject 1..1"),
	required("mhd-folder-title", contained, PartFolder, "title", sourceFolderC+": title 1..1"),
	extended("mhd-folder-designation", Comprehensive, PartFolder, extDesignationType, "CodeableConcept", 1, 0, sourceFolderC+": extension:designationType 1..*"),
	extended("pdsm-folder-designation", PDSm, PartFolder, extDesignationType, "CodeableConcept", 1, 1, sourceFolderFR+": extension:designationType 1..1"),
	required("pdsm-folder-date", PDSm, PartFolder, "date", sourceFolderFR+": date 1..1"),
	required("pdsm-folder-entry", PDSm, PartFolder, "entry", sourceFolderFR+": entry 1..*"),
	targets("mhd-folder-items", inBundle, PartFolder, "entry.item", sourceFolder+": entry.item", "DocumentReference"),
	uniqueIDRule("mhd-folder-unique-id", PartFolder, ""),
	entryUUIDRule("mhd-folder-entry-uuid", PartFolder),
}

// archivedRule holds isArchived to one boolean.
func archivedRule(id string, levels Level, part Part) Rule {
	return extended(id, levels, part, extArchived, "boolean", 0, 1, "PDSm 3.1.1, pdsm-ext-is-archived: valueBoolean 1..1")
}

// uniqueIDRule judges the identifiers that MHD 4.2.3 tells by use=usual, and later versions by type: unique ids.
func uniqueIDRule(id string, part Part, prefix string) Rule {
	text := "A unique id (identifier with use usual) has a system and a value."
	if prefix != "" {
		text = "A unique id (identifier with use usual) has the system " + systemURI + " and a value that begins with " + prefix + "."
	}
	return Rule{
		ID: id, Levels: inBundle, Part: part, Source: "MHD 4.2.3, IHE.MHD.UniqueIdIdentifier", Code: fault.Value, XDS: xdsMetadata, Text: text,
		check: func(c *checking) {
			for identifier := range c.root.Children("identifier") {
				if !isUniqueID(identifier) {
					continue
				}
				system, value := identifier.ChildValue("system"), identifier.ChildValue("value")
				if system == "" || value == "" || prefix != "" && (system != systemURI || !strings.HasPrefix(value, prefix)) {
					c.at(identifier, "")
				}
			}
		},
	}
}

// entryUUIDRule judges the identifiers that are told by use=official: entryUUIDs.
func entryUUIDRule(id string, part Part) Rule {
	return Rule{
		ID: id, Levels: inBundle, Part: part, Source: "MHD 4.2.3, IHE.MHD.EntryUUID.Identifier", Code: fault.Value, XDS: xdsMetadata,
		Text: "An entryUUID (identifier with use official) has the system " + systemURI + " and a value that begins with urn:uuid:.",
		check: func(c *checking) {
			for identifier := range c.root.Children("identifier") {
				if isEntryUUID(identifier) && (identifier.ChildValue("system") != systemURI || !strings.HasPrefix(identifier.ChildValue("value"), "urn:uuid:")) {
					c.at(identifier, "")
				}
			}
		},
	}
}

const systemIdentifierType = mhdBase + "/CodeSystem/IHE.MHD.MHDIdentifierType"

func isUniqueID(identifier *element.Element) bool { return isOfUse(identifier, "usual", "uniqueId") }
func isEntryUUID(identifier *element.Element) bool {
	return isOfUse(identifier, "official", "entryUUID")
}

// isOfUse tells identifiers as both versions of MHD do.
func isOfUse(identifier *element.Element, use, code string) bool {
	if identifier.ChildValue("use") == use {
		return true
	}
	is := false
	along(identifier, "type.coding", func(c *element.Element) {
		is = is || c.ChildValue("system") == systemIdentifierType && c.ChildValue("code") == code
	})
	return is
}
