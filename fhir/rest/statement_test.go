package rest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
)

// TestStatementIsValid holds the CapabilityStatement to R4's own rules.
func TestStatementIsValid(t *testing.T) {
	r := newRig(t, func(o *rest.Options) {
		o.Extensions = []rest.Extension{{
			Instantiates: []string{"http://example.org/cs"}, Security: []string{"SMART-on-FHIR"}, Profiles: map[string][]string{"Patient": {"http://example.org/p"}},
			Operations: []rest.Operation{{
				Code: "match", Definition: "http://hl7.org/fhir/OperationDefinition/Patient-match", Levels: rest.TypeLevel, Types: []string{"Patient"},
				Handle: func(context.Context, *rest.OperationCall) (*rest.OperationAnswer, error) {
					return &rest.OperationAnswer{Status: 204}, nil
				},
			}},
		}}
	})
	for _, path := range []string{"/fhir/metadata", "/fhir/metadata?mode=terminology"} {
		w := r.Do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code)
		res, err := element.ParseJSON(spec.R4(), w.Body.Bytes(), element.Options{})
		require.NoError(t, err)
		for _, i := range validate.New(spec.R4()).Issues(context.Background(), res.Root, validate.Full) {
			require.NotContains(t, []fault.Severity{fault.Error, fault.Fatal}, i.Severity, "%s %s: %s", i.Expression, i.Code, i.Diagnostics)
		}
		again := r.Do(http.MethodGet, path, "", "If-None-Match: "+w.Header().Get("Etag"))
		require.Equal(t, http.StatusNotModified, again.Code)
	}
	require.Equal(t, http.StatusBadRequest, r.Do(http.MethodGet, "/fhir/metadata?mode=other", "").Code)
	body := r.Do(http.MethodGet, "/fhir/metadata", "").Body.String()
	for _, want := range []string{`"http://example.org/cs"`, `"SMART-on-FHIR"`, `"supportedProfile":["http://example.org/p"]`, `"name":"match"`, `"name":"everything"`} {
		require.Contains(t, body, want)
	}
	require.Equal(t, http.StatusNoContent, r.Do(http.MethodPost, "/fhir/Patient/$match", "").Code)
	require.Equal(t, http.StatusMethodNotAllowed, r.Do(http.MethodGet, "/fhir/Patient/$match", "").Code)
	require.Equal(t, http.StatusNotFound, r.Do(http.MethodPost, "/fhir/Group/$match", "").Code)
}

// TestStatementDoesNotLie tries what the statement says: each search parameter that it lists is understood, each interaction and operation is routed.
func TestStatementDoesNotLie(t *testing.T) {
	r := newRig(t)
	var st struct {
		Rest []struct {
			Resource []struct {
				Type        string
				Interaction []struct{ Code string }
				SearchParam []struct{ Name, Type string }
				Operation   []struct{ Name string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(r.Do(http.MethodGet, "/fhir/metadata", "").Body.Bytes(), &st))
	require.Len(t, st.Rest[0].Resource, len(spec.R4().Resources))
	for _, res := range st.Rest[0].Resource {
		require.Len(t, res.Interaction, 9, res.Type)
		for _, p := range res.SearchParam {
			w := r.Do(http.MethodGet, "/fhir/"+res.Type+"?"+p.Name+":missing=true&_summary=count", "")
			if w.Code != http.StatusOK && p.Type != "special" && p.Type != "composite" {
				require.Equal(t, http.StatusOK, w.Code, "%s.%s: %s", res.Type, p.Name, w.Body.String())
			}
		}
		for _, op := range res.Operation {
			w := r.Do(http.MethodPost, "/fhir/"+res.Type+"/x/$"+op.Name, "")
			require.NotContains(t, w.Body.String(), "no such operation", op.Name)
			require.NotEqual(t, http.StatusMethodNotAllowed, w.Code, op.Name)
		}
	}
}
