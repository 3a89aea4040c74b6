package mhd

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// MetadataRules is the repository interceptor of PDSm's metadata update (flows 03 and 04): a PATCH of a DocumentReference changes its status, its labels and the archived mark and nothing else, by the transitions of transitions.go, and
// what was extracted from the document follows it in the same commit. Patches inside transactions are held to the same.
type MetadataRules struct {
	// MaskedAndInvisible lets a document be hidden from professionals and from the patient at the same time, which the DMP's guide forbids unless a server parameter says otherwise (EX_2.1-1050).
	MaskedAndInvisible bool
}

// BeforeWrite leaves writes alone.
func (*MetadataRules) BeforeWrite(context.Context, repository.Interaction, *element.Resource) error {
	return nil
}

// updatable are the elements that a metadata update may name.
var updatable = map[string]bool{"status": true, "securityLabel": true, "extension": true}

// BeforePatch refuses what names other elements with 405, and translates the selectors and values of the guides' printed examples into JSON Patch.
func (*MetadataRules) BeforePatch(_ context.Context, current *element.Resource, kind patch.Kind, body []byte) ([]byte, error) {
	if current.Type() != "DocumentReference" {
		return body, nil
	}
	switch kind {
	case patch.JSON:
		return tolerantPatch(current.Root, body)
	case patch.XML:
		if err := elsewhere(xmlPatchTargets(body)); err != nil {
			return nil, err
		}
		return tolerantXML(current.Root, body), nil
	case patch.FHIRPathJSON:
		if err := elsewhere(fhirPathTargets(body)); err != nil {
			return nil, err
		}
		return tolerantFHIRPath(current.Root, body), nil
	default:
		return body, nil
	}
}

// AfterPatch refuses results that differ elsewhere with 405, and transitions that there are not with 422.
func (m *MetadataRules) AfterPatch(_ context.Context, current, patched *element.Resource) error {
	if current.Type() != "DocumentReference" {
		return nil
	}
	if err := elsewhere(changedElements(current.Root, patched.Root)); err != nil {
		return err
	}
	return m.judge(current.Root, patched.Root)
}

// changedElements names the root's elements in which the two differ, but for those of a metadata update.
func changedElements(before, after *element.Element) []string {
	a, b := remainder(before), remainder(after)
	if element.EqualContent(a, b) {
		return nil
	}
	var names []string
	seen := map[string]bool{}
	for _, root := range []*element.Element{a, b} {
		for c := root.First; c != nil; c = c.Next {
			if !seen[c.Name] && !sameGroup(a, b, c.Name) {
				names = append(names, c.Name)
			}
			seen[c.Name] = true
		}
	}
	return names
}

// remainder copies a DocumentReference without what a metadata update is about.
func remainder(root *element.Element) *element.Element {
	root = element.Clone(root)
	for c := root.First; c != nil; {
		following := c.Next
		if c.Name == "status" || c.Name == "securityLabel" || c.Name == "extension" && c.ChildValue("url") == extArchived {
			_ = root.Remove(c) // it is a child
		}
		c = following
	}
	return root
}

func sameGroup(a, b *element.Element, name string) bool {
	if name == "id" || name == "meta" {
		return element.EqualContent(only(a, name), only(b, name))
	}
	return element.Equal(only(a, name), only(b, name))
}

// only copies the root with the children of one name.
func only(root *element.Element, name string) *element.Element {
	out := element.NewRoot(root.Type)
	for c := range root.Children(name) {
		copied := element.Clone(c)
		out.InsertAfter(out.Last, copied)
	}
	return out
}

// elsewhere is the 405 of a patch that names further elements, an issue for each; nil when there are none.
func elsewhere(names []string) error {
	if len(names) == 0 {
		return nil
	}
	f := &fault.Fault{Status: http.StatusMethodNotAllowed, Header: http.Header{"Allow": {"GET, HEAD, PATCH"}}}
	for _, name := range names {
		expression := "DocumentReference"
		if name != "" {
			expression += "." + name
		}
		f.Issues = append(f.Issues, fault.Issue{
			Severity: fault.Error, Code: fault.NotSupported, Expression: expression,
			Diagnostics: "A metadata update changes DocumentReference.status, DocumentReference.securityLabel and the extension pdsm-ext-is-archived only; nothing was changed. Replace the document to change anything else.",
		})
	}
	return f
}
