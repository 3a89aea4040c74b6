package smart

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

var (
	clientIDPattern = regexp.MustCompile(`^[A-Za-z0-9._~:/-]{1,200}$`)
	schemePattern   = regexp.MustCompile(`^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$`)
)

const (
	maxURI       = 1024
	maxRedirects = 32
	maxKeys      = 32
)

// complete sets defaults and says everything that is wrong with a client.
func (c *Client) complete() error {
	if c.AuthMethod == "" {
		c.AuthMethod = AuthNone
	}
	if len(c.GrantTypes) == 0 {
		c.GrantTypes = []string{GrantCode, GrantRefresh}
	}
	var faults []error
	blame := func(element, what string) { faults = append(faults, fmt.Errorf("%s %s", element, what)) }
	if !clientIDPattern.MatchString(c.ID) {
		blame("client_id", "is 1 to 200 letters, digits and .-_~:/")
	}
	if c.Name == "" || len(c.Name) > 200 || !clean(c.Name) || strings.ContainsFunc(c.Name, unseen) {
		blame("client_name", "is needed, in characters that can be seen: people read it on the consent screen")
	}
	var err error
	if c.scopes, err = scope.Parse(c.Scope); err != nil || c.scopes.Empty() {
		blame("scope", "lists the most that the client may get, and is needed")
	} else if u := c.scopes.Unknown(); len(u) > 0 {
		blame("scope", "has scopes that SMART does not define: "+strings.Join(u, " "))
	}
	c.checkURIs(blame)
	c.checkGrants(blame)
	c.checkAuthentication(blame)
	if c.RefreshSeconds < 0 || c.TokenSeconds < 0 {
		blame("refresh_token_lifetime and access_token_lifetime", "are seconds, not negative")
	}
	return errors.Join(faults...)
}

// unseen says whether a character changes what is read without being seen: controls, directions of writing, joiners, separators of lines.
func unseen(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// foreign says whether a URI has characters that RFC 3986 has not: hosts that look like others among them.
func foreign(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func (c *Client) checkURIs(blame func(element, what string)) {
	if len(c.RedirectURIs) > maxRedirects {
		blame("redirect_uris", fmt.Sprintf("has more than %d entries", maxRedirects))
	}
	for n, u := range c.RedirectURIs {
		if err := checkRedirect(u); err != nil {
			blame(fmt.Sprintf("redirect_uris[%d]", n), err.Error())
		}
	}
	for _, web := range [][2]string{{"launch_uri", c.LaunchURI}, {"client_uri", c.URI}, {"policy_uri", c.PolicyURI}, {"jwks_uri", c.JWKSURI}} {
		if web[1] == "" {
			continue
		}
		if err := checkWeb(web[1]); err != nil {
			blame(web[0], err.Error())
		}
	}
}

func (c *Client) checkGrants(blame func(element, what string)) {
	for _, g := range c.GrantTypes {
		if g != GrantCode && g != GrantRefresh && g != GrantCredentials {
			blame("grant_types", "are authorization_code, refresh_token and client_credentials")
		}
	}
	if c.may(GrantCode) != (len(c.RedirectURIs) > 0) {
		blame("redirect_uris", "are needed with authorization_code, and of no use without")
	}
	if c.may(GrantCredentials) && c.AuthMethod != AuthPrivateKey && c.AuthMethod != AuthCertificate {
		blame("token_endpoint_auth_method", "must be private_key_jwt or tls_client_auth with client_credentials (SMART Backend Services)")
	}
}

func (c *Client) checkAuthentication(blame func(element, what string)) {
	uses := map[string][]bool{
		AuthNone:        {c.SecretHash == "", c.JWKS == nil && c.JWKSURI == ""},
		AuthBasic:       {c.SecretHash != ""},
		AuthPost:        {c.SecretHash != ""},
		AuthPrivateKey:  {c.SecretHash == "", (c.JWKS == nil) != (c.JWKSURI == "")},
		AuthCertificate: {c.SecretHash == "", (c.SubjectDN == "") != (c.SANDNS == "")},
	}
	needs, known := uses[c.AuthMethod]
	if !known {
		blame("token_endpoint_auth_method", "is none, client_secret_basic, client_secret_post, private_key_jwt or tls_client_auth")
		return
	}
	if slices.Contains(needs, false) {
		blame("token_endpoint_auth_method", "needs what it proves a client with and nothing else: client_secret_hash; jwks or jwks_uri; tls_client_auth_subject_dn or tls_client_auth_san_dns")
	}
	if c.SecretHash != "" && !strings.HasPrefix(c.SecretHash, secretScheme) {
		blame("client_secret_hash", "is "+secretScheme+" and the SHA-256 of the secret in base64url")
	} else if h, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(c.SecretHash, secretScheme)); c.SecretHash != "" && (err != nil || len(h) != 32) {
		blame("client_secret_hash", "is not a SHA-256 in base64url")
	}
	if c.JWKS != nil {
		keys, err := readKeys(c.JWKS)
		if err != nil {
			blame("jwks", err.Error())
		}
		c.keys = keys
	}
	if c.CertificateBound && c.public() {
		blame("tls_client_certificate_bound_access_tokens", "is for clients that authenticate")
	}
}

// readKeys reads a JWK Set of public keys, each with its own kid (SMART App Launch 2.2, "Registering a client").
func readKeys(text []byte) (jwk.Set, error) {
	set, err := jwk.Parse(text)
	if err != nil {
		return nil, errors.New("is not a JWK Set")
	}
	if set.Len() == 0 || set.Len() > maxKeys {
		return nil, fmt.Errorf("has %d keys, not 1 to %d", set.Len(), maxKeys)
	}
	seen := map[string]bool{}
	for n := range set.Len() {
		key, _ := set.Key(n)
		switch {
		case key.KeyType() != jwa.RSA && key.KeyType() != jwa.EC:
			return nil, errors.New("has keys that are neither RSA nor EC")
		case isPrivate(key):
			return nil, errors.New("has a private key: it is no secret any more and must be replaced")
		case key.KeyID() == "" || seen[key.KeyID()]:
			return nil, errors.New("has keys without a kid of their own")
		case weak(key):
			return nil, errors.New("has an RSA key of less than 2048 bits")
		}
		seen[key.KeyID()] = true
	}
	return set, nil
}

func isPrivate(key jwk.Key) bool {
	private, err := jwk.IsPrivateKey(key)
	return err != nil || private
}

func weak(key jwk.Key) bool {
	k, ok := key.(jwk.RSAPublicKey)
	return ok && len(bytes.TrimLeft(k.N(), "\x00")) < 256
}

// checkRedirect says whether answers may be sent to an address: https, this machine over http (RFC 8252, section 7.3), or a scheme of an app's own (section 7.1).
func checkRedirect(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURI || !clean(text) || foreign(text) || strings.ContainsAny(text, " *\\<>\"") || u.Scheme == "":
		return errors.New("is no absolute URI, or has characters that it may not have")
	case strings.Contains(text, "#"):
		return errors.New("has a fragment")
	case slices.Contains(strings.Split(u.Path, "/"), ".."):
		return errors.New("has .. in its path")
	}
	for _, name := range []string{"code", "state", "iss", "error", "error_description"} {
		if u.Query().Has(name) {
			return errors.New("has a parameter of the answer's")
		}
	}
	if u.Scheme == "https" || u.Scheme == "http" {
		return checkWeb(text)
	}
	if !schemePattern.MatchString(u.Scheme) {
		return errors.New("is neither https nor a scheme with a dot that belongs to an app (com.example.app:/callback)")
	}
	return nil
}

// checkWeb says whether an address is an https URL; http is for this machine.
func checkWeb(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || len(text) > maxURI || !clean(text) || foreign(text) || u.Host == "" || u.User != nil || u.Opaque != "" || strings.Contains(text, "#"):
		return errors.New("is no absolute URL without user and fragment")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errors.New("is not https (http is taken for 127.0.0.1, [::1] and localhost)")
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// strict reads JSON without forgiving unknown names or text behind it.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("text follows the JSON")
	}
	return nil
}
