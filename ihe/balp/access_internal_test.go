package balp

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

// FuzzEvents traces requests of any content: what comes out is a valid AuditEvent.
func FuzzEvents(f *testing.F) {
	f.Add("GET", "/fhir/Patient", "identifier=urn:oid:1.2|x&family=L%C3%A9ger", "req", "")
	f.Add("POST", "/fhir/Observation/_search", "patient=Patient/a,b&subject:Patient.identifier=|v", "a.b-c", "patient.identifier= | ")
	f.Add("GET", "/fhir/DocumentReference\x00\xff", "patient.identifier=\xff|\xfe&_count=1\n", "", "access_token=secret\x01")
	f.Add("GET", "/fhir/Patient", "_id=%20,%22%5C", "x", "%")
	defs := spec.R4()
	judge := validate.New(defs)
	f.Fuzz(func(t *testing.T, method, path, query, id, form string) {
		trace := New(Options{BaseURL: "http://test/fhir", Now: func() time.Time { return time.Unix(1714550400, 0) }})
		if len(query)+len(form)+len(path) > 64<<10 || id != "" && !element.IsID(id) {
			return // the router has bounds, and makes ids of its own
		}
		for _, typ := range []string{"Patient", "Observation", ""} {
			for _, refused := range []*fault.Fault{nil, fault.New(400, fault.Invalid, "x")} {
				a := &rest.Answer{
					Interaction: repository.SearchType, Type: typ, Query: query, Parameters: form, RequestID: id, Status: 200, Fault: refused,
					Request: &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "test", Header: http.Header{"Accept": {form}}, RemoteAddr: "192.0.2.1:1"},
				}
				events := trace.eventsOf(context.Background(), a)
				require.NotEmpty(t, events)
				for i := range events {
					text := events[i].appendJSON(nil)
					res, err := element.ParseJSON(defs, text, element.Options{ExpectType: "AuditEvent"})
					require.NoError(t, err, "%q", text)
					for _, issue := range judge.Issues(context.Background(), res.Root, validate.OnWrite) {
						t.Fatalf("%s: %s in %q", issue.Expression, issue.Diagnostics, text)
					}
				}
			}
		}
	})
}

// TestRefusalsOfNobodyAreBounded floods the trace with refusals without identity: what is not written is counted.
func TestRefusalsOfNobodyAreBounded(t *testing.T) {
	now := time.Unix(1714550400, 0)
	trace := New(Options{BaseURL: "http://test/fhir", Now: func() time.Time { return now }})
	refuse := func() []event {
		return trace.eventsOf(context.Background(), &rest.Answer{
			Interaction: repository.Read, Type: "Patient", ID: "x", Status: 401, Fault: fault.New(401, fault.Login, "x"), Request: &http.Request{Method: "GET", URL: &url.URL{Path: "/fhir/Patient/x"}},
		})
	}
	n := 0
	for range 1000 {
		n += len(refuse())
	}
	assert.Equal(t, maxAnonymous, n)
	now = now.Add(time.Second)
	events := refuse()
	require.Len(t, events, 1)
	var details []detail
	for _, e := range events[0].entities {
		details = append(details, e.details...)
	}
	assert.Equal(t, []detail{{"refused-before-without-trace", "950"}}, details)
}
