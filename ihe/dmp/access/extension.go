package access

import (
	"bytes"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// Extension gives the operation $habilitation, and keeps in the server what it knows for itself: who is médecin traitant of a person (a Consent, or the answer of TD0.2, tells who may know), and the rights of a Subscription's owner.
func (a *Access) Extension() rest.Extension {
	return rest.Extension{
		Operations: []rest.Operation{a.habilitation()},
		Shows:      map[string]rest.Shown{"Patient": without("Patient", extensionTreatingDoctors), "Subscription": without("Subscription", extensionOwner)},
	}
}

// without gives resources of a type without an extension.
func without(typ, url string) rest.Shown {
	mark := []byte(url)
	return func(body []byte) []byte {
		if !bytes.Contains(body, mark) {
			return body
		}
		res, err := element.ParseJSON(spec.R4(), body, element.Options{ExpectType: typ, Trusted: true})
		if err != nil {
			return []byte(`{"resourceType":"` + typ + `"}`)
		}
		for x := res.Root.First; x != nil; {
			next := x.Next
			if x.Name == "extension" && x.ChildValue("url") == url {
				_ = res.Root.Remove(x) // it is a child
			}
			x = next
		}
		return element.AppendJSON(nil, res.Root)
	}
}
