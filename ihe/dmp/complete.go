package dmp

import (
	"context"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/ins"
)

type controlKey struct{}

// Controlled marks a context as one of the server's own operations on identities, which may change what plain writes may not.
func Controlled(ctx context.Context) context.Context {
	return context.WithValue(ctx, controlKey{}, true)
}

func controlled(ctx context.Context) bool { return ctx.Value(controlKey{}) != nil }

// managed are the extensions that only operations set.
var managed = [...]string{ExtensionClosing, ExtensionMES, ExtensionTreatingDoctor, extensionTreatingDoctors}

// Complete keeps in a Patient that is sent anew what other senders wrote: local identifiers of other authorities, earlier INS numbers, links, the attested spelling of names, whether the record is open, and
// what operations set. A patch says what it takes away; of it only what operations set is kept.
func (i *Identity) Complete(ctx context.Context, what repository.Interaction, before *element.Element, after *element.Resource, look *repository.Lookup) error {
	if after.Type() != "Patient" || controlled(ctx) {
		return nil
	}
	if err := i.pointLinks(ctx, after, look); err != nil || before == nil {
		return err
	}
	changed, err := keepExtensions(before, after.Root)
	if err != nil {
		return err
	}
	if what == repository.Update {
		kept, err := keepIdentifiers(before, after.Root)
		if err != nil {
			return err
		}
		spelled, err := i.keepSpelling(before, after.Root)
		if err != nil {
			return err
		}
		linked, err := keepLinks(before, after.Root)
		if err != nil {
			return err
		}
		changed = changed || kept || spelled || linked
		if was := before.Child("active"); was != nil && after.Root.Child("active") == nil {
			if err := after.Root.Add("active", element.Clone(was)); err != nil {
				return err
			}
			changed = true
		}
	}
	if changed {
		after.Changed()
	}
	return nil
}

// keepExtensions puts the managed extensions of before in the place of those that came.
func keepExtensions(before, after *element.Element) (changed bool, err error) {
	for _, url := range managed {
		was, is := extensionsOf(before, url), extensionsOf(after, url)
		if slices.EqualFunc(was, is, element.Equal) {
			continue
		}
		for _, x := range is {
			if err := after.Remove(x); err != nil {
				return changed, err
			}
		}
		for _, x := range was {
			if err := after.Add("extension", element.Clone(x)); err != nil {
				return changed, err
			}
		}
		changed = true
	}
	if !changed {
		return false, nil
	}
	return true, reorder(before, after)
}

// reorder gives the extensions of after the order of before when they are the same: what was put back stands where it stood, and nothing has changed.
func reorder(before, after *element.Element) error {
	left := slices.Collect(after.Children("extension"))
	was := slices.Collect(before.Children("extension"))
	if len(left) != len(was) || slices.EqualFunc(left, was, element.Equal) {
		return nil
	}
	for _, x := range was {
		i := slices.IndexFunc(left, func(e *element.Element) bool { return element.Equal(e, x) })
		if i < 0 {
			return nil
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, x := range slices.Collect(after.Children("extension")) {
		if err := after.Remove(x); err != nil {
			return err
		}
	}
	for _, x := range was {
		if err := after.Add("extension", element.Clone(x)); err != nil {
			return err
		}
	}
	return nil
}

func extensionsOf(e *element.Element, url string) (out []*element.Element) {
	for x := range e.Children("extension") {
		if x.ChildValue("url") == url {
			out = append(out, x)
		}
	}
	return out
}

// keepIdentifiers adds the identifiers of before whose authority the sender does not speak for: no identifier of its system came. Identifiers with the use old are kept always: an earlier INS, those of merged
// identities.
func keepIdentifiers(before, after *element.Element) (changed bool, err error) {
	systems, tokens := map[string]bool{}, map[string]bool{}
	for e := range after.Children("identifier") {
		systems[e.ChildValue("system")] = true
		tokens[e.ChildValue("system")+"|"+e.ChildValue("value")] = true
	}
	for e := range before.Children("identifier") {
		system, old := e.ChildValue("system"), e.ChildValue("use") == "old"
		if tokens[system+"|"+e.ChildValue("value")] || systems[system] && !old {
			continue
		}
		if _, isINS := ins.KindOf(system); isINS && !old {
			continue // the current INS: whether it may go is Review's to say
		}
		if err := after.Add("identifier", element.Clone(e)); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// keepLinks keeps the links to other identities, which operations set.
func keepLinks(before, after *element.Element) (changed bool, err error) {
	for link := range before.Children("link") {
		typ, other := link.ChildValue("type"), link.Child("other").ChildValue("reference")
		if typ == "replaced-by" {
			continue // whether it may go is Review's to say
		}
		kept := false
		for e := range after.Children("link") {
			kept = kept || e.ChildValue("type") == typ && e.Child("other").ChildValue("reference") == other
		}
		if kept {
			continue
		}
		if err := after.Add("link", element.Clone(link)); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// keepSpelling gives the names of a qualified identity the spelling that was attested, when those sent are the same names written otherwise.
func (i *Identity) keepSpelling(before, after *element.Element) (changed bool, err error) {
	if currentINS(i.mode, before).IsZero() {
		return false, nil
	}
	was, is := TraitsOf(before), TraitsOf(after)
	if was.Family != is.Family && equalTrait(TraitFamily, was.Family, is.Family) {
		if _, err := officialName(after).SetChild("family", was.Family); err != nil {
			return changed, err
		}
		changed = true
	}
	if was.Given != is.Given && equalTrait(TraitGiven, was.Given, is.Given) {
		if _, err := extensionOf(officialName(after), extensionGivenList).SetChild("valueString", was.Given); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// patientID gives the id of a relative reference to a Patient; "" when it is none. What is below another base is another server's.
func patientID(reference string) string {
	rest, ok := strings.CutPrefix(reference, "Patient/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	if !element.IsID(id) {
		return ""
	}
	return id
}
