package path

import (
	"fmt"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// syntaxFault says what is wrong with an expression, and where (position from 1, in bytes).
func syntaxFault(pos int, format string, args ...any) *fault.Fault {
	return fault.New(http.StatusBadRequest, fault.Invalid,
		fmt.Sprintf("The FHIRPath expression is wrong at position %d: %s.", pos+1, fmt.Sprintf(format, args...)))
}

// evalFault says why an evaluation has no result.
func evalFault(pos int, format string, args ...any) *fault.Fault {
	return fault.New(http.StatusUnprocessableEntity, fault.Processing,
		fmt.Sprintf("The FHIRPath expression cannot be evaluated at position %d: %s.", pos+1, fmt.Sprintf(format, args...)))
}

func costFault(what string) *fault.Fault {
	return fault.New(http.StatusUnprocessableEntity, fault.TooCostly, "The FHIRPath expression costs too much to evaluate: "+what+".")
}
