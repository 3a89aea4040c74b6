package access

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// clinical judges data that come from no document. What was extracted from one changes with it only.
func (w *change) clinical() error {
	info := w.a.types[w.typ]
	if len(info.owners) == 0 {
		return refusedBy("Resources of this type are written by the server, or by who runs it.")
	}
	id, ok := w.subject()
	if !ok {
		return notOne()
	}
	s, err := w.situation(id)
	if err != nil {
		return err
	}
	if w.before != nil && (w.extracted(w.before) || !equalLabels(w.before, w.after)) || w.extracted(w.after) {
		return refusedBy("What was extracted from a document, and the labels of data, change with the document only.")
	}
	if w.before == nil && hiding(w.after) {
		return refusedBy("Only what a document says is hidden, with the document. A label of visibility on other data would hide them for good: send them without it, or in a document.")
	}
	if w.before != nil && !w.c.professionalSide() && !ofPerson(w.before, id) {
		return refused(habilitation.Decision{Rule: "D13", Why: "The patient's side changes the data that it brought, of which the person, or who acts for her, is named as performer, author, asserter, recorder or source; a professional's data it does not."})
	}
	return w.feeds(s)
}

func equalLabels(before, after *element.Element) bool {
	a, b := security(before), security(after)
	if a == nil || b == nil {
		return a == b
	}
	return element.Equal(a, b)
}

// doers are the elements by which clinical resources say whose statement they are.
var doers = []string{"performer", "author", "asserter", "recorder", "source", "informationSource", "sender", "requester", "enterer", "creator", "owner"}

// ofPerson says whether data name the person, or a RelatedPerson, as who stated them, and nobody else.
func ofPerson(root *element.Element, id string) bool {
	theirs, others := false, false
	for _, name := range doers {
		for e := range root.Children(name) {
			if actor := e.Child("actor"); actor != nil {
				e = actor
			}
			ref := e.ChildValue("reference")
			if ref == "Patient/"+id || strings.HasPrefix(ref, "RelatedPerson/") {
				theirs = true
			} else {
				others = true
			}
		}
	}
	return theirs && !others
}

// list judges a List. A submission set is what its sender sent; a folder gets what others add to it; other lists are data.
func (w *change) list() error {
	id := w.owner("subject")
	if id == "" {
		return notOne()
	}
	s, err := w.situation(id)
	if err != nil {
		return err
	}
	if w.extracted(w.after) || hiding(w.after) {
		return refusedBy("What was extracted from a document, and what it hides, a List does not say of itself.")
	}
	if w.before == nil {
		return w.feeds(s)
	}
	target, err := w.target(w.before, s)
	if err != nil {
		return err
	}
	switch kind := listKind(w.before); {
	case target.Own, target.OwnStructure:
	case kind == kindSubmissionSet:
		return refusedBy("A submission set is what its sender sent: nobody else changes it.")
	case kind == kindFolder && !addsOnly(w.before, w.after):
		return refusedBy("To a folder of others one adds; nothing else of it changes.")
	case kind == "" && !w.c.professionalSide() && !ofPerson(w.before, id):
		return refused(habilitation.Decision{Rule: "D13", Why: "The patient's side changes the lists that it made."})
	}
	return w.feeds(s)
}

// The kinds of List of document sharing (MHD).
const (
	systemListTypes   = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
	kindSubmissionSet = "submissionset"
	kindFolder        = "folder"
)

// listKind gives the kind of a List of document sharing, "" for others.
func listKind(root *element.Element) string {
	for c := range root.Child("code").Children("coding") {
		if c.ChildValue("system") == systemListTypes {
			return c.ChildValue("code")
		}
	}
	return ""
}

// addsOnly says whether a List has all that it had, with further entries; its date and its meta may be others.
func addsOnly(before, after *element.Element) bool {
	sides := [2]*element.Element{element.Clone(before), element.Clone(after)}
	_, entries := take(sides, func(e *element.Element) bool { return e.Name == "entry" })
	_, _ = take(sides, func(e *element.Element) bool { return e.Name == "date" || e.Name == "meta" })
	for _, had := range entries[0] {
		if !slices.ContainsFunc(entries[1], func(e *element.Element) bool { return element.Equal(e, had) }) {
			return false
		}
	}
	return element.EqualContent(sides[0], sides[1])
}
