package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// secured runs a server with access control and the demo data.
func secured(t *testing.T, args ...string) (*program, string) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "d")
	return startServer(t, append([]string{"--security", "on", "--demo", "--data", data}, args...)...), data
}

// tokenOf runs "carnet token".
func tokenOf(t *testing.T, data string, args ...string) tokenAnswer {
	t.Helper()
	out, err := command(t, append([]string{"token", "--data", data, "--json"}, args...)...).Output()
	var exit *exec.ExitError
	if err != nil && assert.ErrorAs(t, err, &exit) {
		require.NoError(t, err, string(exit.Stderr))
	}
	var answer tokenAnswer
	require.NoError(t, json.Unmarshal(out, &answer))
	return answer
}

// ask sends a GET with a token, "" for none.
func ask(t *testing.T, address, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	require.NoError(t, err)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(body)
}

func total(t *testing.T, base, query, token string) int {
	t.Helper()
	status, body := ask(t, base+"/"+query+"&_summary=count", token)
	require.Equal(t, http.StatusOK, status, body)
	var bundle struct{ Total int }
	require.NoError(t, json.Unmarshal([]byte(body), &bundle))
	return bundle.Total
}

// person is a synthetic patient of the demo: the matricule and the general practitioner's RPPS.
func person(t *testing.T, i int) (ins string, doctor string) {
	t.Helper()
	g := synthetic.New(1)
	known, err := g.Traits(i)
	require.NoError(t, err)
	var patient struct{ GeneralPractitioner []struct{ Reference string } }
	require.NoError(t, json.Unmarshal(g.Patient(i).JSON, &patient))
	id := strings.TrimPrefix(patient.GeneralPractitioner[0].Reference, "Practitioner/")
	for _, r := range g.Directory(synthetic.DirectorySize) {
		if r.Type != "Practitioner" || r.ID != id {
			continue
		}
		var practitioner struct {
			Identifier []struct{ System, Value string }
		}
		require.NoError(t, json.Unmarshal(r.JSON, &practitioner))
		doctor = practitioner.Identifier[0].Value
	}
	require.NotEmpty(t, doctor)
	return known.Matricule.Number(), doctor
}

// strangerTo is a doctor of the directory who is not that one.
func strangerTo(t *testing.T, doctor string) string {
	t.Helper()
	for i := range 200 {
		if _, other := person(t, i); other != doctor {
			return other
		}
	}
	t.Fatal("everybody has the same doctor")
	return ""
}

func TestServeIsSecuredByDefault(t *testing.T) {
	p, data := secured(t)
	ins, doctor := person(t, 0)
	for _, path := range []string{"/Patient", "/Patient/p-000000", "/", "/_history", "/Binary/x", "/Patient/$match"} {
		status, body := ask(t, p.base+path, "")
		assert.Equal(t, http.StatusUnauthorized, status, "%s: %s", path, body)
	}
	for _, path := range []string{"/metadata", "/.well-known/smart-configuration"} {
		status, _ := ask(t, p.base+path, "")
		assert.Equal(t, http.StatusOK, status, path)
	}
	operator := tokenOf(t, data, "--as", "app:operator").Token
	assert.Equal(t, 200, total(t, p.base, "Patient?active=true", operator))

	holder := tokenOf(t, data, "--as", "patient:"+ins)
	assert.Equal(t, []string{"Patient/p-000000", "p-000000"}, []string{holder.User, holder.Patient})
	assert.Equal(t, 1, total(t, p.base, "Patient?active=true", holder.Token), "a holder sees their own record")
	status, _ := ask(t, p.base+"/Patient/p-000001", holder.Token)
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, total(t, p.base, "Observation?patient=p-000000", operator), total(t, p.base, "Observation?_count=1", holder.Token))

	own := tokenOf(t, data, "--as", "ps:"+doctor)
	assert.Positive(t, total(t, p.base, "Observation?patient=p-000000", own.Token), "the médecin traitant reads")
	stranger := tokenOf(t, data, "--as", "ps:99900001019", "--profession", "60")
	assert.Zero(t, total(t, p.base, "Observation?patient=p-000000", stranger.Token), "a nurse whom nobody authorised does not")
	narrow := tokenOf(t, data, "--as", "patient:"+ins, "--scope", "patient/Patient.r")
	status, _ = ask(t, p.base+"/Observation?patient=p-000000", narrow.Token)
	assert.Equal(t, http.StatusForbidden, status, "scopes narrow")

	emergency := tokenOf(t, data, "--as", "ps:99900001019", "--mode", "bris_de_glace", "--patient", ins, "--justification", "Patient inconscient sur la voie publique")
	status, body := ask(t, p.base+"/AuditEvent?patient=p-000000&_count=200", operator)
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "Patient inconscient sur la voie publique", "the justification is in the trace")
	assert.NotEmpty(t, emergency.Token)

	tampered := own.Token[:len(own.Token)-6] + "AAAAAA"
	status, _ = ask(t, p.base+"/Patient/p-000000", tampered)
	assert.Equal(t, http.StatusUnauthorized, status)
	p.stop(t)

	offline := tokenOf(t, data, "--as", "patient:"+ins, "--base-url", "http://127.0.0.1:1/fhir")
	assert.Equal(t, "http://127.0.0.1:1/fhir", offline.Base, "without a server the directory's keys sign")
}

func TestTokensAreForSandboxesOnly(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := startServer(t, "--security", "on", "--identities", "production", "--data", data)
	for _, as := range []string{"app:operator", "ps:99900000003", "es:010000024"} {
		out, err := command(t, "token", "--data", data, "--as", as).CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(out), "sandbox")
	}
	status, _ := ask(t, strings.TrimSuffix(p.base, "/fhir")+"/sandbox/psc/.well-known/openid-configuration", "")
	assert.Equal(t, http.StatusNotFound, status, "nobody chooses who they are")
	p.stop(t)
	out, err := command(t, "token", "--data", data, "--as", "app:operator").CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "sandbox", "not with the keys of a stopped server either")
}

// TestPeopleSignIn goes through every screen as people do: the provider's, the choice of the patient, the mode, and back with a code.
func TestPeopleSignIn(t *testing.T) {
	p, _ := secured(t)
	ins, doctor := person(t, 0)

	t.Run("a professional on a patient", func(t *testing.T) {
		b, a := newBrowser(t), console(p.base)
		b.open(a.address)
		b.follow("sandbox-psc")
		require.Contains(t, b.page, "Qui se connecte ?")
		b.follow("login_hint=" + doctor)
		require.Contains(t, b.page, "Matricule INS", b.page)
		b.submit(url.Values{"typed": {ins}, "patient": {ins}})
		require.Contains(t, b.page, "Mode d", b.page)
		b.submit(accept)
		token := a.redeem(t, p.base, b.at)
		assert.Equal(t, "p-000000", token.Patient)
		status, body := ask(t, p.base+"/Patient/p-000000", token.AccessToken)
		assert.Equal(t, http.StatusOK, status, body)
	})
	t.Run("a professional who breaks the glass", func(t *testing.T) {
		b, a := newBrowser(t), console(p.base)
		stranger := strangerTo(t, doctor)
		b.open(a.address)
		b.follow("sandbox-psc")
		b.follow("login_hint=" + stranger)
		b.submit(url.Values{"typed": {ins}, "patient": {ins}})
		b.submit(url.Values{"decision": {"accept"}, "q-mode": {"bris_de_glace"}})
		require.Contains(t, b.page, "Motif de l", "without a justification the screen comes back")
		b.submit(url.Values{"decision": {"accept"}, "q-mode": {"bris_de_glace"}, "q-justification": {"Patient inconscient, choc anaphylactique"}})
		token := a.redeem(t, p.base, b.at)
		status, _ := ask(t, p.base+"/Patient/p-000000", token.AccessToken)
		assert.Equal(t, http.StatusOK, status)
		status, _ = ask(t, p.base+"/Patient/p-000009", token.AccessToken)
		assert.Equal(t, http.StatusNotFound, status, "the glass is broken for one person")
	})
	t.Run("a patient", func(t *testing.T) {
		for _, provider := range []string{"sandbox-fc", "sandbox-apcv"} {
			b, a := newBrowser(t), console(p.base)
			b.open(a.address)
			b.follow(provider)
			b.open(b.at.String() + "&q=" + ins)
			b.follow("login_hint=" + ins)
			if strings.Contains(b.page, "<form") {
				b.submit(url.Values{"patient": {"p-000000"}})
			}
			token := a.redeem(t, p.base, b.at)
			assert.Equal(t, "p-000000", token.Patient)
			status, _ := ask(t, p.base+"/Patient/p-000000", token.AccessToken)
			assert.Equal(t, http.StatusOK, status)
			status, _ = ask(t, p.base+"/Patient/p-000001", token.AccessToken)
			assert.Equal(t, http.StatusNotFound, status)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		b, a := newBrowser(t), console(p.base)
		b.open(a.address)
		b.follow("sandbox-fc")
		b.follow("access_denied")
		assert.Contains(t, b.page, "pas connecté", b.page)
	})
	t.Run("somebody in another's browser", func(t *testing.T) {
		victim, attacker := newBrowser(t), newBrowser(t)
		a := console(p.base)
		attacker.open(a.address)
		attacker.follow("sandbox-psc")
		attacker.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, attacker.at.String()+"&login_hint="+doctor, nil)
		require.NoError(t, err)
		resp, err := attacker.client.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		answer := resp.Header.Get("Location")
		require.Contains(t, answer, "/signin/sandbox-psc/callback?")
		victim.open(answer)
		assert.Equal(t, http.StatusBadRequest, victim.status, "the answer belongs to no sign-in of this browser")
		mixed := strings.Replace(answer, "sandbox-psc", "sandbox-fc", 1)
		attacker.open(mixed)
		assert.Equal(t, http.StatusBadRequest, attacker.status, "nor to another provider's")
	})
}

// TestContextualCall: a professional's software opens the console on a patient (TD0.9, EHR launch).
func TestContextualCall(t *testing.T) {
	registry := filepath.Join(t.TempDir(), "clients.json")
	require.NoError(t, os.WriteFile(registry, []byte(`{"clients":[{"client_id":"lps","client_name":"Logiciel de soins","redirect_uris":["http://127.0.0.1:1/retour"],"launcher":true,
		"scope":"launch openid fhirUser user/*.cruds"}]}`), 0o600))
	p, _ := secured(t, "--clients", registry)
	_, doctor := person(t, 0)
	b := newBrowser(t)
	b.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host == "127.0.0.1:1" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	a := authorization(p.base, "lps", "http://127.0.0.1:1/retour", "launch openid fhirUser user/*.cruds", nil)
	b.open(a.address)
	b.follow("sandbox-psc")
	b.follow("login_hint=" + doctor)
	var back *url.URL
	b.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host == "127.0.0.1:1" {
			back = req.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	b.submit(accept)
	require.NotNil(t, back, b.page)
	software := a.redeem(t, p.base, back)

	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, strings.TrimSuffix(p.base, "/fhir")+"/auth/launch", strings.NewReader(url.Values{"client_id": {consoleClient}, "patient": {"p-000000"}}.Encode()))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+software.AccessToken)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	var launch struct{ Launch, URL string }
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&launch))
	require.Equal(t, http.StatusCreated, resp.StatusCode)
	b.open(launch.URL)
	require.Contains(t, b.page, "/console/app.js", "the console's page goes on from here")
	redirect := strings.TrimSuffix(p.base, "/fhir") + "/console/"
	a = authorization(p.base, consoleClient, redirect, "launch openid fhirUser patient/Patient.r patient/DocumentReference.rs patient/Binary.r", url.Values{"launch": {launch.Launch}})
	b.open(a.address)
	require.Contains(t, b.page, "Bris de glace", "the professional is signed in already; the mode is asked on this patient")
	b.submit(accept)
	token := a.redeem(t, p.base, b.at)
	assert.Equal(t, "p-000000", token.Patient)
	status, _ := ask(t, p.base+"/Patient/p-000000", token.AccessToken)
	assert.Equal(t, http.StatusOK, status)
}

func TestTheConsoleIsClosedToOthers(t *testing.T) {
	p, _ := secured(t)
	resp, err := http.Get(strings.TrimSuffix(p.base, "/fhir") + "/console/")
	require.NoError(t, err)
	defer resp.Body.Close()
	policy := resp.Header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"} {
		assert.Contains(t, policy, part)
	}
	assert.NotContains(t, policy, "unsafe")
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.NotRegexp(t, `<script[^>]*>[^<]`, string(body), "no script in the page")
	script, err := consoleFiles.ReadFile("console/app.js")
	require.NoError(t, err)
	for _, sink := range []string{"innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "localStorage"} {
		assert.NotContains(t, string(script), sink)
	}
}
