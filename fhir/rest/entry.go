package rest

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// entryReader answers the entries of a batch or transaction that read, with the same code as requests.
func (s *Server) entryReader(x *exchange) repository.EntryReader {
	prefers := preferenceOf(x.r.Header)
	var given atomic.Int64 // bytes of all answers: the response holds them together
	return func(ctx context.Context, e *repository.BundleEntry, at store.Time) (*repository.EntryResult, error) {
		path, raw, _ := strings.Cut(s.relative(e.URL), "?")
		path, err := url.PathUnescape(strings.Trim(path, "/"))
		if err != nil {
			return nil, badEntryURL()
		}
		r := &entryRead{s: s, x: x, e: e, at: at, raw: raw, prefers: prefers, parts: strings.Split(path, "/")}
		a, err := r.answer(ctx)
		if err != nil {
			return nil, err
		}
		if given.Add(int64(len(a.Payload))) > s.o.Limits.Bundle {
			return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The answers to this bundle are longer than "+size(s.o.Limits.Bundle)+" together; ask for this one by itself.")
		}
		return a, nil
	}
}

// relative takes the server's own base from an entry's URL.
func (s *Server) relative(u string) string {
	if rest, ok := strings.CutPrefix(u, s.o.BaseURL); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
		return rest
	}
	return u
}

func badEntryURL() *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, "request.url", "The URL of the entry is none of a FHIR interaction.")
}

// entryRead is one entry under way.
type entryRead struct {
	s       *Server
	x       *exchange
	e       *repository.BundleEntry
	at      store.Time
	raw     string
	prefers preference
	parts   []string
}

func (r *entryRead) answer(ctx context.Context) (*repository.EntryResult, error) {
	p := r.parts
	if len(p) == 1 && p[0] == "" {
		p = nil
	}
	if len(p) > 0 && strings.HasPrefix(p[len(p)-1], "$") {
		return r.operation(ctx, p)
	}
	post := r.e.Method == http.MethodPost
	if n := len(p); n > 0 && p[n-1] == "_search" {
		return r.search(ctx, p[:n-1])
	}
	if post {
		return nil, fault.At(http.StatusBadRequest, fault.NotSupported, "request.method", "A POST entry that does not create is a search by _search or an operation.")
	}
	switch n := len(p); {
	case n == 1 && p[0] == "metadata":
		body, _, err := r.s.statementFor(r.s.o.Registry)
		return &repository.EntryResult{Status: http.StatusOK, Payload: body}, err
	case n <= 3 && n > 0 && p[n-1] == "_history":
		return r.history(ctx, p[:n-1])
	case n <= 1, n == 3:
		return r.search(ctx, p)
	case n == 2:
		return r.read(ctx, p[0], p[1], "")
	case n == 4 && p[2] == "_history":
		return r.read(ctx, p[0], p[1], p[3])
	}
	return nil, badEntryURL()
}

func (r *entryRead) search(ctx context.Context, p []string) (*repository.EntryResult, error) {
	in := scope{}
	switch len(p) {
	case 0:
	case 1:
		in.typ = p[0]
	case 2:
		in.compartment, in.owner = p[0], p[1]
	case 3:
		in.compartment, in.owner = p[0], p[1]
		if p[2] != "*" {
			in.typ = p[2]
		}
	default:
		return nil, badEntryURL()
	}
	a, err := r.s.searchset(ctx, in, r.raw, r.prefers, r.at, nil)
	if err != nil {
		return nil, err
	}
	return &repository.EntryResult{Status: http.StatusOK, Payload: a.bundle, Carried: a.records}, nil
}

func (r *entryRead) history(ctx context.Context, p []string) (*repository.EntryResult, error) {
	var typ, id string
	if len(p) > 0 {
		typ = p[0]
	}
	if len(p) > 1 {
		id = p[1]
	}
	if typ != "" && !r.s.isType(typ) {
		return nil, unknownType()
	}
	a, err := r.s.historyBundle(ctx, typ, id, r.raw, r.at, nil)
	if err != nil {
		return nil, err
	}
	return &repository.EntryResult{Status: http.StatusOK, Payload: a.bundle, Carried: a.records}, nil
}

func (r *entryRead) read(ctx context.Context, typ, id, version string) (*repository.EntryResult, error) {
	q, err := queryOf(r.raw)
	if err != nil {
		return nil, err
	}
	out, err := negotiated(nil, q)
	if err != nil {
		return nil, err
	}
	if !r.s.isType(typ) {
		return nil, unknownType()
	}
	var rec *store.Record
	if version != "" {
		rec, err = r.s.repository.VRead(ctx, typ, id, version)
	} else {
		rec, err = r.s.repository.ReadAt(ctx, typ, id, r.at)
	}
	if err != nil {
		return nil, err
	}
	result := &repository.EntryResult{Status: http.StatusOK, Version: rec.Version, LastModified: rec.Time.Wall(), Record: rec}
	same, err := unmodified(r.header(), rec.Version, rec.Time)
	if err != nil {
		return nil, err
	}
	if same {
		result.Status = http.StatusNotModified
		return result, nil
	}
	result.Payload, err = r.s.resourceJSON(ctx, out, rec)
	return result, err
}

// header gives the entry's conditions as the headers that they stand for.
func (r *entryRead) header() http.Header {
	h := http.Header{}
	if r.e.IfNoneMatch != "" {
		h["If-None-Match"] = []string{r.e.IfNoneMatch}
	}
	if r.e.IfModifiedSince != "" { // an instant here, a date of HTTP there
		if t, err := time.Parse(time.RFC3339Nano, r.e.IfModifiedSince); err == nil {
			h["If-Modified-Since"] = []string{t.UTC().Format(http.TimeFormat)}
		}
	}
	return h
}

func (r *entryRead) operation(ctx context.Context, p []string) (*repository.EntryResult, error) {
	call := &OperationCall{Query: r.raw, Parameters: r.e.Resource, Request: r.x.r, At: r.at}
	switch len(p) {
	case 1:
		call.Level = SystemLevel
	case 2:
		call.Level, call.Type = TypeLevel, p[0]
	case 3:
		call.Level, call.Type, call.ID = InstanceLevel, p[0], p[1]
	default:
		return nil, badEntryURL()
	}
	if call.Type != "" && !r.s.isType(call.Type) {
		return nil, unknownType()
	}
	op := r.s.operations.find(call.Level, call.Type, p[len(p)-1][1:])
	if op == nil {
		return nil, unknownOperation()
	}
	if r.e.Method != http.MethodPost && !op.ReadOnly {
		return nil, fault.At(http.StatusMethodNotAllowed, fault.NotSupported, "request.method", "The operation changes state: call it by POST.")
	}
	a, err := op.Handle(ctx, call)
	if err != nil {
		return nil, err
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	return &repository.EntryResult{Status: status, Payload: a.Resource, Carried: a.Records}, nil
}
