package element

import (
	"strings"
)

// The rules of the narrative (http://hl7.org/fhir/R4/narrative.html, invariants txt-1 and txt-2): a div of XHTML with the
// elements and attributes listed in txt-1 of the Narrative definition, without scripts, and with some content.
// Beyond them CDATA sections, processing instructions and two forms of comments are refused: an HTML parser, which is
// what shows a narrative in the end, reads them otherwise than XML does, and that is a way to smuggle a script in.

// checkNarrative reports what is wrong with a narrative's markup. After a syntax fault it stops.
func checkNarrative(markup string, report func(text string)) {
	x := xmlScanner{src: markup, maxDepth: maxNarrativeDepth, open: make([]openTag, 0, 8), attrs: make([]xmlAttr, 0, 4), bindings: make([]binding, 0, 1)}
	n := narrative{x: &x, report: report}
	for x.next() {
		if x.kind == xmlEOF {
			if !n.filled {
				report("The narrative must have some text or an image (txt-2).")
			}
			return
		}
		n.token(len(x.open))
	}
	report("The narrative is not well-formed XHTML: " + x.fail.text)
}

const maxNarrativeDepth = 128

// narrative checks the tokens of one div.
type narrative struct {
	x      *xmlScanner
	report func(string)
	filled bool
	said   map[string]bool
}

// once reports a text only the first time: a table with a thousand wrong cells is one fault to correct.
func (n *narrative) once(text string) {
	if n.said[text] {
		return
	}
	if n.said == nil {
		n.said = map[string]bool{}
	}
	n.said[text] = true
	n.report(text)
}

// token checks the token just read; depth is the number of open elements of the div, itself included.
func (n *narrative) token(depth int) {
	x := n.x
	switch x.kind {
	case xmlStart:
		if depth == 1 && x.tag.local != "div" {
			n.once("The narrative must be a div.")
		}
		n.tag()
	case xmlText:
		if x.cdata {
			n.once("CDATA sections are not allowed in the narrative.")
		}
		n.filled = n.filled || !blank(x.text)
	case xmlComment:
		if strings.HasPrefix(x.text, ">") || strings.HasPrefix(x.text, "->") {
			n.once("A comment in the narrative must not begin with > or ->.")
		}
	case xmlInstruction:
		n.once("Processing instructions are not allowed in the narrative.")
	}
}

func (n *narrative) tag() {
	x := n.x
	if x.tag.space != xhtmlNamespace {
		n.once("All elements of the narrative must be in the namespace http://www.w3.org/1999/xhtml.")
	}
	if !narrativeElement(x.tag.local) {
		n.once("The element " + sayName(x.tag.local) + " is not allowed in the narrative (txt-1).")
	}
	for _, a := range x.attrs {
		switch {
		case a.space == xmlNamespace:
			if a.local != "lang" && a.local != "space" && a.local != "id" {
				n.once("The attribute xml:" + a.local + " is not allowed in the narrative (txt-1).")
			}
		case a.space != "" || !narrativeAttribute(a.local):
			n.once("The attribute " + sayName(a.local) + " is not allowed in the narrative (txt-1).")
		case a.local == "src" && x.tag.local == "img":
			n.filled = true
			fallthrough
		case a.local == "src" || a.local == "href" || a.local == "cite" || a.local == "longdesc":
			if active(unescapeXML(a.value, true), a.local == "src") {
				n.once("The attribute '" + a.local + "' must not hold a script (txt-1).")
			}
		}
	}
}

// active says whether a browser may run the address as a program. Browsers skip control characters and spaces in a scheme.
func active(address string, image bool) bool {
	scheme := make([]byte, 0, 16)
	for i := 0; i < len(address) && len(scheme) < cap(scheme); i++ {
		c := address[i]
		if c == ':' {
			break
		}
		if c > ' ' && c != 0x7F {
			scheme = append(scheme, c|0x20)
		}
	}
	switch string(scheme) {
	case "javascript", "vbscript", "livescript":
		return true
	case "data":
		_, kind, _ := strings.Cut(address, ":")
		kind = strings.TrimLeft(kind, " \t\r\n") // as browsers do, and some narratives of HL7 need
		return !image || len(kind) < 6 || !strings.EqualFold(kind[:6], "image/")
	}
	return false
}

// narrativeElement lists the elements of txt-1, with the others of the HTML 4.0 chapters that it cites (address, bdo, kbd).
func narrativeElement(name string) bool {
	switch name {
	case "a", "abbr", "acronym", "address", "b", "bdo", "big", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd",
		"dfn", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "q",
		"samp", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "ul", "var":
		return true
	}
	return false
}

// narrativeAttribute lists the attributes of txt-1.
func narrativeAttribute(name string) bool {
	switch name {
	case "abbr", "accesskey", "align", "alt", "axis", "bgcolor", "border", "cellhalign", "cellpadding", "cellspacing", "cellvalign",
		"char", "charoff", "charset", "cite", "class", "colspan", "compact", "coords", "dir", "frame", "headers", "height", "href",
		"hreflang", "hspace", "id", "lang", "longdesc", "name", "nowrap", "rel", "rev", "rowspan", "rules", "scope", "shape", "span",
		"src", "start", "style", "summary", "tabindex", "title", "type", "valign", "value", "vspace", "width":
		return true
	}
	return false
}
