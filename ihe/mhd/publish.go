package mhd

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// publish is ITI-105, Simplified Publish (PDSm flow 09): POST of a DocumentReference that carries its document.
type publish struct{ *Recipient }

// Takes says whether a resource is published in the simple way: its profile says so, or its attachment has data.
func (publish) Takes(res *element.Resource) bool {
	return false
}

// Create judges and commits it as a submission of one document.
func (p publish) Create(context.Context, *element.Resource, repository.Conditions, *http.Request) (*repository.Written, error) {
	return nil, fault.New(http.StatusNotImplemented, fault.NotSupported, "")
}
