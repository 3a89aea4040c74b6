package check

import (
	"unicode/utf8"
)

// Messages never hold what may identify a person: of values they show only codes, code systems, template ids and other words of the standard.

// maxShown bounds what a message repeats of the document.
const maxShown = 60

// clipped shortens what a message repeats.
func clipped(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}

// shown is how a message names the value of an attribute: as it stands when its type is one of codes, else only that it is something else.
func (a *attribute) shown(value string) string {
	if value == "" {
		return "empty"
	}
	switch a.simple.name {
	case "cs", "oid", "uid", "bl", "boolean":
	default:
		if !a.isFixed && a.simple.values == nil && a.simple.list == nil {
			return "of another form"
		}
	}
	return quoted(value)
}

// quoted is a code in a message.
func quoted(code string) string {
	if code == "" {
		return "missing"
	}
	return "\"" + clipped(code) + "\""
}
