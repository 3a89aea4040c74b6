package token

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// byScopes is access by the scopes of the session and nothing else; requests of the test itself have none and may do all.
type byScopes struct{ registry *search.Registry }

func (b *byScopes) Permit(ctx context.Context, what repository.Interaction, typ string) error {
	if s := FromContext(ctx); s != nil && !s.Scopes.Permits(what, typ) {
		return InsufficientScope("The scopes of the access token do not permit this interaction.")
	}
	return nil
}

func (b *byScopes) Restrict(ctx context.Context, typ string) (search.Expr, error) {
	s := FromContext(ctx)
	if s == nil {
		return nil, nil
	}
	what := repository.Read
	if change := repository.Changing(ctx); change != "" {
		what = change
	}
	return s.Scopes.Restrict(b.registry, typ, s.Patient, what)
}

func (b *byScopes) Change(ctx context.Context, what repository.Interaction, before, after *element.Element) error {
	s := FromContext(ctx)
	if s == nil {
		return nil
	}
	return s.Scopes.Change(b.registry, s.Patient, what, before, after)
}

// What scopes mean for the requests of a whole server: what a token does not reach is not there, and what it may not do is refused.
func TestScopesOverHTTP(t *testing.T) {
	r := newRig(t)
	access := &byScopes{}
	s := servertest.New(t, servertest.Options{
		Repository: func(o *repository.Options) { access.registry, o.Access = o.Registry, access },
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, rest.Extension{Middleware: r.middlewares()})
		},
	})
	all := Access{Client: "loader", Scopes: scopes(t, "system/*.cruds")}
	loader := "Authorization: Bearer " + r.minted(all)
	for path, body := range map[string]string{
		"Patient/a":      `{"resourceType":"Patient","id":"a","name":[{"family":"Un"}],"generalPractitioner":[{"reference":"Practitioner/d"}]}`,
		"Patient/b":      `{"resourceType":"Patient","id":"b","name":[{"family":"Deux"}]}`,
		"Practitioner/d": `{"resourceType":"Practitioner","id":"d"}`,
	} {
		require.Equal(t, 201, s.Do("PUT", "/fhir/"+path, body, loader).Code)
	}
	observation := func(id, patient, category string) string {
		return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"urn:c","code":"` + category + `"}]}],"subject":{"reference":"Patient/` + patient + `"}}`
	}
	for _, o := range [][3]string{{"a-lab", "a", "lab"}, {"a-vital", "a", "vital"}, {"b-lab", "b", "lab"}} {
		require.Equal(t, 201, s.Do("PUT", "/fhir/Observation/"+o[0], observation(o[0], o[1], o[2]), loader).Code)
	}
	for _, c := range []struct {
		scopes, method, path, body string
		status                     int
		holds                      string // ids in the answer, divided by blanks; those of the world that are not named must not be there
	}{
		{"patient/*.rs", "GET", "/Observation", "", 200, "a-lab a-vital"},
		{"patient/*.rs", "GET", "/Observation/b-lab", "", 404, ""},
		{"patient/*.rs", "GET", "/Observation/b-lab/_history", "", 404, ""},
		{"patient/*.rs", "GET", "/Patient/b", "", 404, ""},
		{"patient/*.rs", "GET", "/Patient?_has:Observation:subject:category=lab&_elements=id", "", 200, "Patient/a"},
		{"patient/*.rs", "GET", "/Observation?subject:Patient.family=Deux", "", 200, ""},
		{"patient/*.rs", "GET", "/Patient?_revinclude=Observation:subject", "", 200, "Patient/a a-lab a-vital"},
		{"patient/*.rs", "GET", "/Practitioner/d", "", 200, ""},
		{"patient/*.rs", "GET", "/_history", "", 200, "Patient/a a-lab a-vital"},
		{"patient/*.rs", "POST", "/Observation", observation("x", "a", "lab"), 403, ""},
		{"patient/Patient.rs", "GET", "/Observation", "", 403, ""},
		{"patient/Patient.rs", "GET", "/Patient?_revinclude=Observation:subject", "", 200, "Patient/a"},
		{"patient/Patient.rs", "GET", "/Patient?_has:Observation:subject:category=lab", "", 200, ""},
		{"patient/Observation.rs?category=urn:c|lab", "GET", "/Observation", "", 200, "a-lab"},
		{"patient/Observation.rs?category=urn:c|lab", "GET", "/Observation?category=vital", "", 200, ""},
		{"patient/Observation.rs?category=urn:c|lab", "GET", "/Observation/a-vital", "", 404, ""},
		{"patient/Observation.cu?category=urn:c|lab", "POST", "/Observation", observation("x", "a", "vital"), 403, ""},
		{"patient/Observation.cu?category=urn:c|lab", "POST", "/Observation", observation("x", "b", "lab"), 403, ""},
		{"patient/Observation.cu?category=urn:c|lab", "POST", "/Observation", observation("x", "a", "lab"), 201, ""},
		{"patient/Observation.cu", "PUT", "/Observation/b-lab", observation("b-lab", "a", "lab"), 404, ""}, // out of reach is not there
		{"patient/Observation.cu", "PUT", "/Observation/a-lab", observation("a-lab", "b", "lab"), 403, ""},
		{"patient/Observation.u", "PUT", "/Observation/a-lab", observation("a-lab", "a", "lab"), 200, ""}, // who may write need not read
		{"patient/Observation.u", "GET", "/Observation/a-lab", "", 403, ""},
		{"patient/Observation.u?category=urn:c|lab patient/Observation.r?category=urn:c|vital", "PUT", "/Observation/a-vital", observation("a-vital", "a", "lab"), 404, ""},
		{"patient/Observation.u?category=urn:c|lab patient/Observation.r?category=urn:c|vital", "GET", "/Observation/a-lab", "", 404, ""},
		{"patient/Observation.cu", "DELETE", "/Observation/a-lab", "", 403, ""},
		{"user/*.rs", "GET", "/Observation", "", 200, "a-lab a-vital b-lab"},
		{"openid", "GET", "/Patient/a", "", 403, ""},
		{"openid", "GET", "/metadata", "", 200, ""},
		{"patient/Observation.r", "POST", "/", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation/a-lab"}},{"request":{"method":"GET","url":"Observation/b-lab"}},{"request":{"method":"DELETE","url":"Observation/a-lab"}}]}`,
			200, `a-lab "status":"404 "status":"403`},
		{"patient/Observation.r", "POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Observation/a-lab"}}]}`, 403, ""},
		{"patient/Observation.r", "GET", "/Patient/a/$everything", "", 403, ""},
		{"patient/Patient.r patient/Observation.r?category=urn:c|lab", "GET", "/Patient/a/$everything", "", 200, "Patient/a a-lab"},
	} {
		token := r.minted(Access{Client: "app", Patient: "a", Scopes: scopes(t, c.scopes)})
		answer := s.Do(c.method, "/fhir"+c.path, c.body, "Authorization: Bearer "+token)
		name := c.scopes + ": " + c.method + " " + c.path
		require.Equal(t, c.status, answer.Code, "%s: %s", name, answer.Body)
		body := answer.Body.String()
		for _, held := range strings.Fields(c.holds) {
			require.Contains(t, body, held, name)
		}
		if c.method != "GET" || c.path == "/metadata" {
			continue
		}
		for _, id := range []string{`"id":"a-lab"`, `"id":"a-vital"`, `"id":"b-lab"`, `"id":"b"`} {
			if bare := strings.Trim(id[5:], `"`); !strings.Contains(" "+c.holds+" ", " "+bare+" ") {
				require.NotContains(t, body, id, name)
			}
		}
	}
	missing := s.Do("GET", "/fhir/Observation/none", "", "Authorization: Bearer "+r.minted(Access{Client: "app", Patient: "a", Scopes: scopes(t, "patient/*.rs")}))
	hidden := s.Do("GET", "/fhir/Observation/b-lab", "", "Authorization: Bearer "+r.minted(Access{Client: "app", Patient: "a", Scopes: scopes(t, "patient/*.rs")}))
	require.Equal(t, missing.Body.String(), hidden.Body.String(), "what is out of reach answers as what never was")
}
