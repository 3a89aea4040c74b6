package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
)

// searchTable writes lines of tab-separated cells, sorted by URL:
//
//	S url code type bases targets expression          bases and targets separated by spaces
//	C definition expression                           a component of the composite above it
func searchTable(d *definitions) ([]byte, error) {
	var b bytes.Buffer
	sort.Slice(d.search, func(i, j int) bool { return d.search[i].URL < d.search[j].URL })
	for _, s := range d.search {
		fmt.Fprintf(&b, "S\t%s\t%s\t%s\t%s\t%s\t%s\n", s.URL, s.Code, s.Type,
			strings.Join(s.Base, " "), strings.Join(s.Target, " "), oneLine(s.Expression))
		for _, c := range s.Component {
			fmt.Fprintf(&b, "C\t%s\t%s\n", c.Definition, oneLine(c.Expression))
		}
	}
	return b.Bytes(), nil
}

// compartmentsTable writes lines of tab-separated cells:
//
//	P code                       a compartment
//	R type params                a resource type of it; parameter codes separated by spaces
func compartmentsTable(d *definitions) ([]byte, error) {
	var b bytes.Buffer
	sort.Slice(d.compartments, func(i, j int) bool { return d.compartments[i].Code < d.compartments[j].Code })
	for _, c := range d.compartments {
		fmt.Fprintf(&b, "P\t%s\n", c.Code)
		for _, r := range c.Resource {
			if len(r.Param) > 0 {
				fmt.Fprintf(&b, "R\t%s\t%s\n", r.Code, strings.Join(r.Param, " "))
			}
		}
	}
	return b.Bytes(), nil
}

// operationsTable writes lines of tab-separated cells:
//
//	O url name code flags resources      flags: s system, t type, i instance, a affects state
func operationsTable(d *definitions) ([]byte, error) {
	var b bytes.Buffer
	sort.Slice(d.operations, func(i, j int) bool { return d.operations[i].URL < d.operations[j].URL })
	for _, o := range d.operations {
		var flags string
		for _, f := range []struct {
			set  bool
			flag string
		}{{o.System, "s"}, {o.Type, "t"}, {o.Instance, "i"}, {o.AffectsState, "a"}} {
			if f.set {
				flags += f.flag
			}
		}
		fmt.Fprintf(&b, "O\t%s\t%s\t%s\t%s\t%s\n", o.URL, oneLine(o.Name), o.Code, flags, strings.Join(o.Resource, " "))
	}
	return b.Bytes(), nil
}
