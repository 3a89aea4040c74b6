package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// browser is somebody in front of the screens.
type browser struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	page   string
	status int
	header http.Header
	back   *url.URL // where the answer to an application leads that no server stands for
}

func newBrowser(t *testing.T) *browser {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return &browser{t: t, client: &http.Client{Jar: jar}}
}

func (b *browser) do(req *http.Request) {
	b.t.Helper()
	resp, err := b.client.Do(req)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	b.at, b.page, b.status, b.header = resp.Request.URL, string(body), resp.StatusCode, resp.Header
}

func (b *browser) open(address string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, address, nil)
	require.NoError(b.t, err)
	b.do(req)
}

var linkPattern = regexp.MustCompile(`<a[^>]*href="([^"]*)"[^>]*>([^<]*)</a>`)

// follow opens the link whose text, or the address, contains a word.
func (b *browser) follow(word string) {
	b.t.Helper()
	for _, m := range linkPattern.FindAllStringSubmatch(b.page, -1) {
		if address := html.UnescapeString(m[1]); strings.Contains(m[2], word) || strings.Contains(address, word) {
			to, err := b.at.Parse(address)
			require.NoError(b.t, err)
			b.open(to.String())
			return
		}
	}
	require.Fail(b.t, "no such link", "%s in %s", word, b.page)
}

var (
	formPattern  = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)".*?</form>`)
	inputPattern = regexp.MustCompile(`<input[^>]*>`)
	attribute    = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// submit fills in the first form: what stands in it, over which the values are laid.
func (b *browser) submit(values url.Values) {
	b.t.Helper()
	form := formPattern.FindStringSubmatch(b.page)
	require.NotNil(b.t, form, b.page)
	filled := url.Values{}
	for _, input := range inputPattern.FindAllString(form[0], -1) {
		has := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(input, -1) {
			has[a[1]] = html.UnescapeString(a[2])
		}
		if kind := has["type"]; (kind == "radio" || kind == "checkbox") && !strings.Contains(input, " checked") {
			continue
		}
		if has["name"] != "" {
			filled.Add(has["name"], has["value"])
		}
	}
	for name := range values {
		filled[name] = values[name]
	}
	to, err := b.at.Parse(html.UnescapeString(form[1]))
	require.NoError(b.t, err)
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, to.String(), strings.NewReader(filled.Encode()))
	require.NoError(b.t, err)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.at.Scheme+"://"+b.at.Host)
	b.do(req)
}

// accept is the button of the consent screen.
var accept = url.Values{"decision": {"accept"}}

// attempt is an authorization that an application begins.
type attempt struct{ address, verifier, state, redirect, client string }

func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func authorization(base, client, redirect, scope string, more url.Values) *attempt {
	a := &attempt{verifier: secret(), state: secret(), redirect: redirect, client: client}
	sum := sha256.Sum256([]byte(a.verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {redirect}, "state": {a.state}, "aud": {base}, "scope": {scope},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	for name := range more {
		q[name] = more[name]
	}
	a.address = strings.TrimSuffix(base, "/fhir") + "/auth/authorize?" + q.Encode()
	return a
}

// granted is the answer of the token endpoint.
type granted struct {
	AccessToken string `json:"access_token"`
	Patient     string
	Scope       string
	Error       string
}

func (a *attempt) redeem(t *testing.T, base string, at *url.URL) granted {
	t.Helper()
	require.Equal(t, a.state, at.Query().Get("state"), at.String())
	require.NotEmpty(t, at.Query().Get("code"), at.String())
	resp, err := http.PostForm(strings.TrimSuffix(base, "/fhir")+"/auth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {a.redirect}, "client_id": {a.client}, "code_verifier": {a.verifier},
	})
	require.NoError(t, err)
	defer resp.Body.Close()
	var out granted
	require.NoError(t, json.NewDecoder(resp.Body).Decode(&out))
	require.Empty(t, out.Error)
	return out
}

func console(base string) *attempt {
	return authorization(base, consoleClient, strings.TrimSuffix(base, "/fhir")+"/console/", "launch/patient openid fhirUser patient/Patient.r patient/DocumentReference.rs patient/Binary.r", nil)
}
