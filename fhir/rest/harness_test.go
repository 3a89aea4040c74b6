package rest_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// newRig is a whole server on a store in memory.
func newRig(t testing.TB, change ...func(*rest.Options)) *servertest.Server {
	t.Helper()
	return rigOn(t, servertest.Options{}, change...)
}

// rigOn is newRig on other data.
func rigOn(t testing.TB, data servertest.Options, change ...func(*rest.Options)) *servertest.Server {
	t.Helper()
	data.REST = func(o *rest.Options) {
		for _, c := range change {
			c(o)
		}
	}
	return servertest.New(t, data)
}

// nextOf gives the path of a Bundle's link to the next page; "" when it has none.
func nextOf(t testing.TB, w *httptest.ResponseRecorder) string {
	t.Helper()
	var bundle struct {
		Link []struct{ Relation, URL string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &bundle))
	for _, l := range bundle.Link {
		if l.Relation == "next" {
			return strings.TrimPrefix(l.URL, "http://test")
		}
	}
	return ""
}
