package smart

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// authority signs client certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return &authority{cert, key}
}

func (a *authority) client(t *testing.T, name pkix.Name, hosts ...string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: name, DNSNames: hosts, NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, a.cert, key.Public(), a.key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// TestCertificates authenticates a client by its certificate over a real TLS connection, and binds its tokens to it.
func TestCertificates(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		var err error
		o.Clients, err = NewClients(
			&Client{ID: "by-name", Name: "Établissement", GrantTypes: []string{GrantCredentials}, AuthMethod: AuthCertificate, SubjectDN: "CN=es.example,O=ES,C=FR", CertificateBound: true, Scope: "system/*.rs"},
			&Client{ID: "by-host", Name: "Établissement", GrantTypes: []string{GrantCredentials}, AuthMethod: AuthCertificate, SANDNS: "es.example", Scope: "system/*.rs"},
		)
		require.NoError(t, err)
	})
	trusted, strange := newAuthority(t), newAuthority(t)
	pool := x509.NewCertPool()
	pool.AddCert(trusted.cert)
	server := httptest.NewUnstartedServer(w.REST)
	server.TLS = &tls.Config{ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	server.StartTLS()
	defer server.Close()
	name := pkix.Name{Country: []string{"FR"}, Organization: []string{"ES"}, CommonName: "es.example"}
	ask := func(client string, certs ...tls.Certificate) tokenAnswer {
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = certs
		defer transport.CloseIdleConnections()
		r, err := (&http.Client{Transport: transport}).Post(server.URL+"/auth/token", "application/x-www-form-urlencoded", strings.NewReader(url.Values{"grant_type": {GrantCredentials}, "client_id": {client}, "scope": {"system/Patient.rs"}}.Encode()))
		if err != nil {
			return tokenAnswer{Error: "no connection"}
		}
		defer r.Body.Close()
		var a tokenAnswer
		require.NoError(t, json.NewDecoder(r.Body).Decode(&a))
		return a
	}
	own := trusted.client(t, name, "es.example")
	a := ask("by-name", own)
	require.NotEmpty(t, a.Access, a.Error)
	assert.Equal(t, map[string]any{"x5t#S256": thumbprint(own.Certificate[0])}, payload(a.Access)["cnf"])
	assert.NotEmpty(t, ask("by-host", own).Access)
	for what, got := range map[string]tokenAnswer{
		"no certificate":           ask("by-name"),
		"another subject":          ask("by-name", trusted.client(t, pkix.Name{CommonName: "es.example"}, "es.example")),
		"another host":             ask("by-host", trusted.client(t, name, "other.example")),
		"a common name is no host": ask("by-host", trusted.client(t, name)),
	} {
		assert.Equal(t, "invalid_client", got.Error, what)
	}
	// The token is worth something over a connection with its certificate only, whatever a header says.
	read := func(token string, header string, certs ...tls.Certificate) int {
		transport := server.Client().Transport.(*http.Transport).Clone()
		transport.TLSClientConfig.Certificates = certs
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/fhir/Patient", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		if header != "" {
			r.Header.Set(header, url.QueryEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}))))
		}
		answer, err := (&http.Client{Transport: transport}).Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		return answer.StatusCode
	}
	assert.Equal(t, http.StatusOK, read(a.Access, "", own))
	assert.Equal(t, http.StatusUnauthorized, read(a.Access, ""), "stolen, without a certificate")
	assert.Equal(t, http.StatusUnauthorized, read(a.Access, "", trusted.client(t, name, "es.example")), "stolen, with a certificate of the same name")
	for _, header := range []string{"X-SSL-Client-Cert", "X-Client-Cert", "Client-Cert", "X-Forwarded-Client-Cert", "Ssl-Client-Cert", "X-Amzn-Mtls-Clientcert"} {
		assert.Equal(t, http.StatusUnauthorized, read(a.Access, header), header)
		assert.Equal(t, http.StatusUnauthorized, read(a.Access, header, trusted.client(t, name, "es.example")), header)
	}
	assert.Equal(t, http.StatusOK, read(ask("by-host", own).Access, ""), "one that is not bound is a bearer token")
	assert.Equal(t, "no connection", ask("by-name", strange.client(t, name, "es.example")).Error, "of an authority that nobody trusts")
}
