package rest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// Transactor carries out transaction Bundles of its own kind in place of the plain rules: a document submission is a transaction with rules over its whole.
type Transactor interface {
	// Takes says from a Bundle whether it is of that kind. One of type batch is refused then.
	Takes(bundle *element.Element) bool
	// Transact carries it out, all or nothing. Results stand in the order of the entries.
	Transact(ctx context.Context, call *TransactionCall) ([]repository.EntryResult, error)
}

// TransactionCall is one transaction Bundle.
type TransactionCall struct {
	Bundle *element.Element
	// Entries are the Bundle's entries in order; their resources stand in the Bundle still, so that element.Path names them from there.
	Entries []repository.BundleEntry
	Request *http.Request
}

// Creator carries out creates of its own kind: a DocumentReference that brings its document along is no plain one.
type Creator interface {
	// Takes says from the resource whether it is of that kind.
	Takes(res *element.Resource) bool
	Create(ctx context.Context, res *element.Resource, c repository.Conditions, r *http.Request) (*repository.Written, error)
}

// Retriever is asked before a Binary leaves. It may refuse, or give another rendition of its raw content; nil leaves the content as it is.
type Retriever interface {
	Retrieve(ctx context.Context, rec *store.Record, r *http.Request) (*Rendition, error)
}

// Rendition is what is answered in place of a Binary's content, under an ETag of its own.
type Rendition struct {
	ContentType, ETag string
	// Policy is the Content-Security-Policy; "": nothing is allowed.
	Policy string
	Write  func(w io.Writer) error
}

// transact has the first Transactor that takes the Bundle carry it out; taken is false when none does.
func (s *Server) transact(ctx context.Context, x *exchange, bundle *element.Element, entries []repository.BundleEntry) (results []repository.EntryResult, taken bool, err error) {
	for i := range s.o.Extensions {
		for _, t := range s.o.Extensions[i].Transactors {
			if t.Takes(bundle) {
				results, err = t.Transact(ctx, &TransactionCall{Bundle: bundle, Entries: entries, Request: x.r})
				return results, true, err
			}
		}
	}
	return nil, false, nil
}

// onlyAsTransaction refuses a batch of a kind that is carried out as a transaction: its entries would escape the rules over the whole.
func (s *Server) onlyAsTransaction(bundle *element.Element) error {
	for i := range s.o.Extensions {
		for _, t := range s.o.Extensions[i].Transactors {
			if t.Takes(bundle) {
				return fault.At(http.StatusUnprocessableEntity, fault.Value, "Bundle.type", "A Bundle of this profile is of type transaction.")
			}
		}
	}
	return nil
}

// createBy has the first Creator that takes the resource create it.
func (s *Server) createBy(ctx context.Context, x *exchange, res *element.Resource, c repository.Conditions) (w *repository.Written, taken bool, err error) {
	for i := range s.o.Extensions {
		for _, creator := range s.o.Extensions[i].Creators {
			if creator.Takes(res) {
				w, err = creator.Create(ctx, res, c, x.r)
				return w, true, err
			}
		}
	}
	return nil, false, nil
}

// rendition asks the Retrievers about a Binary that is about to be answered.
func (s *Server) rendition(ctx context.Context, x *exchange, rec *store.Record) (*Rendition, error) {
	for i := range s.o.Extensions {
		for _, r := range s.o.Extensions[i].Retrievers {
			if out, err := r.Retrieve(ctx, rec, x.r); out != nil || err != nil {
				return out, err
			}
		}
	}
	return nil, nil
}

// sendRendition answers a rendition.
func (s *Server) sendRendition(x *exchange, rec *store.Record, out *Rendition) error {
	if err := s.tell(x, Answer{Status: http.StatusOK, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
		return err
	}
	h := x.w.Header()
	policy := out.Policy
	if policy == "" {
		policy = "sandbox; default-src 'none'"
	}
	h["Content-Security-Policy"] = []string{policy}
	if out.ETag != "" {
		h["Etag"] = []string{out.ETag}
		if strings.Contains(x.r.Header.Get("If-None-Match"), out.ETag) {
			s.send(x, http.StatusNotModified, nil, nil)
			return nil
		}
	}
	var page bytes.Buffer // whole before its first byte leaves, so that a failure is still answered as one
	if err := out.Write(&page); err != nil {
		return err
	}
	s.send(x, http.StatusOK, []string{out.ContentType}, page.Bytes())
	return nil
}
