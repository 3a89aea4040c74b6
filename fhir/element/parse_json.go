package element

import (
	"strings"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/b64"
)

// ParseJSON reads one resource in the JSON format (http://hl7.org/fhir/R4/json.html). What R4 does not allow is refused
// with a *fault.Fault that names every fault: 400 when the text is not JSON (or repeats a member, or is not UTF-8),
// 413 when it exceeds the limits, 422 when it is JSON but not the resource that the definitions describe.
// src is copied, so that the caller may reuse it, unless opts.Owned.
func ParseJSON(defs *spec.Definitions, src []byte, opts Options) (*Resource, error) {
	opts = opts.withDefaults()
	b := builder{defs: defs, opts: opts}
	b.src = trimBOM(opts.text(src))
	b.report.src = b.src
	if !b.readable() {
		return nil, b.report.fault()
	}
	root := b.root()
	refused := b.entries.settle(&b.report, opts, root)
	if err := b.report.fault(); err != nil {
		return nil, opts.judged(err, root)
	}
	r := &Resource{Root: root, Warnings: b.report.issues(), Refused: refused}
	if !b.dropped {
		// Where lenient reading left elements out, what is stored is encoded from the tree instead.
		r.src, r.tape, r.spaced = b.src, b.tape, b.spaced
	}
	return r, nil
}

// trimBOM drops a byte order mark, as RFC 8259 section 8.1 lets a reader do.
func trimBOM(s string) string { return strings.TrimPrefix(s, "\uFEFF") }

// builder makes the tree of a tape.
type builder struct {
	scanner
	report  report
	entries apart
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
	if !b.opts.Trusted && !b64.ValidUTF8(b.src) {
		b.report.fail(&syntaxFault{offset: invalidUTF8(b.src), text: "The content is not valid UTF-8."})
		return false
	}
	// Most values of a resource are under a list: two levels of JSON for one of elements.
	b.maxDepth = 2*b.opts.MaxDepth + 2
	b.maxNodes = b.opts.MaxElements
	b.tape = make([]node, 0, min(len(b.src)/10+16, 1<<11)) // what is longer may be one document in base64, and grows if it is not
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
	t := b.resourceType(0, nil)
	if t == nil {
		return nil
	}
	if b.opts.ExpectType != "" && t.Name != b.opts.ExpectType {
		b.problem(fault.Invalid, 0, nil, "", "The content is of type "+t.Name+"; expected is "+b.opts.ExpectType+".")
	}
	root := b.arena.create(nil, t.Name, t, nil, int(b.tape[0].start))
	b.members(root, 0)
	return root
}

func (b *builder) problem(code fault.Code, node int, e *Element, step, text string) {
	b.report.add(fault.Error, code, int(b.tape[node].start), e, step, text)
}

// doubt is a fault that lenient reading lets pass with a warning.
func (b *builder) doubt(code fault.Code, node int, e *Element, step, text string) {
	severity := fault.Error
	if b.opts.Lenient {
		severity = fault.Warning
	}
	b.report.add(severity, code, int(b.tape[node].start), e, step, text)
}

// resourceType finds the type of the resource whose object is at the node; nil after reporting that there is none.
// The member may stand anywhere in the object. e is the element so far, nil at the root.
func (b *builder) resourceType(object int, e *Element) *spec.Type {
	key := b.find(object, "resourceType")
	if key < 0 {
		b.problem(fault.Structure, object, e, "", "The member 'resourceType' is missing.")
		return nil
	}
	v := b.tape[key+1]
	if v.kind != nodeString {
		b.problem(fault.Structure, key+1, e, "", "The member 'resourceType' must be a string.")
		return nil
	}
	typeName := b.key(key + 1)
	t := b.defs.Types[typeName]
	if t == nil || t.Kind != spec.Resource || t.Abstract {
		b.problem(fault.Structure, key+1, e, "", unknownType("The member 'resourceType'", typeName))
		return nil
	}
	return t
}

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
		b.problem(fault.Structure, object, e, "", "An object must not be empty.")
		return
	}
	if b.level++; b.level > b.opts.MaxDepth {
		b.report.tooBig = true
		b.problem(fault.TooLong, object, e, "", "The content nests deeper than the server accepts.")
		b.level--
		return
	}
	next := 0
	for i := object + 1; i < end && !b.report.full(); i = int(b.tape[i+1].next) {
		next = b.memberAt(e, object, i, next)
	}
	b.level--
	if !b.opts.Trusted {
		b.complete(e, object)
	}
}

// memberAt reads the member at key node i. next is the place in the definition behind the last member, where this one is likely to be;
// the new one is given back.
func (b *builder) memberAt(e *Element, object, i, next int) int {
	name := b.key(i)
	if b.tape[i].flags&flagDuplicate != 0 {
		b.report.syntax = true
		b.problem(fault.Structure, i, e, strings.TrimPrefix(name, "_"),
			"The member "+sayName(name)+" appears more than once in its object.")
		return next
	}
	value, shadow := i+1, -1
	base := name
	if len(name) > 1 && name[0] == '_' {
		base = name[1:]
		value, shadow = -1, i+1
	} else if name == "resourceType" && e.IsResource() {
		return next
	}
	p, ok, next := property(e.Type, base, next)
	if !ok || shadow >= 0 && (p.Type.Kind != spec.Primitive || p.Element.XMLAttribute || p.Type.Name == "xhtml") {
		b.unknown(e, i, name, ok)
		return next
	}
	if p.Type.Kind == spec.Primitive {
		if shadow >= 0 {
			if k := b.find(object, base); k >= 0 {
				return next // told with the value
			}
		} else if k := b.shadow(object, base); k >= 0 && !p.Element.XMLAttribute && p.Type.Name != "xhtml" {
			shadow = k + 1
		}
	}
	if p.Element.Choice {
		if other := e.Child(p.Element.Name); other != nil {
			b.problem(fault.Structure, i, e, p.Element.Name,
				"There are two values for the choice "+p.Element.Name+"[x]: as "+other.Type.Name+" and as "+p.Type.Name+".")
			return next
		}
	}
	b.member(e, p, value, shadow, i)
	return next
}

// property is Type.Property with a guess: most content has its members nearly in the order of the definition.
func property(t *spec.Type, name string, next int) (spec.Property, bool, int) {
	for i := next; i < len(t.Elements) && i < next+4; i++ {
		if d := t.Elements[i]; d.Name == name && !d.Choice {
			return spec.Property{Element: d, Type: d.Types[0].Type, Ref: &d.Types[0]}, true, i + 1
		}
	}
	p, ok := t.Property(name)
	return p, ok, next
}

// unknown reports a member that the type does not have.
func (b *builder) unknown(e *Element, key int, name string, knownBase bool) {
	text := e.Type.Name + " has no element " + sayName(name) + "."
	step := name
	switch {
	case knownBase:
		text = "The member " + sayName(name) + " is not allowed: only primitive elements take an id and extensions this way."
		step = name[1:]
	case name == "resourceType":
		text = "The member 'resourceType' is not allowed here: " + e.Type.Name + " is not a resource."
		step = ""
	case choiceWithoutType(e.Type, name):
		text = "The choice " + name + "[x] is written with its type behind the name."
	}
	if b.opts.Lenient {
		b.dropped = true
	}
	b.doubt(fault.Structure, key, e, step, text)
}

func choiceWithoutType(t *spec.Type, name string) bool {
	for _, d := range t.Elements {
		if d.Choice && d.Name == name {
			return true
		}
	}
	return false
}
