package path

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// extension gives the extensions with the url.
func extension(ev *evaluator, c *call, in Collection) (Collection, error) {
	url, known, err := ev.text(c.args[0], c.pos)
	if err != nil || !known {
		return nil, err
	}
	out := ev.mark()
	for _, it := range in {
		n, ok := it.(Node)
		if !ok {
			continue
		}
		for e := n.First; e != nil; e = e.Next {
			ev.budget--
			if e.Name != "extension" || e.ChildValue("url") != url {
				continue
			}
			if err := ev.push(Node{e}); err != nil {
				return nil, err
			}
		}
	}
	return ev.since(out), ev.spend(1)
}

// hasValue tells whether the input is one primitive that has a value.
func hasValue(_ *evaluator, _ *call, in Collection) (Truth, error) {
	if len(in) != 1 {
		return False, nil
	}
	if n, ok := in[0].(Node); ok {
		return truthOf(n.HasValue), nil
	}
	return True, nil
}

// getValue gives the system value of one primitive.
func getValue(ev *evaluator, _ *call, in Collection) (Collection, error) {
	if len(in) != 1 {
		return nil, nil
	}
	n, ok := in[0].(Node)
	if !ok {
		return in, nil
	}
	if !n.HasValue {
		return nil, nil
	}
	if v := systemValue(n); v != nil {
		return ev.one(v), nil
	}
	return nil, nil
}

// memberOf asks Context.MemberOf.
func memberOf(ev *evaluator, c *call, in Collection) (Truth, error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return Unknown, err
	}
	url, known, err := ev.text(c.args[0], c.pos)
	if err != nil || !known || ev.ctx.MemberOf == nil {
		return Unknown, err
	}
	return ev.ctx.MemberOf(it, url), nil
}

func subsumes(ev *evaluator, c *call, in Collection) (Truth, error) {
	a, b, err := c.pair(ev, in)
	if err != nil || a == nil || b == nil || ev.ctx.Subsumes == nil {
		return Unknown, err
	}
	return ev.ctx.Subsumes(a, b), nil
}

func subsumedBy(ev *evaluator, c *call, in Collection) (Truth, error) {
	a, b, err := c.pair(ev, in)
	if err != nil || a == nil || b == nil || ev.ctx.Subsumes == nil {
		return Unknown, err
	}
	return ev.ctx.Subsumes(b, a), nil
}

// pair gives the one item of the input and that of the argument.
func (c *call) pair(ev *evaluator, in Collection) (a, b Item, err error) {
	if a, err = c.single(in); err != nil {
		return nil, nil, err
	}
	b, err = ev.single1(c.args[0], c.pos)
	return a, b, err
}

const baseProfile = "http://hl7.org/fhir/StructureDefinition/"

// conformsTo asks Context.ConformsTo, but for the types of R4 itself, which need no asking.
func conformsTo(ev *evaluator, c *call, in Collection) (Truth, error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return Unknown, err
	}
	url, known, err := ev.text(c.args[0], c.pos)
	n, ok := it.(Node)
	if err != nil || !known || !ok {
		return Unknown, err
	}
	if name, ok := strings.CutPrefix(url, baseProfile); ok && spec.R4().Types[name] != nil {
		return truthOf(n.Type.Is(name)), nil
	}
	if ev.ctx.ConformsTo == nil {
		return Unknown, nil
	}
	return ev.ctx.ConformsTo(n.Element, url), nil
}

// checkModifiers fails when an item has a modifier extension that the expression does not claim to know.
func checkModifiers(ev *evaluator, c *call, in Collection) (Collection, error) {
	var understood []string
	for _, a := range c.args {
		urls, err := a.eval(ev)
		if err != nil {
			return nil, err
		}
		for _, it := range urls {
			if s, ok := textOf(it); ok {
				understood = append(understood, s)
			}
		}
	}
	for _, it := range in {
		n, ok := it.(Node)
		if !ok {
			continue
		}
		for m := range n.Children("modifierExtension") {
			if !includes(understood, m.ChildValue("url")) {
				return nil, evalFault(c.pos, "%s has a modifier extension that the expression does not know", element.Path(n.Element))
			}
		}
	}
	return in, ev.spend(len(in))
}

func includes(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// htmlChecks checks the rules for the XHTML of narratives (http://hl7.org/fhir/R4/narrative.html#xhtml).
func htmlChecks(ev *evaluator, c *call, in Collection) (Truth, error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return Unknown, err
	}
	s, known := textOf(it)
	if !known {
		return Unknown, nil
	}
	return truthOf(len(element.NarrativeFaults(s)) == 0), ev.spend(len(s) / 16)
}
