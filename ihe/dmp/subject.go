package dmp

import (
	"bytes"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// subject refuses what a client writes anew about a Patient that was merged into another: the record is the survivor's, and nobody would find it there. What the server does of itself follows the merge or undoes it.
func subject(v *repository.Review) error {
	if v.After == nil || v.Consequence {
		return nil
	}
	look := v.Look()
	of := func(root *element.Element, name string) string {
		reference := root.Child(name).ChildValue("reference")
		if reference == "" {
			return ""
		}
		if typ, id, ok := look.Target(reference); ok && typ == "Patient" {
			return id
		}
		return ""
	}
	for _, name := range [...]string{"subject", "patient"} {
		id := of(v.After, name)
		if id == "" {
			continue
		}
		before, err := v.Before()
		if err != nil {
			return err
		}
		if before != nil && of(before, name) == id {
			continue // it was so before
		}
		merged, err := isMerged(look, id)
		if err != nil {
			return err
		}
		if merged {
			return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, v.Type+"."+name,
				"The Patient was merged into another identity, whose record this belongs to: name that one. Patient.link of type replaced-by leads to it.")
		}
	}
	return nil
}

// isMerged says whether a stored Patient was merged into another. Most were not, and are not parsed.
func isMerged(look *repository.Lookup, id string) (bool, error) {
	rec, err := look.Read("Patient", id)
	if rec == nil || err != nil || !bytes.Contains(rec.Body, []byte("replaced-by")) {
		return false, err
	}
	tree, err := look.Tree(rec)
	if err != nil {
		return false, err
	}
	return ReplacedBy(tree.Root) != "", nil
}
