package element

import (
	"math"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// ParseXML reads one resource in the XML format (http://hl7.org/fhir/R4/xml.html), as strictly as ParseJSON and with the same
// refusals. Elements must come in the order of their definition. Comments, processing instructions and
// xsi:schemaLocation are skipped; a document type declaration is refused.
func ParseXML(defs *spec.Definitions, src []byte, opts Options) (*Resource, error) {
	opts = opts.withDefaults()
	b := xmlBuilder{defs: defs, opts: opts}
	b.src = trimBOM(opts.text(src))
	b.report.src = b.src
	b.maxDepth = 2*opts.MaxDepth + maxNarrativeDepth
	switch {
	case len(b.src) > maxSource:
		b.report.fail(&syntaxFault{text: "The content is larger than the server can read at once.", limit: true})
	case !utf8.ValidString(b.src):
		b.report.fail(&syntaxFault{offset: invalidUTF8(b.src), text: "The content is not valid UTF-8."})
	default:
		b.arena.grow(len(b.src)/40 + 8)
		b.document()
	}
	refused := b.entries.settle(&b.report, opts, b.root)
	if err := b.report.fault(); err != nil {
		return nil, opts.judged(err, b.root)
	}
	return &Resource{Root: b.root, Warnings: b.report.issues(), Refused: refused}, nil
}

// xmlBuilder makes a tree while it reads.
type xmlBuilder struct {
	xmlScanner
	report  report
	entries apart
	defs    *spec.Definitions
	opts    Options
	arena   arena
	root    *Element
	count   int
	level   int
}

// advance reads the next token that is not a comment or a processing instruction; false ends the reading.
func (b *xmlBuilder) advance() bool {
	if b.report.full() {
		return false
	}
	b.lowest = math.MaxInt
	for b.next() {
		if b.kind != xmlComment && b.kind != xmlInstruction {
			return true
		}
		b.lowest = math.MaxInt
	}
	return false
}

// stopped says that the reading ends here: the text is broken, or there is no use in more faults.
func (b *xmlBuilder) stopped() bool { return b.fail != nil || b.report.full() }

func (b *xmlBuilder) document() {
	for b.advance() && b.kind != xmlEOF {
		if b.kind == xmlStart {
			b.rootElement()
		}
	}
	if b.fail != nil {
		b.report = report{src: b.src} // what was found on the way is no use while the text cannot be read
		b.report.fail(b.fail)
	}
}

func (b *xmlBuilder) rootElement() {
	if b.tag.space != fhirNamespace {
		b.problem(fault.Structure, b.start, nil, "", "The root element must be in the namespace "+fhirNamespace+".")
		b.skip()
		return
	}
	t := b.defs.Types[b.tag.local]
	if t == nil || t.Kind != spec.Resource || t.Abstract {
		b.problem(fault.Structure, b.start, nil, "", unknownType("The root element", b.tag.local))
		b.skip()
		return
	}
	if b.opts.ExpectType != "" && t.Name != b.opts.ExpectType {
		b.problem(fault.Invalid, b.start, nil, "", "The content is of type "+t.Name+"; expected is "+b.opts.ExpectType+".")
	}
	b.root = b.create(nil, t.Name, t, nil, b.start)
	b.content(b.root)
}

func (b *xmlBuilder) create(parent *Element, name string, t *spec.Type, def *spec.Element, offset int) *Element {
	if b.count++; b.count > b.opts.MaxElements {
		b.failAt(offset, "The content holds more elements than the server accepts.")
		b.fail.limit = true
	}
	return b.arena.create(parent, name, t, def, offset)
}

func (b *xmlBuilder) problem(code fault.Code, offset int, e *Element, step, text string) {
	b.report.add(fault.Error, code, offset, e, step, text)
}

func (b *xmlBuilder) doubt(code fault.Code, offset int, e *Element, step, text string) {
	severity := fault.Error
	if b.opts.Lenient {
		severity = fault.Warning
	}
	b.report.add(severity, code, offset, e, step, text)
}

// skip passes over the content of the element whose start tag was just read.
func (b *xmlBuilder) skip() {
	for depth := len(b.open); !b.stopped() && b.advance(); {
		if b.kind == xmlEnd && len(b.open) < depth {
			return
		}
	}
}

// content reads an element from behind its start tag to its end tag.
func (b *xmlBuilder) content(e *Element) {
	if b.level++; b.level > b.opts.MaxDepth {
		b.report.tooBig = true
		b.problem(fault.TooLong, b.start, e, "", "The content nests deeper than the server accepts.")
		b.skip()
		b.level--
		return
	}
	b.attributes(e)
	position, texted := 0, false
	for !b.stopped() && b.advance() {
		switch b.kind {
		case xmlStart:
			position = b.child(e, position)
			continue
		case xmlText:
			if !blank(b.text) && !texted {
				texted = true
				b.problem(fault.Structure, b.start, e, "", "Text is not allowed here: the value of a primitive element is its attribute 'value'.")
			}
			continue
		}
		break
	}
	b.level--
	if b.stopped() {
		return
	}
	if e.First == nil && !e.HasValue && !e.IsResource() {
		b.problem(fault.Structure, e.Offset, e, "", "An element must not be empty: it has a value or content.")
		return
	}
	if !b.opts.Trusted {
		completeness(e, func(code fault.Code, step, text string) { b.doubt(code, e.Offset, e, step, text) })
	}
}

// attributes reads the attributes of a start tag: value, and the elements that are attributes in XML (id, url).
func (b *xmlBuilder) attributes(e *Element) {
	for _, a := range b.attrs {
		p, ok := e.Type.Property(a.local)
		switch {
		case a.space == xsiNamespace && a.local == "schemaLocation" && e.Parent == nil:
			continue
		case a.space != "":
		case a.local == "value" && e.IsPrimitive():
			b.value(e, a)
			continue
		case ok && p.Element.XMLAttribute:
			b.value(b.create(e, p.Element.Name, p.Type, p.Element, a.offset), a)
			continue
		}
		b.doubt(fault.Structure, a.offset, e, a.local, e.Type.Name+" has no attribute "+sayName(a.local)+".")
	}
}

func (b *xmlBuilder) value(e *Element, a xmlAttr) {
	e.Value, e.HasValue = unescapeXML(a.value, true), true
	if b.opts.Trusted {
		return
	}
	text := "An attribute must not be empty."
	if e.Value != "" {
		text = valueFault(e)
	}
	if text != "" {
		b.doubt(fault.Value, a.offset, e, "", text)
	}
}

// child reads one child element. position is the place of the last one in the definition; the new one's is given back.
func (b *xmlBuilder) child(e *Element, position int) int {
	local := b.tag.local
	p, ok := e.Type.Property(local)
	wanted := fhirNamespace
	if ok && p.Type.Name == "xhtml" {
		wanted = xhtmlNamespace
	}
	switch {
	case !ok || p.Element.XMLAttribute:
		text := e.Type.Name + " has no element " + sayName(local) + "."
		if ok {
			text = "In XML '" + local + "' is an attribute."
		} else if choiceWithoutType(e.Type, local) {
			text = "The choice " + local + "[x] is written with its type behind the name."
		}
		b.doubt(fault.Structure, b.start, e, local, text)
		b.skip()
		return position
	case b.tag.space != wanted:
		b.problem(fault.Structure, b.start, e, local, "The element must be in the namespace "+wanted+".")
		b.skip()
		return position
	}
	place := b.place(e, p, position)
	c := b.create(e, p.Element.Name, p.Type, p.Element, b.start)
	switch {
	case p.Type.Name == "xhtml":
		b.div(c)
	case p.Type.Kind == spec.Resource && b.opts.Apart && isEntryResource(c):
		b.wrappedApart(c)
	case p.Type.Kind == spec.Resource:
		b.wrapped(c)
	default:
		b.content(c)
	}
	return place
}

// place checks that the child may stand here: in order, once unless it repeats, one choice only.
func (b *xmlBuilder) place(e *Element, p spec.Property, position int) int {
	d := p.Element
	if d.Max == 1 {
		if other := e.Child(d.Name); other != nil {
			text := "The element does not repeat."
			if other.Type != p.Type {
				text = "There are two values for the choice " + d.Name + "[x]: as " + other.Type.Name + " and as " + p.Type.Name + "."
			}
			b.problem(fault.Structure, b.start, e, d.Name, text)
			return position
		}
	}
	for i := position; i < len(e.Type.Elements); i++ {
		if e.Type.Elements[i] == d {
			return i
		}
	}
	text := "The element " + label(d) + " is out of order: elements come in the order of the definition"
	if position < len(e.Type.Elements) {
		text += ", and " + label(e.Type.Elements[position]) + " comes behind it"
	}
	b.problem(fault.Structure, b.start, e, d.Name, text+".")
	return position
}

// wrappedApart is wrapped with a report of its own. Where that one is full the reading stopped within the resource; the rest of it is passed over.
func (b *xmlBuilder) wrappedApart(c *Element) {
	outer, depth := b.report, len(b.open)
	b.report = b.entries.open(b.src)
	b.wrapped(c)
	b.report = b.entries.take(c, outer, b.report)
	for b.fail == nil && len(b.open) >= depth && b.next() {
	}
}

// wrapped reads the resource inside of contained, entry.resource and the like.
func (b *xmlBuilder) wrapped(c *Element) {
	for _, a := range b.attrs {
		b.doubt(fault.Structure, a.offset, c, "", "The attribute "+sayName(a.local)+" is not allowed here.")
	}
	found := false
	for !b.stopped() && b.advance() {
		if b.kind == xmlEnd {
			break
		}
		if b.kind == xmlText {
			if !blank(b.text) {
				b.problem(fault.Structure, b.start, c, "", "Text is not allowed here; a resource is expected.")
			}
			continue
		}
		t := b.defs.Types[b.tag.local]
		switch {
		case found:
			b.problem(fault.Structure, b.start, c, "", "There must be one resource only in the element.")
			b.skip()
		case b.tag.space != fhirNamespace || t == nil || t.Kind != spec.Resource || t.Abstract:
			b.problem(fault.Structure, b.start, c, "", unknownType("The element", b.tag.local))
			b.skip()
		default:
			c.Type = t
			b.content(c)
		}
		found = true
	}
	if !found && !b.stopped() {
		b.problem(fault.Structure, c.Offset, c, "", "A resource is expected in the element.")
	}
}

// div reads a narrative. Its markup is kept as it stands in the source, provided that it can stand alone.
func (b *xmlBuilder) div(c *Element) {
	start, depth := b.start, len(b.open)
	outside := b.open[depth-1].bindings
	alone := b.lowest >= outside
	n := narrative{x: &b.xmlScanner, report: func(text string) {
		if !b.opts.Trusted {
			b.doubt(fault.Invariant, c.Offset, c, "", text)
		}
	}}
	bindings := append([]binding(nil), b.bindings[:outside]...)
	for ok := true; ok; ok = b.next() {
		if b.kind == xmlEnd && len(b.open) < depth {
			break
		}
		n.token(len(b.open) - depth + 1)
		alone = alone && b.lowest >= outside
		b.lowest = math.MaxInt
	}
	if b.stopped() {
		return
	}
	if !n.filled {
		n.once("The narrative must have some text or an image (txt-2).")
	}
	c.Value, c.HasValue = b.src[start:b.pos], true
	if !alone {
		c.Value = standalone(c.Value, bindings)
	}
}
