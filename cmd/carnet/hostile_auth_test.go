package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// hostile is a running server under attack: its people, professionals and applications, and a clock that moves for tokens and rights alike.
type hostile struct {
	*securedServer
	origin  string
	ahead   atomic.Int64
	numbers map[string]string // matricules, by the Patient's id
}

const (
	phrBack    = "http://127.0.0.1:1/phr"
	lpsBack    = "http://127.0.0.1:1/lps"
	phrScope   = "launch/patient openid fhirUser offline_access patient/*.rs"
	lpsScope   = "launch openid fhirUser offline_access user/*.cruds"
	hostileApp = `{"clients":[
{"client_id":"phr","client_name":"Mon suivi","redirect_uris":["` + phrBack + `"],"scope":"launch/patient openid fhirUser offline_access online_access patient/*.rs"},
{"client_id":"other","client_name":"Une autre","redirect_uris":["http://127.0.0.1:1/other"],"scope":"launch/patient openid fhirUser offline_access patient/*.rs"},
{"client_id":"lps","client_name":"Logiciel de soins","redirect_uris":["` + lpsBack + `"],"launcher":true,"scope":"launch openid fhirUser offline_access online_access user/*.cruds launch/patient patient/*.rs"},
{"client_id":"psonly","client_name":"Pour professionnels","redirect_uris":["http://127.0.0.1:1/psonly"],"logins":["sandbox-psc"],"scope":"launch/patient openid fhirUser patient/*.rs"}
]}`
)

func newHostile(t *testing.T) *hostile {
	t.Helper()
	registry := filepath.Join(t.TempDir(), "clients.json")
	require.NoError(t, os.WriteFile(registry, []byte(hostileApp), 0o600))
	h := &hostile{numbers: map[string]string{}}
	clock := func() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }
	h.securedServer = startSecured(t, securityOptions{clients: registry, clock: clock, tokenClock: clock})
	h.origin = strings.TrimSuffix(h.base, "/fhir")
	return h
}

// wait moves the clock.
func (h *hostile) wait(d time.Duration) { h.ahead.Add(int64(d)) }

// people stores synthetic adults under ids, and their matricules.
func (h *hostile) people(ids ...string) {
	h.t.Helper()
	g := synthetic.New(11)
	n := 0
	for _, id := range ids {
		for ; ; n++ {
			known, err := g.Traits(n)
			require.NoError(h.t, err)
			if time.Since(known.Born) > 30*365*24*time.Hour {
				h.numbers[id] = known.Matricule.Number()
				break
			}
		}
		h.securedServer.person(id, n)
		n++
	}
}

// doctor stores a general practitioner of the directory and gives the RPPS number.
func (h *hostile) doctor(id string, n int) string {
	h.t.Helper()
	rpps := []string{"99900000003", "99900000011", "99900000029"}[n]
	h.put([]byte(`{"resourceType":"Practitioner","id":"`+id+`","active":true,"identifier":[{"system":"https://rpps.esante.gouv.fr","value":"`+rpps+`"}],"name":[{"use":"official","family":"ESSAI","given":["Doc`+id+`"]}]}`),
		[]byte(`{"resourceType":"Organization","id":"o-`+id+`","active":true,"identifier":[{"system":"https://finess.esante.gouv.fr","value":"010000024"}],"name":"Cabinet d'essai"}`),
		[]byte(`{"resourceType":"PractitionerRole","id":"r-`+id+`","active":true,"practitioner":{"reference":"Practitioner/`+id+`"},"organization":{"reference":"Organization/o-`+id+`"},
"code":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante","code":"10"}]}],"specialty":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale","code":"SM26"}]}]}`))
	return rpps
}

// relative stores who stands beside a person.
func (h *hostile) relative(id, patient, number, relationship string) {
	h.t.Helper()
	code := ""
	if relationship != "" {
		code = `"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-RoleClass","code":"` + relationship + `"}]}],`
	}
	h.put(fmt.Appendf(nil, `{"resourceType":"RelatedPerson","id":%q,"active":true,%s"patient":{"reference":"Patient/%s"},"identifier":[{"system":%q,"value":%q}]}`, id, code, patient, ins.Test.System(), number))
}

// visitor is a browser that stops where an application is sent its answer.
func (h *hostile) visitor() *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(h.t, err)
	b := &browser{t: h.t.(*testing.T), client: &http.Client{Jar: jar}}
	b.client.CheckRedirect = func(req *http.Request, _ []*http.Request) error {
		if req.URL.Host == "127.0.0.1:1" {
			b.back = req.URL
			return http.ErrUseLastResponse
		}
		return nil
	}
	return b
}

// signIn leads a browser through a provider of the sandbox.
func (h *hostile) signIn(b *browser, provider, key string) {
	h.t.Helper()
	if !strings.Contains(b.at.Path, "/sandbox/") {
		b.follow(provider)
	}
	b.open(b.at.String() + "&login_hint=" + key)
}

// tokens is an answer of the token endpoint.
type tokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Scope   string
	Patient string
	Type    string `json:"token_type"`
	Expires int    `json:"expires_in"`
	Error   string
	Reason  string `json:"error_description"`
}

// post sends a form to an endpoint for programs.
func (h *hostile) post(path string, form url.Values, header ...string) (int, tokens) {
	h.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, h.origin+path, strings.NewReader(form.Encode()))
	require.NoError(h.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for n := 0; n < len(header); n += 2 {
		req.Header.Set(header[n], header[n+1])
	}
	resp, err := h.http.Do(req)
	require.NoError(h.t, err)
	defer resp.Body.Close()
	var out tokens
	_ = json.NewDecoder(resp.Body).Decode(&out) // an empty answer is one
	return resp.StatusCode, out
}

func (a *attempt) form(at *url.URL) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {a.redirect}, "client_id": {a.client}, "code_verifier": {a.verifier}}
}

// refresh exchanges a refresh token.
func (h *hostile) refresh(client string, from tokens) tokens {
	h.t.Helper()
	_, out := h.post("/auth/token", url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {from.Refresh}})
	return out
}

// agreed gives an application its tokens: a person signs in, chooses the record, and answers the consent screen.
func (h *hostile) agreed(number, patient string, answers url.Values) tokens {
	h.t.Helper()
	b, a := h.visitor(), authorization(h.base, "phr", phrBack, phrScope, nil)
	b.open(a.address)
	h.signIn(b, "sandbox-fc", number)
	if strings.Contains(b.page, `name="patient"`) {
		b.submit(url.Values{"patient": {patient}, "decision": {"choose"}})
	}
	filled := url.Values{"decision": {"accept"}}
	for name := range answers {
		filled[name] = answers[name]
	}
	b.submit(filled)
	if b.back == nil || b.back.Query().Get("code") == "" {
		return tokens{Error: "no code", Reason: b.page}
	}
	_, out := h.post("/auth/token", a.form(b.back))
	require.Empty(h.t, out.Error, out.Reason)
	return out
}

// working gives a professional's software its tokens.
func (h *hostile) working(rpps, scope string, answers url.Values, more url.Values) (tokens, *browser) {
	h.t.Helper()
	b, a := h.visitor(), authorization(h.base, "lps", lpsBack, scope, more)
	b.open(a.address)
	h.signIn(b, "sandbox-psc", rpps)
	if strings.Contains(b.page, `name="typed"`) {
		b.submit(url.Values{"typed": {answers.Get("typed")}, "decision": {"choose"}})
	}
	filled := url.Values{"decision": {"accept"}}
	for name := range answers {
		filled[name] = answers[name]
	}
	filled.Del("typed")
	b.submit(filled)
	if b.back == nil || b.back.Query().Get("code") == "" {
		return tokens{Error: "no code", Reason: b.page}, b
	}
	_, out := h.post("/auth/token", a.form(b.back))
	require.Empty(h.t, out.Error, out.Reason)
	return out, b
}

// status reads with a token.
func (h *hostile) status(path, token string) int {
	h.t.Helper()
	status, _ := ask(h.t.(*testing.T), h.base+"/"+path, token)
	return status
}
