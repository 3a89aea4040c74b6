package smart

import (
	"net/http"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
)

var inspectFields = fields{
	"token": maxLong, "token_type_hint": 64, "client_id": 256, "client_secret": 256, "client_assertion": maxLong, "client_assertion_type": 128,
}

// introspect is token introspection (RFC 7662; IHE ITI-102). Whoever asks is a client that authenticates, or brings an access token of its own; it learns of its own tokens, and of others' only when it is
// registered for that. What it may not know is as inactive as what never was.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request) {
	form, fault := readForm(w, r, inspectFields)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	client, fault := s.inspector(r, form)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	if form.get("token") == "" {
		s.fail(w, badRequest("The parameter token is missing."))
		return
	}
	found, err := s.o.Verifier.Token(r.Context(), form.get("token"))
	if err != nil || found.Client != client.ID && !client.Introspects {
		answerJSON(w, http.StatusOK, map[string]any{"active": false})
		return
	}
	answerJSON(w, http.StatusOK, s.describeToken(found))
}

// inspector is the client that asks. Public clients have nothing to prove themselves with, so that anybody could ask in their name.
func (s *Server) inspector(r *http.Request, form *params) (*Client, *oauthError) {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP") {
		session, err := s.o.Verifier.Request(r)
		if err != nil {
			return nil, badToken()
		}
		if client := s.o.Clients.Find(session.Client); client != nil {
			return client, nil
		}
		return nil, badToken()
	}
	client, _, fault := s.authenticate(r, form)
	if fault != nil {
		return nil, fault
	}
	if client.public() {
		return nil, badClient("A client that does not authenticate introspects with an access token of its own.")
	}
	return client, nil
}

func badToken() *oauthError {
	fault := refuse(http.StatusUnauthorized, "invalid_token", "The access token is missing, expired, revoked, or not valid here.")
	fault.header = http.Header{"Www-Authenticate": {`Bearer realm="carnet", error="invalid_token"`}}
	return fault
}

// describeToken says what a token grants, in the words of RFC 7662 and of SMART, with the claims of IUA and national ones as they stand in the token.
func (s *Server) describeToken(t *token.Session) map[string]any {
	out := map[string]any{}
	for name, value := range t.Claims {
		out[name] = value
	}
	for name, value := range map[string]any{
		"active": true, "scope": t.Scopes.Spelled(), "client_id": t.Client, "sub": t.Subject, "iss": s.issuer, "aud": s.o.BaseURL, "jti": t.ID,
		"iat": t.Issued.Unix(), "exp": t.Expires.Unix(), "token_type": "Bearer",
	} {
		out[name] = value
	}
	if t.Patient != "" {
		out["patient"] = t.Patient
	}
	if t.FHIRUser != "" {
		out["fhirUser"] = s.o.BaseURL + "/" + t.FHIRUser
	}
	cnf := map[string]string{}
	if t.Binding.JKT != "" {
		cnf["jkt"], out["token_type"] = t.Binding.JKT, "DPoP"
	}
	if t.Binding.Certificate != "" {
		cnf["x5t#S256"] = t.Binding.Certificate
	}
	if len(cnf) > 0 {
		out["cnf"] = cnf
	}
	return out
}

// revoke is token revocation (RFC 7009). An access token takes its authorization with it: a client that gives one back is done. What is not valid, or another client's, is answered as what was revoked.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, fault := readForm(w, r, inspectFields)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	client, _, fault := s.authenticate(r, form)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	if form.get("token") == "" {
		s.fail(w, badRequest("The parameter token is missing."))
		return
	}
	if fault := s.giveBack(r, client, form.get("token")); fault != nil {
		s.fail(w, fault)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) giveBack(r *http.Request, client *Client, text string) *oauthError {
	if a, ok := s.openAgreement(text); ok {
		if a.Client != client.ID || !s.ledger.alive(a.Grant) {
			return nil
		}
		if err := s.withdraw(r.Context(), a.Grant); err != nil {
			return broken(err)
		}
		return nil
	}
	t := s.tokenOf(r, client, text)
	if t == nil {
		return nil
	}
	var err error
	if id, ok := readGrantID(t.Grant); ok {
		err = s.withdraw(r.Context(), id)
	} else {
		err = s.o.Revocations.Token(r.Context(), t.ID, t.Expires)
	}
	if err != nil {
		return broken(err)
	}
	return nil
}

// tokenOf gives the session of a valid access token of the client's own, nil for any other text.
func (s *Server) tokenOf(r *http.Request, client *Client, text string) *token.Session {
	t, err := s.o.Verifier.Token(r.Context(), text)
	if err != nil || t.Client != client.ID {
		return nil
	}
	return t
}
