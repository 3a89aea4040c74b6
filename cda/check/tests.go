package check

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// The kinds of tests that rules are made of.

type test = func(*checker, *Rule, *etree.Element)

// nullFlavor is the stated reason for a missing value, "" when there is none.
func nullFlavor(el *etree.Element) string { return cda.Attr(el, "nullFlavor") }

func count(el *etree.Element, local string) int {
	n := 0
	for range cda.Children(el, local) {
		n++
	}
	return n
}

// has wants at least so many children of a name, and at most so many when most is not negative.
func has(local string, least, most int) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if nullFlavor(el) != "" {
			return
		}
		n := count(el, local)
		switch {
		case n < least:
			c.report(r, el, local, "%s has %d %s; %s", el.Tag, n, local, r.Allowed)
		case most >= 0 && n > most:
			c.report(r, el, local, "%s has %d %s; %s", el.Tag, n, local, r.Allowed)
		}
	}
}

// attr wants an attribute that is one of some values, or any value when none are given. A null flavor is in its place where the rule allows one.
func attr(name string, nullable bool, values ...string) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if nullable && nullFlavor(el) != "" {
			return
		}
		v := cda.Attr(el, name)
		if v == "" || len(values) > 0 && !slices.Contains(values, v) {
			found := quoted(v)
			if len(values) == 0 {
				found = "missing"
			}
			c.report(r, el, "@"+name, "%s/@%s is %s; %s", el.Tag, name, found, r.Allowed)
		}
	}
}

// optional is attr for an attribute that may be absent.
func optional(name string, values ...string) test {
	wanted := attr(name, false, values...)
	return func(c *checker, r *Rule, el *etree.Element) {
		if _, there := cda.LookupAttr(el, name); there {
			wanted(c, r, el)
		}
	}
}

// notNull forbids a null flavor.
func notNull(c *checker, r *Rule, el *etree.Element) {
	if v := nullFlavor(el); v != "" {
		c.report(r, el, "@nullFlavor", "%s has the null flavor %s; %s", el.Tag, quoted(v), r.Allowed)
	}
}

// complete wants code, code system and label of a coded value that is no null.
func complete(c *checker, r *Rule, el *etree.Element) {
	if nullFlavor(el) != "" {
		return
	}
	for _, name := range []string{"code", "codeSystem", "displayName"} {
		if cda.Attr(el, name) == "" {
			c.report(r, el, "@"+name, "%s lacks @%s; %s", el.Tag, name, r.Allowed)
			return
		}
	}
}

// in wants the code of a coded value to be in a value set, under its code system. What lacks one of the two is for complete to say.
func in(set vocabulary.Set) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		code, system := cda.Attr(el, "code"), cda.Attr(el, "codeSystem")
		if code == "" || system == "" || nullFlavor(el) != "" || c.v.Contains(set, code, system) {
			return
		}
		if systems := c.v.Systems(set, code); len(systems) > 0 {
			c.report(r, el, "@codeSystem", "%s is of code system %s; the code %s of JDV %s is of %s", el.Tag, quoted(system), quoted(code), set, strings.Join(systems, ", "))
			return
		}
		c.report(r, el, "@code", "%s is %s of %s; %s", el.Tag, quoted(code), quoted(system), r.Allowed)
	}
}

// attrIn wants an attribute to be a code of a value set, whatever its code system.
func attrIn(name string, set vocabulary.Set) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if v := cda.Attr(el, name); !c.v.HasCode(set, v) {
			c.report(r, el, "@"+name, "%s/@%s is %s; %s", el.Tag, name, quoted(v), r.Allowed)
		}
	}
}

// identifier wants root and extension.
func identifier(nullable bool) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		if nullable && nullFlavor(el) != "" {
			return
		}
		for _, name := range []string{"root", "extension"} {
			if cda.Attr(el, name) == "" {
				c.report(r, el, "@"+name, "%s lacks @%s; %s", el.Tag, name, r.Allowed)
				return
			}
		}
	}
}

// all runs tests in turn until one has something to say.
func all(tests ...test) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		before := len(c.findings)
		for _, t := range tests {
			if t(c, r, el); len(c.findings) > before {
				return
			}
		}
	}
}

// below runs a test on the children of a name.
func below(local string, t test) test {
	return func(c *checker, r *Rule, el *etree.Element) {
		for child := range cda.Children(el, local) {
			t(c, r, child)
		}
	}
}
