package author

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// maxDefects bounds the issues of one fault.
const maxDefects = 100

// defects gathers all that keeps a document from being written.
type defects struct{ issues []fault.Issue }

func (d *defects) add(code fault.Code, expression, diagnostics string) {
	if len(d.issues) < maxDefects {
		d.issues = append(d.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: expression, Diagnostics: diagnostics})
	}
}

// missing notes something required that is not there.
func (d *defects) missing(expression, diagnostics string) {
	d.add(fault.Required, expression, diagnostics)
}

// wrong notes something that is there and cannot be written.
func (d *defects) wrong(expression, diagnostics string) { d.add(fault.Value, expression, diagnostics) }

// err is nil when nothing was noted.
func (d *defects) err() error {
	if len(d.issues) == 0 {
		return nil
	}
	return fault.Of(http.StatusUnprocessableEntity, d.issues)
}

// resourceType reads the type of a resource, "" when there is none.
func resourceType(raw json.RawMessage) string {
	var head struct {
		ResourceType string `json:"resourceType"`
	}
	if json.Unmarshal(raw, &head) != nil {
		return ""
	}
	return head.ResourceType
}

// read decodes a resource of a type into the part of it that documents are made of. It notes what is wrong with it and says whether it could be read.
func read(d *defects, raw json.RawMessage, want, expression string, into any) bool {
	if len(raw) == 0 {
		return false
	}
	if got := resourceType(raw); got != want {
		d.add(fault.Structure, expression, "a resource of the type "+want+" as JSON is needed here")
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		d.add(fault.Structure, expression, "the "+want+" is not JSON of FHIR R4: "+shape(err))
		return false
	}
	return true
}

// shape says what is wrong with JSON without the values in it.
func shape(err error) string {
	var t *json.UnmarshalTypeError
	if errors.As(err, &t) {
		return "the element " + strings.TrimPrefix(t.Field, ".") + " has another JSON type than it should"
	}
	return "it cannot be parsed"
}
