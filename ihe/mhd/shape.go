package mhd

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Most rules of a profile say how often an element is there and which value it has. These make such rules.

// along calls do with every element at a path of names ("content.attachment"), "" being the root itself.
func along(root *element.Element, path string, do func(*element.Element)) {
	if path == "" {
		do(root)
		return
	}
	name, rest, _ := strings.Cut(path, ".")
	for child := range root.Children(name) {
		along(child, rest, do)
	}
}

// split parts a path into that of the parent and the last name.
func split(path string) (parent, name string) {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i], path[i+1:]
	}
	return "", path
}

// firstOf gives the first element at a path, nil when there is none.
func firstOf(root *element.Element, path string) (found *element.Element) {
	along(root, path, func(e *element.Element) {
		if found == nil {
			found = e
		}
	})
	return found
}

// valueAt gives the value of the first primitive at a path, "".
func valueAt(root *element.Element, path string) string {
	if e := firstOf(root, path); e != nil {
		return e.Value
	}
	return ""
}

func count(parent *element.Element, name string) int {
	n := 0
	for range parent.Children(name) {
		n++
	}
	return n
}

// required asks for an element where its parent is.
func required(id string, levels Level, part Part, path, source string) Rule {
	parent, name := split(path)
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Required, XDS: xdsMetadata,
		Text: "The element " + path + " is required here.",
		check: func(c *checking) {
			along(c.root, parent, func(e *element.Element) {
				if e.Child(name) == nil {
					c.missing(e, name, "")
				}
			})
		},
	}
}

// absent forbids elements.
func absent(id string, levels Level, part Part, source string, paths ...string) Rule {
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Structure, XDS: xdsMetadata,
		Text: "The profile has no element " + strings.Join(paths, ", ") + " here.",
		check: func(c *checking) {
			for _, path := range paths {
				along(c.root, path, func(e *element.Element) { c.at(e, "") })
			}
		},
	}
}

// atMost bounds repetitions.
func atMost(id string, levels Level, part Part, path string, n int, source string) Rule {
	parent, name := split(path)
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Structure, XDS: xdsMetadata,
		Text: "The element " + path + " is there more often than the profile has it.",
		check: func(c *checking) {
			along(c.root, parent, func(e *element.Element) {
				if count(e, name) > n {
					c.missing(e, name, "")
				}
			})
		},
	}
}

// fixed asks for one of some values where the element is.
func fixed(id string, levels Level, part Part, path, source string, values ...string) Rule {
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Value, XDS: xdsMetadata,
		Text: "The element " + path + " has the value " + strings.Join(values, " or ") + " here.",
		check: func(c *checking) {
			along(c.root, path, func(e *element.Element) {
				if !slices.Contains(values, e.Value) {
					c.at(e, "")
				}
			})
		},
	}
}

// inside asks for references to contained resources.
func inside(id string, levels Level, part Part, path, source string) Rule {
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Value, XDS: xdsMetadata,
		Text: "The reference at " + path + " must be to a resource that is contained in this one.",
		check: func(c *checking) {
			along(c.root, path, func(e *element.Element) {
				if holder := c.s.containedOf(c.root, e); holder == nil && !bareReference(e) {
					c.at(e, "")
				}
			})
		},
	}
}

// bareReference says that a Reference carries nothing but extensions, as List.source with an ihe-authorOrg does.
func bareReference(e *element.Element) bool {
	return e.Child("extension") != nil && e.Child("reference") == nil && e.Child("identifier") == nil
}

// targets asks for references to resources of some types, as far as their type can be told.
func targets(id string, levels Level, part Part, path, source string, types ...string) Rule {
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Value, XDS: xdsMetadata,
		Text: "The reference at " + path + " is to " + strings.Join(types, " or ") + " here.",
		check: func(c *checking) {
			along(c.root, path, func(e *element.Element) {
				if typ := c.s.typeOf(c.root, e); typ != "" && !slices.Contains(types, typ) {
					c.at(e, "")
				}
			})
		},
	}
}

// extensions gives the extensions of an element by their URL.
func extensions(e *element.Element, url string) []*element.Element {
	var out []*element.Element
	for x := range e.Children("extension") {
		if x.ChildValue("url") == url {
			out = append(out, x)
		}
	}
	return out
}

// extended asks for an extension from min to most times, with a value of the type.
func extended(id string, levels Level, part Part, url, typ string, least, most int, source string) Rule {
	short := url[strings.LastIndexByte(url, '/')+1:]
	return Rule{
		ID: id, Levels: levels, Part: part, Source: source, Code: fault.Required, XDS: xdsMetadata,
		Text: "The extension " + short + " is not there as often as the profile has it.",
		check: func(c *checking) {
			found := extensions(c.root, url)
			if len(found) < least || most > 0 && len(found) > most {
				c.missing(c.root, "extension('"+url+"')", "")
			}
			for _, x := range found {
				if v := x.Child("value"); v == nil || v.Type.Name != typ {
					c.at(x, "The extension "+short+" has a value of type "+typ+".")
				}
			}
		},
	}
}
