package rest

import (
	"errors"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// route mounts the declarations. Middleware is wrapped around each handler here, once, rather than for each request.
func (s *Server) route() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.HTTPErrorHandler = func(err error, c echo.Context) { s.fail(exchangeOf(c), err) }
	for _, d := range s.declarations {
		for _, r := range d.routes {
			h := s.enter(d, r)
			e.Add(r.method, base+r.path, h)
			if r.method == http.MethodGet {
				e.Add(http.MethodHead, base+r.path, h)
			}
		}
	}
	e.GET("/healthz", s.plain(func(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }))
	e.GET("/readyz", s.plain(s.ready))
	e.GET("/metrics", s.plain(echo.WrapHandler(s.metrics.handler())))
	s.echo = e
}

// plain notes the route of a handler outside FHIR.
func (s *Server) plain(h echo.HandlerFunc) echo.HandlerFunc { return Outside(h) }

// Outside wraps a handler that is added to Server.Echo, so that the log and the metrics know it by its pattern.
func Outside(h echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		exchangeOf(c).route = c.Path()
		return h(c)
	}
}

// failing is a store that can stop taking writes: reads go on, but a load balancer should know.
type failing interface{ Failure() error }

func (s *Server) ready(c echo.Context) error {
	if s.draining.Load() {
		return c.String(http.StatusServiceUnavailable, "draining\n")
	}
	if f, ok := s.o.Store.(failing); ok && f.Failure() != nil {
		return c.String(http.StatusServiceUnavailable, "storage failed\n")
	}
	if s.o.Ready != nil {
		if err := s.o.Ready(); err != nil {
			s.o.Logger.Warn("not ready", "error", err)
			return c.String(http.StatusServiceUnavailable, "not ready\n")
		}
	}
	return c.String(http.StatusOK, "ready\n")
}

// enter makes the echo handler of one route: it notes who is asked for what, refuses types that R4 does not have, and answers the handler's errors.
func (s *Server) enter(d declaration, r route) echo.HandlerFunc {
	interaction, handle := d.interaction, d.handle
	if interaction == repository.SearchType && strings.HasSuffix(r.path, ":id/_search") {
		handle = (*Server).searchCompartment
	}
	pattern := base + r.path
	typed := strings.Contains(r.path, ":type")
	var h echo.HandlerFunc = func(c echo.Context) error {
		x := exchangeOf(c)
		x.r = c.Request() // whose context middleware may have changed
		if s.trace != nil {
			defer s.trace.begin(x, pattern)()
		}
		if typed && x.typ == "" {
			s.fail(x, notAType(c.Param("type")))
			return nil
		}
		if err := handle(s, x); err != nil {
			s.fail(x, err)
		}
		return nil
	}
	for i := len(s.o.Extensions) - 1; i >= 0; i-- {
		middleware := s.o.Extensions[i].Middleware
		for k := len(middleware) - 1; k >= 0; k-- {
			h = middleware[k](h)
		}
	}
	return func(c echo.Context) error {
		x := exchangeOf(c)
		x.c, x.route, x.interaction = c, pattern, interaction
		if typed {
			if typ := c.Param("type"); s.isType(typ) {
				x.typ = typ
			}
		}
		return h(c)
	}
}

func (s *Server) isType(name string) bool {
	_, ok := s.types[name]
	return ok
}

// notAType tells the names that stand beside the types ("PUT [base]/_history": the path is there, the method is not) from unknown ones.
func notAType(name string) *fault.Fault {
	if name == "metadata" || name == "_history" || name == "_search" {
		f := fault.New(http.StatusMethodNotAllowed, fault.NotSupported, "The method is not allowed here; the Allow header lists those that are.")
		f.Header = http.Header{"Allow": {"OPTIONS, GET, HEAD"}}
		if name == "_search" {
			f.Header = http.Header{"Allow": {"OPTIONS, GET, HEAD, POST"}}
		}
		return f
	}
	return unknownType()
}

func unknownType() *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotSupported, "The URL does not begin with a resource type of FHIR R4 (4.0.1); names are case-sensitive.")
}

// fromEcho turns the router's own errors into faults.
func fromEcho(err error) error {
	var h *echo.HTTPError
	if !errors.As(err, &h) {
		return err
	}
	switch h.Code {
	case http.StatusNotFound:
		return fault.New(http.StatusNotFound, fault.NotFound, "The server has nothing at this URL; FHIR stands under "+base+".")
	case http.StatusMethodNotAllowed:
		return fault.New(http.StatusMethodNotAllowed, fault.NotSupported, "The method is not allowed here; the Allow header lists those that are.")
	case http.StatusRequestEntityTooLarge:
		return tooLong("")
	case http.StatusUnauthorized:
		return fault.Wrap(h.Internal, h.Code, fault.Login, "The request needs to be authenticated.")
	case http.StatusForbidden:
		return fault.Wrap(h.Internal, h.Code, fault.Forbidden, "The request is not allowed.")
	}
	if h.Code >= http.StatusBadRequest && h.Code < http.StatusInternalServerError {
		return fault.Wrap(h.Internal, h.Code, fault.Processing, "The request cannot be processed.")
	}
	return fault.Wrap(err, http.StatusInternalServerError, fault.Exception, "The server met an unexpected condition.")
}

// stack is the goroutine's stack without the arguments' values, which may be addresses only but say nothing useful.
func stack() string { return string(debug.Stack()) }
