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
	if res.Type() != "DocumentReference" {
		return false
	}
	if _, ok := levelOf(res.Root, publishProfiles); ok {
		return true
	}
	return firstOf(res.Root, "content.attachment.data") != nil
}

// Create judges and commits it as a submission of one document.
func (p publish) Create(ctx context.Context, res *element.Resource, c repository.Conditions, _ *http.Request) (*repository.Written, error) {
	if c.IfNoneExist != "" {
		return nil, fault.At(http.StatusBadRequest, fault.NotSupported, "http.If-None-Exist", "A published document is recognised by its masterIdentifier; there is no conditional publish.")
	}
	level, ok := levelOf(res.Root, publishProfiles)
	if !ok {
		level = Simplified
	}
	s := newSingle(res, level)
	if err := s.judge(ctx); err != nil {
		return nil, err
	}
	if err := s.readDocuments(ctx, &p.o); err != nil {
		return nil, err
	}
	return p.submitOne(ctx, s)
}

// submitOne submits a document that came alone, and gives its DocumentReference.
func (r *Recipient) submitOne(ctx context.Context, s *submission) (*repository.Written, error) {
	results, err := r.submit(ctx, s)
	if err != nil {
		return nil, err
	}
	return &repository.Written{Status: results[0].Status, Record: results[0].Record, Issues: results[0].Issues}, nil
}
