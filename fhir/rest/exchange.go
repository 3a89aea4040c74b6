package rest

import (
	"compress/flate"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/repository"
)

// exchange is one request under way and the writer of its answer. One value does what a chain of middleware would: it notes what the log and the metrics
// tell, compresses, counts. Exchanges are pooled; nothing may keep one after ServeHTTP.
type exchange struct {
	w     http.ResponseWriter
	r     *http.Request
	start time.Time
	id    string // request id

	interaction repository.Interaction
	typ         string // a resource type of R4, or ""
	route       string // the pattern, never the path
	cause       error  // what a 5xx came from, for the log
	verbatim    bool   // never compressed: ranges and a strong ETag are of the bytes themselves

	c     echo.Context
	query string // of a search, for watchers
	raw   string // likewise, as it came

	values []string // room for header values
	status int
	bytes  int64 // on the wire
	gz     *gzip.Writer
}

var (
	exchanges   = sync.Pool{New: func() any { return new(exchange) }}
	gzipWriters = sync.Pool{New: func() any {
		// Speed over ratio: FHIR shrinks tenfold at any level, and the processor is what a server has least of.
		w, err := gzip.NewWriterLevel(nil, flate.BestSpeed)
		if err != nil {
			return gzip.NewWriter(nil)
		}
		return w
	}}
)

// exchangeOf finds the exchange under what middleware may have wrapped around it.
func exchangeOf(c echo.Context) *exchange {
	w := c.Response().Writer
	for {
		if x, ok := w.(*exchange); ok {
			return x
		}
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return &exchange{w: w, r: c.Request(), start: time.Now()}
		}
		w = u.Unwrap()
	}
}

func (x *exchange) Header() http.Header { return x.w.Header() }

// Unwrap lets http.ResponseController reach the connection (deadlines).
func (x *exchange) Unwrap() http.ResponseWriter { return x.w }

func (x *exchange) WriteHeader(status int) {
	if x.status != 0 {
		return
	}
	if status >= 100 && status < 200 {
		x.w.WriteHeader(status)
		return
	}
	x.status = status
	x.compress()
	x.w.WriteHeader(status)
}

func (x *exchange) Write(p []byte) (int, error) {
	if x.status == 0 {
		x.WriteHeader(http.StatusOK)
	}
	if x.r.Method == http.MethodHead {
		return len(p), nil
	}
	if x.gz != nil {
		return x.gz.Write(p)
	}
	n, err := x.w.Write(p)
	x.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered (echo's Response asks for it).
func (x *exchange) Flush() {
	if x.gz != nil {
		_ = x.gz.Flush() // the next Write meets the same error
	}
	_ = http.NewResponseController(x.w).Flush()
}

// gzipFrom is the size from which compression repays its cost: below, an answer fits one packet anyway.
const gzipFrom = 1 * kilobyte

// compress decides, once the headers are known, whether the body is compressed.
func (x *exchange) compress() {
	if x.verbatim || x.status == http.StatusNoContent || x.status == http.StatusNotModified || x.status == http.StatusPartialContent {
		return
	}
	accepted := x.r.Header["Accept-Encoding"]
	if len(accepted) == 0 || !acceptsGzip(accepted) {
		return
	}
	h := x.w.Header()
	if len(h["Content-Encoding"]) > 0 || len(h["Content-Range"]) > 0 || !compressible(h) {
		return
	}
	if l := h["Content-Length"]; len(l) == 1 {
		if n, err := strconv.Atoi(l[0]); err == nil && n < gzipFrom {
			return
		}
	}
	delete(h, "Content-Length")
	delete(h, "Accept-Ranges") // ranges are of the uncompressed content
	h["Content-Encoding"] = headerGzip
	if x.r.Method == http.MethodHead {
		return
	}
	x.gz = gzipWriters.Get().(*gzip.Writer)
	x.gz.Reset(counted{x})
}

// counted counts what compression lets through.
type counted struct{ x *exchange }

func (c counted) Write(p []byte) (int, error) {
	n, err := c.x.w.Write(p)
	c.x.bytes += int64(n)
	return n, err
}

func compressible(h http.Header) bool {
	t := h["Content-Type"]
	if len(t) != 1 {
		return false
	}
	media, _, _ := strings.Cut(t[0], ";")
	switch media {
	case "application/fhir+json", "application/json", "application/fhir+xml", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+xml") || strings.HasSuffix(media, "+json")
}

// acceptsGzip reads Accept-Encoding; a client that refuses gzip says q=0.
func acceptsGzip(values []string) bool {
	for _, v := range values {
		for v != "" {
			var part string
			part, v, _ = strings.Cut(v, ",")
			name, params, _ := strings.Cut(part, ";")
			name = strings.TrimSpace(name)
			if !strings.EqualFold(name, "gzip") && name != "*" {
				continue
			}
			q, ok := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
			if !ok {
				return true
			}
			f, err := strconv.ParseFloat(q, 64)
			return err == nil && f > 0
		}
	}
	return false
}

// finish ends the body; the answer is complete afterwards.
func (x *exchange) finish() {
	if x.gz == nil {
		return
	}
	_ = x.gz.Close() // the client is gone: nobody is left to tell
	x.gz.Reset(nil)
	gzipWriters.Put(x.gz)
	x.gz = nil
}
