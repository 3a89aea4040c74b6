package path

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// resolve gives the resources that References, canonicals and uris point to, as far as they are found.
func resolve(ev *evaluator, _ *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		found, err := ev.resolveItem(it)
		if err != nil {
			return nil, err
		}
		if found != nil {
			if err := ev.push(Node{found}); err != nil {
				return nil, err
			}
		}
	}
	return ev.since(out), ev.spend(len(in))
}

func (ev *evaluator) resolveItem(it Item) (*element.Element, error) {
	ref, ok := referenceText(it)
	if !ok || ref == "" {
		return nil, nil
	}
	origin := ev.resource()
	if n, ok := it.(Node); ok {
		origin = n.Resource()
	}
	if fragment, ok := strings.CutPrefix(ref, "#"); ok {
		return contained(container(origin), fragment), nil
	}
	if found, err := ev.entry(origin, ref); found != nil || err != nil {
		return found, err
	}
	if ev.ctx.Resolve == nil {
		return nil, nil
	}
	return ev.ctx.Resolve(ref), nil
}

// referenceText gives the text of a reference: of a Reference element, or a uri or string itself.
func referenceText(it Item) (string, bool) {
	if n, ok := it.(Node); ok && n.Type.Kind != spec.Primitive {
		if n.Type.Name != "Reference" {
			return "", false
		}
		return n.ChildValue("reference"), true
	}
	return textOf(it)
}

// contained finds a contained resource by its id; the empty id is the container.
func contained(in *element.Element, id string) *element.Element {
	if in == nil || id == "" {
		return in
	}
	for c := range in.Children("contained") {
		if c.ChildValue("id") == id {
			return c
		}
	}
	return nil
}

// entry finds a reference's target among the entries of the Bundle that holds its origin: by fullUrl, or, when the reference is
// relative, by the type and id at the end of a RESTful fullUrl (http://hl7.org/fhir/R4/bundle.html#references).
func (ev *evaluator) entry(origin *element.Element, ref string) (*element.Element, error) {
	if origin == nil {
		return nil, nil
	}
	bundle := origin.Root()
	if bundle.Type.Name != "Bundle" {
		return nil, nil
	}
	relative := !strings.Contains(ref, ":")
	for e := range bundle.Children("entry") {
		ev.budget--
		url := e.ChildValue("fullUrl")
		if url == ref || relative && len(url) > len(ref) && strings.HasSuffix(url, ref) && url[len(url)-len(ref)-1] == '/' {
			return e.Child("resource"), nil
		}
	}
	return nil, ev.spend(0)
}

// resolvesTo is "references.resolve() is T", decided from the reference itself where its text or type tells: search parameters
// are evaluated without other resources at hand.
type resolvesTo struct {
	references node // nil is $this
	typ        typeTest
}

func (x *resolvesTo) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *resolvesTo) truth(ev *evaluator) (Truth, error) {
	in := ev.scope.this
	mark := ev.mark()
	if x.references != nil {
		var err error
		if in, err = x.references.eval(ev); err != nil {
			return Unknown, err
		}
	}
	switch len(in) {
	case 0:
		return Unknown, nil
	case 1:
	default:
		return Unknown, evalFault(0, "resolve() is ... applies to one reference, not to %d", len(in))
	}
	it := in[0]
	ev.cut(mark)
	if t := targetType(it); t != nil {
		return truthOf(x.typ.fhir != nil && descends(t, x.typ.fhir)), ev.spend(1)
	}
	found, err := ev.resolveItem(it)
	if err != nil || found == nil {
		return Unknown, err
	}
	return truthOf(x.typ.matches(Node{found})), nil
}

// targetType gives the type of what a reference points to, from its text or its type element; nil when they do not tell.
func targetType(it Item) *spec.Type {
	ref, ok := referenceText(it)
	if !ok {
		return nil
	}
	if t := textType(ref); t != nil {
		return t
	}
	if n, ok := it.(Node); ok && n.Type.Kind == spec.Complex && !strings.HasPrefix(ref, "#") {
		return resourceType(strings.TrimPrefix(n.ChildValue("type"), baseProfile))
	}
	return nil
}

// textType reads the type out of "Patient/123", ".../Patient/123/_history/4" or "Patient?identifier=...".
func textType(ref string) *spec.Type {
	if strings.HasPrefix(ref, "#") || strings.HasPrefix(ref, "urn:") {
		return nil
	}
	if query := strings.IndexByte(ref, '?'); query >= 0 {
		return resourceType(ref[strings.LastIndexByte(ref[:query], '/')+1 : query])
	}
	if end := strings.IndexByte(ref, '|'); end >= 0 {
		ref = ref[:end]
	}
	if end := strings.Index(ref, "/_history/"); end >= 0 {
		ref = ref[:end]
	}
	id := strings.LastIndexByte(ref, '/')
	if id <= 0 {
		return nil
	}
	return resourceType(ref[strings.LastIndexByte(ref[:id], '/')+1 : id])
}

func resourceType(name string) *spec.Type {
	if t := spec.R4().Types[name]; t != nil && t.Kind == spec.Resource {
		return t
	}
	return nil
}
