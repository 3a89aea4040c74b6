package balp_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// sessions are the callers of the tests, by the header Test-Session. The server believes the header: what tokens are is tested where they are made.
var sessions = map[string]*token.Session{
	"doctor": {
		ID: "jti-doctor", Client: "lps", Subject: "psc|doctor", FHIRUser: "Practitioner/dr",
		Actor: &habilitation.Actor{
			Kind: habilitation.Professional, ID: habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000001"}, Name: "MARTIN", Profession: "10", Speciality: "SM26",
			Structure: habilitation.Identifier{System: "https://finess.esante.gouv.fr", Value: "750000001"},
		},
	},
	"nurse": {
		ID: "jti-nurse", Client: "lps", Subject: "psc|nurse",
		Actor: &habilitation.Actor{Kind: habilitation.Professional, ID: habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000002"}, Profession: "60"},
	},
	"emergency": {
		ID: "jti-urgence", Client: "lps", Subject: "psc|urg", Patient: "pa",
		Actor: &habilitation.Actor{
			Kind: habilitation.Professional, ID: habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000003"}, Profession: "10", Mode: habilitation.BreakGlass, Justification: true,
		},
	},
	"secret": {
		ID: "jti-secret", Client: "lps", Subject: "psc|secret",
		Actor: &habilitation.Actor{Kind: habilitation.Professional, ID: habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000004"}, Profession: "50", Secret: true},
	},
	"holder": {
		ID: "jti-holder", Client: "appli", Subject: "fc|holder", FHIRUser: "Patient/pa", Patient: "pa",
		Actor: &habilitation.Actor{Kind: habilitation.Holder, ID: habilitation.Identifier{System: "urn:oid:1.2.250.1.213.1.4.10", Value: "285073155504245"}},
	},
	"service": {ID: "jti-service", Client: "robot", Subject: "robot"},
	// The doctor again, with other tokens.
	"doctor-later": again("jti-later"), "doctor-last": again("jti-last"),
}

func again(id string) *token.Session {
	return &token.Session{ID: id, Client: "lps", Subject: "psc|doctor", FHIRUser: "Practitioner/dr", Actor: &habilitation.Actor{
		Kind: habilitation.Professional, ID: habilitation.Identifier{System: "https://rpps.esante.gouv.fr", Value: "10000000001"}, Profession: "10", Speciality: "SM26",
	}}
}

// trusting is the middleware that puts the session of Test-Session into the context; a session that it does not know is refused as a wrong token is.
func trusting(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		name := c.Request().Header.Get("Test-Session")
		if name == "" {
			return next(c)
		}
		s := sessions[name]
		if s == nil {
			return echo.NewHTTPError(http.StatusUnauthorized)
		}
		c.SetRequest(c.Request().WithContext(token.NewContext(c.Request().Context(), s)))
		return next(c)
	}
}

type traced struct {
	*servertest.Server
	trace   *balp.Trace
	records *dmp.Records
}

// newTraced makes a server with the rooms for documents and the trace.
func newTraced(t testing.TB, o servertest.Options) *traced {
	t.Helper()
	out := &traced{}
	now := func() time.Time { return out.Now() }
	out.trace = balp.New(balp.Options{BaseURL: servertest.Base, Now: now})
	records := dmp.NewRecords(ins.Sandbox)
	out.records = records
	recipient := mhd.NewRecipient(mhd.Options{Records: records, Now: now})
	o.Registry = func(reg *search.Registry) {
		require.NoError(t, reg.Use(mhd.SearchProfile()))
		require.NoError(t, reg.Use(balp.SearchProfile()))
	}
	before := o.Repository
	o.Repository = func(ro *repository.Options) {
		ro.Interceptors = append(ro.Interceptors, dmp.NewIdentity(ins.Sandbox), &mhd.MetadataRules{}, mhd.Guard{}, out.trace)
		if before != nil {
			before(ro)
		}
	}
	made := o.Made
	o.Made = func(s *servertest.Server) {
		out.Server = s
		records.Bind(s.Repository)
		recipient.Bind(s.Repository)
		out.trace.Bind(s.Repository, s.Store)
		if made != nil {
			made(s)
		}
	}
	o.REST = func(ro *rest.Options) {
		ro.Extensions = append(ro.Extensions, rest.Extension{Middleware: []echo.MiddlewareFunc{trusting}}, mhd.SearchExtension(ro.Registry, ro.BaseURL), recipient.Extension(), out.trace.Extension())
	}
	out.Server = servertest.New(t, o)
	return out
}

// as sends a request in a session.
func (s *traced) as(t testing.TB, session, method, path, body string, headers ...string) (status int, answer string) {
	t.Helper()
	if session != "" {
		headers = append(headers, "Test-Session: "+session)
	}
	w := s.Do(method, "/fhir/"+path, body, headers...)
	return w.Code, w.Body.String()
}

type object = map[string]any

// events reads every AuditEvent from the store, oldest first: the tests do not trust the search that they test.
func (s *traced) events(t testing.TB) []object {
	t.Helper()
	view, err := s.Store.View(0)
	require.NoError(t, err)
	defer view.Close()
	var out []object
	cur := view.Live("AuditEvent")
	defer cur.Close()
	for cur.Next() {
		rec, err := view.Get(cur.RID())
		require.NoError(t, err)
		var e object
		require.NoError(t, json.Unmarshal(rec.Body, &e))
		out = append([]object{e}, out...)
	}
	return out
}

// since gives the events of one request.
func (s *traced) since(t testing.TB, act func()) []object {
	t.Helper()
	n := len(s.events(t))
	act()
	return s.events(t)[n:]
}

func at(e any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch v := e.(type) {
		case object:
			e = v[name]
		case []any:
			i := int(name[0] - '0')
			if i >= len(v) {
				return nil
			}
			e = v[i]
		default:
			return nil
		}
	}
	return e
}

func patient(id string) string {
	return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"EXEMPLE","given":["LOUISE"]}]}`
}

func observation(id, patient string) string {
	return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8867-4"}]},"subject":{"reference":"Patient/` + patient + `"},"valueQuantity":{"value":71,"unit":"/min"}}`
}

var background = context.Background()
