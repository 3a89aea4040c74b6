package rest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func TestNegotiation(t *testing.T) {
	for _, c := range []struct {
		accept string
		want   string // "" is 406
		raw    bool
	}{
		{"", "application/fhir+json; charset=utf-8", true},
		{"*/*", "application/fhir+json; charset=utf-8", true},
		{"application/*", "application/fhir+json; charset=utf-8", true},
		{"application/fhir+json", "application/fhir+json; charset=utf-8", false},
		{"application/json+fhir", "application/fhir+json; charset=utf-8", false},
		{"APPLICATION/FHIR+XML", "application/fhir+xml; charset=utf-8", false},
		{"application/json", "application/json; charset=utf-8", true},
		{"text/json", "text/json; charset=utf-8", true},
		{"application/xml, application/json", "application/json; charset=utf-8", true},
		{"application/xml;q=1, application/json;q=0.999", "application/xml; charset=utf-8", true},
		{"application/fhir+xml;q=0, */*;q=0.1", "application/fhir+json; charset=utf-8", true},
		{"application/fhir+json;q=0", "", false},
		{"application/fhir+json;q=2", "", false},
		{"application/fhir+json;q=x", "", false},
		{"application/fhir+json; fhirVersion=\"4.0\"; q=0.5", "application/fhir+json; charset=utf-8; fhirVersion=4.0", false},
		{"application/fhir+xml; fhirVersion=4.0", "application/fhir+xml; charset=utf-8; fhirVersion=4.0", false},
		{"application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=5.0", "", false},
		{"application/fhir+json; fhirVersion=3.0, application/fhir+xml", "application/fhir+xml; charset=utf-8", false},
		{"application/fhir+json; charset=utf-16", "", false},
		{"json", "", false},
		{"image/png", "", false},
		{",,,", "application/fhir+json; charset=utf-8", true},
	} {
		out, err := negotiated([]string{c.accept}, nil)
		if c.want == "" {
			require.Error(t, err, c.accept)
			require.Equal(t, http.StatusNotAcceptable, faultOf(err).Status)
			continue
		}
		require.NoError(t, err, c.accept)
		require.Equal(t, []string{c.want}, out.contentType, c.accept)
		require.Equal(t, c.raw, out.raw, c.accept)
	}
}

func TestPrefer(t *testing.T) {
	for value, want := range map[string]preference{
		"":                                  {},
		"return=minimal":                    {returns: returnMinimal},
		"Return = Representation":           {returns: returnRepresentation},
		`return="OperationOutcome"`:         {returns: returnOutcome},
		"handling=lenient, return=minimal":  {returns: returnMinimal, lenient: true},
		"handling=strict; respond-async":    {strict: true},
		"respond-async, wait=10":            {},
		"return=everything, handling=loose": {},
	} {
		require.Equal(t, want, preferenceOf(http.Header{"Prefer": {value}}), value)
	}
	require.Equal(t, preference{returns: returnMinimal, lenient: true}, preferenceOf(http.Header{"Prefer": {"handling=lenient", "return=minimal"}}))
}

func TestETags(t *testing.T) {
	for value, want := range map[string][]string{
		`W/"1"`:            {"1"},
		` "1" `:            {"1"},
		`W/"1","2", W/"3"`: {"1", "2", "3"},
		`1`:                nil,
		`W/"1" W/"2"`:      nil,
		`W/"1",`:           nil,
		`"`:                nil,
		``:                 nil,
	} {
		l, ok := parseETags(value)
		require.Equal(t, want != nil, ok, value)
		if ok {
			require.Equal(t, want, l.tags, value)
		}
	}
	require.Equal(t, noVersion, etagList{tags: []string{"01"}}.one(), "another tag than 1")
	require.Equal(t, noVersion, etagList{tags: []string{"-1"}}.one())
	require.EqualValues(t, 12, etagList{tags: []string{"12"}}.one())
	require.Equal(t, `W/"63"`, etag(63))
	require.Equal(t, `W/"64"`, etag(64))
}

func TestHTTPTime(t *testing.T) {
	for _, at := range []store.Time{0, 1, 951_782_400_000_000, 1_714_550_401_999_999, 4_102_444_799_000_000, -1_000_000} {
		require.Equal(t, at.Wall().Format(http.TimeFormat), httpTime(at))
	}
	for day := range 800 {
		at := store.Time(int64(day) * 86_400_000_001 * 37)
		require.Equal(t, at.Wall().Format(http.TimeFormat), httpTime(at))
	}
}
