package element

import (
	"strings"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// ParseJSON reads one resource in the JSON format (http://hl7.org/fhir/R4/json.html). What R4 does not allow is refused
// with a *fault.Fault that names every fault: 400 when the text is not JSON (or repeats a member, or is not UTF-8),
// 413 when it exceeds the limits, 422 when it is JSON but not the resource that the definitions describe.
// src is copied; the caller may reuse it.
func ParseJSON(defs *spec.Definitions, src []byte, opts Options) (*Resource, error) {
	opts = opts.withDefaults()
	b := builder{defs: defs, opts: opts}
	b.src, b.report.shift = trimBOM(string(src))
	b.report.src = b.src
	if !b.readable() {
		return nil, b.report.fault()
	}
	root := b.root()
	if err := b.report.fault(); err != nil {
		return nil, err
	}
	r := &Resource{Root: root, Warnings: b.report.issues()}
	if !b.dropped {
		// Where lenient reading left elements out, what is stored is encoded from the tree instead.
		r.src, r.tape, r.spaced = b.src, b.tape, b.spaced
	}
	return r, nil
}

// trimBOM drops a byte order mark, as RFC 8259 section 8.1 lets a reader do.
func trimBOM(s string) (string, int) {
	t := strings.TrimPrefix(s, "\uFEFF")
	return t, len(s) - len(t)
}

// builder makes the tree of a tape.
type builder struct {
	scanner
	report  report
	defs    *spec.Definitions
	opts    Options
	arena   arena
	level   int
	dropped bool
}

// readable makes the tape. Its faults end the reading.
func (b *builder) readable() bool {
	if len(b.src) > maxSource {
		b.report.fail(&syntaxFault{text: "The content is larger than the server can read at once.", limit: true})
		return false
	}
	if !b.opts.Trusted && !utf8.ValidString(b.src) {
		b.report.fail(&syntaxFault{offset: invalidUTF8(b.src), text: "The content is not valid UTF-8."})
		return false
	}
	// Most values of a resource are under a list: two levels of JSON for one of elements.
	b.maxDepth = 2*b.opts.MaxDepth + 2
	b.maxNodes = b.opts.MaxElements
	b.tape = make([]node, 0, min(len(b.src)/10+16, 1<<14))
	if !b.scan() {
		b.report.fail(b.fail)
		return false
	}
	b.arena.grow(b.values - b.arrays)
	return true
}

// maxSource keeps offsets within a node's 32 bits.
const maxSource = 1 << 30

func invalidUTF8(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

func (b *builder) root() *Element {
	t := b.resourceType(0, nil, "")
	if t == nil {
		return nil
	}
	if b.opts.ExpectType != "" && t.Name != b.opts.ExpectType {
		b.problem(fault.Invalid, 0, "", "The content is a "+t.Name+" where a "+b.opts.ExpectType+" is expected.")
	}
	root := b.arena.create(nil, t.Name, t, nil, int(b.tape[0].start))
	b.members(root, 0)
	return root
}

func (b *builder) problem(code fault.Code, node int, expression, text string) {
	b.report.add(fault.Error, code, int(b.tape[node].start), expression, text)
}

// doubt is a fault that lenient reading lets pass with a warning.
func (b *builder) doubt(code fault.Code, node int, expression, text string) {
	severity := fault.Error
	if b.opts.Lenient {
		severity = fault.Warning
	}
	b.report.add(severity, code, int(b.tape[node].start), expression, text)
}

// resourceType finds the type of the resource whose object is at the node; nil after reporting that there is none.
// The member may stand anywhere in the object.
func (b *builder) resourceType(object int, parent *Element, name string) *spec.Type {
	path := ""
	if parent != nil {
		path = Path(parent) + "." + name
	}
	key := b.find(object, "resourceType")
	if key < 0 {
		b.problem(fault.Structure, object, path, "The member 'resourceType' is missing.")
		return nil
	}
	v := b.tape[key+1]
	if v.kind != nodeString {
		b.problem(fault.Structure, key+1, path, "The member 'resourceType' must be a string.")
		return nil
	}
	typeName := b.text1(key + 1)
	t := b.defs.Types[typeName]
	if t == nil || t.Kind != spec.Resource || t.Abstract {
		b.problem(fault.Structure, key+1, path, "The member 'resourceType' names no resource type of FHIR R4: "+sayName(typeName)+".")
		return nil
	}
	return t
}

// text1 gives the decoded string of a string node.
func (b *builder) text1(i int) string { return b.key(i) }

// find gives the key node of a member, or -1.
func (b *builder) find(object int, name string) int {
	end := int(b.tape[object].next)
	for i := object + 1; i < end; i = int(b.tape[i+1].next) {
		if b.key(i) == name {
			return i
		}
	}
	return -1
}

// shadow gives the key node of "_name", or -1.
func (b *builder) shadow(object int, name string) int {
	if b.tape[object].flags&flagUnderscore == 0 {
		return -1
	}
	end := int(b.tape[object].next)
	for i := object + 1; i < end; i = int(b.tape[i+1].next) {
		if k := b.key(i); len(k) == len(name)+1 && k[0] == '_' && k[1:] == name {
			return i
		}
	}
	return -1
}

// members fills an element with what the object at the node holds.
func (b *builder) members(e *Element, object int) {
	end := int(b.tape[object].next)
	if end == object+1 {
		b.problem(fault.Structure, object, Path(e), "An object must not be empty.")
		return
	}
	if b.level++; b.level > b.opts.MaxDepth {
		b.report.tooBig = true
		b.problem(fault.TooLong, object, Path(e), "The content nests deeper than the server accepts.")
		b.level--
		return
	}
	for i := object + 1; i < end; i = int(b.tape[i+1].next) {
		if b.report.full() {
			break
		}
		b.memberAt(e, object, i)
	}
	b.level--
	if !b.opts.Trusted {
		b.complete(e, object)
	}
}

func (b *builder) memberAt(e *Element, object, i int) {
	name := b.key(i)
	if b.tape[i].flags&flagDuplicate != 0 {
		b.report.syntax = true
		b.problem(fault.Structure, i, nameInPath(Path(e), strings.TrimPrefix(name, "_")),
			"The member "+sayName(name)+" appears more than once in its object.")
		return
	}
	value, shadow := i+1, -1
	base := name
	if len(name) > 1 && name[0] == '_' {
		base = name[1:]
		value, shadow = -1, i+1
	} else if name == "resourceType" && e.IsResource() {
		return
	}
	p, ok := e.Type.Property(base)
	if !ok || shadow >= 0 && (p.Type.Kind != spec.Primitive || p.Element.XMLAttribute || p.Type.Name == "xhtml") {
		b.unknown(e, i, name, ok)
		return
	}
	if p.Type.Kind == spec.Primitive {
		if shadow >= 0 {
			if k := b.find(object, base); k >= 0 {
				return // told with the value
			}
		} else if k := b.shadow(object, base); k >= 0 && !p.Element.XMLAttribute && p.Type.Name != "xhtml" {
			shadow = k + 1
		}
	}
	if p.Element.Choice {
		if other := e.Child(p.Element.Name); other != nil {
			b.problem(fault.Structure, i, Path(e)+"."+p.Element.Name,
				"There are two values for the choice "+p.Element.Name+"[x]: as "+other.Type.Name+" and as "+p.Type.Name+".")
			return
		}
	}
	b.member(e, p, value, shadow, i)
}

// unknown reports a member that the type does not have.
func (b *builder) unknown(e *Element, key int, name string, knownBase bool) {
	text := e.Type.Name + " has no element " + sayName(name) + "."
	path := nameInPath(Path(e), name)
	switch {
	case knownBase:
		text = "The member " + sayName(name) + " is not allowed: only primitive elements take an id and extensions this way."
		path = nameInPath(Path(e), name[1:])
	case name == "resourceType":
		text = "The member 'resourceType' is not allowed here: " + e.Type.Name + " is not a resource."
		path = Path(e)
	}
	if b.opts.Lenient {
		b.dropped = true
	}
	b.doubt(fault.Structure, key, path, text)
}

// member reads one element: its value node, or that of its extensions (shadow), or both; -1 where one is absent.
func (b *builder) member(e *Element, p spec.Property, value, shadow, key int) {
	if p.Element.Max == 1 {
		for _, n := range [2]int{value, shadow} {
			if n >= 0 && b.tape[n].kind == nodeArray {
				b.problem(fault.Structure, n, Path(e)+"."+p.Element.Name, "The element does not repeat: an array is not allowed.")
				b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[key].start))
				return
			}
		}
		b.item(e, p, value, shadow, false)
		return
	}
	if p.Type.Kind == spec.Primitive {
		b.primitives(e, p, value, shadow, key)
		return
	}
	if b.notArray(e, p, value) {
		return
	}
	end := int(b.tape[value].next)
	for i := value + 1; i < end; i = int(b.tape[i].next) {
		b.item(e, p, i, -1, true)
	}
}

// notArray reports a value that should be a list with content; the element is made all the same, so as not to be missed.
func (b *builder) notArray(e *Element, p spec.Property, n int) bool {
	text := ""
	switch {
	case b.tape[n].kind != nodeArray:
		text = "The element may repeat: an array is required."
	case int(b.tape[n].next) == n+1:
		text = "An array must not be empty."
	default:
		return false
	}
	c := b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[n].start))
	c.HasValue = true
	b.problem(fault.Structure, n, Path(e)+"."+p.Element.Name, text)
	return true
}

// primitives reads a list of primitives from its two arrays, which null holes keep in step.
func (b *builder) primitives(e *Element, p spec.Property, value, shadow, key int) {
	if value >= 0 && b.notArray(e, p, value) || shadow >= 0 && b.notArray(e, p, shadow) {
		return
	}
	v, vEnd := b.span(value)
	s, sEnd := b.span(shadow)
	for v < vEnd || s < sEnd {
		itemValue, itemShadow := -1, -1
		if v < vEnd {
			itemValue, v = v, int(b.tape[v].next)
		}
		if s < sEnd {
			itemShadow, s = s, int(b.tape[s].next)
		}
		if value >= 0 && shadow >= 0 && (itemValue < 0 || itemShadow < 0) {
			b.doubt(fault.Structure, key, Path(e)+"."+p.Element.Name,
				"The arrays '"+p.Element.Name+"' and '_"+p.Element.Name+"' must be equally long; null fills the holes.")
			value = -1 // told once
		}
		b.item(e, p, itemValue, itemShadow, true)
		if b.report.full() {
			return
		}
	}
}

func (b *builder) span(array int) (from, to int) {
	if array < 0 {
		return 0, 0
	}
	return array + 1, int(b.tape[array].next)
}

// item makes one element of a value node and the node of its extensions. In a list, null is a hole.
func (b *builder) item(e *Element, p spec.Property, value, shadow int, list bool) {
	at := value
	if at < 0 {
		at = shadow
	}
	c := b.arena.create(e, p.Element.Name, p.Type, p.Element, int(b.tape[at].start))
	switch p.Type.Kind {
	case spec.Primitive:
		b.primitive(c, value, shadow, list)
		return
	case spec.Resource:
		if b.notObject(c, value) {
			return
		}
		if t := b.resourceType(value, e, p.Element.Name); t != nil {
			c.Type = t
			b.members(c, value)
		}
	default:
		if !b.notObject(c, value) {
			b.members(c, value)
		}
	}
}

func (b *builder) notObject(c *Element, n int) bool {
	switch b.tape[n].kind {
	case nodeObject:
		return false
	case nodeNull:
		b.problem(fault.Structure, n, Path(c), "null is not allowed here.")
	default:
		b.problem(fault.Structure, n, Path(c), "A JSON object is required: the element is of type "+c.Type.Name+".")
	}
	return true
}

func (b *builder) primitive(c *Element, value, shadow int, list bool) {
	nullValue := value >= 0 && b.tape[value].kind == nodeNull
	nullShadow := shadow >= 0 && b.tape[shadow].kind == nodeNull
	switch {
	case (nullValue || nullShadow) && !list:
		b.problem(fault.Structure, max(value, shadow), Path(c), "null is not allowed here.")
		return
	case (nullValue || value < 0) && (nullShadow || shadow < 0):
		b.problem(fault.Structure, max(value, shadow), Path(c), "An item must have a value or extensions: null in both places is not allowed.")
		return
	}
	if value >= 0 && !nullValue {
		b.primitiveValue(c, value)
	}
	if shadow >= 0 && !nullShadow {
		if !b.notObject(c, shadow) {
			b.members(c, shadow)
		}
	}
}

// primitiveValue reads a value in the JSON kind that its type asks for.
func (b *builder) primitiveValue(c *Element, i int) {
	n := &b.tape[i]
	want, text := nodeString, "string"
	switch c.Type.Name {
	case "boolean":
		want, text = nodeTrue, "true or false"
		if n.kind == nodeFalse {
			want = nodeFalse
		}
	case "decimal", "integer", "positiveInt", "unsignedInt":
		want, text = nodeNumber, "number"
	}
	c.HasValue = true
	if n.kind != want {
		b.problem(fault.Structure, i, Path(c), "A JSON "+text+" is required: the element is of type "+c.Type.Name+".")
		return
	}
	c.Value = b.src[n.start:n.end]
	if n.flags&flagEscaped != 0 {
		c.Value = unescape(c.Value)
	}
	if c.Type.Name == "xhtml" {
		c.Value = strings.Trim(c.Value, " \t\r\n")
	}
	if b.opts.Trusted {
		return
	}
	if c.Type.Name == "xhtml" {
		checkNarrative(c.Value, func(text string) { b.doubt(fault.Invariant, i, Path(c), text) })
		return
	}
	fault1 := ""
	if c.Name == "id" && c.Parent.IsResource() {
		if !IsID(c.Value) { // the definitions say string; the standard's text says id
			fault1 = "An id is 1 to 64 characters of A-Z, a-z, 0-9, '-' and '.'."
		}
	} else {
		fault1 = CheckPrimitive(c.Type, c.Value)
	}
	if fault1 != "" {
		b.doubt(fault.Value, i, Path(c), fault1)
	}
}

// complete checks what can be said of an element once its children are there: none missing, none too many.
func (b *builder) complete(e *Element, object int) {
	completeness(e, func(code fault.Code, path, text string) { b.doubt(code, object, path, text) })
}
