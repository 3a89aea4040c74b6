package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/signin"
)

// codeOf leads a person to the application's answer and gives it, not exchanged.
func (h *hostile) codeOf(number, patient string) (*attempt, *url.URL) {
	h.t.Helper()
	b, a := h.visitor(), authorization(h.base, "phr", phrBack, phrScope, nil)
	b.open(a.address)
	h.signIn(b, "sandbox-fc", number)
	if strings.Contains(b.page, `name="patient"`) {
		b.submit(url.Values{"patient": {patient}, "decision": {"choose"}})
	}
	b.submit(accept)
	require.NotNil(h.t, b.back, b.page)
	return a, b.back
}

// TestCodesInOtherHands takes a code that was led away, and injects it elsewhere. Each attempt has a code of its own: one is all it is worth.
func TestCodesInOtherHands(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	for name, change := range map[string]func(form url.Values){
		"without the verifier":            func(f url.Values) { f.Del("code_verifier") },
		"with the thief's verifier":       func(f url.Values) { f.Set("code_verifier", secret()) },
		"with the challenge for verifier": func(f url.Values) { f.Set("code_verifier", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM") },
		"by another client":               func(f url.Values) { f.Set("client_id", "other") },
		"by another client, its address":  func(f url.Values) { f.Set("client_id", "other"); f.Set("redirect_uri", "http://127.0.0.1:1/other") },
		"without an address":              func(f url.Values) { f.Del("redirect_uri") },
		"with another address":            func(f url.Values) { f.Set("redirect_uri", phrBack+"/") },
		"with a secret":                   func(f url.Values) { f.Set("client_secret", secret()) },
		"as a refresh token":              func(f url.Values) { f.Set("grant_type", "refresh_token"); f.Set("refresh_token", f.Get("code")) },
		"for another resource":            func(f url.Values) { f.Set("resource", "https://evil.example/fhir") },
		"of another grant": func(f url.Values) {
			f.Set("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
			f.Set("assertion", f.Get("code"))
		},
		"for a password":                   func(f url.Values) { f.Set("grant_type", "password") },
		"with a letter changed":            func(f url.Values) { f.Set("code", "A"+f.Get("code")[1:]) },
		"twice in one request":             func(f url.Values) { f.Add("code", "x") },
		"by the person's own code, longer": func(f url.Values) { f.Set("code", f.Get("code")+"=") },
	} {
		a, back := h.codeOf(h.numbers["ada"], "ada")
		form := a.form(back)
		change(form)
		status, out := h.post("/auth/token", form)
		assert.GreaterOrEqual(t, status, 400, name)
		assert.Empty(t, out.Access+out.Refresh, name)
	}
	a, back := h.codeOf(h.numbers["ada"], "ada")
	status, out := h.post("/auth/token?"+a.form(back).Encode(), a.form(back))
	assert.Equal(t, http.StatusBadRequest, status, "in the URL too: %s", out.Error)

	// The code twice: what it opened closes.
	a, back = h.codeOf(h.numbers["ada"], "ada")
	_, first := h.post("/auth/token", a.form(back))
	require.NotEmpty(t, first.Access)
	_, second := h.post("/auth/token", a.form(back))
	assert.Equal(t, "invalid_grant", second.Error)
	assert.Equal(t, http.StatusUnauthorized, h.status("Patient/ada", first.Access))
	assert.Equal(t, "invalid_grant", h.refresh("phr", first).Error)
}

// TestTokensInOtherHands: refresh tokens used again, by others, for more; revocation and introspection of what is not one's own.
func TestTokensInOtherHands(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	mine := h.agreed(h.numbers["ada"], "ada", nil)
	form := func(change ...string) url.Values {
		f := url.Values{"grant_type": {"refresh_token"}, "client_id": {"phr"}, "refresh_token": {mine.Refresh}}
		for n := 0; n < len(change); n += 2 {
			f.Set(change[n], change[n+1])
		}
		return f
	}
	for name, f := range map[string]url.Values{
		"another client":             form("client_id", "other"),
		"scopes of a professional":   form("scope", "user/*.cruds"),
		"scopes to write":            form("scope", "patient/*.cruds"),
		"scopes of the system":       form("scope", "system/*.rs"),
		"scopes of nothing":          form("scope", "x y z"),
		"another resource":           form("resource", "https://evil.example"),
		"an access token":            form("refresh_token", mine.Access),
		"a letter changed":           form("refresh_token", "A"+mine.Refresh[1:]),
		"a letter at the end":        form("refresh_token", mine.Refresh+"A"),
		"nothing":                    form("refresh_token", ""),
		"an assertion of nobody":     form("client_assertion", "x.y.z", "client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
		"a secret that is none":      form("client_secret", "x"),
		"the command's client":       form("client_id", commandClient),
		"a client that there is not": form("client_id", "nobody"),
	} {
		_, out := h.post("/auth/token", f)
		assert.Empty(t, out.Access, name)
		assert.NotEmpty(t, out.Error, name)
	}
	require.Equal(t, http.StatusOK, h.status("Patient/ada", mine.Access), "none of it harmed the owner")

	// Other clients neither learn of it nor end it.
	rpps := h.doctor("d0", 0)
	theirs, _ := h.working(rpps, lpsScope, nil, nil)
	for _, text := range []string{mine.Access, mine.Refresh} {
		status, _ := h.post("/auth/revoke", url.Values{"token": {text}, "client_id": {"other"}})
		assert.Equal(t, http.StatusOK, status)
		for name, header := range map[string][]string{"by a professional's token": {"Authorization", "Bearer " + theirs.Access}, "by no token": nil, "by a false one": {"Authorization", "Bearer x.y.z"}} {
			req := url.Values{"token": {text}}
			if header == nil {
				req.Set("client_id", "phr")
			}
			body := h.introspect(req, header...)
			assert.NotContains(t, body, `"active":true`, name)
			assert.NotContains(t, body, "ada", name)
		}
	}
	require.Equal(t, http.StatusOK, h.status("Patient/ada", mine.Access))
	assert.Contains(t, h.introspect(url.Values{"token": {mine.Access}}, "Authorization", "Bearer "+mine.Access), `"active":true`, "of one's own it is told")

	// Used again: all of it ends, newest first.
	next := h.refresh("phr", mine)
	require.NotEmpty(t, next.Refresh)
	assert.Equal(t, "invalid_grant", h.refresh("phr", mine).Error)
	assert.Equal(t, "invalid_grant", h.refresh("phr", next).Error)
	for _, one := range []string{mine.Access, next.Access} {
		assert.Equal(t, http.StatusUnauthorized, h.status("Patient/ada", one))
	}
}

func (h *hostile) introspect(form url.Values, header ...string) string {
	h.t.Helper()
	_, body := h.send(http.MethodPost, "/auth/introspect", form.Encode(), append(header, "Content-Type", "application/x-www-form-urlencoded")...)
	return body
}

// TestContextualCallsInOtherHands steals, forges and keeps launch handles.
func TestContextualCallsInOtherHands(t *testing.T) {
	h := newHostile(t)
	h.people("ada", "ben")
	one, two := h.doctor("d0", 0), h.doctor("d1", 1)
	software, browserOfOne := h.working(one, lpsScope, nil, nil)
	_, browserOfTwo := h.working(two, lpsScope, nil, nil)
	launch := func(token, client, patient string) (int, string) {
		_, body := h.send(http.MethodPost, "/auth/launch", url.Values{"client_id": {client}, "patient": {patient}}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Authorization", "Bearer "+token)
		var out struct{ Launch string }
		_ = json.Unmarshal([]byte(body), &out)
		return len(body), out.Launch
	}
	const scopes = "launch openid fhirUser patient/Patient.r patient/DocumentReference.rs patient/Binary.r"
	open := func(b *browser, handle string) *browser {
		b.open(authorization(h.base, consoleClient, h.origin+"/console/", scopes, url.Values{"launch": {handle}}).address)
		return b
	}
	_, handle := launch(software.Access, consoleClient, "ada")
	require.NotEmpty(t, handle)
	for name, b := range map[string]*browser{"another professional": browserOfTwo} {
		open(b, handle)
		if strings.Contains(b.at.Path, "/sandbox/") || strings.Contains(b.page, "sandbox-psc") {
			h.signIn(b, "sandbox-psc", two)
		}
		assert.Contains(t, b.page, "autre personne", name)
	}
	assert.Contains(t, open(browserOfOne, handle).at.RawQuery, "error=invalid_request", "a handle is worth one request, whoever sent it")

	_, handle = launch(software.Access, consoleClient, "ada")
	stranger := open(h.visitor(), handle)
	h.signIn(stranger, "sandbox-fc", h.numbers["ben"])
	assert.Contains(t, stranger.page, "autre personne", "a patient with a professional's handle")

	_, handle = launch(software.Access, consoleClient, "ada")
	h.wait(6 * time.Minute)
	assert.Contains(t, open(browserOfOne, handle).at.RawQuery, "error=invalid_request", "after its time")
	h.wait(-6 * time.Minute)

	// A record that there is not: the professional is told, and it is no error of the server's.
	_, handle = launch(software.Access, consoleClient, "made-up")
	require.NotEmpty(t, handle, "whether there is a record is not told to the software")
	b := open(browserOfOne, handle)
	assert.Equal(t, http.StatusForbidden, b.status, b.page)
	assert.Contains(t, b.page, "existe pas")

	// A holder who launches is a holder still.
	hb, a := h.visitor(), authorization(h.base, "lps", lpsBack, lpsScope, nil)
	hb.open(a.address)
	h.signIn(hb, "sandbox-fc", h.numbers["ben"])
	hb.submit(accept)
	require.NotNil(t, hb.back, hb.page)
	_, holder := h.post("/auth/token", a.form(hb.back))
	require.NotEmpty(t, holder.Access, holder.Reason)
	if _, handle = launch(holder.Access, consoleClient, "ada"); handle != "" {
		assert.Contains(t, open(hb, handle).page, "Aucun dossier", "somebody else's record in a holder's launch")
	}
	for name, token := range map[string]string{"no token": "", "an application of patients": h.agreed(h.numbers["ada"], "ada", nil).Access} {
		_, handle := launch(token, consoleClient, "ada")
		assert.Empty(t, handle, name)
	}
}

// TestATemporaryCodeOpensItsHeadings: a professional types the code that the patient gave on the consent screen, and reads what it opens, for as long as the patient said.
func TestATemporaryCodeOpensItsHeadings(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	rpps := h.doctor("d0", 0)
	for n, class := range []string{"10", "42"} {
		h.put(fmt.Appendf(nil, `{"resourceType":"DocumentReference","id":"doc%s","status":"current","subject":{"reference":"Patient/ada"},"date":"2026-01-02T10:00:00Z","content":[{"attachment":{"contentType":"text/plain","data":"YQ=="}}],
"masterIdentifier":{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.213.1.4.10.%d"},"type":{"coding":[{"system":"http://loinc.org","code":%q}]},"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS","code":%q}]}]}`,
			class, 80+n, []string{"11488-4", "57833-6"}[n], class))
	}
	code := secret()
	d := consent.Directive{Category: consent.AccessCode, Active: true, Patient: "ada", Given: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour), CodeDigest: consent.Digest(code), Classes: []string{"10"}}
	body, err := d.JSON()
	require.NoError(t, err)
	h.put(body)
	const scopes = "launch/patient openid fhirUser offline_access patient/*.rs"
	read := func(typed string) (with, without int, out tokens) {
		out, _ = h.working(rpps, scopes, url.Values{"typed": {h.numbers["ada"]}, "q-code": {typed}}, nil)
		require.NotEmpty(t, out.Access, out.Reason)
		return h.status("DocumentReference/doc10", out.Access), h.status("DocumentReference/doc42", out.Access), out
	}
	for _, wrong := range []string{"", code[:len(code)-1], strings.ToUpper(code), consent.Digest(code), " "} {
		with, without, _ := read(wrong)
		assert.Equal(t, []int{http.StatusNotFound, http.StatusNotFound}, []int{with, without}, "%q", wrong)
	}
	with, without, out := read(code)
	assert.Equal(t, http.StatusOK, with, "the heading that the code opens")
	assert.Equal(t, http.StatusNotFound, without, "and no other")
	h.wait(2 * time.Hour)
	out = h.refresh("lps", out)
	require.NotEmpty(t, out.Access, out.Reason)
	assert.Equal(t, http.StatusNotFound, h.status("DocumentReference/doc10", out.Access), "after its time it opens nothing")
}

// TestStaffSignIn: a secretary's card opens the documents of the structure to deposit and replace, and nobody's record to read.
func TestStaffSignIn(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	h.put([]byte(`{"resourceType":"Practitioner","id":"cpe","active":true,"identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"3010000024/0001"}],"name":[{"family":"ACCUEIL","given":["Essai"]}]}`))
	got, b := h.working("3010000024/0001", "openid fhirUser offline_access user/*.cruds", url.Values{"q-mode": {"bris_de_glace"}, "q-justification": {"Curiosité, curiosité"}}, nil)
	require.NotEmpty(t, got.Access, got.Reason)
	assert.NotContains(t, b.page, "Bris de glace")
	session, err := h.Verifier.Token(t.Context(), got.Access)
	require.NoError(t, err)
	assert.Contains(t, string(session.Claims[signin.ClaimActor]), `"kind":"staff"`)
	assert.Contains(t, string(session.Claims[signin.ClaimActor]), `"010000024"`)
	assert.NotContains(t, string(session.Claims[signin.ClaimActor]), "bris")
	assert.Equal(t, http.StatusOK, h.status("Patient/ada", got.Access), "administrative data (TD1.3a)")
	status, body := ask(t, h.base+"/DocumentReference?patient=ada&status=current", got.Access)
	assert.Equal(t, http.StatusOK, status, body)
	assert.NotContains(t, body, `"entry"`)
}

// TestScreensPromiseWhatIsKept: the duration on the consent screen is the one that the authorization gets.
func TestScreensPromiseWhatIsKept(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	rpps := h.doctor("d0", 0)
	b := h.visitor()
	b.open(authorization(h.base, "lps", lpsBack, lpsScope, nil).address)
	h.signIn(b, "sandbox-psc", rpps)
	assert.Contains(t, b.page, "pendant 30 jours au plus")
	got, _ := h.working(rpps, lpsScope, nil, nil)
	h.wait(30*24*time.Hour - time.Minute)
	got = h.refresh("lps", got)
	require.NotEmpty(t, got.Access, got.Reason)
	h.wait(2 * time.Minute)
	assert.Equal(t, "invalid_grant", h.refresh("lps", got).Error)

	b = h.visitor()
	b.open(authorization(h.base, "phr", phrBack, phrScope, nil).address)
	h.signIn(b, "sandbox-fc", h.numbers["ada"])
	assert.Contains(t, b.page, "pendant la durée que vous choisissez ci-dessous")
	b = h.visitor()
	b.open(authorization(h.base, "phr", phrBack, "launch/patient openid fhirUser patient/*.rs", nil).address)
	h.signIn(b, "sandbox-fc", h.numbers["ada"])
	assert.Contains(t, b.page, "pour cette fois, quelques minutes")
}
