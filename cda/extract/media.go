package extract

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// media maps a picture or film to Media, and another file to a DocumentReference.
func (x *extractor) media(el *etree.Element, s scope) {
	value := cda.Child(el, "value")
	mediaType := strings.ToLower(token(cda.Attr(value, "mediaType")))
	data := strings.Join(strings.Fields(cda.RawText(value)), "")
	if value == nil || cda.Attr(value, "representation") != "B64" || data == "" || !base64Like(data) {
		x.narrativeOnly(el, "no embedded file")
		return
	}
	attachment := object{{"contentType", firstOf(mediaType, "application/octet-stream")}, {"data", data}}
	if strings.HasPrefix(mediaType, "image/") || strings.HasPrefix(mediaType, "video/") {
		var o object
		o.set("identifier", x.identifiers(el))
		o.set("status", "completed")
		o.set("subject", reference(x.o.Subject))
		when(&o, "created", el, s)
		o.set("content", attachment)
		x.put("Media", el, "", o)
		return
	}
	x.fate(el, OfDocument, "") // a file within the document, no resource of its own: a DocumentReference would be a document of the record
}

func base64Like(s string) bool {
	if len(s)%4 != 0 {
		return false
	}
	body := strings.TrimRight(s, "=")
	if len(s)-len(body) > 2 {
		return false
	}
	for i := range len(body) {
		c := body[i]
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			continue
		}
		return false
	}
	return true
}

// attached maps an attached document (CI-SIS "Document attaché"): the PDF copy of the whole is already in the document, so it stays there; the statement is its wrapper.
func (x *extractor) attached(el *etree.Element, s scope) {
	x.fate(el, OfDocument, "")
	for _, c := range children(el) {
		if c.act.Tag == "observationMedia" && strings.HasPrefix(strings.ToLower(cda.Attr(cda.Child(c.act, "value"), "mediaType")), "image/") {
			x.act(c.act, s)
			continue
		}
		x.fate(c.act, OfDocument, "")
	}
}

// external cites documents elsewhere. A DocumentReference of them would be a document of the record, which they need not be.
func (x *extractor) external(el *etree.Element, _ scope) {
	x.narrativeOnly(el, "cites a document that is not of this record's making")
}

// directive maps an advance directive to a Consent of scope adr.
func (x *extractor) directive(el *etree.Element, s scope) {
	if s.subject != nil || negated(el) {
		x.narrativeOnly(el, "a directive that is denied or of somebody else")
		return
	}
	code := x.concept(cda.ReadCD(cda.Child(el, "code")))
	if code == nil {
		x.narrativeOnly(el, "a directive without a code or words")
		return
	}
	var o object
	o.set("identifier", x.identifiers(el))
	o.set("status", "active")
	o.set("scope", object{{"coding", list{codingOf(Coding{hl7 + "consentscope", "adr", ""})}}})
	o.set("category", list{object{{"coding", list{codingOf(Coding{hl7 + "consentcategorycodes", "acd", ""})}}}})
	o.set("patient", reference(x.o.Subject))
	start, _ := ends(el)
	o.set("dateTime", start)
	o.set("policyRule", object{{"text", firstOf(textIn(code), "directive")}})
	provision := object{}
	switch cda.Attr(cda.Child(el, "value"), "value") {
	case "true":
		provision.set("type", "permit")
	case "false":
		provision.set("type", "deny")
	}
	provision.set("period", asPeriod(cda.ReadIVLTS(cda.Child(el, "effectiveTime"))))
	provision.add("code", code)
	o.set("provision", provision)
	for _, c := range children(el) {
		if c.act.Tag != "observationMedia" {
			continue
		}
		value := cda.Child(c.act, "value")
		data := strings.Join(strings.Fields(cda.RawText(value)), "")
		if cda.Attr(value, "representation") == "B64" && data != "" && base64Like(data) && !o.has("sourceAttachment") {
			x.part(c.act)
			o.set("sourceAttachment", object{{"contentType", firstOf(token(cda.Attr(value, "mediaType")), "application/octet-stream")}, {"data", data}})
		}
	}
	x.put("Consent", el, "", o)
	for _, c := range children(el) {
		if x.isFamily(c.act, famComment) {
			x.narrativeOnly(c.act, "R4 consents have no note")
		}
	}
}
