package token

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// scheme is how a token is presented.
type scheme uint8

const (
	noScheme scheme = iota
	bearer
	dpop
)

// errNoToken says that the request brings no token, errAuthorization that it brings one in a way that is not taken.
var (
	errNoToken       = errors.New("token: no token")
	errAuthorization = errors.New("token: the Authorization header cannot be read")
)

// authorization reads the Authorization header (RFC 9110, section 11.6.2; RFC 6750, section 2.1; RFC 9449, section 7.1): one header, one token.
func authorization(h http.Header) (scheme, string, error) {
	values := h["Authorization"]
	switch {
	case len(values) == 0:
		return noScheme, "", errNoToken
	case len(values) > 1:
		return noScheme, "", errAuthorization
	}
	name, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ")
	how := noScheme
	switch {
	case strings.EqualFold(name, "Bearer"):
		how = bearer
	case strings.EqualFold(name, "DPoP"):
		how = dpop
	}
	if how == noScheme || token == "" || strings.IndexByte(token, ' ') >= 0 || strings.IndexByte(token, ',') >= 0 {
		return noScheme, "", errAuthorization
	}
	return how, token, nil
}

// Request verifies the token of a request, its binding included. Faults are 401, and 400 for a token in the URL; 503 when no DPoP proofs can be remembered.
func (v *Verifier) Request(r *http.Request) (*Session, error) {
	if inQuery(r.URL.RawQuery) {
		return nil, v.challenge(http.StatusBadRequest, fault.Security, "invalid_request", "An access token never stands in a URL, where logs and histories keep it: send it in the Authorization header.")
	}
	how, token, err := authorization(r.Header)
	if errors.Is(err, errNoToken) {
		return nil, v.challenge(http.StatusUnauthorized, fault.Login, "", "The request needs an access token in its Authorization header.")
	}
	if err != nil {
		return nil, v.challenge(http.StatusUnauthorized, fault.Login, "invalid_request", "The request needs one Authorization header with one access token, of the scheme Bearer or DPoP.")
	}
	s, err := v.Token(r.Context(), token)
	if err != nil {
		return nil, err
	}
	if err := v.bound(r, s, how, token); err != nil {
		return nil, err
	}
	return s, nil
}

// bound judges whether the request comes from whom the token is bound to.
func (v *Verifier) bound(r *http.Request, s *Session, how scheme, token string) error {
	if s.Binding.Certificate != "" && CertificateThumbprint(v.o.Certificate(r)) != s.Binding.Certificate {
		return v.refuse(fault.Unknown, "The access token is bound to a TLS client certificate (RFC 8705), with which the request did not come.")
	}
	if (s.Binding.JKT != "") != (how == dpop) {
		// A token that is bound must not be taken for a bearer token (RFC 9449, section 7.2), and a proof for a token without binding proves nothing.
		return v.refuse(fault.Unknown, "The access token is not of the scheme with which it was sent: a token bound to a DPoP key is sent as DPoP, another as Bearer.")
	}
	if how != dpop {
		return nil
	}
	if v.o.Proofs == nil {
		return v.refuse(fault.Unknown, "The server does not take DPoP.")
	}
	err := v.o.Proofs.bound(r, v.address(r), token, s.Binding.JKT)
	if errors.Is(err, ErrFull) {
		return fault.Wrap(err, http.StatusServiceUnavailable, fault.Transient, "The server remembers more DPoP proofs than it can; try again later.")
	}
	if err != nil {
		f := v.challenge(http.StatusUnauthorized, fault.Unknown, "invalid_dpop_proof", "The DPoP proof (RFC 9449) is not valid for this request: it is made for each one, with its method and URL, a jti of its own, the time, and the hash of the access token.")
		f.Cause = err
		return f
	}
	return nil
}

// address is the URL of the request as the client sees it, without query: the Audience stands for /fhir, and what is beside it (introspection, launch) stands below the issuer.
func (v *Verifier) address(r *http.Request) string {
	path := r.URL.EscapedPath()
	if path == fhirPath || strings.HasPrefix(path, fhirPath+"/") {
		return v.o.Audience + strings.TrimPrefix(path, fhirPath)
	}
	return v.o.Issuer + path
}

// fhirPath is where fhir/rest mounts FHIR, whatever a proxy shows.
const fhirPath = "/fhir"

func connectionCertificate(r *http.Request) []byte {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0].Raw
}

// CertificateThumbprint is x5t#S256 of a certificate (DER): the base64url of its SHA-256; "" for none.
func CertificateThumbprint(der []byte) string {
	if len(der) == 0 {
		return ""
	}
	sum := sha256.Sum256(der)
	return base64url.EncodeToString(sum[:])
}

// inQuery says whether a query has the parameter access_token, however it is escaped.
func inQuery(raw string) bool {
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		if len(name) < len("access_token") {
			continue
		}
		if plain, err := url.QueryUnescape(name); err == nil && strings.EqualFold(plain, "access_token") {
			return true
		}
	}
	return false
}

// Middleware is for rest.Extension.Middleware: it answers 401 to requests without a valid token and puts the Session of the others into their context. /metadata and what Public names pass without a
// token; a token that they bring all the same is verified.
func (v *Verifier) Middleware() echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if v.public(c, r) && len(r.Header["Authorization"]) == 0 && !inQuery(r.URL.RawQuery) {
				return next(c)
			}
			s, err := v.Request(r)
			if err != nil {
				return err
			}
			c.SetRequest(r.WithContext(NewContext(r.Context(), s)))
			return next(c)
		}
	}
}

// public says whether a request needs no token. The CapabilityStatement is known by its route, which no path can imitate.
func (v *Verifier) public(c echo.Context, r *http.Request) bool {
	if c.Path() == fhirPath+"/metadata" && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		return true
	}
	return v.o.Public != nil && v.o.Public(r)
}
