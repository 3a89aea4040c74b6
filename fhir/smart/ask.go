package smart

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// ask is an authorization request as the protocol has it, around the Request that a Policy sees.
type ask struct {
	Request
	redirect, state, nonce, challenge string
	jkt                               string // the DPoP key that the code will be bound to (RFC 9449, section 10)
	prompt                            []string
	maxAge                            time.Duration // -1: not asked
	handle                            string        // the launch handle, not looked up yet
	launcher                          string        // the subject who launched, "" for a standalone launch
}

func (a *ask) prompts(word string) bool { return slices.Contains(a.prompt, word) }

var askFields = fields{
	"response_type": maxValue, "response_mode": 64, "client_id": 256, "redirect_uri": maxURI, "scope": maxLong, "state": maxValue, "aud": maxURI, "resource": maxURI,
	"launch": 128, "code_challenge": 128, "code_challenge_method": 16, "nonce": 512, "prompt": 64, "max_age": 16, "dpop_jkt": 64,
	"request": maxLong, "request_uri": maxURI,
}

// minState is the least length of state, of which SMART asks 122 bits. Sixteen characters is what fhirclient has sent for years.
const minState = 16

// readAsk reads an authorization request. With a nil ask nobody may be sent anywhere: who asks, or where the answer should go, is not known (RFC 6749, section 4.1.2.1).
// With both, the error is for the redirection.
func (s *Server) readAsk(raw string) (*ask, *oauthError) {
	p := parseParams(raw, askFields)
	for _, name := range []string{anyParameter, "client_id", "redirect_uri"} {
		if p.faults[name] != "" {
			p.first = name
			return nil, badRequest(p.fault())
		}
	}
	client := s.o.Clients.Find(p.get("client_id"))
	switch {
	case p.get("client_id") == "":
		return nil, badRequest("The parameter client_id is missing.")
	case client == nil:
		return nil, refuse(http.StatusBadRequest, "invalid_client", "No client is registered under the client_id.")
	case p.get("redirect_uri") == "":
		return nil, badRequest("The parameter redirect_uri is missing.")
	case !slices.Contains(client.RedirectURIs, p.get("redirect_uri")):
		return nil, badRequest("The redirect_uri is not one that the client has registered, character by character.")
	}
	a := &ask{Request: Request{Client: client}, redirect: p.get("redirect_uri"), nonce: p.get("nonce"), maxAge: -1}
	if state := p.get("state"); p.faults["state"] == "" && len(state) >= minState && !monotonous(state) {
		a.state = state
	}
	if fault := p.fault(); fault != "" {
		return a, badRequest(fault)
	}
	for _, read := range []func(*params) *oauthError{a.readKind, a.readState, a.readChallenge, s.audience(a), a.readScope, a.readLaunch, a.readPrompt} {
		if err := read(p); err != nil {
			return a, err
		}
	}
	return a, nil
}

// monotonous says whether a state is a pattern rather than something random: fewer than six different characters.
func monotonous(state string) bool {
	seen := map[rune]bool{}
	for _, r := range state {
		seen[r] = true
	}
	return len(seen) < 6
}

func (a *ask) readKind(p *params) *oauthError {
	switch {
	case p.get("request") != "":
		return refuse(http.StatusBadRequest, "request_not_supported", "Request objects are not taken.")
	case p.get("request_uri") != "":
		return refuse(http.StatusBadRequest, "request_uri_not_supported", "Request objects are not taken.")
	case p.get("response_type") == "":
		return badRequest("The parameter response_type is missing.")
	case p.get("response_type") != "code":
		return refuse(http.StatusBadRequest, "unsupported_response_type", "The response_type is code.")
	case p.get("response_mode") != "" && p.get("response_mode") != "query":
		return badRequest("The response_mode is query.")
	case !a.Client.may(GrantCode):
		return refuse(http.StatusBadRequest, "unauthorized_client", "The client is not registered for authorization_code.")
	}
	return nil
}

func (a *ask) readState(p *params) *oauthError {
	switch {
	case p.get("state") == "":
		return badRequest("The parameter state is missing.")
	case a.state == "":
		return badRequest("The parameter state is too short, or too regular, to be unpredictable: make it at random, of 122 bits or more.")
	}
	return nil
}

func (a *ask) readChallenge(p *params) *oauthError {
	switch challenge := p.get("code_challenge"); {
	case challenge == "":
		return badRequest("The parameter code_challenge is missing (PKCE, RFC 7636).")
	case p.get("code_challenge_method") != "S256":
		return badRequest("The code_challenge_method must be S256.")
	case !isDigest(challenge):
		return badRequest("The code_challenge is not a SHA-256 in base64url without padding.")
	default:
		a.challenge = challenge
	}
	if jkt := p.get("dpop_jkt"); jkt != "" {
		if !isDigest(jkt) {
			return badRequest("The dpop_jkt is not a JWK thumbprint (SHA-256 in base64url without padding).")
		}
		a.jkt = jkt
	}
	return nil
}

// isDigest says whether a text is 32 bytes in base64url without padding.
func isDigest(text string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	return err == nil && len(b) == 32
}

// audience checks that the client means this server's FHIR base: a client that was led here by a counterfeit server names the other one. resource is its synonym (RFC 8707).
func (s *Server) audience(*ask) func(*params) *oauthError {
	return func(p *params) *oauthError {
		aud, resource := p.get("aud"), p.get("resource")
		if aud == "" {
			aud = resource
		}
		switch {
		case aud == "":
			return badRequest("The parameter aud is missing.")
		case !s.isBase(aud) || resource != "" && !s.isBase(resource):
			return refuse(http.StatusBadRequest, "invalid_target", "The aud is not this server's FHIR base.")
		}
		return nil
	}
}

// isBase forgives a slash at the end, which clients add.
func (s *Server) isBase(u string) bool { return u == s.o.BaseURL || u == s.o.BaseURL+"/" }

func (a *ask) readScope(p *params) *oauthError {
	if p.get("scope") == "" {
		return badScope("The parameter scope is missing.")
	}
	asked, err := scope.Parse(p.get("scope"))
	if err != nil {
		return badScope("The scope is not a list of scopes.")
	}
	granted := without(asked.Known().Intersect(a.Client.scopes), scope.LaunchEncounter) // there is no such context here: a scope that is granted is kept
	switch {
	case granted.HasContext(scope.System):
		return badScope("Scopes of system/ are for client_credentials.")
	case granted.Empty() || len(granted.Resources()) == 0 && !granted.Has(scope.OpenID) && !granted.Has(scope.Launch):
		return badScope("None of the scopes is known and open to this client.")
	}
	a.Scopes = granted
	return nil
}

func (a *ask) readLaunch(p *params) *oauthError {
	a.handle = p.get("launch")
	switch {
	case a.handle != "" && !a.Scopes.Has(scope.Launch):
		return badRequest("The parameter launch needs the scope launch.")
	case a.handle == "" && a.Scopes.Has(scope.Launch) && !a.Client.Launcher:
		return badRequest("The scope launch needs the parameter launch of an EHR launch.")
	}
	return nil
}

func (a *ask) readPrompt(p *params) *oauthError {
	a.prompt = strings.Fields(p.get("prompt"))
	for _, word := range a.prompt {
		if !slices.Contains([]string{"none", "login", "consent", "select_account"}, word) {
			return badRequest("The prompt is none, login, consent or select_account.")
		}
	}
	if a.prompts("none") && len(a.prompt) > 1 {
		return badRequest("The prompt none stands alone.")
	}
	if text := p.get("max_age"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return badRequest("The max_age is a number of seconds.")
		}
		a.maxAge = time.Duration(seconds) * time.Second
	}
	return nil
}
