package smart

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"crypto/subtle"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

const maxRegistration = 64 << 10

// registration is what a client may say of itself (RFC 7591, section 2). What it may not decide (being trusted, launching others, introspecting) has no place here; unknown names are ignored, as the RFC has it.
type registration struct {
	Name             string          `json:"client_name"`
	URI              string          `json:"client_uri,omitempty"`
	PolicyURI        string          `json:"policy_uri,omitempty"`
	RedirectURIs     []string        `json:"redirect_uris,omitempty"`
	LaunchURI        string          `json:"launch_uri,omitempty"`
	GrantTypes       []string        `json:"grant_types,omitempty"`
	ResponseTypes    []string        `json:"response_types,omitempty"`
	AuthMethod       string          `json:"token_endpoint_auth_method,omitempty"`
	JWKS             json.RawMessage `json:"jwks,omitempty"`
	JWKSURI          string          `json:"jwks_uri,omitempty"`
	CertificateBound bool            `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	DPoPBound        bool            `json:"dpop_bound_access_tokens,omitempty"`
	Scope            string          `json:"scope,omitempty"`
}

// register is the registration endpoint (RFC 7591, section 3). It is off unless the operator gave out an initial access token.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	if s.o.Registration.TokenHash == "" {
		s.fail(w, refuse(http.StatusNotFound, "access_denied", "Clients do not register themselves here."))
		return
	}
	if !s.mayRegister(r) {
		s.fail(w, badToken())
		return
	}
	m, fault := readRegistration(w, r)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	client, secret, fault := s.newClient(m)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	switch err := s.o.Clients.register(r.Context(), client); {
	case errors.Is(err, errTooManyClients):
		s.fail(w, refuse(http.StatusServiceUnavailable, "temporarily_unavailable", "As many clients as may have registered themselves."))
		return
	case err != nil:
		s.fail(w, broken(err))
		return
	}
	s.answerRegistration(w, client, m, secret)
}

func (s *Server) mayRegister(r *http.Request) bool {
	sent, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return ok && len(sent) >= minSecret && subtle.ConstantTimeCompare([]byte(HashSecret(sent)), []byte(s.o.Registration.TokenHash)) == 1
}

func badMetadata(description string) *oauthError {
	return refuse(http.StatusBadRequest, "invalid_client_metadata", description)
}

func readRegistration(w http.ResponseWriter, r *http.Request) (*registration, *oauthError) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return nil, badRequest("The body must be application/json.")
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRegistration))
	if err != nil {
		return nil, badRequest("The body cannot be read, or is too long.")
	}
	var m registration
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, badMetadata("The body is not client metadata in JSON.")
	}
	return &m, nil
}

// newClient makes a client of what it said, within what the operator allows.
func (s *Server) newClient(m *registration) (client *Client, secret string, fault *oauthError) {
	for _, kind := range m.ResponseTypes {
		if kind != "code" {
			return nil, "", badMetadata("The response_types are code.")
		}
	}
	if m.AuthMethod == "" {
		m.AuthMethod = AuthBasic // RFC 7591, section 2
	}
	wanted, err := scope.Parse(m.Scope)
	if err != nil {
		return nil, "", badMetadata("The scope is not a list of scopes.")
	}
	allowed := s.o.Registration.scopes
	if m.Scope != "" {
		allowed = wanted.Known().Intersect(allowed)
	}
	m.Scope = allowed.String()
	client = &Client{
		ID: random(16), Name: m.Name, URI: m.URI, PolicyURI: m.PolicyURI, RedirectURIs: m.RedirectURIs, LaunchURI: m.LaunchURI, GrantTypes: m.GrantTypes, AuthMethod: m.AuthMethod,
		JWKS: m.JWKS, JWKSURI: m.JWKSURI, CertificateBound: m.CertificateBound, DPoPBound: m.DPoPBound, Scope: m.Scope,
	}
	if m.AuthMethod == AuthBasic || m.AuthMethod == AuthPost {
		secret = random(32)
		client.SecretHash = HashSecret(secret)
	}
	if err := client.complete(); err != nil {
		fault := badMetadata(strings.ReplaceAll(err.Error(), "\n", "; "))
		if strings.Contains(err.Error(), "redirect_uris") {
			fault.code = "invalid_redirect_uri"
		}
		return nil, "", fault
	}
	return client, secret, nil
}

// answerRegistration gives the client what was registered, and its secret this once.
func (s *Server) answerRegistration(w http.ResponseWriter, c *Client, m *registration, secret string) {
	out := map[string]any{
		"client_id": c.ID, "client_id_issued_at": s.o.Clock().Unix(), "client_name": c.Name, "grant_types": c.GrantTypes, "token_endpoint_auth_method": c.AuthMethod, "scope": c.Scope,
	}
	optional := map[string]any{
		"redirect_uris": m.RedirectURIs, "client_uri": m.URI, "policy_uri": m.PolicyURI, "launch_uri": m.LaunchURI, "jwks_uri": m.JWKSURI, "jwks": m.JWKS,
	}
	for name, value := range optional {
		switch v := value.(type) {
		case string:
			if v != "" {
				out[name] = v
			}
		case []string:
			if len(v) > 0 {
				out[name] = v
			}
		case json.RawMessage:
			if v != nil {
				out[name] = v
			}
		}
	}
	if secret != "" {
		out["client_secret"], out["client_secret_expires_at"] = secret, 0
	}
	answerJSON(w, http.StatusCreated, out)
}
