package smart

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
)

// Server is the authorization server. It is safe for concurrent use.
type Server struct {
	o       Options
	issuer  string
	secure  bool // clients reach us by TLS
	secrets *secrets
	ledger  *ledger
	keys    *keyFetcher
	screens *screens
	logins  map[string]Login

	pendings *shelf[*pending]
	sessions *shelf[*session]
	codes    *shelf[*issued]
	launches *shelf[*launch]
}

// How much is held in memory at most; the oldest gives way.
const (
	maxPendings = 20_000
	// maxAsked bounds the bytes of their requests together. What is held of one is up to five times as long.
	maxAsked    = maxPendings << 10
	maxSessions = 100_000
	maxCodes    = 50_000
	maxLaunches = 50_000
)

// New makes the server, and reads from the store what it granted before.
func New(o Options) (*Server, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	s := &Server{o: o, issuer: Issuer(o.BaseURL), secure: strings.HasPrefix(o.BaseURL, "https:"), logins: map[string]Login{}}
	var err error
	if s.secrets, err = openSecrets(context.Background(), o.Store); err != nil {
		return nil, err
	}
	if s.ledger, err = openLedger(o.Store, o.MaxGrants, o.Clock); err != nil {
		return nil, err
	}
	if err := o.Clients.bind(o.Store); err != nil {
		return nil, err
	}
	if s.screens, err = newScreens(); err != nil {
		return nil, err
	}
	for _, l := range o.Logins {
		s.logins[l.Name()] = l
	}
	s.keys = newKeyFetcher(o.JWKSNetworks, o.Clock)
	s.pendings = newShelf[*pending](o.ScreenLifetime, maxPendings, o.Clock)
	s.pendings.load = maxAsked
	s.sessions = newShelf[*session](o.SessionLifetime, maxSessions, o.Clock)
	s.codes = newShelf[*issued](o.CodeLifetime, maxCodes, o.Clock)
	s.launches = newShelf[*launch](o.LaunchLifetime, maxLaunches, o.Clock)
	return s, nil
}

// Where things are, below the issuer.
const (
	pathAuthorize  = "/auth/authorize"
	pathStep       = "/auth/step"
	pathLogin      = "/auth/login"
	pathPatient    = "/auth/patient"
	pathConsent    = "/auth/consent"
	pathSignOut    = "/auth/signout"
	pathToken      = "/auth/token"
	pathIntrospect = "/auth/introspect"
	pathRevoke     = "/auth/revoke"
	pathRegister   = "/auth/register"
	pathLaunch     = "/auth/launch"
	pathJWKS       = "/auth/jwks"
	pathSheet      = "/auth/style.css"
	pathStyle      = "/auth/smart-style.json"
)

func (s *Server) url(path string) string { return s.issuer + path }

// Mount adds the routes: those under /auth, and the metadata where RFC 8414, OpenID Connect Discovery and SMART look for them.
func (s *Server) Mount(e *echo.Echo) {
	add := func(method, path string, h http.HandlerFunc) {
		e.Add(method, path, rest.Outside(echo.WrapHandler(h)))
	}
	for path, document := range map[string]func() any{
		"/fhir/.well-known/smart-configuration":   s.smartConfiguration,
		"/.well-known/oauth-authorization-server": s.metadata,
		"/.well-known/openid-configuration":       s.metadata,
		pathStyle:                                 smartStyle,
	} {
		add(http.MethodGet, path, published(document))
		add(http.MethodOptions, path, preflight("GET"))
	}
	add(http.MethodGet, pathJWKS, s.jwks)
	add(http.MethodOptions, pathJWKS, preflight("GET"))
	add(http.MethodGet, pathSheet, s.screens.sheet)
	for path, h := range map[string]http.HandlerFunc{
		pathToken: s.token, pathIntrospect: s.introspect, pathRevoke: s.revoke, pathRegister: s.register, pathLaunch: s.makeLaunch,
	} {
		add(http.MethodPost, path, crossOrigin(h))
		add(http.MethodOptions, path, preflight("POST"))
	}
	add(http.MethodGet, pathAuthorize, s.authorize)
	add(http.MethodPost, pathAuthorize, s.authorize)
	add(http.MethodGet, pathStep, s.step)
	add(http.MethodGet, pathLogin, s.login)
	add(http.MethodPost, pathPatient, s.choosePatient)
	add(http.MethodPost, pathConsent, s.decide)
	add(http.MethodGet, pathSignOut, s.signOut)
	add(http.MethodPost, pathSignOut, s.signOut)
}

// Revoke takes back what was granted: of a subject (as SubjectOf gives it), of a client, or of both; one of them may be "". It gives the number of authorizations.
func (s *Server) Revoke(ctx context.Context, subject, client string) (int, error) {
	if subject == "" && client == "" {
		return 0, errors.New("smart: neither a subject nor a client is named")
	}
	ids := s.ledger.of(subject, client)
	for _, id := range ids {
		if err := s.withdraw(ctx, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// SubjectOf gives the subject under which our tokens know a person.
func (s *Server) SubjectOf(who *Identity) string { return s.secrets.subjectOf(who) }

// withdraw ends an authorization and its access tokens.
func (s *Server) withdraw(ctx context.Context, id grantID) error {
	err := errors.Join(s.ledger.close(ctx, id), s.o.Revocations.Grant(ctx, id.String()))
	if s.o.Withdrawn != nil {
		s.o.Withdrawn(id.String())
	}
	return err
}

// Withdrawn says whether an authorization was taken back; it is known for as long as an access token of it could live.
func (s *Server) Withdrawn(grant string) bool {
	return s.o.Revocations.Revoked(&token.Session{Grant: grant})
}
