package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestServeRefusesWhatItCannotHold(t *testing.T) {
	data := t.TempDir()
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"clients without security":         {[]string{"--security", "off", "--clients", "c.json"}, "--security on"},
		"registration without security":    {[]string{"--security", "off", "--registration", "on"}, "--security on"},
		"clients that are not there":       {[]string{"--listen", "127.0.0.1:0", "--clients", filepath.Join(data, "none.json")}, "none.json"},
		"providers that are not there":     {[]string{"--listen", "127.0.0.1:0", "--identity-providers", filepath.Join(data, "none.json")}, "none.json"},
		"rights that are not there":        {[]string{"--listen", "127.0.0.1:0", "--habilitation", filepath.Join(data, "none")}, "neither tables"},
		"no trace of real people":          {[]string{"--listen", "127.0.0.1:0", "--trace", "off", "--identities", "production", "--data", filepath.Join(data, "production")}, "trace"},
		"an unknown way of certificates":   {[]string{"--client-auth", "maybe"}, "require or request"},
		"security off on every address":    {[]string{"--security", "off", "--listen", ":8080"}, "loopback"},
		"security off on a public address": {[]string{"--security", "off", "--listen", "192.0.2.1:8080"}, "loopback"},
		"a key without its certificate":    {[]string{"--security", "off", "--tls-key", "k.pem"}, "go together"},
		"client certificates without TLS":  {[]string{"--security", "off", "--client-ca", "ca.pem"}, "needs --tls-cert"},
		"a base URL that is not one":       {[]string{"--security", "off", "--base-url", "fhir"}, "absolute"},
		"an unknown security":              {[]string{"--security", "maybe"}, "on or off"},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := command(t, append([]string{"serve", "--data", data}, c.args...)...).CombinedOutput()
			require.Error(t, err)
			assert.Contains(t, string(out), c.says)
		})
	}
}

func TestServeDemoAnswersItsOwnRequests(t *testing.T) {
	p := startServer(t, "--demo", "--data", filepath.Join(t.TempDir(), "d"))
	for line := range strings.Lines(demoRequests(p.base)) {
		_, rest, ok := strings.Cut(line, "curl '")
		if !ok {
			continue
		}
		url, _, _ := strings.Cut(rest, "'")
		var found searchset
		require.NoError(t, json.Unmarshal(fetch(t, url), &found))
		assert.NotEmpty(t, found.Entry, "the request printed at start finds something: %s", url)
	}
	p.stop(t)
}

func TestTwoServersOnOneDirectory(t *testing.T) {
	data := filepath.Join(t.TempDir(), "d")
	startServer(t, "--data", data)
	out, err := command(t, "serve", "--security", "off", "--listen", "127.0.0.1:0", "--data", data).CombinedOutput()
	require.Error(t, err)
	assert.Contains(t, string(out), "in use", "a sentence, not a stack trace")
	assert.NotContains(t, string(out), "goroutine")
}

func TestStopLetsRequestsUnderWayFinish(t *testing.T) {
	p := startServer(t, "--data", filepath.Join(t.TempDir(), "d"))
	body, feed := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/Binary", body)
	require.NoError(t, err)
	req.Header.Set("Content-Type", "text/plain")
	answered := make(chan int, 1)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	_, err = feed.Write([]byte("first half, "))
	require.NoError(t, err)
	time.Sleep(100 * time.Millisecond)
	go func() {
		time.Sleep(300 * time.Millisecond)
		_, _ = feed.Write([]byte("second half"))
		feed.Close()
	}()
	p.stop(t)
	assert.Equal(t, http.StatusCreated, <-answered)
}

func TestMutualTLS(t *testing.T) {
	dir := t.TempDir()
	ca, caKey := certificate(t, dir, "ca", nil, nil)
	certificate(t, dir, "server", ca, caKey)
	certificate(t, dir, "client", ca, caKey)
	pemOf := func(name string) string { return filepath.Join(dir, name) }
	p := startServer(t, "--data", filepath.Join(dir, "d"), "--tls-cert", pemOf("server.pem"), "--tls-key", pemOf("server.key"), "--client-ca", pemOf("ca.pem"))
	require.True(t, strings.HasPrefix(p.base, "https://"))
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	get := func(certs ...tls.Certificate) error {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: certs}}}
		resp, err := client.Get(p.base + "/metadata")
		if err != nil {
			return err
		}
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		return resp.Body.Close()
	}
	require.Error(t, get(), "without a certificate")
	pair, err := tls.LoadX509KeyPair(pemOf("client.pem"), pemOf("client.key"))
	require.NoError(t, err)
	require.NoError(t, get(pair))
}

// TestAnInstitutionComesWithItsCertificate: indirect authentication by mutual TLS, where others need no certificate.
func TestAnInstitutionComesWithItsCertificate(t *testing.T) {
	dir := t.TempDir()
	pemOf := func(name string) string { return filepath.Join(dir, name) }
	ca, caKey := certificate(t, dir, "ca", nil, nil)
	certificate(t, dir, "server", ca, caKey)
	certificate(t, dir, "1010000024", ca, caKey)
	certificate(t, dir, "other", ca, caKey)
	require.NoError(t, os.WriteFile(pemOf("clients.json"), []byte(`{"clients":[{"client_id":"sih","client_name":"SIH","grant_types":["client_credentials"],"token_endpoint_auth_method":"tls_client_auth",
		"tls_client_auth_subject_dn":"CN=1010000024,OU=1010000024","tls_client_certificate_bound_access_tokens":true,"scope":"system/DocumentReference.crs system/Organization.rs","attributes":{"dmp":{"kind":"institution"}}}]}`), 0o600))
	p := startServer(t, "--security", "on", "--data", filepath.Join(dir, "d"), "--tls-cert", pemOf("server.pem"), "--tls-key", pemOf("server.key"), "--client-ca", pemOf("ca.pem"), "--client-auth", "request", "--clients", pemOf("clients.json"))
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	client := func(name string) *http.Client {
		config := &tls.Config{RootCAs: roots}
		if name != "" {
			pair, err := tls.LoadX509KeyPair(pemOf(name+".pem"), pemOf(name+".key"))
			require.NoError(t, err)
			config.Certificates = []tls.Certificate{pair}
		}
		return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	}
	token := func(c *http.Client) (int, string) {
		resp, err := c.PostForm(strings.TrimSuffix(p.base, "/fhir")+"/auth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"sih"}, "scope": {"system/Organization.rs"}})
		require.NoError(t, err)
		defer resp.Body.Close()
		var answer struct {
			AccessToken string `json:"access_token"`
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&answer))
		return resp.StatusCode, answer.AccessToken
	}
	for _, name := range []string{"", "other"} {
		status, _ := token(client(name))
		assert.Equal(t, http.StatusUnauthorized, status, "certificate %q", name)
	}
	sih := client("1010000024")
	status, made := token(sih)
	require.Equal(t, http.StatusOK, status)
	read := func(c *http.Client) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/Organization?_summary=count", nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer "+made)
		resp, err := c.Do(req)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	assert.Equal(t, http.StatusOK, read(sih))
	assert.Equal(t, http.StatusUnauthorized, read(client("")), "the token is bound to the certificate")
}

// certificate writes NAME.pem and NAME.key, signed by the parent or by itself.
func certificate(t *testing.T, dir, name string, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, OrganizationalUnit: []string{name}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: parent == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	writePEM(t, filepath.Join(dir, name+".pem"), "CERTIFICATE", der)
	writePEM(t, filepath.Join(dir, name+".key"), "EC PRIVATE KEY", private)
	made, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return made, key
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}
