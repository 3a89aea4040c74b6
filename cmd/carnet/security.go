package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/ingest"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// securityOptions say how callers are known and what they may do.
type securityOptions struct {
	// clients and providers are files: the registry of OAuth clients, the identity providers. habilitation is a directory of tables in the place of those that are built in.
	clients, providers, habilitation string
	// keyFile holds the secret of the signing keys; "": keys.secret in the data directory.
	keyFile string
	// registration lets applications register themselves.
	registration bool
	// untraced leaves out the trace of accesses.
	untraced bool
	// clock is by which rights are judged, traces dated and deadlines kept; nil: the system's. Tokens live by the system's, or by tokenClock.
	clock, tokenClock func() time.Time
}

// security is a server that knows who calls: its keys, the authorization server, the logins.
type security struct {
	Handler  *rest.Server
	Minter   *token.Minter
	Verifier *token.Verifier
	SMART    *smart.Server
	in       *instance
	who      *signin.Who
	mode     ins.Mode
	keys     *token.Keys
	logins   *signin.Logins
	sandbox  []*sandboxProvider
}

// tokenLifetime is that of the tokens that the command makes, and the longest that a token may have.
const tokenLifetime = time.Hour

// secure makes the server of an instance that was opened with access control. base is the FHIR base as clients know it; o are the options of the HTTP server, to which the extensions of security are added.
func secure(ctx context.Context, in *instance, data string, o securityOptions, ro rest.Options) (*security, error) {
	s := &security{in: in, mode: in.layers.records.Mode()}
	smartOptions, err := s.tokens(ctx, in, data, o, ro)
	if err != nil {
		return nil, err
	}
	if err := s.people(in, data, o, ro.Logger, smartOptions); err != nil {
		return nil, err
	}
	if s.SMART, err = smart.New(*smartOptions); err != nil {
		return nil, err
	}
	s.logins.Bind(s.SMART)
	ro.Extensions = append([]rest.Extension{{Middleware: []echo.MiddlewareFunc{s.Verifier.Middleware()}}, s.SMART.Extension()}, ro.Extensions...)
	if !in.layers.rights.untraced {
		ro.Extensions = append(ro.Extensions, in.layers.rights.trace.Extension()) // the last: it traces what is answered
	}
	ro.CORS = []string{"*"} // applications in browsers bring a token, never a cookie
	ro.NoStore = true       // who reads a record keeps of it what a professional chooses to (D14)
	if s.Handler, err = rest.New(ro); err != nil {
		return nil, err
	}
	s.mount(s.Handler.Echo())
	return s, nil
}

// tokens makes what signs and judges tokens.
func (s *security) tokens(ctx context.Context, in *instance, data string, o securityOptions, ro rest.Options) (*smart.Options, error) {
	issuer, clock := smart.Issuer(in.baseURL), o.tokenClock
	out := &smart.Options{BaseURL: in.baseURL, Store: in.store, Logger: ro.Logger, Clock: clock, OfflineLifetime: signin.LongestConsent}
	if s.mode == ins.Sandbox { // a vendor's software under test publishes its keys on this machine
		out.JWKSNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	secret, made, err := keySecret(data, o.keyFile)
	if err != nil {
		return nil, fmt.Errorf("the secret of the signing keys: %w", err)
	}
	if s.keys, err = token.OpenKeys(ctx, in.store, token.KeysOptions{Clock: clock, Secret: secret, Replace: made}); err != nil {
		return nil, err
	}
	if out.Revocations, err = token.OpenRevocations(ctx, in.store, token.RevocationsOptions{Clock: clock}); err != nil {
		return nil, err
	}
	if out.Replays, err = token.OpenReplays(ctx, in.store, token.ReplaysOptions{Clock: clock}); err != nil {
		return nil, err
	}
	if out.Proofs, err = token.NewProofs(token.ProofsOptions{Replays: out.Replays, Clock: clock}); err != nil {
		return nil, err
	}
	if s.Minter, err = token.NewMinter(token.MinterOptions{Keys: s.keys, Issuer: issuer, Audience: in.baseURL, LongestLifetime: tokenLifetime, Clock: clock}); err != nil {
		return nil, err
	}
	s.Verifier, err = token.NewVerifier(token.VerifierOptions{
		Keys: s.keys, Issuer: issuer, Audience: in.baseURL, Revocations: out.Revocations, Proofs: out.Proofs, Decode: signin.Decode, Public: public, Clock: clock,
	})
	out.Keys, out.Minter, out.Verifier = s.keys, s.Minter, s.Verifier
	return out, err
}

// public says which requests under /fhir need no token.
func public(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/fhir/.well-known/") }

// people makes the logins, the registry of clients and the policy.
func (s *security) people(in *instance, data string, o securityOptions, log *slog.Logger, out *smart.Options) error {
	s.who = &signin.Who{Matcher: signin.Matcher{Records: in.layers.records, People: in.layers.people, National: in.layers.insi}, Now: o.clock, Majority: in.layers.rights.majority}
	key, err := secretSetting(in.store, "signin.key")
	if err != nil {
		return err
	}
	providers, transport, err := s.providers(in, o)
	if err != nil {
		return err
	}
	s.logins, err = signin.NewLogins(signin.Options{
		Providers: providers, BaseURL: in.baseURL, Key: key, Who: s.who, Logger: log, ClientOptions: signin.ClientOptions{Transport: transport, Now: o.tokenClock},
	})
	if err != nil {
		return err
	}
	policy := &signin.Policy{Records: in.layers.records, Repository: in.repository, Now: o.clock, Majority: in.layers.rights.majority, MinorsOff: in.layers.rights.parameters.MinorsOff}
	if traced := in.layers.rights; !traced.untraced {
		policy.Emergency, out.Issued, out.Failed = traced.emergency, traced.issued, traced.failed
	}
	out.Logins, out.Policy, out.Picker = s.logins.SMART(), policy, signin.Picker{Records: in.layers.records}
	if o.registration {
		if out.Registration, err = registration(data); err != nil {
			return err
		}
	}
	if out.Clients, err = clients(o.clients, in.baseURL); err != nil {
		return err
	}
	in.layers.rights.ended, out.Withdrawn = s.subscriptionOver(out.Clients, policy), in.layers.broker.Withdrawn
	return nil
}

// providers are those of the file, and in a sandbox those of the server itself, which are called in this process.
func (s *security) providers(in *instance, o securityOptions) ([]signin.Config, http.RoundTripper, error) {
	var configs []signin.Config
	if o.providers != "" {
		file, err := os.Open(o.providers)
		if err != nil {
			return nil, nil, err
		}
		defer file.Close()
		if configs, err = signin.ReadConfigs(file); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", o.providers, err)
		}
	}
	if s.mode != ins.Sandbox {
		return configs, nil, nil
	}
	own, err := sandboxProviders(in, o.tokenClock)
	if err != nil {
		return nil, nil, err
	}
	s.sandbox = own
	for _, p := range own {
		configs = append(configs, p.Config(p.id))
	}
	return configs, &sandboxTransport{own, http.DefaultTransport}, nil
}

// mount adds what stands beside /fhir.
func (s *security) mount(e *echo.Echo) {
	s.SMART.Mount(e)
	s.logins.Mount(e)
	mountConsole(e)
	for _, p := range s.sandbox {
		e.Any(p.path+"/*", rest.Outside(echo.WrapHandler(p)))
	}
}

// maintain rotates keys until the context ends.
func (s *security) maintain(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.keys.Maintain(ctx); err != nil {
				log.Error("the signing keys could not be maintained", "error", err)
			}
		}
	}
}

// clients reads the registry of OAuth clients, and adds the server's own.
func clients(path, baseURL string) (*smart.Clients, error) {
	own := ownClients(baseURL)
	if path == "" {
		return smart.NewClients(own...)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	out, err := smart.ReadClients(file, own...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, c := range out.All() {
		if _, err := signin.RegistrationOf(c.Attributes); err != nil {
			return nil, fmt.Errorf("%s: client %q: %w", path, c.ID, err)
		}
	}
	return out, nil
}

// registrationScope is the most that an application that registered itself may get: it acts for who uses it.
const registrationScope = "launch launch/patient openid fhirUser profile online_access offline_access patient/*.rs user/*.rs"

// registrationToken is the file in the data directory that holds the initial access token of dynamic registration.
const registrationToken = "registration-token"

// registration reads the initial access token, or makes it.
func registration(data string) (smart.Registration, error) {
	path := filepath.Join(data, registrationToken)
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		text = []byte(rand.Text() + rand.Text())
		err = os.WriteFile(path, text, 0o600)
	}
	return smart.Registration{TokenHash: smart.HashSecret(strings.TrimSpace(string(text))), Scope: registrationScope}, err
}

// secretSetting is 32 random bytes: made once, kept among the store's settings.
func secretSetting(s store.Store, name string) ([]byte, error) {
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	key, err := view.Meta(name)
	if !errors.Is(err, store.ErrNotFound) {
		return key, err
	}
	key = make([]byte, 32)
	if _, err := rand.Read(key); err != nil {
		return nil, err
	}
	return key, commitMeta(s, name, key)
}

// sandboxProvider is one of the server's own identity providers.
type sandboxProvider struct {
	*signin.Sandbox
	id, path string
}

// sandboxProviders make them, for the people of the server's own store.
func sandboxProviders(in *instance, clock func() time.Time) ([]*sandboxProvider, error) {
	directory := signin.Directory{People: in.layers.people}
	origin := signin.Origin(in.baseURL)
	var out []*sandboxProvider
	for _, p := range []struct {
		id, title string
		kind      signin.Kind
		people    func(context.Context, string) ([]signin.Subject, error)
	}{
		{"sandbox-psc", "Pro Santé Connect", signin.ProSanteConnect, directory.Professionals},
		{"sandbox-fc", "FranceConnect", signin.FranceConnect, directory.Patients(signin.FranceConnect)},
		{"sandbox-apcv", "l'appli carte Vitale", signin.CarteVitale, directory.Patients(signin.CarteVitale)},
	} {
		path := "/sandbox/" + strings.TrimPrefix(p.id, "sandbox-")
		secret := make([]byte, 16)
		if _, err := rand.Read(secret); err != nil {
			return nil, err
		}
		made, err := signin.NewSandbox(signin.SandboxOptions{
			Issuer: origin + path, Kind: p.kind, Title: p.title + " (bac à sable)", ClientID: "carnet", ClientSecret: fmt.Sprintf("%x", secret), Redirect: signin.Callback(in.baseURL, p.id), People: p.people, Now: clock,
		})
		if err != nil {
			return nil, err
		}
		out = append(out, &sandboxProvider{made, p.id, path})
	}
	return out, nil
}

// sandboxTransport calls the server's own providers in this process, whatever address and certificate clients know it by; others over the network.
type sandboxTransport struct {
	own   []*sandboxProvider
	other http.RoundTripper
}

func (t *sandboxTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	address := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	for _, p := range t.own {
		if strings.HasPrefix(address, p.Issuer()+"/") {
			return ingest.InProcess(p).RoundTrip(r)
		}
	}
	return t.other.RoundTrip(r)
}
