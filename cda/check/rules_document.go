package check

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// documentRules are those of the document as such: ClinicalDocument and its own elements.
func documentRules() []Rule {
	return []Rule{
		{"realmcode-once", cda.Error, "", "realmCode stands exactly once", has("realmCode", 1, 1)},
		{"realmcode-value", cda.Error, "realmCode", "it must be FR", attr("code", false, "FR")},
		{"typeid-value", cda.Error, "typeId", "it must be POCD_HD000040 (CDA R2)", attr("extension", false, "POCD_HD000040")},
		{"template-root", cda.Error, "templateId", "each templateId has a root", attr("root", false)},
		{"template-france", cda.Error, "", "templateId 2.16.840.1.113883.2.8.2.1 (HL7 France) stands exactly once", template(vocabulary.TemplateFrance)},
		{"template-cisis", cda.Error, "", "templateId 1.2.250.1.213.1.1.1.1 (CI-SIS) stands exactly once", template(vocabulary.TemplateCISIS)},
		{"template-model", cda.Error, "", "beside the two general ones an N3 document has the templateId of its model", modelTemplate},
		{"template-n1", cda.Error, "", "an N1 document has exactly three templateIds: HL7 France, CI-SIS and 1.3.6.1.4.1.19376.1.2.20 (IHE XDS-SD)", n1Templates},
		{"template-n3", cda.Warning, "", "1.3.6.1.4.1.19376.1.2.20 (IHE XDS-SD) is the templateId of N1 documents", n3Templates},
		{"id-root", cda.Error, "id", "the id of the document has a root, an OID or a UUID, and no null flavor", all(notNull, attr("root", false))},
		{"code-complete", cda.Error, "code", "the type of the document has @code, @codeSystem and @displayName, and no null flavor", all(notNull, complete)},
		{"code-set", cda.Error, "code", "it must be in JDV_J07 (types of documents)", in(vocabulary.DocumentType)},
		{"title-present", cda.Error, "", "title stands exactly once", has("title", 1, 1)},
		{"title-text", cda.Error, "title", "the title is a text that is not empty, and has no null flavor", all(notNull, notEmpty)},
		{"effectivetime-value", cda.Error, "effectiveTime", "the time of creation has a @value and no null flavor", all(notNull, attr("value", false))},
		{"effectivetime-precision", cda.Warning, "effectiveTime", "the time of creation is written to the minute, with its zone", toTheMinute},
		{"confidentiality-complete", cda.Error, "confidentialityCode", "the confidentiality has @code, @codeSystem and @displayName, and no null flavor", all(notNull, complete)},
		{"confidentiality-set", cda.Error, "confidentialityCode", "it must be in JDV_HL7_Confidentiality (U, L, M, N, R, V)", in(vocabulary.HL7Confidentiality)},
		{"confidentiality-metadata", cda.Warning, "confidentialityCode", "a record takes N, R and V only (JDV_J08)", confidentialityOfMetadata},
		{"language-present", cda.Error, "", "languageCode stands exactly once", has("languageCode", 1, 1)},
		{"language-form", cda.Error, "languageCode", "it is written as fr-FR: two small letters, a hyphen, two capital letters", languageForm},
		{"setid-present", cda.Error, "", "setId stands exactly once", has("setId", 1, 1)},
		{"setid-root", cda.Error, "setId", "the identifier of the series of versions has a root and no null flavor", all(notNull, attr("root", false))},
		{"version-present", cda.Error, "", "versionNumber stands exactly once", has("versionNumber", 1, 1)},
		{"version-value", cda.Error, "versionNumber", "the version has a @value, an integer from 1, and no null flavor", all(notNull, attr("value", false), fromOne)},
		{"copytime-obsolete", cda.Warning, "", "copyTime is obsolete and not to be used", has("copyTime", 0, 0)},
		{"relateddocument-once", cda.Error, "", "a document replaces at most one other: one relatedDocument of typeCode RPLC", oneReplaced},
		{"relateddocument-type", cda.Warning, "relatedDocument", "it must be RPLC", attr("typeCode", false, "RPLC")},
		{"relateddocument-id-once", cda.Error, "relatedDocument/parentDocument", "parentDocument has exactly one id", has("id", 1, 1)},
		{"relateddocument-id", cda.Error, "relatedDocument/parentDocument/id", "the id of the document that is replaced has a root and no null flavor", all(notNull, attr("root", false))},
		{"relateddocument-self", cda.Error, "relatedDocument/parentDocument/id", "a document cannot replace itself", notSelf},
		{"order-id-once", cda.Error, "inFulfillmentOf/order", "order has exactly one id", has("id", 1, 1)},
		{"order-id", cda.Error, "inFulfillmentOf/order/id", "the id of an order has a root, or a null flavor", attr("root", true)},
		{"consent-code", cda.Error, "authorization/consent", "consent has a code", has("code", 1, 1)},
		{"consent-status", cda.Error, "authorization/consent/statusCode", "it must be completed", attr("code", false, "completed")},
	}
}

func template(root string) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		n := 0
		for id := range cda.Children(el, "templateId") {
			if cda.Attr(id, "root") == root {
				n++
			}
		}
		if n != 1 {
			c.report(r, el, "templateId", "it stands %d times; %s", n, r.Allowed)
		}
	}
}

// models counts the template ids beside the two general ones, and those of XDS-SD among them.
func models(el *etree.Element) (n, xdsSD int) {
	for id := range cda.Children(el, "templateId") {
		switch cda.Attr(id, "root") {
		case vocabulary.TemplateFrance, vocabulary.TemplateCISIS, "":
		case vocabulary.TemplateN1:
			xdsSD++
			n++
		default:
			n++
		}
	}
	return n, xdsSD
}

func modelTemplate(c *checker, r *Rule, el *etree.Element) {
	if n, _ := models(el); n == 0 && c.level != cda.N1 {
		c.report(r, el, "templateId", "there is none; %s", r.Allowed)
	}
}

func n1Templates(c *checker, r *Rule, el *etree.Element) {
	if n, xdsSD := models(el); c.level == cda.N1 && (n != 1 || xdsSD != 1) {
		c.report(r, el, "templateId", "beside the two general ones there are %d, %d of them of XDS-SD; %s", n, xdsSD, r.Allowed)
	}
}

func n3Templates(c *checker, r *Rule, el *etree.Element) {
	if _, xdsSD := models(el); c.level == cda.N3 && xdsSD > 0 {
		c.report(r, el, "templateId", "this N3 document has it; %s", r.Allowed)
	}
}

func notEmpty(c *checker, r *Rule, el *etree.Element) {
	if strings.TrimSpace(cda.RawText(el)) == "" {
		c.report(r, el, "", "%s is empty; %s", el.Tag, r.Allowed)
	}
}

func confidentialityOfMetadata(c *checker, r *Rule, el *etree.Element) {
	code, system := cda.Attr(el, "code"), cda.Attr(el, "codeSystem")
	if c.v.Contains(vocabulary.HL7Confidentiality, code, system) && !c.v.Contains(vocabulary.MetadataConfidentiality, code, system) {
		c.report(r, el, "@code", "confidentialityCode is %s; %s", quoted(code), r.Allowed)
	}
}

func languageForm(c *checker, r *Rule, el *etree.Element) {
	v := cda.Attr(el, "code")
	small := func(b byte) bool { return b >= 'a' && b <= 'z' }
	capital := func(b byte) bool { return b >= 'A' && b <= 'Z' }
	if len(v) != 5 || !small(v[0]) || !small(v[1]) || v[2] != '-' || !capital(v[3]) || !capital(v[4]) {
		c.report(r, el, "@code", "languageCode is %s; %s", quoted(v), r.Allowed)
	}
}

func fromOne(c *checker, r *Rule, el *etree.Element) {
	if v := trim(cda.Attr(el, "value")); isInteger(v) && (v[0] == '-' || strings.Trim(v, "+0") == "") {
		c.report(r, el, "@value", "versionNumber is %s; %s", quoted(v), r.Allowed)
	}
}

func oneReplaced(c *checker, r *Rule, el *etree.Element) {
	n := 0
	for related := range cda.Children(el, "relatedDocument") {
		if cda.Attr(related, "typeCode") != "RPLC" {
			continue
		}
		if n++; n > 1 {
			c.report(r, related, "", "there is another one; %s", r.Allowed)
			return
		}
	}
}

func notSelf(c *checker, r *Rule, el *etree.Element) {
	id := c.d.Header.ID
	if root := cda.Attr(el, "root"); root != "" && strings.EqualFold(root, id.Root) && cda.Attr(el, "extension") == id.Extension {
		c.report(r, el, "@root", "parentDocument has the id of this document; %s", r.Allowed)
	}
}

// toTheMinute wants 12 digits and a zone; what is no time at all is the structure's to say.
func toTheMinute(c *checker, r *Rule, el *etree.Element) {
	v := cda.Attr(el, "value")
	n := 0
	for n < len(v) && isDigit(v[n]) {
		n++
	}
	if v != "" && isTS(v) && (n < 12 || !strings.ContainsAny(v, "+-")) {
		c.report(r, el, "@value", "%s has less; %s", el.Tag, r.Allowed)
	}
}
