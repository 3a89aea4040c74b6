package mhd

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// submission is what one request brings: a Provide Document Bundle, or the like of it made from a simpler request.
type submission struct {
	level   Level
	bundle  *element.Element // nil when the request was no Bundle
	entries []entry
	byURL   map[string]int // entries by fullUrl

	findings []finding
	done     <-chan struct{} // closed when nobody waits any more; nil: never
	// bare says that nothing is extracted.
	bare bool
	// single says that one DocumentReference came without a Bundle; the server makes the rest, under these ids.
	single          bool
	binaryID, setID string
	made            []*store.Record // what was written, of a single one
}

// entry is one entry of a submission.
type entry struct {
	place int
	part  Part
	root  *element.Element // nil when it has no resource
	in    *repository.BundleEntry
	// path is the entry's FHIRPath, "Bundle.entry[3]"; base that of its resource.
	path, base string

	// document is that of a DocumentReference, once found.
	document *document
	// id is what its resource gets when it is created.
	id       string
	prepared bool
}

// newSubmission sorts out the entries of a Bundle.
func newSubmission(bundle *element.Element, entries []repository.BundleEntry, level Level) *submission {
	s := &submission{level: level, bundle: bundle, entries: make([]entry, len(entries)), byURL: make(map[string]int, len(entries))}
	i := 0
	for e := range bundle.Children("entry") {
		in := &entries[i]
		made := entry{place: i, in: in, path: element.Path(e), part: PartOther}
		made.base = made.path + ".resource"
		if in.Resource != nil {
			made.root = in.Resource.Root
			made.part = partOf(made.root)
		} else if in.Method == "GET" && strings.HasPrefix(in.URL, "Patient") {
			made.part = PartPatient
		}
		s.entries[i] = made
		if in.FullURL != "" {
			s.byURL[in.FullURL] = i
		}
		i++
	}
	return s
}

// partOf says what an entry's resource is in a submission.
func partOf(root *element.Element) Part {
	switch root.Type.Name {
	case "List":
		switch listCode(root) {
		case codeSubmissionSet:
			return PartSubmissionSet
		case codeFolder:
			return PartFolder
		}
	case "DocumentReference":
		return PartDocumentReference
	case "Binary":
		return PartBinary
	case "Parameters":
		return PartUpdate
	case "Patient":
		return PartPatient
	}
	return PartOther
}

// listCode gives the code of a List in MHD's terms, "" when it has none.
func listCode(root *element.Element) string {
	code := root.Child("code")
	if code == nil {
		return ""
	}
	for coding := range code.Children("coding") {
		if coding.ChildValue("system") == systemListTypes {
			return coding.ChildValue("code")
		}
	}
	return ""
}

// of iterates over the entries of a part.
func (s *submission) of(part Part) func(yield func(*entry) bool) {
	return func(yield func(*entry) bool) {
		for i := range s.entries {
			if e := &s.entries[i]; e.part == part && e.root != nil && !yield(e) {
				return
			}
		}
	}
}

// set gives the submission set, nil when there is none.
func (s *submission) set() *entry {
	for e := range s.of(PartSubmissionSet) {
		return e
	}
	return nil
}

// target finds the entry that a literal link from another one names, nil when it names none of the submission.
func (s *submission) target(from *entry, link string) *entry {
	if link == "" || s.stopped() {
		return nil
	}
	if i, ok := s.byURL[link]; ok {
		return &s.entries[i]
	}
	if strings.Contains(link, ":") || from == nil {
		return nil
	}
	base := from.in.FullURL // ".../Type/id"
	for range 2 {
		cut := strings.LastIndexByte(base, '/')
		if cut < 0 {
			return nil
		}
		base = base[:cut]
	}
	if i, ok := s.byURL[base+"/"+link]; ok {
		return &s.entries[i]
	}
	return nil
}

// entryOf gives the entry that holds an element.
func (s *submission) entryOf(root *element.Element) *entry {
	for i := range s.entries {
		if s.entries[i].root == root {
			return &s.entries[i]
		}
	}
	return nil
}

// containedOf gives the contained resource that a Reference names, nil when it names none.
func (s *submission) containedOf(root, reference *element.Element) *element.Element {
	id, ok := strings.CutPrefix(reference.ChildValue("reference"), "#")
	if !ok || s.stopped() {
		return nil
	}
	for name, resource := range element.Contained(root) {
		if name == id {
			return resource
		}
	}
	return nil
}

// typeOf gives the type of what a Reference names, "" when it cannot be told.
func (s *submission) typeOf(root, reference *element.Element) string {
	link := reference.ChildValue("reference")
	if link == "" {
		return reference.ChildValue("type")
	}
	if held := s.containedOf(root, reference); held != nil {
		return held.Type.Name
	}
	if e := s.target(s.entryOf(root), link); e != nil && e.root != nil {
		return e.root.Type.Name
	}
	link, _, _ = strings.Cut(link, "?")
	parts := strings.Split(strings.TrimSuffix(link, "/"), "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if p := parts[i]; p != "" && p[0] >= 'A' && p[0] <= 'Z' {
			return p
		}
	}
	return reference.ChildValue("type")
}
