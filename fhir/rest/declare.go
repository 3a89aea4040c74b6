package rest

import (
	"errors"
	"maps"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/repository"
)

// handler answers one interaction. What it returns is answered as an OperationOutcome.
type handler func(s *Server, x *exchange) error

// declaration is one row of the table that routes and that the CapabilityStatement is written from.
type declaration struct {
	interaction repository.Interaction
	// routes are method and path below the base; a GET serves HEAD too.
	routes []route
	// per says whether the CapabilityStatement lists the interaction for each resource type or for the system; "" when it lists it nowhere.
	per    string
	handle handler
}

type route struct{ method, path string }

const (
	perType   = "type"
	perSystem = "system"
)

// interactions is R4's table of interactions (http.html#summary).
func interactions() []declaration {
	const (
		get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	)
	return []declaration{
		{repository.Read, []route{{get, "/:type/:id"}}, perType, (*Server).read},
		{repository.VRead, []route{{get, "/:type/:id/_history/:vid"}}, perType, (*Server).vread},
		{repository.Create, []route{{post, "/:type"}}, perType, (*Server).create},
		{repository.Update, []route{{put, "/:type/:id"}, {put, "/:type"}}, perType, (*Server).update},
		{repository.Patch, []route{{patch, "/:type/:id"}, {patch, "/:type"}}, perType, (*Server).patch},
		{repository.Delete, []route{{del, "/:type/:id"}, {del, "/:type"}}, perType, (*Server).delete},
		{repository.HistoryInstance, []route{{get, "/:type/:id/_history"}}, perType, (*Server).history},
		{repository.HistoryType, []route{{get, "/:type/_history"}}, perType, (*Server).history},
		{repository.HistorySystem, []route{{get, "/_history"}}, perSystem, (*Server).history},
		{repository.SearchType, []route{
			{get, "/:type"}, {get, "/:type/_search"}, {post, "/:type/_search"},
			{get, "/:type/:id/:inner"}, {get, "/:type/:id/:inner/_search"}, {post, "/:type/:id/:inner/_search"}, {post, "/:type/:id/_search"},
		}, perType, (*Server).search},
		{repository.SearchSystem, []route{{get, ""}, {get, "/_search"}, {post, "/_search"}}, perSystem, (*Server).search},
		{repository.Transaction, []route{{post, ""}}, perSystem, (*Server).bundle},
		{repository.Batch, nil, perSystem, nil}, // the same route: Bundle.type tells
		{interactionCapabilities, []route{{get, "/metadata"}}, "", (*Server).metadata},
		{repository.Operation, []route{
			{get, "/$:op"}, {post, "/$:op"}, {get, "/:type/$:op"}, {post, "/:type/$:op"}, {get, "/:type/:id/$:op"}, {post, "/:type/:id/$:op"},
		}, "", (*Server).operation},
	}
}

// interactionCapabilities is not one of restful-interaction's codes for an Access to judge, but "capabilities" is in the same value set.
const interactionCapabilities repository.Interaction = "capabilities"

type operationKey struct {
	level Level
	typ   string // "" for all types
	code  string
}

type operationTable map[operationKey]*Operation

func (t operationTable) find(level Level, typ, code string) *Operation {
	if op := t[operationKey{level, typ, code}]; op != nil {
		return op
	}
	return t[operationKey{level, "", code}]
}

func (t operationTable) add(op *Operation) error {
	if op.Code == "" || op.Handle == nil || op.Definition == "" || op.Levels == 0 {
		return errors.New("rest: an operation needs a code, a definition, a level and a handler")
	}
	for _, level := range []Level{SystemLevel, TypeLevel, InstanceLevel} {
		if op.Levels&level == 0 {
			continue
		}
		types := op.Types
		if len(types) == 0 || level == SystemLevel {
			types = []string{""}
		}
		for _, typ := range types {
			k := operationKey{level, typ, op.Code}
			if t[k] != nil {
				return errors.New("rest: the operation $" + op.Code + " is declared twice")
			}
			t[k] = op
		}
	}
	return nil
}

// declare gathers the server's own declarations and those of the extensions.
func (s *Server) declare() error {
	s.declarations = interactions()
	s.operations = operationTable{}
	s.searchRules, s.shows = map[string]SearchRule{}, map[string]Shown{}
	own := s.ownOperations()
	for i := range own {
		if err := s.operations.add(&own[i]); err != nil {
			return err
		}
	}
	for _, e := range s.o.Extensions {
		for i := range e.Operations {
			if err := s.operations.add(&e.Operations[i]); err != nil {
				return err
			}
		}
		s.watchers = append(s.watchers, e.Watchers...)
		maps.Copy(s.searchRules, e.Searches)
		maps.Copy(s.shows, e.Shows)
	}
	return nil
}
