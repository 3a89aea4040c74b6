package smart

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/labstack/echo/v4"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// world is a whole server with an authorization server, on data that outlive it.
type world struct {
	*servertest.Server
	smart  *Server
	fs     vfs.FS
	edit   func(*Options)
	policy *testPolicy
	at     int64 // where the clock of a closed server stood
}

// Secrets of the clients of testdata/clients.json.
const (
	secretOfPortal   = "portal-secret-of-forty-characters-or-so-0"
	secretOfResource = "resource-secret-of-forty-characters-or-so"
	initialToken     = "initial-access-token-of-forty-characters"
)

// clientKeys are made once: RSA keys are slow to make.
var clientKeys = sync.OnceValue(func() map[string]jwk.Key {
	ec384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(err)
	ec256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	must(err)
	out := map[string]jwk.Key{}
	for kid, raw := range map[string]any{"ec384": ec384, "ec256": ec256, "rsa": r} {
		key, err := jwk.FromRaw(raw)
		must(err)
		must(key.Set(jwk.KeyIDKey, kid))
		out[kid] = key
	}
	return out
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// publicKeys is the JWK Set of the test client.
func publicKeys() []byte {
	set := jwk.NewSet()
	for _, kid := range []string{"ec256", "ec384", "rsa"} {
		public, err := clientKeys()[kid].PublicKey()
		must(err)
		must(set.AddKey(public))
	}
	text, err := json.Marshal(set)
	must(err)
	return text
}

func testClients(t testing.TB) *Clients {
	clients, err := NewClients(
		&Client{
			ID: "app", Name: "Mon carnet de route", URI: "https://app.example", PolicyURI: "https://app.example/donnees", LaunchURI: "https://app.example/launch",
			RedirectURIs: []string{"https://app.example/callback", "https://app.example/other?tab=1"},
			Scope:        "launch launch/patient openid fhirUser offline_access online_access patient/*.cruds user/*.rs",
		},
		&Client{
			ID: "portal", Name: "Portail", RedirectURIs: []string{"https://portal.example/callback"}, AuthMethod: AuthBasic, SecretHash: HashSecret(secretOfPortal),
			Scope: "openid fhirUser launch/patient offline_access patient/*.rs",
		},
		&Client{
			ID: "lps", Name: "Logiciel du cabinet", RedirectURIs: []string{"https://lps.example/callback"}, AuthMethod: AuthPrivateKey, JWKS: publicKeys(), Trusted: true, Launcher: true,
			Scope: "launch openid fhirUser online_access user/*.cruds",
		},
		&Client{
			ID: "backend", Name: "Laboratoire", GrantTypes: []string{GrantCredentials}, AuthMethod: AuthPrivateKey, JWKS: publicKeys(),
			Scope: "system/DocumentReference.crs system/Patient.rs", Attributes: map[string]json.RawMessage{"structure": json.RawMessage(`"010000000"`)},
		},
		&Client{ID: "resource", Name: "Serveur d'images", GrantTypes: []string{GrantCode}, RedirectURIs: []string{"https://img.example/cb"}, AuthMethod: AuthPost, SecretHash: HashSecret(secretOfResource), Introspects: true, Scope: "openid"},
		&Client{ID: "bound", Name: "Application liée", RedirectURIs: []string{"com.example.bound:/callback"}, DPoPBound: true, Scope: "offline_access launch/patient patient/*.rs"},
	)
	require.NoError(t, err)
	return clients
}

// newWorld makes one. edit changes the options, or is nil.
func newWorld(t testing.TB, edit func(*Options)) *world {
	w := &world{fs: vfs.NewMem(), edit: edit, policy: &testPolicy{}}
	w.open(t)
	return w
}

func (w *world) open(t testing.TB) {
	w.Server = servertest.New(t, servertest.Options{
		FS: w.fs, Sync: true,
		Made: func(s *servertest.Server) {
			if behind := w.at - s.Now().Unix(); behind > 0 {
				s.Advance(seconds(float64(behind)).Sub(seconds(0)))
			}
			w.smart = w.authorizationServer(t, s)
		},
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, w.smart.Extension(), rest.Extension{Middleware: []echo.MiddlewareFunc{w.smart.o.Verifier.Middleware()}})
		},
	})
	w.smart.Mount(w.REST.Echo())
	for name, who := range people {
		for _, l := range w.smart.o.Logins {
			path := "/test/" + l.Name() + "/" + name
			w.REST.Echo().GET(path, func(c echo.Context) error {
				vouched := who
				vouched.Login = l.Name()
				w.smart.SignedIn(c.Response(), c.Request(), c.QueryParam("transaction"), vouched)
				return nil
			})
		}
	}
	w.REST.Echo().GET("/test/refused", func(c echo.Context) error {
		w.smart.NotSignedIn(c.Response(), c.Request(), c.QueryParam("transaction"), &Refusal{Message: "Votre carte n'a pas été lue."})
		return nil
	})
}

// restart closes the server and opens another on its data.
func (w *world) restart(t testing.TB) {
	w.at = w.Now().Unix()
	w.Close()
	w.open(t)
}

func (w *world) authorizationServer(t testing.TB, s *servertest.Server) *Server {
	ctx, clock := context.Background(), s.Now
	keys, err := token.OpenKeys(ctx, s.Store, token.KeysOptions{Clock: clock})
	require.NoError(t, err)
	ids := 0
	minter, err := token.NewMinter(token.MinterOptions{
		Keys: keys, Issuer: Issuer(servertest.Base), Audience: servertest.Base, Clock: clock, NewID: func() string { ids++; return fmt.Sprintf("jti-%d", ids) },
	})
	require.NoError(t, err)
	revocations, err := token.OpenRevocations(ctx, s.Store, token.RevocationsOptions{Clock: clock})
	require.NoError(t, err)
	replays, err := token.OpenReplays(ctx, s.Store, token.ReplaysOptions{Clock: clock})
	require.NoError(t, err)
	proofs, err := token.NewProofs(token.ProofsOptions{Replays: replays, Clock: clock})
	require.NoError(t, err)
	verifier, err := token.NewVerifier(token.VerifierOptions{Keys: keys, Issuer: Issuer(servertest.Base), Audience: servertest.Base, Revocations: revocations, Proofs: proofs, Clock: clock})
	require.NoError(t, err)
	o := Options{
		BaseURL: servertest.Base, Store: s.Store, Clients: testClients(t), Policy: w.policy, Picker: testPicker{}, Operator: "Serveur d'essai",
		Logins: []Login{testLogin("ps"), testLogin("patient")},
		Keys:   keys, Minter: minter, Verifier: verifier, Revocations: revocations, Replays: replays, Proofs: proofs, Clock: clock,
		Registration: Registration{TokenHash: HashSecret(initialToken), Scope: "openid launch/patient patient/*.rs"},
	}
	if w.edit != nil {
		w.edit(&o)
	}
	server, err := New(o)
	require.NoError(t, err)
	return server
}

// people are who the test logins vouch for.
var people = map[string]Identity{
	"nour": {
		Issuer: "https://idp.example", Subject: "nour", FHIRUser: "Patient/nour", Name: "Nour Petit", ACR: "eidas2",
		Patients: []PatientChoice{{ID: "nour", Name: "Nour Petit"}, {ID: "sam", Name: "Sam Petit", Detail: "né le 3 mars 2019"}},
	},
	"alone": {Issuer: "https://idp.example", Subject: "alone", FHIRUser: "Patient/alone", Name: "Lou Seul", Patients: []PatientChoice{{ID: "alone", Name: "Lou Seul"}}},
	"none":  {Issuer: "https://idp.example", Subject: "none", Name: "Personne", Patients: []PatientChoice{}},
	"doctor": {
		Issuer: "https://psc.example", Subject: "899700000001", FHIRUser: "Practitioner/d1", Name: "Dr Ada Roux",
		Claims: map[string]json.RawMessage{"profession": json.RawMessage(`"10"`)},
	},
	"other": {Issuer: "https://psc.example", Subject: "899700000002", FHIRUser: "Practitioner/d2", Name: "Dr Max Blanc"},
}

type testLogin string

func (l testLogin) Name() string  { return string(l) }
func (l testLogin) Label() string { return "Se connecter (" + string(l) + ")" }

func (l testLogin) Begin(w http.ResponseWriter, r *http.Request, transaction string) error {
	http.Redirect(w, r, "https://idp.example/login?via="+string(l)+"&nonce="+transaction, http.StatusSeeOther)
	return nil
}

// testPicker knows two records by number.
type testPicker struct{}

func (testPicker) Field() (label, help string) { return "Numéro", "Quinze chiffres." }

func (testPicker) Find(_ context.Context, _ *Request, _ *Identity, typed string) (*PatientChoice, error) {
	switch {
	case typed == "111":
		return &PatientChoice{ID: "nour", Name: "Nour Petit"}, nil
	case strings.ContainsFunc(typed, func(r rune) bool { return r < '0' || r > '9' }):
		return nil, &Refusal{Message: "Ce n'est pas un numéro.", Again: true}
	}
	return nil, nil
}

// testPolicy asks professionals for their mode, and remembers what it agreed to.
type testPolicy struct {
	mu        sync.Mutex
	granted   []string // "client subject"
	withdrawn bool
}

func (p *testPolicy) Questions(_ context.Context, r *Request, who *Identity) ([]Question, error) {
	if !strings.HasPrefix(who.FHIRUser, "Practitioner/") || r.Client.Trusted {
		return nil, nil
	}
	return []Question{
		{Name: "mode", Label: "Mode d'accès", Required: true, Value: "normal", Options: []Option{{Value: "normal", Label: "Normal"}, {Value: "bris_de_glace", Label: "Bris de glace", Help: "urgence"}}},
		{Name: "justification", Label: "Justification", Required: true, MaxLength: 20, When: &Condition{Question: "mode", Answers: []string{"bris_de_glace"}}},
	}, nil
}

func (p *testPolicy) Grant(_ context.Context, r *Request, who *Identity, answers Answers) (*Granted, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if answers["justification"] == "non" {
		return nil, &Refusal{Message: "Cette justification ne suffit pas.", Again: true}
	}
	if answers["justification"] == "jamais" {
		return nil, &Refusal{Message: "Le titulaire s'y est opposé."}
	}
	p.granted = append(p.granted, r.Client.ID+" "+who.Subject)
	g := &Granted{Scopes: r.Scopes, Patient: r.Patient, NeedPatientBanner: !r.Launched}
	if mode := answers["mode"]; mode != "" {
		g.Claims = map[string]json.RawMessage{"mode": json.RawMessage(`"` + mode + `"`)}
	}
	return g, nil
}

func (p *testPolicy) Service(_ context.Context, r *ServiceRequest) (*Granted, error) {
	g := &Granted{Scopes: r.Scopes, Claims: map[string]json.RawMessage{"structure": r.Client.Attributes["structure"]}}
	if purpose := r.Assertion["extensions"]; purpose != nil {
		g.Claims["extensions"] = purpose
	}
	return g, nil
}

func (p *testPolicy) Renew(context.Context, *Renewal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.withdrawn {
		return &Refusal{}
	}
	return nil
}

// signingAlgorithm is that of a test key.
func signingAlgorithm(kid string) jwa.SignatureAlgorithm {
	return map[string]jwa.SignatureAlgorithm{"ec384": jwa.ES384, "ec256": jwa.ES256, "rsa": jwa.RS384}[kid]
}

func scopesOf(t testing.TB, text string) scope.Set {
	s, err := scope.Parse(text)
	require.NoError(t, err)
	require.True(t, slices.Equal(s.Unknown(), nil) || len(s.Unknown()) == 0)
	return s
}
