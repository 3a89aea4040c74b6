package validate

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// walker carries one check through a tree.
type walker struct {
	v      *Validator
	ctx    context.Context
	level  Level
	root   *element.Element // the resource that #references are resolved in: FHIRPath's %rootResource
	local  *containedIDs    // of root, made when first needed
	work   int              // since the last look at the clock
	issues []fault.Issue
	done   bool // nothing more is told
}

// visit checks an element, then what it holds.
func (w *walker) visit(e *element.Element, depth int) {
	if depth > maxDepth {
		w.stop(fault.TooCostly, "The content nests deeper than the server checks.")
		return
	}
	if w.late(1) {
		return
	}
	var place *elementPlan
	if e.Def != nil && e.Def.ID < len(w.v.elements) {
		place = &w.v.elements[e.Def.ID]
	}
	if e.Type.ID >= len(w.v.types) {
		return
	}
	typ := &w.v.types[e.Type.ID]
	if typ.resource && (place == nil || !place.contained) && e != w.root {
		w.scope(e, depth)
		return
	}
	w.check(e, typ, place)
	for c := e.First; c != nil && !w.done; c = c.Next {
		w.visit(c, depth+1)
	}
}

// late counts work done and looks now and then whether the context has ended; then it stops the check.
func (w *walker) late(work int) bool {
	if w.work += work; w.work < 1024 {
		return w.done
	}
	w.work = 0
	if w.ctx.Err() != nil {
		w.stop(fault.Timeout, "The check took too long and was abandoned.")
	}
	return w.done
}

// scope visits a resource with a scope of its own: an entry's in a Bundle, a parameter's.
func (w *walker) scope(e *element.Element, depth int) {
	root, local := w.root, w.local
	w.root, w.local = e, nil
	w.visit(e, depth)
	w.root, w.local = root, local
}

func (w *walker) check(e *element.Element, typ *typePlan, place *elementPlan) {
	if !e.HasValue && !typ.resource && bare(e) {
		w.report(fault.Error, fault.Invariant, e, "All FHIR elements must have a value or children (ele-1).")
	}
	if typ.resource {
		w.uniqueContained(e)
	}
	if place != nil {
		if place.binding != nil {
			w.bound(e, place.binding)
		}
		if typ.reference {
			w.target(e, place.targets)
		}
		for _, c := range place.invariants {
			w.invariant(e, c)
		}
	}
	for _, c := range typ.invariants {
		w.invariant(e, c)
	}
}

// bare says that an element has no children other than its id.
func bare(e *element.Element) bool {
	for c := e.First; c != nil; c = c.Next {
		if c.Name != "id" {
			return false
		}
	}
	return true
}

func (w *walker) report(severity fault.Severity, code fault.Code, at *element.Element, text string) {
	if w.done {
		return
	}
	if len(w.issues) >= element.MaxIssues {
		w.issues = append(w.issues, fault.Issue{
			Severity: fault.Information, Code: fault.Incomplete,
			Diagnostics: "There are more faults than these; correct them and send the content again.",
		})
		w.done = true
		return
	}
	w.issues = append(w.issues, fault.Issue{Severity: severity, Code: code, Expression: element.Path(at), Diagnostics: text})
}

// stop ends the check with a fatal issue.
func (w *walker) stop(code fault.Code, text string) {
	if !w.done {
		w.issues = append(w.issues, fault.Issue{Severity: fault.Fatal, Code: code, Diagnostics: text})
		w.done = true
	}
}
