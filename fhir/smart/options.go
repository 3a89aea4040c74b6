package smart

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/store"
)

// Options configure a Server. BaseURL, Store, Clients, Policy and the parts of fhir/smart/token are needed; the rest has defaults.
type Options struct {
	// BaseURL is the FHIR base as clients know it ("https://dmp.example/fhir"). Issuer(BaseURL) is the issuer identifier.
	BaseURL string
	Store   store.Store
	Clients *Clients
	Logins  []Login
	Policy  Policy
	Picker  PatientPicker // nil: professionals choose no patient

	Keys        *token.Keys
	Minter      *token.Minter
	Verifier    *token.Verifier
	Revocations *token.Revocations
	Replays     *token.Replays
	Proofs      *token.Proofs

	// Issued is told of each access token before it leaves; an error keeps it back, so that no token is used untraced. Failed is told of who was not let in. Both may be nil.
	Issued func(context.Context, Issuance) error
	Failed func(context.Context, Failure) error
	// Withdrawn is told of each authorization that was taken back, after it holds; nil: nobody is.
	Withdrawn func(grant string)

	// Operator runs the server; it stands on the screens.
	Operator string
	Logger   *slog.Logger
	Clock    func() time.Time

	// CodeLifetime is that of an authorization code: 60 s. LaunchLifetime is that of a launch handle: 5 min.
	CodeLifetime, LaunchLifetime time.Duration
	// ScreenLifetime is how long a person may take to sign in and to answer: 20 min. SessionLifetime is how long they need not sign in again: 30 min from signing in.
	ScreenLifetime, SessionLifetime time.Duration
	// OfflineLifetime is how long an authorization with offline_access may be refreshed: 30 days. OnlineLifetime, with online_access: 8 h. Both count from the consent.
	OfflineLifetime, OnlineLifetime time.Duration
	// MaxGrants bounds the authorizations that can be refreshed at one time: 500,000.
	MaxGrants int64
	// Registration lets clients register themselves; the zero value: nobody.
	Registration Registration
	// JWKSNetworks are private networks from which jwks_uri may be read; loopback is among them only when it is listed.
	JWKSNetworks []netip.Prefix
	// Certificate gives the verified client certificate (DER) of a request; nil: that of the TLS connection.
	Certificate func(*http.Request) []byte
}

// Registration is dynamic registration (RFC 7591).
type Registration struct {
	// TokenHash is HashSecret of the initial access token; "": registration is off.
	TokenHash string
	// Scope is the most that a client may register for.
	Scope string

	scopes scope.Set
}

// Issuer gives the issuer identifier of a server by its FHIR base: what stands before "/fhir", so that the documents of RFC 8414 and OpenID Connect Discovery stand where clients look for them.
func Issuer(baseURL string) string {
	return strings.TrimSuffix(strings.TrimRight(baseURL, "/"), "/fhir")
}

func (o *Options) complete() error {
	u, err := url.Parse(o.BaseURL)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("smart: BaseURL must be an absolute URL")
	case o.Store == nil || o.Clients == nil || o.Policy == nil:
		return errors.New("smart: Store, Clients and Policy are needed")
	case o.Keys == nil || o.Minter == nil || o.Verifier == nil || o.Revocations == nil || o.Replays == nil || o.Proofs == nil:
		return errors.New("smart: Keys, Minter, Verifier, Revocations, Replays and Proofs are needed")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if err := o.checkLogins(); err != nil {
		return err
	}
	if o.Registration.TokenHash != "" {
		if o.Registration.scopes, err = scope.Parse(o.Registration.Scope); err != nil || o.Registration.scopes.Empty() {
			return errors.New("smart: Registration.Scope lists what clients may register for, and is needed")
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	fill(&o.CodeLifetime, time.Minute)
	fill(&o.LaunchLifetime, 5*time.Minute)
	fill(&o.ScreenLifetime, 20*time.Minute)
	fill(&o.SessionLifetime, 30*time.Minute)
	fill(&o.OfflineLifetime, 30*24*time.Hour)
	fill(&o.OnlineLifetime, 8*time.Hour)
	fill(&o.MaxGrants, 500_000)
	return nil
}

func (o *Options) checkLogins() error {
	seen := map[string]bool{}
	for _, l := range o.Logins {
		if seen[l.Name()] {
			return fmt.Errorf("smart: two logins have the name %q", l.Name())
		}
		seen[l.Name()] = true
	}
	for _, c := range o.Clients.All() {
		for _, name := range c.Logins {
			if !seen[name] {
				return fmt.Errorf("smart: the client %q names the login %q, which there is not", c.ID, name)
			}
		}
	}
	return nil
}

func fill[T ~int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
