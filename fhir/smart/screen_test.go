package smart

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// walker is a browser that a test drives.
type walker struct {
	t    testing.TB
	w    *world
	jar  map[string]string
	last *httptest.ResponseRecorder
}

func newWalker(t testing.TB, w *world) *walker { return &walker{t: t, w: w, jar: map[string]string{}} }

func (b *walker) get(path string) *httptest.ResponseRecorder { return b.do(http.MethodGet, path, nil) }

func (b *walker) do(method, path string, form url.Values) *httptest.ResponseRecorder {
	headers := []string{}
	for name, value := range b.jar {
		headers = append(headers, "Cookie: "+name+"="+value)
	}
	body := ""
	if form != nil {
		body = form.Encode()
		headers = append(headers, "Content-Type: application/x-www-form-urlencoded")
	}
	b.last = b.w.Do(method, strings.TrimPrefix(path, b.w.smart.issuer), body, headers...)
	for _, c := range (&http.Response{Header: b.last.Header()}).Cookies() {
		b.jar[c.Name] = c.Value
	}
	return b.last
}

// location is where the last answer leads.
func (b *walker) location() *url.URL {
	u, err := url.Parse(b.last.Header().Get("Location"))
	require.NoError(b.t, err)
	return u
}

// askURL is an authorization request of the test application.
func askURL(change ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"app"}, "redirect_uri": {"https://app.example/callback"}, "scope": {"launch/patient offline_access patient/DocumentReference.rs"},
		"state": {"af0ifjsldkj-9e7b"}, "aud": {"http://test/fhir"}, "code_challenge": {testChallenge}, "code_challenge_method": {"S256"},
	}
	for n := 0; n < len(change); n += 2 {
		q.Set(change[n], change[n+1])
	}
	return "/auth/authorize?" + q.Encode()
}

// consentScreen leads the browser there and gives the transaction and the form's token.
func (b *walker) consentScreen(who string, change ...string) (transaction, form string) {
	b.get(askURL(change...))
	transaction = b.location().Query().Get("transaction")
	b.get("/auth/login?via=patient&transaction=" + transaction)
	b.get("/test/patient/" + who + "?transaction=" + transaction)
	b.get("/auth/step?transaction=" + transaction)
	require.Equal(b.t, http.StatusOK, b.last.Code, b.last.Body.String())
	m := hiddenFields["form"].FindStringSubmatch(b.last.Body.String())
	require.NotNil(b.t, m)
	return transaction, m[1]
}

// code leads the browser through all screens, everything accepted.
func (b *walker) code(who string, change ...string) string {
	transaction, form := b.consentScreen(who, change...)
	b.do(http.MethodPost, "/auth/consent", url.Values{"transaction": {transaction}, "form": {form}, "decision": {"accept"}, "scope": {"patient/DocumentReference.rs", "offline_access"}})
	code := b.location().Query().Get("code")
	require.NotEmpty(b.t, code)
	return code
}

func TestPagesAreClosed(t *testing.T) {
	w := newWorld(t, nil)
	b := newWalker(t, w)
	transaction, form := b.consentScreen("alone")
	for name, want := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self' https://app.example; base-uri 'none'; frame-ancestors 'none'",
		"X-Frame-Options":         "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
	} {
		assert.Equal(t, want, b.last.Header().Get(name), name)
	}
	assert.NotContains(t, b.last.Body.String(), "<script")
	b.do(http.MethodPost, "/auth/consent", url.Values{"transaction": {transaction}, "form": {form}, "decision": {"refuse"}})
	assert.Equal(t, "no-store", b.last.Header().Get("Cache-Control"))
	assert.Equal(t, "no-referrer", b.last.Header().Get("Referrer-Policy"))
}

func TestWhatAClientIsCalledCannotRun(t *testing.T) {
	const evil = `<script>alert(1)</script>"'&`
	w := newWorld(t, func(o *Options) { o.Clients.Find("app").Name = evil })
	b := newWalker(t, w)
	b.consentScreen("alone")
	assert.NotContains(t, b.last.Body.String(), "<script>")
	assert.Contains(t, b.last.Body.String(), "&lt;script&gt;")
}

func TestCookiesBelongToTheHostOverTLS(t *testing.T) {
	s := &Server{secure: true}
	r := httptest.NewRecorder()
	s.setCookie(r, "session", strings.Repeat("x", 43), 60e9)
	assert.Equal(t, "__Host-carnet-session="+strings.Repeat("x", 43)+"; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax", r.Header().Get("Set-Cookie"))
}

func TestPagesAreByTLSFromThenOn(t *testing.T) {
	for base, want := range map[string]string{"https://dmp.example/fhir": "max-age=31536000", "http://test/fhir": ""} {
		w := newWorld(t, func(o *Options) { o.BaseURL = base })
		assert.Equal(t, want, newWalker(t, w).get("/auth/signout").Header().Get("Strict-Transport-Security"), base)
	}
}

func TestASessionIsNewAfterSigningIn(t *testing.T) {
	w := newWorld(t, nil)
	b := newWalker(t, w)
	b.consentScreen("alone")
	first := b.jar["carnet-session"]
	b.get(askURL())
	transaction := b.location().Query().Get("transaction")
	b.get("/auth/login?via=patient&transaction=" + transaction)
	b.get("/test/patient/nour?transaction=" + transaction)
	assert.NotEqual(t, first, b.jar["carnet-session"])
	b.jar["carnet-session"] = first
	b.get(askURL("prompt", "none"))
	assert.Equal(t, "login_required", b.location().Query().Get("error"), "the old one is worth nothing")
	thief := newWalker(t, w)
	thief.get(askURL())
	thief.jar["carnet-session"] = b.jar["carnet-session"]
	thief.get(askURL("prompt", "none"))
	assert.Equal(t, "login_required", thief.location().Query().Get("error"), "nor is one in another browser")
}

func TestPageOfALogin(t *testing.T) {
	w := newWorld(t, nil)
	r := httptest.NewRecorder()
	require.NoError(t, w.smart.Page(r, http.StatusOK, "Choisir <qui>", `<p>corps</p>`))
	assert.Contains(t, r.Body.String(), "<p>corps</p>")
	assert.Contains(t, r.Body.String(), "Choisir &lt;qui&gt;")
	assert.Contains(t, r.Header().Get("Content-Security-Policy"), "form-action 'self';")
}

// TestLabels shows what people read of scopes.
func TestLabels(t *testing.T) {
	nour := people["nour"]
	for text, want := range map[string]string{
		"patient/DocumentReference.rs":    "Lire vos documents de santé",
		"patient/DocumentReference.cruds": "Lire, ajouter, modifier et supprimer vos documents de santé",
		"patient/Observation.read":        "Lire vos résultats et mesures",
		"patient/*.rs":                    "Lire toutes vos données de santé",
		"patient/Observation.cu":          "Ajouter et modifier vos résultats et mesures",
		"user/Patient.rs":                 "Lire les informations d'identité que vos droits vous ouvrent",
		"patient/Basic.rs":                "Lire vos données de type Basic",
		"offline_access":                  "Garder cet accès quand vous n'êtes pas là",
	} {
		got := describe(scopesOf(t, text), &nour, &ask{Request: Request{Patient: "nour", PatientName: "Nour Petit"}})
		require.Len(t, got, 1, text)
		assert.Equal(t, want, got[0].Text)
	}
	child := describe(scopesOf(t, "patient/Immunization.rs?status=completed"), &nour, &ask{Request: Request{Patient: "sam", PatientName: "Sam Petit"}})
	assert.Equal(t, "Lire les vaccinations de Sam Petit", child[0].Text)
	assert.Equal(t, "seulement : status = completed", child[0].Limit)
}

// TestStatement finds in /metadata what SMART 1.0 clients look for there.
func TestStatement(t *testing.T) {
	w := newWorld(t, nil)
	body := w.Do(http.MethodGet, "/fhir/metadata", "").Body.String()
	for _, want := range []string{
		`"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"`, `{"url":"authorize","valueUri":"http://test/auth/authorize"}`, `{"url":"token","valueUri":"http://test/auth/token"}`,
		`{"system":"http://terminology.hl7.org/CodeSystem/restful-security-service","code":"SMART-on-FHIR"}`,
	} {
		assert.Contains(t, body, want)
	}
}

func TestRegistrationIsOff(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Registration = Registration{} })
	r := w.Do(http.MethodPost, "/auth/register", `{}`, "Content-Type: application/json", "Authorization: Bearer "+initialToken)
	assert.Equal(t, http.StatusNotFound, r.Code)
	assert.NotContains(t, w.Do(http.MethodGet, "/.well-known/openid-configuration", "").Body.String(), "registration_endpoint")
}

// TestPoliciesDoNotWiden refuses what a policy grants beyond what was asked for.
func TestPoliciesDoNotWiden(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Policy = generous{&testPolicy{}} })
	b := newWalker(t, w)
	transaction, form := b.consentScreen("alone")
	b.do(http.MethodPost, "/auth/consent", url.Values{"transaction": {transaction}, "form": {form}, "decision": {"accept"}, "scope": {"patient/DocumentReference.rs"}})
	assert.Equal(t, http.StatusInternalServerError, b.last.Code)
	assert.Contains(t, b.last.Body.String(), "error=server_error")
}

type generous struct{ *testPolicy }

func (generous) Grant(context.Context, *Request, *Identity, Answers) (*Granted, error) {
	all, err := scope.Parse("patient/*.cruds")
	return &Granted{Scopes: all}, err
}

func TestOptionsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	for name, change := range map[string]func(*Options){
		"no base":      func(o *Options) { o.BaseURL = "/fhir" },
		"no store":     func(o *Options) { o.Store = nil },
		"no keys":      func(o *Options) { o.Keys = nil },
		"login twice":  func(o *Options) { o.Logins = append(o.Logins, o.Logins[0]) },
		"login absent": func(o *Options) { o.Logins = nil; o.Clients.Find("app").Logins = []string{"ps"} },
		"no scope":     func(o *Options) { o.Registration.Scope = "" },
	} {
		o := w.smart.o
		change(&o)
		_, err := New(o)
		assert.Error(t, err, name)
	}
}

// TestNoEncounterIsPromised grants no scope whose context the answer would not have.
func TestNoEncounterIsPromised(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		var err error
		o.Clients, err = NewClients(&Client{ID: "app", Name: "A", RedirectURIs: []string{"https://app.example/callback"}, Scope: "launch/patient launch/encounter patient/*.rs"})
		require.NoError(t, err)
	})
	a, fault := w.smart.readAsk(strings.TrimPrefix(askURL("scope", "launch/patient launch/encounter patient/Observation.read"), "/auth/authorize?"))
	require.Nil(t, fault)
	assert.Equal(t, "patient/Observation.rs launch/patient", a.Scopes.String())
}
