package token

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// witness tells which session reaches the inside of the server.
type witness struct{ sessions []*Session }

func (w *witness) Answering(ctx context.Context, _ *rest.Answer) error {
	w.sessions = append(w.sessions, FromContext(ctx))
	return nil
}

// secured is a whole FHIR server behind the middleware.
func secured(t testing.TB) (*rig, *servertest.Server, *witness) {
	r := newRig(t)
	w := &witness{}
	s := servertest.New(t, servertest.Options{REST: func(o *rest.Options) {
		o.Extensions = append(o.Extensions, rest.Extension{
			Middleware: r.middlewares(), Watchers: []rest.Watcher{w},
			Operations: []rest.Operation{{Code: "who", Definition: "http://test/OperationDefinition/who", Levels: rest.SystemLevel, ReadOnly: true, Handle: func(ctx context.Context, _ *rest.OperationCall) (*rest.OperationAnswer, error) {
				return &rest.OperationAnswer{Resource: []byte(`{"resourceType":"Basic","id":"` + FromContext(ctx).Client + `"}`)}, nil
			}}},
		})
	}})
	return r, s, w
}

func TestMiddleware(t *testing.T) {
	r, s, w := secured(t)
	text := r.minted(r.app())
	ok := "Authorization: Bearer " + text
	answer := s.Do("GET", "/fhir/$who", "", ok)
	require.Equal(t, 200, answer.Code, answer.Body)
	require.Contains(t, answer.Body.String(), `"id":"app"`)
	require.Equal(t, "app", w.sessions[0].Client)
	require.Equal(t, 201, s.Do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, ok).Code)

	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
		code, error  string
	}{
		{"GET", "/fhir/Patient", nil, 401, "login", ""},
		{"POST", "/fhir/Patient", nil, 401, "login", ""},
		{"GET", "/fhir/Patient/id-1", nil, 401, "login", ""},
		{"GET", "/fhir/Nonsense/id-1", nil, 401, "login", ""},
		{"POST", "/fhir", nil, 401, "login", ""},
		{"POST", "/fhir/metadata", nil, 404, "", ""}, // is no metadata: a type of this name does not exist
		{"GET", "/fhir/metadata", nil, 200, "", ""},
		{"HEAD", "/fhir/metadata", nil, 200, "", ""},
		{"GET", "/fhir/metadata", []string{ok}, 200, "", ""},
		{"GET", "/fhir/metadata", []string{"Authorization: Bearer nonsense"}, 401, "unknown", "invalid_token"},
		{"GET", "/fhir/Patient/metadata", nil, 401, "login", ""},
		{"GET", "/fhir/Patient", []string{ok, ok}, 401, "login", "invalid_request"},
		{"GET", "/fhir/Patient", []string{"Authorization: Basic YTpi"}, 401, "login", "invalid_request"},
		{"GET", "/fhir/Patient", []string{"Authorization: " + text}, 401, "login", "invalid_request"},
		{"GET", "/fhir/Patient", []string{"Authorization: Bearer"}, 401, "login", "invalid_request"},
		{"GET", "/fhir/Patient", []string{"Authorization: Bearer " + text + ", Bearer x"}, 401, "login", "invalid_request"},
		{"GET", "/fhir/Patient", []string{ok + "x"}, 401, "unknown", "invalid_token"},
		{"GET", "/fhir/Patient?access_token=" + text, nil, 400, "security", "invalid_request"},
		{"GET", "/fhir/Patient?access%5Ftoken=" + text, []string{ok}, 400, "security", "invalid_request"},
		{"GET", "/fhir/metadata?_format=json&Access_Token=x", nil, 400, "security", "invalid_request"},
		{"GET", "/fhir/Patient?name=access_token", []string{ok}, 200, "", ""},
		{"GET", "/fhir/Patient", []string{"authorization: bearer " + text}, 200, "", ""},
	} {
		answer := s.Do(c.method, c.path, "", c.headers...)
		if c.path == "/fhir/metadata" && c.method == "POST" {
			require.GreaterOrEqual(t, answer.Code, 400)
			continue
		}
		require.Equal(t, c.status, answer.Code, "%s %s %v: %s", c.method, c.path, c.headers, answer.Body)
		challenges := answer.Header()["Www-Authenticate"]
		if c.code == "" {
			require.Empty(t, challenges)
			continue
		}
		require.Contains(t, answer.Body.String(), `"code":"`+c.code+`"`)
		require.Contains(t, answer.Body.String(), "OperationOutcome")
		require.NotContains(t, answer.Body.String()+strings.Join(challenges, ""), text, "the token is not repeated")
		require.Len(t, challenges, 2)
		require.Equal(t, c.error != "", strings.Contains(challenges[0], `error="`+c.error+`"`) && c.error != "")
	}
	require.NotContains(t, s.Logs(), text)

	xml := s.Do("GET", "/fhir/Patient", "", "Accept: application/fhir+xml")
	require.Contains(t, xml.Body.String(), `<OperationOutcome`)
	require.Equal(t, []string{`Bearer realm="fhir"`, `DPoP realm="fhir", algs="ES256 ES384 EdDSA PS256 RS256"`}, xml.Header()["Www-Authenticate"])

	r.pass(time.Hour)
	require.Contains(t, s.Do("GET", "/fhir/Patient", "", ok).Body.String(), `"code":"expired"`)
	require.Nil(t, FromContext(ctx), "the server's own acts have no session")
}

// Every route under /fhir is behind the middleware: none answers without a token, but the one that says so.
func TestNothingIsPublic(t *testing.T) {
	_, s, _ := secured(t)
	for _, route := range s.REST.Echo().Routes() {
		if !strings.HasPrefix(route.Path, "/fhir") || route.Path == "/fhir/metadata" {
			continue
		}
		path := strings.NewReplacer(":type", "Patient", ":id", "x", ":vid", "1", ":op", "meta", ":version", "1", "*", "x", ":compartment", "Observation").Replace(route.Path)
		require.Equal(t, 401, s.Do(route.Method, path, "").Code, "%s %s", route.Method, route.Path)
	}
}

// What the authorization server names as public passes without a token, and nothing beside it.
func TestPublic(t *testing.T) {
	r := newRig(t)
	for path, public := range map[string]bool{"/fhir/.well-known/smart-configuration": true, "/fhir/Patient": false} {
		reached := false
		c := echo.New().NewContext(request("GET", path), httptest.NewRecorder())
		err := r.verifier.Middleware()(func(c echo.Context) error {
			reached = true
			require.Nil(t, FromContext(c.Request().Context()))
			return nil
		})(c)
		require.Equal(t, public, reached)
		require.Equal(t, public, err == nil)
	}
}

func TestDPoPOverHTTP(t *testing.T) {
	r, s, _ := secured(t)
	d := newDevice(t)
	a := r.app()
	a.Binding.JKT = d.jkt
	text := r.minted(a)
	s.Do("POST", "/fhir/Patient", `{"resourceType":"Patient"}`, "Authorization: DPoP "+text, "DPoP: "+d.proof(t, r, "POST", testBase+"/Patient", text))
	for _, path := range []string{"/Patient/id-1", "/Patient?name=x", "/Patient/id-1/_history/1", "/Patient/id-1/%24everything", "", "/"} {
		plain, _, _ := strings.Cut(path, "?")
		method := http.MethodGet
		if len(path) < 2 {
			method = http.MethodPost
		}
		answer := s.Do(method, "/fhir"+path, "", "Authorization: DPoP "+text, "DPoP: "+d.proof(t, r, method, testBase+plain, text))
		require.NotEqual(t, 401, answer.Code, "%s: %s", path, answer.Body)
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{"Bearer abc", "DPoP a.b.c", "bearer  x", "Bearer a b", "Bearer ", "", "Basic YTpi", "Bearer a,Bearer b", "\x00", "Bearer é"} {
		f.Add(seed, "")
	}
	f.Add("Bearer x", "access_token=x&a=%zz")
	r := newRig(f)
	f.Fuzz(func(t *testing.T, value, query string) {
		how, token, err := authorization(http.Header{"Authorization": {value}})
		if err == nil {
			require.True(t, how == bearer || how == dpop)
			require.False(t, token == "" || strings.ContainsAny(token, " ,"))
			require.True(t, strings.HasSuffix(strings.TrimRight(value, " "), token))
		} else {
			require.Empty(t, token)
		}
		_, err = r.verifier.Request(&http.Request{Method: "GET", URL: &url.URL{Path: "/fhir/Patient", RawQuery: query}, Header: http.Header{"Authorization": {value}}})
		require.Error(t, err, "nobody guesses a token")
	})
}
