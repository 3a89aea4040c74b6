package repository

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// The refusals of http://hl7.org/fhir/R4/http.html, one function each. They name types and parameters, never ids or values.

func notFound(typ string) *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotFound, "No "+typ+" with this id is known.")
}

func noVersion(typ string) *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotFound, "The "+typ+" has no version of this versionId.")
}

func noMatch(typ string) *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotFound, "No "+typ+" matches the criteria.")
}

func gone(typ string) *fault.Fault {
	return fault.New(http.StatusGone, fault.Deleted, "The "+typ+" was deleted.")
}

func unknownType() *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotSupported, "The resource type is not one of R4.")
}

func versionMismatch(typ string) *fault.Fault {
	return fault.New(http.StatusPreconditionFailed, fault.Conflict, "If-Match names a version of the "+typ+" that is not the current one.")
}

func overtaken() *fault.Fault {
	return fault.New(http.StatusConflict, fault.Conflict, "Another request changed the same resources at the same time. Read them again and repeat the request.")
}

func multipleMatches(what string) *fault.Fault {
	return fault.New(http.StatusPreconditionFailed, fault.Multiple, "The criteria of the "+what+" match more than one resource; they must be selective enough to match at most one.")
}

// storeFault says in FHIR's words what the store refused. Faults (of a Guard) pass through.
func storeFault(err error) error {
	var f *fault.Fault
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f):
		return err
	case errors.Is(err, store.ErrTooLarge):
		return fault.Wrap(err, http.StatusRequestEntityTooLarge, fault.TooLong, "The transaction is larger than one commit may be. Send it in smaller parts.")
	case errors.Is(err, store.ErrFuture):
		return fault.Wrap(err, http.StatusBadRequest, fault.Value, "The time asked for has not come yet on this server.")
	case errors.Is(err, store.ErrFailed):
		return fault.Wrap(err, http.StatusServiceUnavailable, fault.NoStore,
			"The server's storage failed and takes no more writes until it is started again; what was acknowledged is safe and can be read.")
	case errors.Is(err, store.ErrClosed):
		return fault.Wrap(err, http.StatusServiceUnavailable, fault.Transient, "The server is stopping.")
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Wrap(err, http.StatusServiceUnavailable, fault.Timeout, "The request took longer than it may.")
	}
	return err
}

// isRefusal tells what the client must change from what is the server's own concern.
func isRefusal(err error) bool {
	var f *fault.Fault
	return errors.As(err, &f) && f.Status < http.StatusInternalServerError
}
