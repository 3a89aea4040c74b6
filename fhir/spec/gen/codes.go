package main

import (
	"bytes"
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// expansion is the content of a value set: the codes of each system, and whether nothing is missing.
type expansion struct {
	complete bool
	codes    map[string]map[string]bool // system -> code
}

// codesTable writes lines of tab-separated cells for each value set of a required or extensible binding:
//
//	V url complete|partial
//	C system code code ...        lines are wrapped, so that a system may take several
func codesTable(d *definitions) ([]byte, error) {
	var b bytes.Buffer
	for _, url := range d.boundValueSets() {
		x := d.expand(url, nil)
		if x == nil {
			continue
		}
		state := "partial"
		if x.complete {
			state = "complete"
		}
		fmt.Fprintf(&b, "V\t%s\t%s\n", url, state)
		for _, system := range sortedKeys(x.codes) {
			writeCodes(&b, system, sortedKeys(x.codes[system]))
		}
	}
	return b.Bytes(), nil
}

func writeCodes(b *bytes.Buffer, system string, codes []string) {
	const wrap = 120
	for len(codes) > 0 {
		line := "C\t" + system
		for len(codes) > 0 && (len(line) < wrap || strings.Count(line, "\t") < 2) {
			line += "\t" + codes[0]
			codes = codes[1:]
		}
		b.WriteString(line + "\n")
	}
}

// boundValueSets lists the value sets of required and extensible bindings, sorted.
func (d *definitions) boundValueSets() []string {
	urls := map[string]bool{}
	for _, s := range d.structures {
		for _, e := range d.official(s) {
			if e.Binding != nil && (e.Binding.Strength == "required" || e.Binding.Strength == "extensible") && e.Binding.ValueSet != "" {
				urls[withoutVersion(e.Binding.ValueSet)] = true
			}
		}
	}
	return sortedKeys(urls)
}

// expand computes the content of a value set; nil when the definitions do not hold it. path guards against cycles.
func (d *definitions) expand(url string, path []string) *expansion {
	url = withoutVersion(url)
	vs, ok := d.valueSets[url]
	if !ok || len(path) > 8 {
		return nil
	}
	path = append(path, url)
	result := &expansion{complete: true, codes: map[string]map[string]bool{}}
	for _, inc := range vs.Compose.Include {
		part := d.expandInclude(inc, path)
		result.complete = result.complete && part.complete
		for system, codes := range part.codes {
			for code := range codes {
				result.add(system, code)
			}
		}
	}
	for _, exc := range vs.Compose.Exclude {
		part := d.expandInclude(exc, path)
		for system, codes := range part.codes {
			for code := range codes {
				delete(result.codes[system], code)
			}
		}
	}
	return result
}

func (x *expansion) add(system, code string) {
	if x.codes[system] == nil {
		x.codes[system] = map[string]bool{}
	}
	x.codes[system][code] = true
}

// expandInclude intersects the system's part of an include with each value set that it names.
func (d *definitions) expandInclude(inc include, path []string) *expansion {
	var result *expansion
	if inc.System != "" {
		result = d.expandSystem(inc)
	}
	for _, url := range inc.ValueSet {
		other := d.expand(url, path)
		if other == nil {
			other = &expansion{codes: map[string]map[string]bool{}}
		}
		if result == nil {
			result = other
			continue
		}
		result = intersect(result, other)
	}
	return result
}

func intersect(a, b *expansion) *expansion {
	both := &expansion{complete: a.complete && b.complete, codes: map[string]map[string]bool{}}
	for system, codes := range a.codes {
		for code := range codes {
			if b.codes[system][code] {
				both.add(system, code)
			}
		}
	}
	return both
}

func (d *definitions) expandSystem(inc include) *expansion {
	x := &expansion{complete: true, codes: map[string]map[string]bool{}}
	if len(inc.Concept) > 0 {
		for _, c := range inc.Concept {
			x.add(inc.System, c.Code)
		}
		return x
	}
	cs, ok := d.codeSystems[inc.System]
	if !ok || cs.Content != "complete" {
		x.complete = false
		return x
	}
	h := flatten(cs)
	for _, code := range h.order {
		keep := !h.abstract[code]
		for _, f := range inc.Filter {
			matched, known := h.matches(code, f.Property, f.Op, f.Value)
			x.complete = x.complete && known
			keep = keep && matched
		}
		if keep {
			x.add(inc.System, code)
		}
	}
	return x
}

// hierarchy is a code system laid flat, with each code's parents (by nesting, and by the property that v3 uses).
type hierarchy struct {
	order    []string
	parents  map[string][]string
	abstract map[string]bool // not selectable: groups other codes, and is no value itself
}

func flatten(cs *codeSystem) *hierarchy {
	h := &hierarchy{parents: map[string][]string{}, abstract: map[string]bool{}}
	var walk func(list []concept, parent string)
	walk = func(list []concept, parent string) {
		for _, c := range list {
			h.order = append(h.order, c.Code)
			if parent != "" {
				h.parents[c.Code] = append(h.parents[c.Code], parent)
			}
			for _, p := range c.Property {
				if p.Code == "subsumedBy" || p.Code == "parent" {
					h.parents[c.Code] = append(h.parents[c.Code], p.ValueCode)
				}
				if p.Code == "notSelectable" || p.Code == "abstract" {
					h.abstract[c.Code] = p.ValueBoolean
				}
			}
			walk(c.Concept, c.Code)
		}
	}
	walk(cs.Concept, "")
	return h
}

// matches evaluates a filter of http://hl7.org/fhir/R4/valueset-filter-operator.html; known is false for one that
// the definitions cannot answer.
func (h *hierarchy) matches(code, property, op, value string) (matched, known bool) {
	if property != "concept" && property != "code" {
		return false, false
	}
	switch op {
	case "is-a":
		return code == value || h.descends(code, value), true
	case "descendent-of":
		return h.descends(code, value), true
	case "is-not-a":
		return code != value && !h.descends(code, value), true
	case "=":
		return code == value, true
	case "regex":
		re, err := regexp.Compile("^(?:" + value + ")$")
		return err == nil && re.MatchString(code), err == nil
	}
	return false, false
}

func (h *hierarchy) descends(code, ancestor string) bool {
	seen := map[string]bool{}
	queue := []string{code}
	for len(queue) > 0 {
		c := queue[0]
		queue = queue[1:]
		if seen[c] {
			continue
		}
		seen[c] = true
		for _, p := range h.parents[c] {
			if p == ancestor {
				return true
			}
			queue = append(queue, p)
		}
	}
	return false
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
