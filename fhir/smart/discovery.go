package smart

import (
	"encoding/json"
	"net/http"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/carnet-fhir/carnet/fhir/rest"
)

// published serves a document that anybody may read, scripts of other origins too.
func published(document func() any) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := json.Marshal(document())
		if err != nil { // maps of texts and lists
			http.Error(w, "", http.StatusInternalServerError)
			return
		}
		writePublic(w, "application/json", text)
	}
}

func writePublic(w http.ResponseWriter, contentType string, text []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "public, max-age=300")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(text)
}

// jwks is the server's public keys (RFC 7517).
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request) {
	writePublic(w, "application/jwk-set+json", s.o.Keys.JWKS())
}

// crossOrigin lets scripts of all origins call an endpoint: none of these knows cookies, so that a browser adds nothing of its user's.
func crossOrigin(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Access-Control-Expose-Headers", "DPoP-Nonce, WWW-Authenticate")
		h(w, r)
	}
}

func preflight(method string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Allow-Methods", method)
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, DPoP")
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	}
}

func scopesSupported() []string {
	return []string{
		"openid", "fhirUser", "profile", "launch", "launch/patient", "offline_access", "online_access",
		"patient/*.cruds", "user/*.cruds", "system/*.cruds", "patient/*.read", "patient/*.write", "user/*.read", "user/*.write", "system/*.read", "system/*.write",
	}
}

func authMethods() []string {
	return []string{AuthNone, AuthBasic, AuthPost, AuthPrivateKey, AuthCertificate}
}

// endpoints are what both kinds of metadata say.
func (s *Server) endpoints() map[string]any {
	var algorithms []string
	for _, a := range assertionAlgorithms() {
		algorithms = append(algorithms, a.String())
	}
	out := map[string]any{
		"issuer": s.issuer, "jwks_uri": s.url(pathJWKS), "authorization_endpoint": s.url(pathAuthorize), "token_endpoint": s.url(pathToken),
		"introspection_endpoint": s.url(pathIntrospect), "revocation_endpoint": s.url(pathRevoke),
		"scopes_supported": scopesSupported(), "response_types_supported": []string{"code"}, "response_modes_supported": []string{"query"},
		"grant_types_supported":                            []string{GrantCode, GrantRefresh, GrantCredentials},
		"token_endpoint_auth_methods_supported":            authMethods(),
		"token_endpoint_auth_signing_alg_values_supported": algorithms,
		"code_challenge_methods_supported":                 []string{"S256"},
	}
	if s.o.Registration.TokenHash != "" {
		out["registration_endpoint"] = s.url(pathRegister)
	}
	return out
}

// smartConfiguration is .well-known/smart-configuration (SMART App Launch 2.2, "Using Well-Known").
func (s *Server) smartConfiguration() any {
	out := s.endpoints()
	out["capabilities"] = []string{
		"launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
		"context-banner", "context-style", "context-ehr-patient", "context-standalone-patient",
		"permission-offline", "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2",
	}
	return out
}

// metadata is that of RFC 8414 (IHE ITI-103) and of OpenID Connect Discovery, one document for both.
func (s *Server) metadata() any {
	out := s.endpoints()
	out["introspection_endpoint_auth_methods_supported"] = []string{AuthBasic, AuthPost, AuthPrivateKey, AuthCertificate}
	out["revocation_endpoint_auth_methods_supported"] = authMethods()
	out["authorization_response_iss_parameter_supported"] = true
	out["tls_client_certificate_bound_access_tokens"] = true
	out["dpop_signing_alg_values_supported"] = s.o.Proofs.Algorithms()
	out["subject_types_supported"] = []string{"public"}
	out["id_token_signing_alg_values_supported"] = []string{s.o.Keys.Algorithm()}
	out["claims_supported"] = []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "at_hash", "fhirUser"}
	out["request_parameter_supported"], out["request_uri_parameter_supported"] = false, false
	out["ui_locales_supported"] = []string{"fr"}
	out["access_token_format"] = "ihe-jwt" // IHE ITI TF-2: 3.103.4.2.2
	return out
}

// smartStyle is what smart_style_url names: our colours, for clients that would look like us.
func smartStyle() any {
	return map[string]string{
		"color_background": "#ffffff", "color_error": "#b3001b", "color_highlight": "#0a5ea8", "color_modal_backdrop": "", "color_success": "#1b7f3b", "color_text": "#1d2733",
		"dim_border_radius": "4px", "dim_font_size": "16px", "dim_spacing_size": "16px", "font_family_body": "system-ui, sans-serif", "font_family_heading": "system-ui, sans-serif",
	}
}

// Extension is what the authorization server adds to the FHIR server: what its CapabilityStatement says of security.
func (s *Server) Extension() rest.Extension {
	uri := func(name, path string) models.Extension {
		u := s.url(path)
		return models.Extension{Url: name, ValueUri: &u}
	}
	uris := []models.Extension{
		uri("authorize", pathAuthorize), uri("token", pathToken), uri("introspect", pathIntrospect), uri("revoke", pathRevoke),
	}
	if s.o.Registration.TokenHash != "" {
		uris = append(uris, uri("register", pathRegister))
	}
	return rest.Extension{
		Security: []string{"SMART-on-FHIR", "OAuth"},
		SecurityExtensions: []models.Extension{
			{Url: "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris", Extension: uris},
		},
		ImplementationGuides: []string{"http://hl7.org/fhir/smart-app-launch/ImplementationGuide/hl7.fhir.uv.smart-app-launch"},
	}
}
