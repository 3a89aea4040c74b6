package rest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// base is where the FHIR API stands on this server, whatever a proxy shows.
const base = "/fhir"

// Server is the HTTP handler: FHIR under /fhir, /healthz, /readyz and /metrics beside it.
type Server struct {
	o            Options
	echo         *echo.Echo
	repository   *repository.Repository
	types        map[string]struct{}
	operations   operationTable
	declarations []declaration
	watchers     []Watcher
	searchRules  map[string]SearchRule
	shows        map[string]Shown
	tokens       *tokenSealer
	metrics      *metrics
	access       *accessLog
	statement    capabilities
	trace        *tracing
	vary, cache  []string
	draining     atomic.Bool
}

// New makes the server. Close it to flush its log.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	tokens, err := newTokenSealer(o.PageKey)
	if err != nil {
		return nil, err
	}
	s := &Server{
		o:          o,
		repository: o.Repository,
		types:      make(map[string]struct{}, len(o.Definitions.Resources)),
		tokens:     tokens,
		metrics:    newMetrics(o.Store),
		access:     newAccessLog(o.AccessLog, o.Logger),
	}
	for _, t := range o.Definitions.Resources {
		s.types[t] = struct{}{}
	}
	s.vary, s.cache = headerVary, headerPrivate
	if o.NoStore {
		s.cache = headerNoStore
	}
	if len(o.CORS) > 0 {
		s.vary = []string{headerVary[0] + ", Origin"}
	}
	if o.Tracing {
		s.trace = newTracing()
	}
	if err := s.declare(); err != nil {
		s.access.close()
		return nil, err
	}
	s.route()
	return s, nil
}

// Echo gives the router, to add routes outside /fhir (a console at /). They pass through the server's log and metrics too.
func (s *Server) Echo() *echo.Echo { return s.echo }

// Drain makes /readyz refuse, so that balancers send no more requests; those that come are still answered.
func (s *Server) Drain() { s.draining.Store(true) }

// Close writes what is left of the access log. The repository and the store are the caller's to close.
func (s *Server) Close() error {
	s.access.close()
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchanges.Get().(*exchange)
	*x = exchange{w: w, r: r, start: time.Now(), id: requestID(r.Header)}
	s.metrics.running.Inc()
	defer s.end(x)
	w.Header()["X-Request-Id"] = x.value(x.id)
	if sent := r.Header["X-Request-Id"]; len(sent) == 1 && sent[0] != x.id && printable(sent[0]) {
		w.Header()["X-Correlation-Id"] = sent
	}
	tidy(r.URL)
	if r.ContentLength != 0 { // also for the bodies that no handler reads: net/http discards them afterwards
		_ = http.NewResponseController(w).SetReadDeadline(x.start.Add(patience))
	}
	if len(s.o.CORS) > 0 && s.cors(x) {
		return
	}
	s.echo.ServeHTTP(x, r)
}

// end completes the answer, and the log and the metrics with it. A handler that panicked gives a 500 without detail; when its answer had begun the
// connection is cut, so that nobody takes the torso for the whole.
func (s *Server) end(x *exchange) {
	p := recover()
	if p != nil {
		x.gz = nil
		if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			s.o.Logger.Error("a handler panicked", "id", x.id, "route", x.route, "stack", stack())
		}
		if x.status == 0 {
			s.fail(x, fault.New(http.StatusInternalServerError, fault.Exception, "The server met an unexpected condition."))
			p = nil
		}
	}
	x.finish()
	took := time.Since(x.start)
	s.metrics.running.Dec()
	s.metrics.observe(x, took)
	if s.access.wants(x.status, took) {
		s.access.add(line{
			at: x.start, id: x.id, method: method(x.r.Method), route: x.route, what: string(x.interaction), typ: x.typ,
			status: x.status, bytes: x.bytes, took: took, cause: x.cause,
		})
	}
	if p != nil {
		panic(http.ErrAbortHandler)
	}
	*x = exchange{}
	exchanges.Put(x)
}

// method keeps a made-up method out of the log.
func method(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}

// tidy forgives a slash at the end and escapes that change nothing ("%24everything"). An escaped slash stays escaped: it must not move the borders of
// the path's parts.
func tidy(u *url.URL) {
	if u.RawPath != "" && !strings.Contains(u.RawPath, "%2F") && !strings.Contains(u.RawPath, "%2f") {
		u.RawPath = ""
	}
	if n := len(u.Path); n > 1 && u.Path[n-1] == '/' {
		u.Path = strings.TrimRight(u.Path, "/")
		if u.Path == "" {
			u.Path = "/"
		}
		u.RawPath = strings.TrimRight(u.RawPath, "/")
	}
}

// within gives the context in which an interaction runs: bounded by the request's time budget, carrying the request's id.
func (s *Server) within(x *exchange) (context.Context, context.CancelFunc) {
	ctx := context.WithValue(x.r.Context(), requestIDKey{}, x.id)
	return context.WithTimeout(ctx, s.o.RequestTimeout)
}

// brief is the context of a point read: one Get that no deadline could stop, so that a timer would only cost.
func (s *Server) brief(x *exchange) context.Context {
	if len(s.watchers) == 0 {
		return x.r.Context()
	}
	return context.WithValue(x.r.Context(), requestIDKey{}, x.id)
}
