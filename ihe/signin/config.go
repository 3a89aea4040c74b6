package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"slices"
)

// Kind says how a provider writes who signed in.
type Kind string

// The kinds of provider.
const (
	// ProSanteConnect identifies professionals (https://industriels.esante.gouv.fr/produits-et-services/pro-sante-connect/documentation-technique).
	ProSanteConnect Kind = "pro-sante-connect"
	// FranceConnect identifies people by the traits of their civil status (identité pivot).
	FranceConnect Kind = "franceconnect"
	// CarteVitale is the application of the carte Vitale (ApCV), which knows its holder's INS. How it writes the INS is not public: Config.INSClaim names it.
	CarteVitale Kind = "apcv"
)

// Config is one identity provider that the server trusts.
type Config struct {
	// ID names the provider in addresses and in the browser's state: letters, digits and hyphens.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// Title is on the button, in French.
	Title string `json:"title"`
	// Issuer is the provider's issuer identifier; its discovery document is at /.well-known/openid-configuration under it, or at Discovery.
	Issuer string `json:"issuer"`
	// Discovery is the address of the discovery document when it is not the one that the issuer gives: Pro Santé Connect has one of its own (wallet-openid-configuration).
	Discovery    string `json:"discovery,omitempty"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret,omitempty"`
	// Scopes besides openid; nil: those that the kind needs.
	Scopes []string `json:"scopes,omitempty"`
	// ACR is the lowest level of assurance: eidas1, eidas2, eidas3; "": eidas1 for professionals (Pro Santé Connect takes no other in a request) and eidas2 for people.
	ACR string `json:"acr,omitempty"`
	// SignedUserinfo refuses a userinfo that is not a signed JWT.
	SignedUserinfo bool `json:"signed_userinfo,omitempty"`
	// INSClaim and INSSystemClaim name the claims of a person's INS and of its OID; a value is taken only when it is an INS of the server's mode.
	INSClaim       string `json:"ins_claim,omitempty"`
	INSSystemClaim string `json:"ins_system_claim,omitempty"`
}

// maxProviders bounds a file of providers.
const maxProviders = 16

// ReadConfigs reads the JSON array of providers of serve --identity-providers. Unknown fields are refused.
func ReadConfigs(r io.Reader) ([]Config, error) {
	d := json.NewDecoder(io.LimitReader(r, 1<<20))
	d.DisallowUnknownFields()
	var out []Config
	if err := d.Decode(&out); err != nil {
		return nil, fmt.Errorf("signin: the providers are not a JSON array as documented: %w", err)
	}
	if len(out) > maxProviders {
		return nil, fmt.Errorf("signin: more than %d providers", maxProviders)
	}
	for n := range out {
		if err := out[n].complete(); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(out[:n], func(c Config) bool { return c.ID == out[n].ID || c.Issuer == out[n].Issuer }) {
			return nil, fmt.Errorf("signin: provider %q: the id or the issuer occurs twice", out[n].ID)
		}
	}
	return out, nil
}

var providerID = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// complete sets defaults and refuses what would not be safe.
func (c *Config) complete() error {
	fail := func(what string) error { return fmt.Errorf("signin: provider %q: %s", c.ID, what) }
	if !providerID.MatchString(c.ID) {
		return errors.New("signin: the id of a provider is 1 to 32 small letters, digits and hyphens")
	}
	if c.ClientID == "" {
		return fail("client_id is missing")
	}
	addresses := []string{c.Issuer}
	if c.Discovery != "" {
		addresses = append(addresses, c.Discovery)
	}
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || !secure(u) {
			return fail("issuer and discovery are https URLs without query (http on loopback only)")
		}
	}
	switch c.Kind {
	case ProSanteConnect:
		c.setDefaults("Pro Santé Connect", "eidas1", "scope_all")
	case FranceConnect:
		c.setDefaults("FranceConnect", "eidas2", "given_name", "family_name", "birthdate", "gender", "birthplace", "birthcountry")
	case CarteVitale:
		c.setDefaults("Appli carte Vitale", "eidas2", "profile")
		if c.INSClaim == "" {
			return fail("ins_claim names the claim in which the application gives the INS")
		}
	default:
		return fail("kind is pro-sante-connect, franceconnect or apcv")
	}
	if level(c.ACR) == 0 {
		return fail("acr is eidas1, eidas2 or eidas3")
	}
	return nil
}

func (c *Config) setDefaults(title, acr string, scopes ...string) {
	if c.Title == "" {
		c.Title = title
	}
	if c.ACR == "" {
		c.ACR = acr
	}
	if c.Scopes == nil {
		c.Scopes = scopes
	}
}

// secure says that an address is https, or this machine's own.
func secure(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	host := u.Hostname()
	ip := net.ParseIP(host)
	return u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// level orders the levels of assurance of eIDAS as the providers write them; 0: none of them.
func level(acr string) int {
	return max(0, slices.Index([]string{"", "eidas1", "eidas2", "eidas3"}, acr))
}
