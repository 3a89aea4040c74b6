package access_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

const (
	rpps   = "urn:oid:1.2.250.1.71.4.2.1"
	finess = "urn:oid:1.2.250.1.71.4.2.2"
	insNIR = "urn:oid:1.2.250.1.213.1.4.10"
)

// world is a server with access control, whose callers are named by the header As.
type world struct {
	*servertest.Server
	t        testing.TB
	access   *access.Access
	sessions map[string]*token.Session
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, sessions: map[string]*token.Session{}}
	engine, err := habilitation.New(habilitation.Options{})
	require.NoError(t, err)
	w.Server = servertest.New(t, servertest.Options{
		Registry: func(r *search.Registry) {
			require.NoError(t, r.Use(mhd.SearchProfile()))
			require.NoError(t, r.Use(access.SearchProfile()))
		},
		Repository: func(o *repository.Options) {
			w.access, err = access.New(access.Options{Engine: engine, Registry: o.Registry, Store: o.Store, Sandbox: true, Clock: w.now})
			require.NoError(t, err)
			o.Access = w.access
			o.Interceptors = append(o.Interceptors, &mhd.MetadataRules{}, w.access.Rules())
		},
		Made: func(s *servertest.Server) {
			w.Server = s
			w.access.Bind(s.Repository)
		},
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, mhd.SearchExtension(o.Registry, o.BaseURL), w.access.Extension(), rest.Extension{Middleware: []echo.MiddlewareFunc{w.sign}})
		},
	})
	return w
}

func (w *world) now() time.Time {
	if w.Server == nil {
		return time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)
	}
	return w.Server.Now()
}

// sign puts the session that a request names into its context. Without a name it is the server's own act.
func (w *world) sign(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if name := c.Request().Header.Get("As"); name != "" {
			s, ok := w.sessions[name]
			require.True(w.t, ok, name)
			c.SetRequest(c.Request().WithContext(token.NewContext(c.Request().Context(), s)))
		}
		return next(c)
	}
}

// caller adds a session; change may edit it.
func (w *world) caller(name string, a habilitation.Actor, change ...func(*token.Session)) {
	scopes, err := scope.Parse("user/*.cruds system/*.cruds")
	require.NoError(w.t, err)
	s := &token.Session{ID: name, Client: "test", Subject: name, Scopes: scopes, Actor: &a}
	for _, edit := range change {
		edit(s)
	}
	w.sessions[name] = s
}

func user(ref string) func(*token.Session)   { return func(s *token.Session) { s.FHIRUser = ref } }
func in(patient string) func(*token.Session) { return func(s *token.Session) { s.Patient = patient } }
func scoped(text string) func(*token.Session) {
	return func(s *token.Session) { s.Scopes, _ = scope.Parse(text) }
}

// The usual callers.
func (w *world) usual() {
	doctor := habilitation.Actor{Kind: habilitation.Professional, ID: habilitation.Identifier{System: rpps, Value: "899700000001"}, Profession: "10", Speciality: "SM26"}
	other := doctor
	other.ID.Value = "899700000002"
	treating := doctor
	treating.ID.Value = "899700000003"
	nurse := habilitation.Actor{Kind: habilitation.Professional, ID: habilitation.Identifier{System: rpps, Value: "899700000004"}, Profession: "60"}
	w.caller("doctor", doctor)
	w.caller("other", other)
	w.caller("treating", treating)
	w.caller("nurse", nurse)
	glass := other
	glass.ID.Value = "899700000005"
	glass.Mode, glass.Justification = habilitation.BreakGlass, true
	w.caller("glass", glass, in("p1"))
	samu := glass
	samu.Justification = false
	samu.Mode = habilitation.Centre15
	w.caller("samu", samu)
	w.caller("hospital", habilitation.Actor{Kind: habilitation.Institution, ID: habilitation.Identifier{System: finess, Value: "990000001"}, Structure: habilitation.Identifier{System: finess, Value: "990000001"}})
	for i := range 2 {
		w.caller(fmt.Sprintf("holder%d", i+1), habilitation.Actor{Kind: habilitation.Holder, ID: habilitation.Identifier{System: insNIR, Value: numbers[i]}}, user(fmt.Sprintf("Patient/p%d", i+1)))
	}
	w.caller("mother", habilitation.Actor{Kind: habilitation.Representative, ID: habilitation.Identifier{System: insNIR, Value: "279035121518989"}}, user("RelatedPerson/mother"))
	w.caller("helper", habilitation.Actor{Kind: habilitation.Delegate, ID: habilitation.Identifier{System: insNIR, Value: "279035121518990"}}, user("RelatedPerson/helper"))
	w.caller("app", habilitation.Actor{Kind: habilitation.Application, ID: habilitation.Identifier{System: "https://app.test", Value: "client-1"}})
	w.caller("operator", habilitation.Actor{Kind: habilitation.Operator, ID: habilitation.Identifier{System: "https://app.test", Value: "op"}})
	w.caller("nobody", habilitation.Actor{})
}

// numbers are INS of synthetic people.
var numbers = []string{"207058575627097", "153078987658513"}

// people are two records: a child born in 2007 and a man born in 1953.
func (w *world) people() {
	for i, birth := range []string{"2007-05-10", "1953-07-01"} {
		w.Put(w.t, fmt.Sprintf("Patient/p%d", i+1), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","active":true,"identifier":[{"system":%q,"value":%q}],"name":[{"family":"TEST%d"}],"birthDate":%q}`, i+1, insNIR, numbers[i], i+1, birth))
	}
}

// document stores a document with its content.
func (w *world) document(id, patient, typ, author string, labels ...string) {
	var label []string
	for _, l := range append([]string{"N"}, labels...) {
		label = append(label, fmt.Sprintf(`{"coding":[{"system":%q,"code":%q}]}`, systemOf(l), l))
	}
	w.Put(w.t, "Binary/b-"+id, fmt.Sprintf(`{"resourceType":"Binary","id":"b-%s","contentType":"text/plain","securityContext":{"reference":"DocumentReference/%s"},"data":"Q29udGVudA=="}`, id, id))
	w.Put(w.t, "DocumentReference/"+id, fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"contained":[{"resourceType":"Practitioner","id":"a","identifier":[{"system":%q,"value":%q}]}],`+
		`"status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},"subject":{"reference":"Patient/%s"},"date":"2024-04-30T10:00:00Z","author":[{"reference":"#a"}],`+
		`"securityLabel":[%s],"content":[{"attachment":{"contentType":"text/plain","url":"Binary/b-%s"}}]}`, id, rpps, author, typ, patient, strings.Join(label, ","), id))
}

func systemOf(label string) string {
	if label == "N" {
		return "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	}
	return "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"
}

// consent stores a Consent of a category about an identifier.
func (w *world) consent(id, patient, category, typ, system, value string, more ...string) {
	actor := ""
	if value != "" {
		actor = fmt.Sprintf(`,"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":{"system":%q,"value":%q}}}]`, system, value)
	}
	w.Put(w.t, "Consent/"+id, consentJSON(id, patient, category, typ, actor+strings.Join(more, "")))
}

func consentJSON(id, patient, category, typ, provision string) string {
	return fmt.Sprintf(`{"resourceType":"Consent","id":%q,"status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},`+
		`"category":[{"coding":[{"system":%q,"code":%q}]}],"patient":{"reference":"Patient/%s"},"dateTime":"2024-04-01T08:00:00Z","policyRule":{"text":"CSP L1111-17"},`+
		`"verification":[{"verified":true}],"extension":[{"url":%q,"valueCode":"oral"}],"provision":{"type":%q%s}}`, id, access.SystemCategory, category, patient, access.ExtensionMeans, typ, provision)
}

// as sends a request as a caller.
func (w *world) as(name, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	if name != "" {
		headers = append(headers, "As: "+name)
	}
	return w.Do(method, path, body, headers...)
}

// ids gives the ids of a searchset that a caller gets.
func (w *world) ids(name, path string) []string {
	w.t.Helper()
	r := w.as(name, "GET", path, "")
	require.Equal(w.t, 200, r.Code, "%s as %s: %s", path, name, r.Body)
	var bundle struct {
		Entry []struct{ Resource struct{ ID string } }
	}
	require.NoError(w.t, json.Unmarshal(r.Body.Bytes(), &bundle))
	out := []string{}
	for _, e := range bundle.Entry {
		out = append(out, e.Resource.ID)
	}
	return out
}

func (w *world) status(name, path string) int { return w.as(name, "GET", path, "").Code }
