package rest

import (
	"context"
	"errors"
	"net/http"
	"syscall"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// outer maps errors that no package below made a fault of.
var outer = []struct {
	is          error
	status      int
	code        fault.Code
	diagnostics string
}{
	// The server ended the work, not the client: it may succeed when there is less to do, so 503 and not 400.
	{context.DeadlineExceeded, http.StatusServiceUnavailable, fault.Timeout, "The request did not end within the server's time budget."},
	// Nobody is left to read the answer; the log tells it from the server's own time-outs.
	{context.Canceled, statusClientGone, fault.Transient, "The client closed the request."},
	// Shutting down: another instance, or this one in a moment, will answer.
	{store.ErrClosed, http.StatusServiceUnavailable, fault.Transient, "The server is shutting down."},
	// More writes than one commit takes: the client must split them.
	{store.ErrTooLarge, http.StatusRequestEntityTooLarge, fault.TooLong, "The request writes more than one transaction can hold."},
	// The disk is full or broken: what was acknowledged is safe and can be read, but nothing is taken in.
	{syscall.ENOSPC, http.StatusInsufficientStorage, fault.NoStore, "The server has no room left to store anything; what is stored can be read."},
	{store.ErrFailed, http.StatusServiceUnavailable, fault.NoStore, "The server's storage failed and takes no more writes until it is started again; what was acknowledged is safe and can be read."},
	// A race that repository did not resolve: the state changed under the client.
	{store.ErrConflict, http.StatusConflict, fault.Conflict, "The resource was changed by another request meanwhile."},
	// A page link from a longer-lived sibling of this store (a restored backup): the time does not exist here.
	{store.ErrFuture, http.StatusGone, fault.Expired, "The page link belongs to a state that this server does not have; repeat the search."},
}

// statusClientGone is nginx's 499, for the log only.
const statusClientGone = 499

// statuses gives the HTTP status of a fault that does not say one (http://hl7.org/fhir/R4/http.html#rejecting-updates and #Status-Codes).
var statuses = map[fault.Code]int{
	fault.Invalid:      http.StatusBadRequest,            // the content cannot be read as FHIR
	fault.Structure:    http.StatusBadRequest,            // neither JSON, XML nor the type's elements
	fault.Required:     http.StatusUnprocessableEntity,   // readable, but a rule of the type is broken
	fault.Value:        http.StatusUnprocessableEntity,   // likewise
	fault.Invariant:    http.StatusUnprocessableEntity,   // likewise
	fault.CodeInvalid:  http.StatusUnprocessableEntity,   // likewise
	fault.Extension:    http.StatusUnprocessableEntity,   // likewise
	fault.BusinessRule: http.StatusUnprocessableEntity,   // likewise
	fault.Processing:   http.StatusUnprocessableEntity,   // understood and refused
	fault.NotSupported: http.StatusBadRequest,            // asked for what the server does not do
	fault.TooCostly:    http.StatusForbidden,             // R4's issue codes put it among the refusals
	fault.Security:     http.StatusForbidden,             // who is known, may not
	fault.Forbidden:    http.StatusForbidden,             // likewise
	fault.Suppressed:   http.StatusForbidden,             // likewise
	fault.Login:        http.StatusUnauthorized,          // who is not known
	fault.Unknown:      http.StatusUnauthorized,          // likewise
	fault.Expired:      http.StatusUnauthorized,          // likewise
	fault.NotFound:     http.StatusNotFound,              // never was, or not for this caller
	fault.Deleted:      http.StatusGone,                  // was
	fault.Multiple:     http.StatusPreconditionFailed,    // a condition must choose one
	fault.Conflict:     http.StatusConflict,              // another writer was first
	fault.Duplicate:    http.StatusConflict,              // likewise
	fault.LockError:    http.StatusServiceUnavailable,    // try again
	fault.Transient:    http.StatusServiceUnavailable,    // likewise
	fault.Timeout:      http.StatusServiceUnavailable,    // likewise
	fault.Throttled:    http.StatusTooManyRequests,       // likewise, later
	fault.TooLong:      http.StatusRequestEntityTooLarge, // split it, or ask for a higher limit
}

// faultOf makes a fault of any error.
func faultOf(err error) *fault.Fault {
	var f *fault.Fault
	if errors.As(err, &f) {
		return f
	}
	for _, row := range outer {
		if errors.Is(err, row.is) {
			return fault.Wrap(err, row.status, row.code, row.diagnostics)
		}
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return tooLong("")
	}
	return fault.From(fromEcho(err))
}

// statusOf gives the status that a fault asks for.
func statusOf(f *fault.Fault) int {
	if f.Status != 0 {
		return f.Status
	}
	if len(f.Issues) > 0 {
		if status, ok := statuses[f.Issues[0].Code]; ok {
			return status
		}
	}
	return http.StatusInternalServerError
}

func tooLong(limit string) *fault.Fault {
	if limit != "" {
		limit = " of " + limit
	}
	return fault.New(http.StatusRequestEntityTooLarge, fault.TooLong, "The body is longer than the server's limit"+limit+".")
}

// fail answers an error. What the client cannot read as its Accept asks is given as JSON: a refusal is better read than lost.
func (s *Server) fail(x *exchange, err error) {
	f := faultOf(err)
	x.cause = f.Cause
	if x.status != 0 { // the answer has begun: cutting it is all that is left
		panic(http.ErrAbortHandler)
	}
	h := x.w.Header()
	for name, values := range f.Header {
		h[name] = values
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified", "Content-Range", "Accept-Ranges", "Content-Disposition"} {
		if _, own := f.Header[name]; !own {
			delete(h, name)
		}
	}
	status := statusOf(f)
	x.drain(status)
	if status == http.StatusServiceUnavailable && len(h["Retry-After"]) == 0 {
		h["Retry-After"] = []string{"1"}
	}
	out, bad := s.negotiate(x)
	if bad != nil {
		out = &rendering{contentType: typeFHIRJSON}
	}
	if err := s.tell(x, Answer{Status: status, Fault: f}); err != nil {
		f = faultOf(err)
		status = statusOf(f)
	}
	s.sendOutcome(x, status, out, f.Issues)
}
