package smart

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
)

var tokenFields = fields{
	"grant_type": 64, "code": 256, "redirect_uri": maxURI, "code_verifier": 256, "refresh_token": maxLong, "scope": maxLong, "resource": maxURI,
	"client_id": 256, "client_secret": 256, "client_assertion": maxLong, "client_assertion_type": 128,
}

// exchange is one token request whose client is known.
type exchange struct {
	form   *params
	client *Client
	// claims are those of the client's assertion, beside the registered ones.
	claims claims
	// jkt is the key of the DPoP proof, certificate the thumbprint of the client's certificate; "" when there is none.
	jkt, certificate string
	der              []byte // the client's certificate
	remote           string
}

// token is the token endpoint (RFC 6749, section 3.2; IHE ITI-71).
func (s *Server) token(w http.ResponseWriter, r *http.Request) {
	form, fault := readForm(w, r, tokenFields)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	answer, fault := s.exchange(r, form)
	if fault != nil {
		s.fail(w, fault)
		return
	}
	answerJSON(w, http.StatusOK, answer)
}

func (s *Server) exchange(r *http.Request, form *params) (map[string]any, *oauthError) {
	grants := map[string]func(context.Context, *exchange) (map[string]any, *oauthError){
		GrantCode: s.exchangeCode, GrantRefresh: s.exchangeRefresh, GrantCredentials: s.exchangeCredentials,
	}
	run, known := grants[form.get("grant_type")]
	switch {
	case form.get("grant_type") == "":
		return nil, badRequest("The parameter grant_type is missing.")
	case !known:
		return nil, refuse(http.StatusBadRequest, "unsupported_grant_type", "The grant_type is authorization_code, refresh_token or client_credentials.")
	case form.get("resource") != "" && !s.isBase(form.get("resource")):
		return nil, refuse(http.StatusBadRequest, "invalid_target", "The resource is not this server's FHIR base.")
	}
	client, asserted, fault := s.authenticate(r, form)
	if fault != nil {
		return nil, fault
	}
	if !client.may(form.get("grant_type")) {
		return nil, refuse(http.StatusBadRequest, "unauthorized_client", "The client is not registered for this grant_type.")
	}
	x := &exchange{form: form, client: client, claims: asserted, der: s.certificate(r), remote: remote(r)}
	if fault := s.prove(r, x); fault != nil {
		return nil, fault
	}
	return run(r.Context(), x)
}

// prove finds what the token will be bound to.
func (s *Server) prove(r *http.Request, x *exchange) *oauthError {
	jkt, err := s.o.Proofs.Check(r.Context(), r, s.url(pathToken), "")
	switch {
	case errors.Is(err, token.ErrProof), errors.Is(err, token.ErrReplayed):
		return refuse(http.StatusBadRequest, "invalid_dpop_proof", "The DPoP proof is not valid.")
	case err != nil:
		return refusalOf(err)
	case jkt == "" && x.client.DPoPBound:
		return refuse(http.StatusBadRequest, "invalid_dpop_proof", "The client is registered for DPoP; the proof is missing.")
	}
	x.jkt = jkt
	if x.client.CertificateBound {
		if x.der == nil {
			return badClient("The client is registered for certificate-bound tokens and came without a certificate.")
		}
		x.certificate = thumbprint(x.der)
	}
	return nil
}

// exchangeCode is the grant authorization_code.
func (s *Server) exchangeCode(ctx context.Context, x *exchange) (map[string]any, *oauthError) {
	if x.form.get("code") == "" {
		return nil, badRequest("The parameter code is missing.")
	}
	c, fault := s.redeem(ctx, x.form.get("code"), x.client, x.form)
	if fault != nil {
		return nil, fault
	}
	if c.jkt != "" && c.jkt != x.jkt {
		return nil, badGrant("The code is bound to a DPoP key, and the proof is of another or missing.")
	}
	c.JKT = x.jkt
	var refresh string
	if c.Expires > 0 {
		var err error
		if refresh, err = s.beginRefresh(ctx, &c.agreement); err != nil {
			return nil, refusalOf(err)
		}
	}
	answer, fault := s.mint(ctx, x, &c.agreement, c.scopes)
	if fault != nil {
		return nil, fault
	}
	if fault := s.addIdentity(ctx, c, answer); fault != nil {
		return nil, fault
	}
	if c.overtaken() {
		if err := s.withdraw(ctx, c.Grant); err != nil {
			return nil, broken(err)
		}
		return nil, badGrant("The code is unknown, expired or used before.")
	}
	if refresh != "" {
		answer["refresh_token"] = refresh
	}
	return answer, nil
}

// mint makes the access token and the answer around it, with the launch context (SMART App Launch 2.2, "Launch context arrives with your access_token").
func (s *Server) mint(ctx context.Context, x *exchange, a *agreement, scopes scope.Set) (map[string]any, *oauthError) {
	extra := map[string]any{}
	for name, value := range a.Claims {
		extra[name] = value
	}
	access, session, err := s.o.Minter.Access(ctx, token.Access{
		Grant: a.Grant.String(), Client: a.Client, Subject: a.Subject, FHIRUser: a.FHIRUser, Patient: a.Patient, Scopes: scopes,
		Binding:  token.Binding{JKT: x.jkt, Certificate: x.certificate},
		Lifetime: time.Duration(a.TokenSeconds) * time.Second, Until: at(a.Expires), AuthTime: at(a.AuthTime), Extra: extra,
	})
	if err != nil {
		return nil, refusalOf(err)
	}
	if err := s.issuing(ctx, x, session); err != nil {
		return nil, broken(err)
	}
	answer := map[string]any{
		"access_token": access, "token_type": x.tokenType(), "expires_in": int64(session.Expires.Sub(session.Issued) / time.Second), "scope": scopes.Spelled(),
	}
	if a.Patient != "" {
		answer["patient"] = a.Patient
		answer["need_patient_banner"] = a.Banner
	}
	if a.Intent != "" {
		answer["intent"] = a.Intent
	}
	if a.Launched {
		answer["smart_style_url"] = s.url(pathStyle)
	}
	return answer, nil
}

func (x *exchange) tokenType() string {
	if x.jkt != "" {
		return "DPoP"
	}
	return "Bearer"
}

// addIdentity adds the id token, where the client asked who its user is.
func (s *Server) addIdentity(ctx context.Context, c *issued, answer map[string]any) *oauthError {
	if !c.scopes.Has(scope.OpenID) {
		return nil
	}
	access, _ := answer["access_token"].(string)
	who := token.Identity{Client: c.Client, Subject: c.Subject, Nonce: c.nonce, AuthTime: at(c.AuthTime), ACR: c.ACR, AccessToken: access}
	if c.scopes.Has(scope.FHIRUser) || c.scopes.Has(scope.Profile) {
		who.FHIRUser = c.FHIRUser
	}
	id, err := s.o.Minter.ID(ctx, who)
	if err != nil {
		return broken(err)
	}
	answer["id_token"] = id
	return nil
}

// exchangeCredentials is the grant client_credentials (SMART Backend Services).
func (s *Server) exchangeCredentials(ctx context.Context, x *exchange) (map[string]any, *oauthError) {
	if x.form.get("scope") == "" {
		return nil, badScope("The parameter scope is missing.")
	}
	asked, err := scope.Parse(x.form.get("scope"))
	if err != nil {
		return nil, badScope("The scope is not a list of scopes.")
	}
	wanted := asked.Known().Intersect(x.client.scopes)
	if !wanted.HasContext(scope.System) || wanted.HasContext(scope.User) || wanted.HasContext(scope.Patient) {
		return nil, badScope("A backend service asks for scopes of system/ that are open to it, and for no others.")
	}
	granted, err := s.o.Policy.Service(ctx, &ServiceRequest{Client: x.client, Scopes: wanted, Assertion: x.claims, Certificate: parseCertificate(x.der), Remote: x.remote})
	if err != nil {
		return nil, refusalOf(err)
	}
	if granted == nil || !granted.Scopes.Within(wanted) {
		return nil, broken(errors.New("smart: the policy granted what was not asked for"))
	}
	return s.mint(ctx, x, &agreement{
		Grant: newGrantID(), Client: x.client.ID, Subject: x.client.ID, FHIRUser: granted.FHIRUser, Patient: granted.Patient, Claims: granted.Claims,
		TokenSeconds: int64(shortest(granted.TokenLifetime, x.client.tokenLife()) / time.Second),
	}, granted.Scopes)
}

// at makes a time of seconds since the Unix epoch; 0 is none.
func at(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
