package repository

import (
	"context"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/store"
)

// op is one entry of a batch or transaction, understood.
type op struct {
	place int // in the bundle
	entry *BundleEntry
	what  Interaction // "" for what is read: GET, HEAD, searches by POST and operations
	link  link
	query string // of a conditional interaction
	cond  Conditions
	res   *element.Resource
	kind  patch.Kind
	patch []byte
}

// The order in which a transaction's interactions take effect (http.html#trules).
const (
	phaseDelete = iota
	phaseCreate
	phaseUpdate
	phaseRead
	phases
)

func (o *op) phase() int {
	switch o.what {
	case Delete:
		return phaseDelete
	case Create:
		return phaseCreate
	case Update, Patch:
		return phaseUpdate
	}
	return phaseRead
}

// understand reads one entry and asks whether the caller may do this at all.
func (r *Repository) understand(ctx context.Context, place int, e *BundleEntry) (*op, error) {
	o := &op{place: place, entry: e}
	var ok bool
	if o.link, ok = r.local(e.URL); !ok {
		return nil, badRequest("request.url", "The URL of an entry is relative to the server's base, or begins with it.")
	}
	var err error
	switch e.Method {
	case http.MethodGet, http.MethodHead:
		return o, nil
	case http.MethodPost:
		if o.link.id != "" || o.link.rest != "" || o.link.typ == "" || strings.HasPrefix(o.link.typ, "$") {
			return o, nil
		}
		o.what, o.cond.IfNoneExist = Create, e.IfNoneExist
	case http.MethodPut:
		o.what = Update
	case http.MethodPatch:
		o.what = Patch
	case http.MethodDelete:
		o.what = Delete
	default:
		return nil, badRequest("request.method", "The method of an entry is GET, HEAD, POST, PUT, PATCH or DELETE.")
	}
	if err := r.knownOf(ctx, e, o.what, o.link.typ); err != nil {
		return nil, err
	}
	if err := o.target(); err != nil {
		return nil, err
	}
	if o.cond.IfMatch, err = parseIfMatch(e.IfMatch); err != nil {
		return nil, err
	}
	o.cond.IfNoneMatchStar = e.IfNoneMatch == "*" && o.what == Update
	return o, o.content(e)
}

// knownOf is known for an entry.
func (r *Repository) knownOf(ctx context.Context, e *BundleEntry, what Interaction, typ string) error {
	if e.Own && r.types[typ] {
		return nil
	}
	return r.known(ctx, what, typ)
}

func badRequest(expression, diagnostics string) *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, expression, diagnostics)
}

// target checks that the URL fits the interaction.
func (o *op) target() error {
	l := &o.link
	if l.rest != "" || l.version != "" {
		return badRequest("request.url", "An entry writes to [type], [type]/[id] or [type]?[criteria].")
	}
	o.query = l.query
	if o.what == Create {
		if l.query != "" {
			return badRequest("request.url", "A create has no criteria in its URL; a conditional create has them in ifNoneExist.")
		}
		return nil
	}
	if (l.id == "") == (l.query == "") {
		return badRequest("request.url", "An update, patch or delete names its resource by [type]/[id] or by [type]?[criteria].")
	}
	return nil
}

// content takes the entry's resource: what is written, or the patch.
func (o *op) content(e *BundleEntry) error {
	if o.what == Delete {
		return nil
	}
	if e.Resource == nil || e.Resource.Root == nil {
		return badRequest("resource", "An entry that writes needs a resource.")
	}
	o.res = detached(e.Resource)
	if o.what == Update && o.link.id != "" {
		return agreeingID(o.res, o.link.id)
	}
	if o.what == Patch {
		return o.patchContent()
	}
	return nil
}

// patchContent reads a patch in a bundle: FHIRPath Patch is a Parameters resource, JSON and XML Patch are in a Binary (http.html#patch).
func (o *op) patchContent() error {
	switch o.res.Type() {
	case "Parameters":
		o.kind, o.patch = patch.FHIRPath, o.res.Compact()
		return nil
	case "Binary":
		kind, ok := patch.KindOf(o.res.Root.ChildValue("contentType"))
		if ok {
			var b strings.Builder
			if err := decodeBase64(&b, &base64Chars{next: once(o.res.Root.ChildValue("data"))}); err != nil {
				return badRequest("resource.data", "The patch is not base64.")
			}
			o.kind, o.patch = kind, []byte(b.String())
			return nil
		}
	}
	return badRequest("resource", "A patch in a bundle is a Parameters resource, or a Binary whose contentType is application/json-patch+json or application/xml-patch+xml.")
}

// detached makes an entry's resource a root of its own.
func detached(res *element.Resource) *element.Resource {
	root := res.Root
	if root.Parent != nil {
		root.Parent, root.Next = nil, nil
	}
	root.Name, root.Def = root.Type.Name, nil
	return res
}

// parseIfMatch reads W/"1" (or, as many write, "1" or 1).
func parseIfMatch(s string) (*uint64, error) {
	if s == "" {
		return nil, nil
	}
	tag := strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
	v, ok := parseVersion(tag)
	if !ok {
		return nil, badRequest("request.ifMatch", `ifMatch is W/"[versionId]".`)
	}
	return &v, nil
}

// result turns what was written into the entry's response.
func (o *op) result(w *Written) EntryResult {
	out := EntryResult{Status: w.Status, Issues: w.Issues}
	if rec := w.Record; rec != nil {
		out.Version, out.LastModified = rec.Version, rec.Time.Wall()
		if rec.Method != store.Deleted {
			out.Record = rec
			out.Location = rec.Type + "/" + rec.ID + "/_history/" + strconv.FormatUint(rec.Version, 10)
		}
	}
	return out
}

// failed makes a batch entry's result of its error.
func failed(err error) EntryResult {
	f := fault.From(storeFault(err))
	return EntryResult{Status: f.Status, Fault: f}
}

// inEntry names the entry in a fault's expressions.
func inEntry(place int, err error) *fault.Fault {
	f := *fault.From(storeFault(err))
	f.Issues = append([]fault.Issue(nil), f.Issues...)
	at := "Bundle.entry[" + strconv.Itoa(place) + "]"
	for i := range f.Issues {
		f.Issues[i].Expression = entryExpression(at, f.Issues[i].Expression)
	}
	return &f
}

func entryExpression(at, expression string) string {
	switch {
	case expression == "":
		return at
	case strings.HasPrefix(expression, "http."):
		return at + ".request.url" // where an entry has its parameters
	case expression[0] >= 'a' && expression[0] <= 'z':
		return at + "." + expression
	}
	at += ".resource"
	if i := strings.IndexByte(expression, '.'); i >= 0 {
		return at + expression[i:]
	}
	return at
}

// parallel calls do for 0 to n-1 on as many goroutines as there are workers, and waits.
func parallel(n, workers int, do func(i int)) {
	workers = min(workers, n)
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	done.Wait()
}

func cores() int { return runtime.GOMAXPROCS(0) }

func (r *Repository) checkBundleSize(entries []BundleEntry) error {
	if len(entries) <= r.o.MaxBundleEntries {
		return nil
	}
	return fault.At(http.StatusRequestEntityTooLarge, fault.TooLong, "Bundle.entry", "The bundle has more entries than this server takes, which is "+strconv.Itoa(r.o.MaxBundleEntries)+".")
}

// noReader answers read entries when the caller gave no EntryReader.
func noReader(context.Context, *BundleEntry, store.Time) (*EntryResult, error) {
	return nil, fault.New(http.StatusNotImplemented, fault.NotSupported, "Entries that read are not supported here.")
}
