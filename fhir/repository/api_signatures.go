package repository

import (
	"context"
	"io"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Repository carries out the interactions. It is safe for concurrent use. Trees handed to it (res) become its own: it stamps ids, resolves references
// and lets interceptors edit them, so a caller must not use them afterwards.
type Repository struct{}

// New checks the options, registers the custom SearchParameters that are in the store and resumes their indexing in the background.
func New(o Options) (*Repository, error)

// Close stops background work (indexing resumes at the next New). The store is the caller's to close.
func (r *Repository) Close() error

// Create is POST [base]/[type] (http.html#create) and, with c.IfNoneExist, conditional create. 201 with the new record; 200 with the one that is there
// when exactly one matches; 412 multiple-matches. The resource's own id is ignored. 422 when validation finds errors.
func (r *Repository) Create(ctx context.Context, typ string, res *element.Resource, c Conditions) (*Written, error)

// Update is PUT [base]/[type]/[id]: 200, or 201 when it creates (also after a deletion). An identical content gives 200 and the version that is there. 412 when c.IfMatch is not
// current, 409 when it was at first and another writer came between; 412 with c.IfNoneMatchStar when the resource exists.
func (r *Repository) Update(ctx context.Context, typ, id string, res *element.Resource, c Conditions) (*Written, error)

// UpdateWhere is PUT [base]/[type]?[query] (conditional update).
func (r *Repository) UpdateWhere(ctx context.Context, typ, query string, res *element.Resource, c Conditions) (*Written, error)

// Patch is PATCH [base]/[type]/[id]; 404 and 410 as Read. Retried when another writer comes between, unless c.IfMatch asks for a version.
func (r *Repository) Patch(ctx context.Context, typ, id string, kind patch.Kind, body []byte, c Conditions) (*Written, error)

// PatchWhere is PATCH [base]/[type]?[query]: 404 when nothing matches, 412 when several do.
func (r *Repository) PatchWhere(ctx context.Context, typ, query string, kind patch.Kind, body []byte, c Conditions) (*Written, error)

// Delete is DELETE [base]/[type]/[id]: 204, also when nothing is there (Record is nil then).
func (r *Repository) Delete(ctx context.Context, typ, id string, c Conditions) (*Written, error)

// DeleteWhere is DELETE [base]/[type]?[query]: 204; 412 when several match, unless Options.ConditionalDeleteMultiple.
func (r *Repository) DeleteWhere(ctx context.Context, typ, query string) (*Written, error)

// Read gives the current version: 404 not-found, 410 deleted. Body is the stored JSON; a Binary's has no data (see Inline, OpenBinary, WriteBinaryTo).
func (r *Repository) Read(ctx context.Context, typ, id string) (*store.Record, error)

// ReadAt is Read as of a time (0: now).
func (r *Repository) ReadAt(ctx context.Context, typ, id string, at store.Time) (*store.Record, error)

// VRead gives one version by its versionId as received: 404 when there is none, 410 when it is a deletion.
func (r *Repository) VRead(ctx context.Context, typ, id, version string) (*store.Record, error)

// History gives a page of versions, newest first; deletions have Method Deleted and no Body. An instance without any version is a 404.
func (r *Repository) History(ctx context.Context, q HistoryQuery) (*HistoryPage, error)

// Search answers a parsed query at a time (0: now), with the caller's conditions conjoined.
func (r *Repository) Search(ctx context.Context, q *search.Query, at store.Time, page search.Page) (*SearchPage, error)

// Batch carries out entries one by one, each with its own outcome (http.html#transaction); the results are in the order of the entries.
func (r *Repository) Batch(ctx context.Context, entries []BundleEntry, get EntryReader) ([]EntryResult, error)

// Transaction carries out entries all or nothing, as one store.Tx: DELETE, POST, PUT and PATCH, then GET and HEAD. The results are in the order of the entries. The fault's
// expressions name entries ("Bundle.entry[3].resource..."); nothing is written then.
func (r *Repository) Transaction(ctx context.Context, entries []BundleEntry, get EntryReader) ([]EntryResult, error)

// Everything is Patient/[id]/$everything: Matches holds the compartment (the patient first), Included what it refers to.
func (r *Repository) Everything(ctx context.Context, patient string, q EverythingQuery) (*SearchPage, error)

// Meta is $meta: the JSON of a Parameters resource with one "return" of type Meta. With id: of the resource; with typ only: all profiles, tags and labels used by the type;
// both empty: by the whole server.
func (r *Repository) Meta(ctx context.Context, typ, id string) ([]byte, error)

// MetaAdd is $meta-add: params is the Parameters resource with one "meta". The answer is as of Meta.
func (r *Repository) MetaAdd(ctx context.Context, typ, id string, params *element.Resource) ([]byte, error)

// MetaDelete is $meta-delete.
func (r *Repository) MetaDelete(ctx context.Context, typ, id string, params *element.Resource) ([]byte, error)

// Validate is $validate: all issues that a write would meet, warnings and information too. Mode is "", create, update or delete (id is needed for the last two); res may be nil
// with mode delete or, with an id, for the stored resource.
func (r *Repository) Validate(ctx context.Context, typ, id string, res *element.Resource, mode, profile string) ([]fault.Issue, error)

// WriteBinary stores raw bytes as a Binary (binary.html#rest): a create when id is "", otherwise an update. The content streams to the store's blobs.
func (r *Repository) WriteBinary(ctx context.Context, id, contentType, securityContext string, body io.Reader, c Conditions) (*Written, error)

// WriteBinaryResource stores a Binary that arrives as a FHIR resource with inline data, streaming (base64 decoded strictly on the way): a body of any size is never held.
func (r *Repository) WriteBinaryResource(ctx context.Context, id string, f Format, body io.Reader, c Conditions) (*Written, error)

// OpenBinary gives a Binary record's content type and bytes, for a raw answer and for ranges. An absent data gives an empty reader.
func (r *Repository) OpenBinary(ctx context.Context, rec *store.Record) (contentType string, content store.BlobReader, err error)

// WriteBinaryTo writes a Binary record as a FHIR resource with its data inline, streaming.
func (r *Repository) WriteBinaryTo(ctx context.Context, w io.Writer, rec *store.Record, f Format) error

// Inline gives a record's JSON as clients see it: Body itself, or for a Binary with a blob the Body with its data (for bundles; bounded by Options.MaxResourceBytes).
func (r *Repository) Inline(ctx context.Context, rec *store.Record) ([]byte, error)
