package smart

import (
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// credentials are what a request says of its client, and how.
type credentials struct {
	method, id, secret, assertion string
}

// readCredentials finds the one way of authentication that a request uses (RFC 6749, section 2.3: no more than one).
func readCredentials(r *http.Request, form *params) (credentials, *oauthError) {
	var ways []credentials
	if header, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Basic "); ok {
		id, secret, ok := basic(r, header)
		if !ok {
			return credentials{}, badClient("The Authorization header is not well-formed.")
		}
		ways = append(ways, credentials{method: AuthBasic, id: id, secret: secret})
	}
	if secret := form.get("client_secret"); secret != "" {
		ways = append(ways, credentials{method: AuthPost, id: form.get("client_id"), secret: secret})
	}
	if assertion := form.get("client_assertion"); assertion != "" || form.get("client_assertion_type") != "" {
		if assertion == "" || form.get("client_assertion_type") != assertionType {
			return credentials{}, badClient("A client_assertion comes with the client_assertion_type " + assertionType + ".")
		}
		id, ok := subjectOfAssertion(assertion)
		if !ok {
			return credentials{}, badClient("The client_assertion is not a signed JWT with a subject.")
		}
		ways = append(ways, credentials{method: AuthPrivateKey, id: id, assertion: assertion})
	}
	switch len(ways) {
	case 0:
		return credentials{method: AuthNone, id: form.get("client_id")}, nil
	case 1:
		if sent := form.get("client_id"); sent != "" && sent != ways[0].id {
			return credentials{}, badClient("The client_id is not that of the authentication.")
		}
		return ways[0], nil
	}
	return credentials{}, badRequest("The client authenticates in more than one way.")
}

// basic reads HTTP Basic as OAuth has it: both parts are form-encoded first (RFC 6749, section 2.3.1).
func basic(r *http.Request, _ string) (id, secret string, ok bool) {
	if len(r.Header.Values("Authorization")) != 1 {
		return "", "", false
	}
	user, password, ok := r.BasicAuth()
	if !ok {
		return "", "", false
	}
	id, err := url.QueryUnescape(user)
	secret, err2 := url.QueryUnescape(password)
	return id, secret, err == nil && err2 == nil && id != ""
}

// authenticate finds the client of a request and holds it to its own way of authentication.
func (s *Server) authenticate(r *http.Request, form *params) (*Client, claims, *oauthError) {
	c, fault := readCredentials(r, form)
	if fault != nil {
		s.failed(r, c.id, fault.code)
		return nil, nil, challenged(r, fault)
	}
	if c.method == AuthNone && c.id == "" {
		c.id = s.refreshing(form)
	}
	client, asserted, fault := s.hear(r, c)
	if fault != nil {
		s.failed(r, c.id, fault.code)
	}
	return client, asserted, fault
}

// refreshing gives the client whose refresh token a request brings: public clients may leave their client_id out there (RFC 6749, section 6 asks for none), as fhirclient does. Clients that authenticate are held to it all the same.
func (s *Server) refreshing(form *params) string {
	if form.get("grant_type") != GrantRefresh {
		return ""
	}
	if a, ok := s.openAgreement(form.get("refresh_token")); ok {
		return a.Client
	}
	return ""
}

// hear judges credentials.
func (s *Server) hear(r *http.Request, c credentials) (*Client, claims, *oauthError) {
	if c.id == "" {
		return nil, nil, badClient("The request does not say which client it comes from.")
	}
	client := s.o.Clients.Find(c.id)
	if client == nil {
		return nil, nil, challenged(r, badClient("The client is unknown, or its authentication failed."))
	}
	if c.method == AuthNone && client.AuthMethod == AuthCertificate {
		c.method = AuthCertificate
	}
	if c.method != client.AuthMethod {
		return nil, nil, challenged(r, badClient("The client is registered for another way of authentication: "+client.AuthMethod+"."))
	}
	var asserted claims
	var fault *oauthError
	switch c.method {
	case AuthBasic, AuthPost:
		if !client.isSecret(c.secret) {
			return nil, nil, challenged(r, badClient("The client is unknown, or its authentication failed."))
		}
	case AuthPrivateKey:
		if asserted, fault = s.verifyAssertion(r.Context(), client, c.assertion); fault != nil {
			return nil, nil, fault
		}
	case AuthCertificate:
		if !client.isCertificate(s.certificate(r)) {
			return nil, nil, badClient("The client certificate is missing, or is not that of the client.")
		}
	}
	return client, asserted, nil
}

// challenged adds the challenge that a failed Basic authentication asks for (RFC 6749, section 5.2).
func challenged(r *http.Request, fault *oauthError) *oauthError {
	if r.Header.Get("Authorization") != "" && fault.status == http.StatusUnauthorized {
		fault.header = http.Header{"Www-Authenticate": {`Basic realm="carnet", charset="UTF-8"`}}
	}
	return fault
}

// certificate gives the client certificate (DER) that TLS verified, nil when there is none.
func (s *Server) certificate(r *http.Request) []byte {
	if s.o.Certificate != nil {
		return s.o.Certificate(r)
	}
	if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0].Raw
}

// thumbprint is x5t#S256 (RFC 8705, section 3.1).
func thumbprint(der []byte) string {
	h := sha256.Sum256(der)
	return encode(h[:])
}

// isCertificate compares a verified certificate with what the client registered (RFC 8705, section 2.1.2): the subject as RFC 4514 writes it, or a name of the host.
func (c *Client) isCertificate(der []byte) bool {
	cert := parseCertificate(der)
	if cert == nil {
		return false
	}
	if c.SubjectDN != "" {
		return cert.Subject.String() == c.SubjectDN
	}
	return slices.Contains(cert.DNSNames, c.SANDNS)
}

func parseCertificate(der []byte) *x509.Certificate {
	if der == nil {
		return nil
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil
	}
	return cert
}
