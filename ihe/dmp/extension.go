package dmp

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

type object = map[string]any

// setExtension puts an extension, as JSON has it, in the place of those with its URL; nil takes them away.
func setExtension(e *element.Element, url string, x object) error {
	for old := extensionOf(e, url); old != nil; old = extensionOf(e, url) {
		if err := e.Remove(old); err != nil {
			return err
		}
	}
	if x == nil {
		return nil
	}
	return addExtension(e, x)
}

// addExtension adds an extension, as JSON has it.
func addExtension(e *element.Element, x object) error {
	built, err := build("Patient", object{"extension": []any{x}})
	if err != nil {
		return err
	}
	made := built.Root.Child("extension")
	if err := built.Root.Remove(made); err != nil {
		return err
	}
	return e.Add("extension", made)
}

// readAny reads a stored resource.
func readAny(rec *store.Record) (*element.Element, error) {
	res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: rec.Type, Trusted: true})
	if err != nil {
		return nil, err
	}
	return res.Root, nil
}

// build makes a resource of its JSON members. What callers gave in them is checked as anything that comes from outside.
func build(typ string, members object) (*element.Resource, error) {
	members["resourceType"] = typ
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return element.ParseJSON(spec.R4(), text, element.Options{ExpectType: typ})
}

// notThere says that an error is a 404 or 410.
func notThere(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && (f.Status == http.StatusNotFound || f.Status == http.StatusGone)
}
