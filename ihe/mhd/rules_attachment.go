package mhd

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// attachmentRules are about how a DocumentReference describes its document.
var attachmentRules = []Rule{
	required("mhd-att-content-type", anyLevel, PartDocumentReference, "content.attachment.contentType", sourceDR+": content.attachment.contentType 1..1"),
	required("mhd-att-language", complete, PartDocumentReference, "content.attachment.language", sourceDRFull+": content.attachment.language 1..1"),
	absent("mhd-att-data", inBundle, PartDocumentReference, sourceDR+": content.attachment.data 0..0", "content.attachment.data"),
	required("mhd-att-url", inBundle, PartDocumentReference, "content.attachment.url", sourceDR+": content.attachment.url 1..1"),
	required("mhd-publish-data", published, PartDocumentReference, "content.attachment.data", sourcePublish+": content.attachment.data 1..1"),
	absent("mhd-publish-url", published, PartDocumentReference, sourcePublish+": content.attachment.url 0..0", "content.attachment.url"),
	required("pdsm-att-size", PDSm, PartDocumentReference, "content.attachment.size", sourceDRPDSm+": content.attachment.size 1..1"),
	required("pdsm-att-hash", PDSm, PartDocumentReference, "content.attachment.hash", sourceDRPDSm+": content.attachment.hash 1..1"),
	required("pdsm-att-title", PDSm|SimplifiedPDSm, PartDocumentReference, "content.attachment.title", sourceDRPDSm+": content.attachment.title 1..1"),
	required("mhd-att-creation", complete, PartDocumentReference, "content.attachment.creation", sourceDRFull+": content.attachment.creation 1..1"),
	required("mhd-dr-format", complete, PartDocumentReference, "content.format", sourceDRFull+": content.format 1..1"),
	{
		ID: "mhd-att-binary", Levels: inBundle, Part: PartDocumentReference, Source: sourceITI65 + ": the document is in the Bundle", Code: fault.NotFound, XDS: xdsMissingDocument,
		Text: "The attachment's URL names no Binary of the Bundle.",
		check: func(c *checking) {
			along(c.root, "content.attachment.url", func(url *element.Element) {
				target := c.s.target(c.e, url.Value)
				switch {
				case target != nil && target.part == PartBinary:
				case target == nil && strings.HasPrefix(url.Value, "urn:"):
					// mhd-entry-references tells it
				case target == nil && c.s.level != PDSm && strings.Contains(url.Value, "://"):
					c.warnAt(url, "The document is kept elsewhere: this server neither fetched it nor compared its size and hash.")
				default:
					c.at(url, "")
				}
			})
		},
	},
	{
		ID: "mhd-binary-described", Levels: inBundle, Part: PartBinary, Source: "IHE ITI TF-3, table 4.2.4.1-2", Code: fault.BusinessRule, XDS: xdsMissingMetadata,
		Text: "The Binary is the document of no DocumentReference of the submission, or of several.",
		check: func(c *checking) {
			n := 0
			for e := range c.s.of(PartDocumentReference) {
				along(e.root, "content.attachment.url", func(url *element.Element) {
					if t := c.s.target(e, url.Value); t != nil && t.place == c.e.place {
						n++
					}
				})
			}
			if n != 1 {
				c.at(c.root, "")
			}
		},
	},
	{
		ID: "mhd-binary-type", Levels: inBundle, Part: PartBinary, Source: "FHIR R4, binary.html; " + sourceITI65, Code: fault.Value, XDS: xdsRepository,
		Text: "The Binary's contentType is that of the attachment that describes it.",
		check: func(c *checking) {
			for e := range c.s.of(PartDocumentReference) {
				along(e.root, "content.attachment", func(a *element.Element) {
					t := c.s.target(e, a.ChildValue("url"))
					if t != nil && t.place == c.e.place && !sameMedia(a.ChildValue("contentType"), c.root.ChildValue("contentType")) {
						c.missing(c.root, "contentType", "")
					}
				})
			}
		},
	},
}

// sameMedia compares media types without their parameters; application/xml and text/xml are one (RFC 7303, 9.2).
func sameMedia(a, b string) bool { return mediaKey(a) == mediaKey(b) }

func mediaKey(s string) string {
	s, _, _ = strings.Cut(s, ";")
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "application/xml" {
		return "text/xml"
	}
	return s
}
