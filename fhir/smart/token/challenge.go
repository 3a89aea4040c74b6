package token

import (
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// refuse makes the 401 of a token that is not taken (RFC 6750, section 3.1: invalid_token).
func (v *Verifier) refuse(code fault.Code, diagnostics string) *fault.Fault {
	return v.challenge(http.StatusUnauthorized, code, "invalid_token", diagnostics)
}

func (v *Verifier) expired() *fault.Fault {
	return v.refuse(fault.Expired, "The access token has expired: refresh it, or ask for a new one.")
}

// challenge makes a refusal with the challenges of the schemes that the server takes; oauthError is "" when the request had no token at all (RFC 6750, section 3: then nothing more is told).
func (v *Verifier) challenge(status int, code fault.Code, oauthError, diagnostics string) *fault.Fault {
	parameters := ` realm="` + v.o.Realm + `"`
	if oauthError != "" {
		parameters += `, error="` + oauthError + `"`
	}
	schemes := []string{"Bearer" + parameters}
	if v.o.Proofs != nil {
		schemes = append(schemes, "DPoP"+parameters+`, algs="`+v.o.Proofs.algorithms+`"`)
	}
	f := fault.New(status, code, diagnostics)
	f.Header = http.Header{"Www-Authenticate": schemes}
	return f
}

// InsufficientScope is the 403 of a token whose scopes do not reach for the request (RFC 6750, section 3.1).
func InsufficientScope(diagnostics string) *fault.Fault {
	f := fault.New(http.StatusForbidden, fault.Forbidden, diagnostics)
	f.Header = http.Header{"Www-Authenticate": {`Bearer error="insufficient_scope"`}}
	return f
}
