package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Extension is what another package adds to the server: an IHE profile, a national layer, access control.
type Extension struct {
	// Operations are routed and declared.
	Operations []Operation
	// Instantiates and ImplementationGuides go to the CapabilityStatement's elements of these names.
	Instantiates, ImplementationGuides []string
	// Profiles adds to rest.resource.supportedProfile, by resource type.
	Profiles map[string][]string
	// Security adds codes of http://hl7.org/fhir/restful-security-service ("SMART-on-FHIR") to rest.security.service.
	Security []string
	// SecurityExtensions go to rest.security.extension (the oauth-uris of SMART).
	SecurityExtensions []models.Extension
	// Middleware wraps every route under the FHIR base, in order, the first outermost. It authenticates, and puts who calls into the request's context; an error is
	// answered as any other. /metadata passes through it too: a middleware that lets it pass knows it by its path.
	Middleware []echo.MiddlewareFunc
	Watchers   []Watcher
	// Searches and Shows have one entry for a resource type; no two extensions have the same.
	Searches map[string]SearchRule
	Shows    map[string]Shown
	// Everything has conditions on what $everything gives of a resource type.
	Everything map[string]search.Expr
	// Transactors, Creators and Retrievers are asked in order; the first that takes a request answers it.
	Transactors []Transactor
	Creators    []Creator
	Retrievers  []Retriever
}

// Watcher is told of each interaction when its answer is known and before the answer's first byte leaves: the place of a durable access trace.
// An error replaces the answer, so that nothing leaves untraced. It must not change what it is given.
type Watcher interface {
	Answering(ctx context.Context, a *Answer) error
}

// Answer is what a Watcher is told.
type Answer struct {
	Interaction repository.Interaction
	// Operation is the code of an operation ("everything"), "" otherwise.
	Operation string
	// Type, ID and Version name what the URL asked for; each may be "".
	Type, ID, Version string
	// Query is the query of a search, as parsed from the URL, the form or the page link; identities may stand in it.
	Query string
	// Parameters are those of a search as they came, from the URL and the form.
	Parameters string
	RequestID  string
	// Request is the request as it came, for its method, URL, headers and address; its body has been read.
	Request *http.Request
	Status  int
	// Records are what the answer carries: the resource read or written, the page of a search or of a history.
	Records []*store.Record
	// Entries are the entries of a batch or transaction with their results, in order.
	Entries []repository.BundleEntry
	Results []repository.EntryResult
	// Fault is set when the interaction was refused or failed.
	Fault *fault.Fault
}

// Level is where an operation may be called, as in OperationDefinition.system, type and instance.
type Level uint8

// The levels of an operation; they combine with |.
const (
	SystemLevel Level = 1 << iota
	TypeLevel
	InstanceLevel
)

// Operation is one FHIR operation (http://hl7.org/fhir/R4/operations.html).
type Operation struct {
	// Code is the name after the $.
	Code string
	// Definition is the OperationDefinition's canonical URL.
	Definition string
	Levels     Level
	// Types are the resource types that have it at type and instance level; empty: all.
	Types []string
	// ReadOnly operations (affectsState false) may be called by GET.
	ReadOnly bool
	// RawMedia are media types ("text/xml") whose bodies reach Handle as they came, in OperationCall.Body, up to RawLimit bytes (0: the limit of a resource).
	RawMedia []string
	RawLimit int64
	// Documentation is markdown for the CapabilityStatement.
	Documentation string
	Handle        func(ctx context.Context, call *OperationCall) (*OperationAnswer, error)

	// tolerant operations are called with the faults of a body that is well-formed and wrong, instead of being refused.
	tolerant bool
}

// OperationCall is one call of an operation.
type OperationCall struct {
	Level    Level
	Type, ID string
	// Query is the raw query of a GET; Parameters hold the body of a POST (a Parameters resource, or the bare resource where an operation takes
	// one), nil when there was none.
	Query      string
	Parameters *element.Resource
	// Body is a POST's body in one of the operation's RawMedia; its media type is in Request.
	Body    []byte
	Request *http.Request
	wrong   *fault.Fault // of a tolerant operation's body
	// At is the time as of which a read-only operation inside a transaction reads (0: now).
	At store.Time
}

// OperationAnswer is what an operation answers: a resource as JSON, or the server's own record.
type OperationAnswer struct {
	Status int // 0: 200
	// Resource is the JSON of the answer; nil: no content.
	Resource []byte
	Header   http.Header
	// Records are told to watchers.
	Records []*store.Record
}

// Value gives the value of a primitive parameter, from the query of a GET or the Parameters of a POST; "" when it is not there.
func (c *OperationCall) Value(name string) string {
	if c.Parameters != nil && c.Parameters.Type() == "Parameters" {
		if p := c.parameter(name); p != nil {
			return p.ChildValue("value")
		}
	}
	q, err := url.ParseQuery(c.Query)
	if err != nil {
		return "" // the router has refused such a query already
	}
	return q.Get(name)
}

// Values gives all values of a primitive parameter; values of a query may be joined by commas.
func (c *OperationCall) Values(name string) []string {
	var out []string
	if c.Parameters != nil && c.Parameters.Type() == "Parameters" {
		for p := range c.Parameters.Root.Children("parameter") {
			if p.ChildValue("name") == name {
				out = append(out, p.ChildValue("value"))
			}
		}
	}
	q, err := url.ParseQuery(c.Query)
	if err != nil {
		return out
	}
	for _, list := range q[name] {
		out = append(out, strings.Split(list, ",")...)
	}
	return out
}

// Resource gives the resource of a parameter, or the body itself when it is not a Parameters resource; nil when there is none.
func (c *OperationCall) Resource(name string) *element.Resource {
	if c.Parameters == nil {
		return nil
	}
	if c.Parameters.Type() != "Parameters" {
		return c.Parameters
	}
	if r := c.parameter(name).Child("resource"); r != nil {
		return detach(r)
	}
	return nil
}

func (c *OperationCall) parameter(name string) *element.Element {
	for p := range c.Parameters.Root.Children("parameter") {
		if p.ChildValue("name") == name {
			return p
		}
	}
	return nil
}

// detach makes a resource that stood in another one a root of its own.
func detach(r *element.Element) *element.Resource {
	r = element.Clone(r)
	r.Parent, r.Next, r.Def, r.Name = nil, nil, nil, r.Type.Name
	return element.NewResource(r)
}
