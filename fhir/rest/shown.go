package rest

import (
	"context"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// SearchRule judges a search of its type, not one inside a compartment, before it is answered: what a profile requires clients to say. It may set what the client left open in the query
// (Query.Total, Query.Narrow). The issues go with the answer as an OperationOutcome entry; an error refuses the search. lenient says that the client asked for handling=lenient.
type SearchRule func(ctx context.Context, q *search.Query, lenient bool) ([]fault.Issue, error)

// Shown gives a stored resource's JSON as clients are to see it ("attachment.url" made absolute). It must not change what it is given; version and identity stay the same.
type Shown func(body []byte) []byte

// ruled applies the search rule of a type.
func (s *Server) ruled(ctx context.Context, in scope, q *search.Query, lenient bool) ([]fault.Issue, error) {
	rule := s.searchRules[in.typ]
	if rule == nil || in.compartment != "" {
		return nil, nil
	}
	return rule(ctx, q, lenient)
}

// bodyOf gives a record's JSON as clients see it.
func (s *Server) bodyOf(rec *store.Record) []byte {
	if show := s.shows[rec.Type]; show != nil {
		return show(rec.Body)
	}
	return rec.Body
}
