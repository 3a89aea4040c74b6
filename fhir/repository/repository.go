// Package repository is the FHIR interactions without HTTP: what create, update, patch, delete, read, history, search, batch and transaction mean on a
// store (http://hl7.org/fhir/R4/http.html). fhir/rest puts them on HTTP; the IHE packages call them directly, so that a document
// submission and a plain transaction run through the same code.
//
// Every method takes its caller's rights from Options.Access, asks it before and conjoins its conditions to what is searched. Errors are *fault.Fault.
package repository

import (
	"context"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store"
)

// Interaction is a RESTful interaction by its code in http://hl7.org/fhir/restful-interaction.
type Interaction string

// The interactions.
const (
	Read            Interaction = "read"
	VRead           Interaction = "vread"
	Create          Interaction = "create"
	Update          Interaction = "update"
	Patch           Interaction = "patch"
	Delete          Interaction = "delete"
	HistoryInstance Interaction = "history-instance"
	HistoryType     Interaction = "history-type"
	HistorySystem   Interaction = "history-system"
	SearchType      Interaction = "search-type"
	SearchSystem    Interaction = "search-system"
	Transaction     Interaction = "transaction"
	Batch           Interaction = "batch"
	Operation       Interaction = "operation"
)

// Access is what a caller may do. The zero server has AllowAll; access control (SMART scopes, habilitation, consent) is a later implementation.
// It finds the caller in the context, where fhir/rest puts it.
type Access interface {
	// Permit refuses an interaction on a type outright (a fault), before anything is read.
	Permit(ctx context.Context, what Interaction, typ string) error
	// Restrict gives the condition that resources of the type must satisfy to exist for the caller; nil: no condition. It is conjoined to searches,
	// chains, includes and history, and judged on each record read; what does not satisfy it answers like what is absent.
	Restrict(ctx context.Context, typ string) (search.Expr, error)
	// Change judges a write: before is nil for a create, after nil for a delete.
	Change(ctx context.Context, what Interaction, before, after *element.Element) error
}

// Narrower is an Access whose condition on a type depends on what is asked of it: people may be found by an identifier that the caller knows, and not listed. Restrict is the condition on what is met on the way
// (included, referred to, counted).
type Narrower interface {
	// Narrow is Restrict for the resources of a type that satisfy the expression asked: a search's, a chain's inner one, that of conditional interactions, or the one id of a read.
	Narrow(ctx context.Context, typ string, asked search.Expr) (search.Expr, error)
}

// Knower is an Access that tells what exists for a caller from what its token lets it do: a submission names a patient and documents that the caller knows, whether or not it may read them by this token.
type Knower interface {
	// Know is Narrow without the token's own limits.
	Know(ctx context.Context, typ string, asked search.Expr) (search.Expr, error)
}

// Observer is told of committed changes, in commit order, after they are durable (subscriptions, background indexing). It must not block for long.
type Observer interface {
	Committed(ctx context.Context, at store.Time, changes []Change)
}

// Change is one committed write.
type Change struct {
	Type, ID string
	RID      store.RID
	Version  uint64
	Method   store.Method
}

// Interceptor lets a national or IHE layer judge and complete resources of some types before they are written (profile rules, INS uniqueness...).
// It runs in registration order, inside batch and transaction too; a fault refuses the write. It may edit the tree, and calls Changed then; it may be called again on the tree that it
// edited, when another writer overtook the first attempt.
type Interceptor interface {
	BeforeWrite(ctx context.Context, what Interaction, after *element.Resource) error
}

// Options configure a Repository.
type Options struct {
	Definitions  *spec.Definitions
	Store        store.Store
	Registry     *search.Registry
	Engine       *search.Engine
	Validator    *validate.Validator
	Access       Access // nil: AllowAll
	Interceptors []Interceptor
	Observers    []Observer
	// BaseURL is the server's own FHIR base ("http://localhost:8080/fhir"), by which absolute references are known to be its own.
	BaseURL string
	// ReferentialIntegrity refuses references to resources that are not there, and deletions of what is referred to. Off by default.
	ReferentialIntegrity bool
	// Limits.
	MaxBundleEntries int
	MaxResourceBytes int
	Budget           search.Budget
	MaxDeleteMatches int           // of a conditional delete of several
	NewID            func() string // ids of created resources; nil: time-ordered UUIDs (v7), which cluster in the store and tell no more than lastUpdated
	// ConditionalDeleteMultiple lets a conditional delete remove several matches at once.
	ConditionalDeleteMultiple bool
}

// Conditions are the HTTP preconditions of an interaction, already parsed.
type Conditions struct {
	// IfMatch is the version that must be current (update, patch, delete); nil: not asked.
	IfMatch *uint64
	// IfNoneMatchStar is If-None-Match: * (update only as create).
	IfNoneMatchStar bool
	// IfNoneExist is the query of a conditional create; "" when not asked.
	IfNoneExist string
}

// Written is the outcome of one write interaction.
type Written struct {
	// Status is the HTTP status that the interaction answers: 200, 201 or 204.
	Status int
	// Record is the version that is now current (nil after a delete of nothing). Its Index may be nil.
	Record *store.Record
	// Issues are warnings and information to give with Prefer: return=OperationOutcome.
	Issues []fault.Issue
}

// HistoryQuery asks for versions.
type HistoryQuery struct {
	Type, ID string // both empty: system
	Since    time.Time
	// At is the begin of the period of _at, zero when not asked; AtEnd its exclusive end (zero: _at is an instant).
	At, AtEnd time.Time
	Count     int
	// CountOnly asks for the total, without versions.
	CountOnly bool
	// T is the time of the walk's first page (0: now), After its place.
	T     store.Time
	After *store.HistoryPosition
}

// HistoryPage is one page of versions, newest first.
type HistoryPage struct {
	T       store.Time
	Records []*store.Record
	Next    *store.HistoryPosition // nil at the end
	Total   int64                  // -1 when not known cheaply
}

// SearchPage is one page of a search with the view it was made at.
type SearchPage struct {
	T store.Time
	*search.Result
}

// BundleEntry is one entry of a batch or transaction, as received.
type BundleEntry struct {
	FullURL                                            string
	Method                                             string // GET, HEAD, POST, PUT, PATCH, DELETE
	URL                                                string // relative to the base, as received
	Resource                                           *element.Resource
	Refused                                            error // what was found wrong with Resource when it was read: the entry of a batch fails with it
	IfMatch, IfNoneMatch, IfModifiedSince, IfNoneExist string

	// ID is the id of what a POST creates; "": the repository gives one. Blob is a Binary's data when it is in the store's blobs already (PutBlob). Neither comes from a client.
	ID   string
	Blob *store.BlobRef
	// Own says that the entry follows from the others and is the server's own act: whether the caller may write such a resource is not asked. It does not come from a client either.
	Own bool
}

// EntryResult is the outcome of one BundleEntry: Bundle.entry.response and, where the caller wants it, Bundle.entry.resource.
type EntryResult struct {
	Status int
	// Location is "Type/id/_history/version" (relative to the base), "" when the entry wrote nothing.
	Location string
	// Version is the version of response.etag (W/"1"), 0 for none.
	Version      uint64
	LastModified time.Time // zero for none
	// Record is the version that a write left current (nil after a deletion).
	Record *store.Record
	// Payload is the JSON of the resource that a GET entry answers (a read's resource, a search's Bundle); nil for writes.
	Payload []byte
	// Carried are the records that Payload was made of, when it is that of a search, a history or an operation: for traces.
	Carried []*store.Record
	// Fault is set when the entry failed (batch only), Issues are warnings of an entry that did not.
	Fault  *fault.Fault
	Issues []fault.Issue
}

// EntryReader answers a GET or HEAD entry of a batch or transaction (read, vread, search, history, operation): rendering is fhir/rest's work. It reads at
// the time given (0: now; several entries are read side by side), which in a transaction is that of the commit, so that the entry sees the transaction's own writes. An error becomes the
// entry's Fault in a batch, and in a transaction too (the writes are already durable then, and R4 lets reads fail alone).
type EntryReader func(ctx context.Context, e *BundleEntry, at store.Time) (*EntryResult, error)

// EverythingQuery asks for a patient's whole record (http://hl7.org/fhir/R4/patient-operation-everything.html).
type EverythingQuery struct {
	// Start and End bound the clinical dates of care ("2010-05-01"), as received; "" when not given.
	Start, End string
	// Since leaves out resources that were last updated before it.
	Since time.Time
	// Types restricts the resource types; empty: all.
	Types []string
	// Where adds conditions on what is given of a type.
	Where map[string]search.Expr
	// Count is the page size (0: no paging).
	Count int
	// T is the time of the first page (0: now), After its Next.
	T     store.Time
	After []byte
}

// Format is the wire format of a resource.
type Format uint8

// The formats.
const (
	JSON Format = iota + 1
	XML
)
