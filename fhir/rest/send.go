package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// tell asks the watchers before the answer leaves.
func (s *Server) tell(x *exchange, a Answer) error {
	if len(s.watchers) == 0 {
		return nil
	}
	return s.inform(x, a)
}

func (s *Server) inform(x *exchange, a Answer) error {
	a.Interaction, a.RequestID, a.Request, a.Parameters = x.interaction, x.id, x.r, x.raw
	if x.c != nil {
		a.Type = x.typ
		if a.ID == "" {
			a.ID = x.c.Param("id")
		}
		a.Version, a.Operation = x.c.Param("vid"), x.c.Param("op")
	}
	if a.Query == "" {
		a.Query = x.query
	}
	ctx := context.WithValue(x.r.Context(), requestIDKey{}, x.id)
	for _, w := range s.watchers {
		if err := w.Answering(ctx, &a); err != nil {
			return err
		}
	}
	return nil
}

// send writes an answer whose bytes are ready. A client that went away is no error of the server's.
func (s *Server) send(x *exchange, status int, contentType []string, body []byte) {
	h := x.w.Header()
	h["X-Content-Type-Options"] = headerNosniff
	h["Cache-Control"] = s.cache
	h["Vary"] = s.vary
	if body == nil {
		if status != http.StatusNoContent && status != http.StatusNotModified {
			h["Content-Length"] = headerZero
		}
		x.begin(status)
		return
	}
	h["Content-Type"] = contentType
	h["Content-Length"] = x.value(strconv.Itoa(len(body)))
	x.allow(int64(len(body)))
	x.begin(status)
	_, _ = x.Write(body)
}

// begin writes the head, by echo's Response where there is one, so that its middleware sees the status.
func (x *exchange) begin(status int) {
	if x.c != nil {
		x.c.Response().WriteHeader(status)
		return
	}
	x.WriteHeader(status)
}

// allow gives a long answer the time that a slow line needs; short ones live with the server's own write timeout.
func (x *exchange) allow(n int64) {
	if n >= megabyte {
		_ = http.NewResponseController(x.w).SetWriteDeadline(time.Now().Add(patience + time.Duration(n/slowest)*time.Second))
	}
}

// sendOutcome answers an OperationOutcome.
func (s *Server) sendOutcome(x *exchange, status int, out *rendering, issues []fault.Issue) {
	body := appendOutcome(nil, issues)
	// A projection of an outcome would hide what is wrong.
	whole := rendering{contentType: out.contentType, xml: out.xml, pretty: out.pretty}
	rendered, err := s.render(&whole, body)
	if err != nil {
		s.send(x, status, typeFHIRJSON, body)
		return
	}
	s.send(x, status, out.contentType, rendered)
}

// render brings stored or built JSON into the form that was asked for.
func (s *Server) render(out *rendering, body []byte) ([]byte, error) {
	if out.stored() {
		return body, nil
	}
	if !out.xml && !out.projected() {
		return append(element.Indent(make([]byte, 0, len(body)*2), body), '\n'), nil
	}
	res, err := element.ParseJSON(s.o.Definitions, body, element.Options{Trusted: true, MaxElements: trustedElements})
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Status == http.StatusRequestEntityTooLarge {
		return nil, fault.New(http.StatusForbidden, fault.TooCostly, "The answer is too large to be given as XML; ask for fewer resources by _count, or for JSON.")
	}
	if err != nil {
		return nil, err
	}
	root := out.project(res.Root)
	if !out.xml {
		body = element.AppendJSON(make([]byte, 0, len(body)), root)
		if out.pretty {
			body = append(element.Indent(make([]byte, 0, len(body)*2), body), '\n')
		}
		return body, nil
	}
	indent := ""
	if out.pretty {
		indent = "  "
	}
	return element.AppendXMLIndent(make([]byte, 0, len(body)*2), root, indent), nil
}

// trustedElements bounds what the server reads back of itself: some 300 MB of tree, which a page of 1000 usual resources is far from.
const trustedElements = 2_000_000

func (o *rendering) project(root *element.Element) *element.Element {
	switch {
	case o.summary != 0:
		return element.Summary(root, o.summary)
	case len(o.elements) > 0:
		return element.Subset(root, o.elements)
	}
	return root
}

// maxInline is the largest document that a Bundle carries inside. A larger Binary comes without its data, tagged SUBSETTED: it is read by itself.
const maxInline = 256 * kilobyte

// resourceJSON gives a record as a Bundle carries it: JSON, projected where that is asked.
func (s *Server) resourceJSON(ctx context.Context, out *rendering, rec *store.Record) ([]byte, error) {
	projection := rendering{summary: out.summary, elements: out.elements}
	body := s.bodyOf(rec)
	if rec.Blob != nil {
		if rec.Blob.Size > maxInline {
			if !projection.projected() {
				projection.summary = element.SummaryData
			}
		} else {
			var err error
			if body, err = s.repository.Inline(ctx, rec); err != nil {
				return nil, err
			}
		}
	}
	if !projection.projected() {
		return body, nil
	}
	return s.render(&projection, body)
}

// sendRecord answers one version of a resource.
func (s *Server) sendRecord(x *exchange, status int, out *rendering, rec *store.Record) error {
	if len(s.watchers) > 0 { // or the list of one would be made for nobody
		if err := s.tell(x, Answer{Status: status, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
			return err
		}
	}
	body := s.bodyOf(rec)
	if !out.stored() {
		var err error
		if body, err = s.render(out, body); err != nil {
			return err
		}
	}
	x.setVersion(rec.Version, rec.Time)
	s.send(x, status, out.contentType, body)
	return nil
}

// sendJSON answers a resource that the server built.
func (s *Server) sendJSON(x *exchange, out *rendering, body []byte, a Answer) error {
	rendered, err := s.render(out, body)
	if err != nil {
		return err
	}
	if err := s.tell(x, a); err != nil {
		return err
	}
	s.send(x, a.Status, out.contentType, rendered)
	return nil
}
