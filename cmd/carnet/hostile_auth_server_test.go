package main

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// TestWhatAServerRefusesToBe: combinations under which people's data would be open.
func TestWhatAServerRefusesToBe(t *testing.T) {
	for name, args := range map[string][]string{
		"no security on all addresses":         {"--security", "off", "--listen", "0.0.0.0:0"},
		"no security on all, in IPv6":          {"--security", "off", "--listen", "[::]:0"},
		"no security without an address":       {"--security", "off", "--listen", ":0"},
		"no security on a name":                {"--security", "off", "--listen", "carnet.example:0"},
		"real people without TLS":              {"--security", "on", "--identities", "production", "--listen", "0.0.0.0:0"},
		"real people under an http address":    {"--security", "on", "--identities", "production", "--listen", "127.0.0.1:0", "--base-url", "http://dmp.example/fhir"},
		"profiles on all addresses":            {"--security", "on", "--listen", "127.0.0.1:0", "--pprof", "0.0.0.0:0"},
		"real people untraced":                 {"--security", "on", "--identities", "production", "--listen", "127.0.0.1:0", "--trace", "off"},
		"clients without security":             {"--security", "off", "--listen", "127.0.0.1:0", "--clients", "x.json"},
		"registration without security":        {"--security", "off", "--listen", "127.0.0.1:0", "--registration", "on"},
		"a security that is neither on or off": {"--security", "none", "--listen", "127.0.0.1:0"},
		"an address that is none":              {"--security", "on", "--listen", "127.0.0.1:0", "--base-url", "javascript:alert(1)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := command(t, append([]string{"serve", "--data", filepath.Join(t.TempDir(), "d")}, args...)...).CombinedOutput()
			require.Error(t, err, string(out))
			assert.NotContains(t, string(out), "listens on")
		})
	}
	assert.NoError(t, inTheClear("https://dmp.example/fhir", ins.Production, slog.New(slog.DiscardHandler)), "behind a proxy that ends TLS")
	assert.NoError(t, inTheClear("http://localhost:8080/fhir", ins.Production, slog.New(slog.DiscardHandler)))
	assert.NoError(t, inTheClear("http://carnet:8080/fhir", ins.Sandbox, slog.New(slog.DiscardHandler)), "a sandbox is warned")
}

// TestProductionHasNoDoorOfASandbox: with production identities there are no providers that let everybody in, no tokens of the command line, no addresses of this machine.
func TestProductionHasNoDoorOfASandbox(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := startServer(t, "--security", "on", "--identities", "production", "--data", data)
	origin := strings.TrimSuffix(p.base, "/fhir")
	for _, path := range []string{
		"/sandbox/psc/authorize", "/sandbox/fc/authorize", "/sandbox/apcv/authorize", "/sandbox/psc/.well-known/openid-configuration", "/sandbox/psc/token", "/sandbox/psc/userinfo", "/sandbox/../sandbox/psc/jwks", "/SANDBOX/psc/jwks", "/sandbox/psc/%2e%2e/psc/jwks",
		"/signin/sandbox-psc/callback", "/signin/sandbox-fc/callback", "/token", "/export", "/debug/pprof/", "/control/token", "/fhir/../token",
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			req, err := http.NewRequestWithContext(t.Context(), method, origin+path, http.NoBody)
			require.NoError(t, err)
			resp, err := http.DefaultClient.Do(req)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			assert.Contains(t, []int{http.StatusNotFound, http.StatusUnauthorized, http.StatusMethodNotAllowed}, resp.StatusCode, "%s %s", method, path)
		}
	}
	b := newBrowser(t)
	b.open(console(p.base).address)
	assert.NotContains(t, b.page, "sandbox")
	assert.Contains(t, b.page, "Aucun moyen de s'identifier")
	info, err := os.Stat(filepath.Join(data, controlSocket))
	require.NoError(t, err)
	assert.Zero(t, info.Mode().Perm()&0o077, "the control socket is its owner's")
	for _, file := range []string{data, filepath.Join(data, keyFileName)} {
		info, err := os.Stat(file)
		require.NoError(t, err)
		assert.Zero(t, info.Mode().Perm()&0o077, file)
	}
	p.stop(t)
	out, err := command(t, "serve", "--data", data, "--identities", "sandbox", "--listen", "127.0.0.1:0").CombinedOutput()
	require.Error(t, err, "a directory of real people does not become a sandbox: %s", out)
}

// TestHeadersOfAProxyMoveNothing: what a client says of hosts and addresses reaches no address that the server makes, and opens nothing.
func TestHeadersOfAProxyMoveNothing(t *testing.T) {
	h := newHostile(t)
	lies := []string{
		"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/evil", "Forwarded", "host=evil.example;proto=https", "X-Original-URL", "/evil", "X-Rewrite-URL", "/evil", "X-Forwarded-For", "127.0.0.1", "X-Real-IP", "127.0.0.1",
		"X-HTTP-Method-Override", "DELETE", "X-SSL-Client-Cert", "evil", "X-Client-Cert", "evil", "Ssl-Client-Verify", "SUCCESS", "X-Forwarded-Client-Cert", "evil", "X-Remote-User", "evil", "Authorization-User", "evil",
	}
	u, err := url.Parse(authorization(h.base, "phr", phrBack, phrScope, nil).address)
	require.NoError(t, err)
	for _, path := range []string{
		"/fhir/metadata", "/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/auth/smart-style.json", "/auth/signout", "/auth/authorize?" + u.RawQuery, "/auth/authorize?client_id=x",
		"/console/", "/sandbox/psc/.well-known/openid-configuration", "/fhir/Patient", "/nothing",
	} {
		resp, body := h.send(http.MethodGet, path, "", lies...)
		told := body
		for name, values := range resp.Header {
			told += fmt.Sprintln(name, values)
		}
		assert.NotContains(t, told, "evil", path)
	}
	resp, _ := h.send(http.MethodGet, "/fhir/Patient", "", lies...)
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	resp, _ = h.send(http.MethodPost, "/auth/launch", "client_id=phr", append(lies, "Content-Type", "application/x-www-form-urlencoded")...)
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}

// TestSecurityOffKnowsItsName: a page of the web that led its own name to this machine gets nothing (DNS rebinding).
func TestSecurityOffKnowsItsName(t *testing.T) {
	p := startServer(t, "--data", filepath.Join(t.TempDir(), "d"))
	ask := func(host string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/Patient", nil)
		require.NoError(t, err)
		if host != "" {
			req.Host = host
		}
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, http.StatusOK, ask(""))
	assert.Equal(t, http.StatusOK, ask("localhost:8080"))
	assert.Equal(t, http.StatusOK, ask("[::1]:8080"))
	for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example:80", "evil.example:80:80"} {
		assert.NotEqual(t, http.StatusOK, ask(host), host)
	}
}

// TestTokensOfAnySizeCostLittle: what is too long is not read, and answered as what is not a token.
func TestTokensOfAnySizeCostLittle(t *testing.T) {
	h := newHostile(t)
	h.people("ada")
	for _, size := range []int{0, 1, 100, 33 << 10, 100 << 10} {
		status, body := ask(t, h.base+"/Patient", strings.Repeat("a", size)+".e30.x")
		assert.Equal(t, http.StatusUnauthorized, status, "%d: %.200s", size, body)
		assert.NotContains(t, body, "aaaa")
	}
	for _, size := range []int{1 << 20, 4 << 20} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, h.base+"/Patient", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+strings.Repeat("a", size))
		resp, err := h.http.Do(req)
		if err == nil { // the connection may be cut while the header is being sent
			_, _ = io.Copy(io.Discard, resp.Body)
			require.NoError(t, resp.Body.Close())
			assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
		}
	}
	for _, form := range []url.Values{
		{"grant_type": {"refresh_token"}, "client_id": {"phr"}, "refresh_token": {strings.Repeat("r", 20<<10)}}, {"grant_type": {"authorization_code"}, "client_id": {"phr"}, "code": {strings.Repeat("c", 1<<20)}},
		{"grant_type": {"client_credentials"}, "client_id": {"phr"}, "scope": {strings.Repeat("system/Patient.rs ", 10_000)}}, {"grant_type": {"refresh_token"}, "client_id": {strings.Repeat("i", 5000)}},
	} {
		status, out := h.post("/auth/token", form)
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Empty(t, out.Access)
	}
}

// TestSigningKeysAreNotInTheStore: a copy of the store signs nothing. A restored one without its secret goes on with new keys; one with another secret says so.
func TestSigningKeysAreNotInTheStore(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	p := startServer(t, "--security", "on", "--data", data)
	old := tokenOf(t, data, "--as", "app:operator").Token
	export := filepath.Join(t.TempDir(), "backup.tar")
	out, err := command(t, "export", "--data", data, export).CombinedOutput()
	require.NoError(t, err, string(out))
	p.stop(t)
	copied, err := os.ReadFile(export)
	require.NoError(t, err)
	secret, err := os.ReadFile(filepath.Join(data, keyFileName))
	require.NoError(t, err)
	assert.NotContains(t, string(copied), strings.TrimSpace(string(secret)))
	s, err := embedded.Open(filepath.Join(data, "store"), embedded.Options{})
	require.NoError(t, err)
	view, err := s.View(0)
	require.NoError(t, err)
	keys, err := view.Meta("smart.keys")
	require.NoError(t, err)
	assert.Contains(t, string(keys), `"sealed"`)
	assert.NotContains(t, string(keys), `"d":`)
	require.NoError(t, view.Close())
	require.NoError(t, s.Close())

	restored := filepath.Join(t.TempDir(), "r")
	out, err = command(t, "import", "--data", restored, export).CombinedOutput()
	require.NoError(t, err, string(out))
	p = startServer(t, "--security", "on", "--data", restored)
	status, _ := ask(t, p.base+"/Patient", old)
	assert.Equal(t, http.StatusUnauthorized, status)
	status, _ = ask(t, p.base+"/Patient", tokenOf(t, restored, "--as", "app:operator").Token)
	assert.Equal(t, http.StatusOK, status)
	p.stop(t)

	for name, spoil := range map[string]func(path string) error{
		"readable by others": func(path string) error { return os.Chmod(path, 0o644) },
		"cut short":          func(path string) error { return os.WriteFile(path, secret[:10], 0o600) },
		"another secret":     func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("00", 32)), 0o600) },
	} {
		file := filepath.Join(t.TempDir(), "secret")
		right, err := os.ReadFile(filepath.Join(restored, keyFileName))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, right, 0o600))
		require.NoError(t, spoil(file))
		out, err := command(t, "serve", "--security", "on", "--data", restored, "--listen", "127.0.0.1:0", "--key-file", file).CombinedOutput()
		require.Error(t, err, name)
		assert.NotContains(t, string(out), string(right[:20]), name)
	}
}
