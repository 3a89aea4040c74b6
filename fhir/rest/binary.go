package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// A Binary travels as its own bytes unless FHIR is asked for by name (binary.html#rest). Both ways stream: a document of any size needs a few buffers of memory.

// readBinary is read and vread of a Binary.
func (s *Server) readBinary(x *exchange) error {
	out, err := s.negotiateBinary(x)
	if err != nil {
		return err
	}
	ctx, id, vid := s.brief(x), x.c.Param("id"), x.c.Param("vid")
	var rec *store.Record
	if vid != "" {
		rec, err = s.repository.VRead(ctx, "Binary", id, vid)
	} else {
		rec, err = s.repository.Read(ctx, "Binary", id)
	}
	if err != nil {
		return err
	}
	other, err := s.rendition(ctx, x, rec)
	switch {
	case err != nil:
		return err
	case out.raw && other != nil:
		return s.sendRendition(x, rec, other)
	case out.raw:
		return s.sendRaw(ctx, x, rec)
	}
	same, err := unmodified(x.r.Header, rec.Version, rec.Time)
	if err != nil {
		return err
	}
	if same || rec.Blob == nil || out.projected() {
		return s.sendConditional(x, out, rec) // no data, or a projection without it
	}
	if err := s.tell(x, Answer{Status: http.StatusOK, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
		return err
	}
	x.setVersion(rec.Version, rec.Time)
	return s.sendBinaryResource(ctx, x, http.StatusOK, out, rec)
}

// negotiateBinary is negotiate for a Binary: where no FHIR type is named, the content's own type is the answer, so that an Accept of other
// types ("image/png") is none to refuse.
func (s *Server) negotiateBinary(x *exchange) (*rendering, error) {
	q, err := queryOf(x.r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	if q.Get("_format") == "" {
		named := false
		for _, v := range x.r.Header["Accept"] {
			named = named || strings.Contains(v, "fhir+") || strings.Contains(v, "+fhir")
		}
		if !named {
			return whole, nil
		}
	}
	return s.negotiate(x)
}

// sendRaw answers the content, or the ranges of it that are asked for. Its ETag is strong: two answers with it are equal bytes, which ranges need.
func (s *Server) sendRaw(ctx context.Context, x *exchange, rec *store.Record) (err error) {
	contentType, content, err := s.repository.OpenBinary(ctx, rec)
	if err != nil {
		return err
	}
	defer func() {
		if e := content.Close(); err == nil {
			err = e
		}
	}()
	if err := s.tell(x, Answer{Status: http.StatusOK, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
		return err
	}
	h := x.w.Header()
	// What clients uploaded must not act as a page of this origin.
	h["X-Content-Type-Options"] = headerNosniff
	h["Content-Security-Policy"] = []string{"sandbox; default-src 'none'"}
	h["Cache-Control"] = s.cache
	h["Vary"] = s.vary
	if contentType == "" {
		contentType = "application/octet-stream"
	}
	h["Content-Type"] = []string{contentType}
	h["Etag"] = []string{`"` + strconv.FormatUint(rec.Version, 10) + `"`}
	h["Content-Location"] = []string{s.o.BaseURL + "/Binary/" + rec.ID + "/_history/" + strconv.FormatUint(rec.Version, 10)}
	strongConditions(x.r.Header)
	if r := x.r.Header.Get("Range"); r != "" {
		if !strings.HasPrefix(r, "bytes=") {
			x.r.Header.Del("Range") // units that a server does not know are ignored (RFC 9110, 14.2)
		} else {
			x.r.Header.Set("Range", withoutEmptySuffixes(r, content.Size()))
		}
	}
	x.verbatim = true
	w := &pacedWriter{x: x, rc: http.NewResponseController(x.w), start: time.Now()}
	http.ServeContent(w, x.r, "", rec.Time.Wall(), content)
	if w.unsatisfiable {
		f := fault.New(http.StatusRequestedRangeNotSatisfiable, fault.Value, "The content has no bytes in the range asked for; Content-Range tells its length.")
		f.Header = http.Header{"Content-Range": {"bytes */" + strconv.FormatInt(content.Size(), 10)}}
		return f
	}
	return nil
}

// withoutEmptySuffixes drops the ranges that ask for the last 0 bytes, which no content can satisfy (RFC 9110, 14.1.2) and net/http takes for satisfied. When nothing else is asked for, it is a range behind the end.
func withoutEmptySuffixes(ranges string, size int64) string {
	list, _ := strings.CutPrefix(ranges, "bytes=")
	var kept []string
	for one := range strings.SplitSeq(list, ",") {
		if suffix, ok := strings.CutPrefix(strings.TrimSpace(one), "-"); !ok || suffix == "" || strings.Trim(suffix, "0") != "" {
			kept = append(kept, one)
		}
	}
	if len(kept) == 0 {
		kept = []string{strconv.FormatInt(size, 10) + "-"}
	}
	return "bytes=" + strings.Join(kept, ",")
}

// strongConditions lets clients repeat the weak ETag that they got with the resource: versions compare the same.
func strongConditions(h http.Header) {
	for _, name := range []string{"If-None-Match", "If-Range"} {
		if v := h[name]; len(v) == 1 && strings.Contains(v[0], "W/") {
			h[name] = []string{strings.ReplaceAll(v[0], "W/", "")}
		}
	}
}

// pacedWriter moves the connection's write deadline with what the client takes.
type pacedWriter struct {
	x           *exchange
	rc          *http.ResponseController
	start       time.Time
	sent, moved int64
	// unsatisfiable: ServeContent refused the range, which it would say in plain text.
	unsatisfiable bool
}

func (p *pacedWriter) Header() http.Header { return p.x.Header() }
func (p *pacedWriter) WriteHeader(status int) {
	if status == http.StatusRequestedRangeNotSatisfiable {
		p.unsatisfiable = true
		return
	}
	p.x.begin(status)
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	if p.unsatisfiable {
		return len(b), nil
	}
	if p.sent == 0 || p.sent-p.moved >= megabyte {
		_ = p.rc.SetWriteDeadline(p.start.Add(patience + time.Duration((p.sent+megabyte)/slowest)*time.Second))
		p.moved = p.sent
	}
	n, err := p.x.Write(b)
	p.sent += int64(n)
	return n, err
}

// copyBuffers are large: a document of several megabytes then takes a few system calls instead of hundreds.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 512*kilobyte); return &b }}

// ReadFrom is what http.ServeContent copies through.
func (p *pacedWriter) ReadFrom(r io.Reader) (n int64, err error) {
	b := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(b)
	for {
		m, err := r.Read(*b)
		if m > 0 {
			w, e := p.Write((*b)[:m])
			n += int64(w)
			if e != nil {
				return n, e
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
	}
}

// sendBinaryResource answers a Binary as FHIR, its data streaming into the base64 of it.
func (s *Server) sendBinaryResource(ctx context.Context, x *exchange, status int, out *rendering, rec *store.Record) error {
	format := repository.JSON
	if out.xml {
		format = repository.XML
	}
	h := x.w.Header()
	h["X-Content-Type-Options"] = headerNosniff
	h["Cache-Control"] = s.cache
	h["Vary"] = s.vary
	h["Content-Type"] = out.contentType
	if x.r.Method == http.MethodHead {
		x.begin(status)
		return nil
	}
	w := &pacedWriter{x: x, rc: http.NewResponseController(x.w), start: time.Now()}
	x.begin(status)
	if err := s.repository.WriteBinaryTo(ctx, w, rec, format); err != nil {
		x.cause = fmt.Errorf("a Binary ended early: %w", err)
		panic(http.ErrAbortHandler) // the client must not take it for whole
	}
	return nil
}

// writeBinary is create and update of a Binary: raw bytes of any type, or FHIR where its media types say so.
func (s *Server) writeBinary(x *exchange, id string) error {
	// The time budget is of the server's work; how long a large body travels is judged by its pace.
	ctx := context.WithValue(x.r.Context(), requestIDKey{}, x.id)
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	c, err := s.conditions(ctx, x.r.Header, "Binary", id)
	if err != nil {
		return err
	}
	contentType := x.r.Header.Get("Content-Type")
	if contentType == "" {
		return fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "A Binary needs a Content-Type.")
	}
	body, err := x.body(s.o.Limits.Binary)
	if err != nil {
		return err
	}
	var w *repository.Written
	if format, ok := fhirContent(contentType); ok {
		w, err = s.repository.WriteBinaryResource(ctx, id, format, body, c)
	} else {
		w, err = s.repository.WriteBinary(ctx, id, contentType, x.r.Header.Get("X-Security-Context"), body, c)
	}
	if err != nil {
		return err
	}
	p := preferenceOf(x.r.Header)
	if w.Record.Blob != nil && p.returns == returnDefault {
		p.returns = returnNothing // sending a document back to who just sent it serves nobody
	}
	return s.sendWritten(ctx, x, out, w, p)
}

// fhirContent says whether a Binary's body is the resource itself: only FHIR's own media types say so, as plain JSON or XML may be the content.
func fhirContent(contentType string) (repository.Format, bool) {
	name, _, _ := strings.Cut(contentType, ";")
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "application/fhir+json":
		return repository.JSON, true
	case "application/fhir+xml":
		return repository.XML, true
	}
	return 0, false
}
