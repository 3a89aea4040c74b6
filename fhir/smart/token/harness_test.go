package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/labstack/echo/v4"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/store/embedded"
)

const (
	testIssuer = "https://carnet.test"
	testBase   = "https://carnet.test/fhir"
)

var ctx = context.Background()

// rig is keys, minter and verifier on a real store, under a clock that tests move.
type rig struct {
	t           testing.TB
	fs          vfs.FS
	now         atomic.Int64
	store       *embedded.Store
	keys        *Keys
	minter      *Minter
	replays     *Replays
	revocations *Revocations
	proofs      *Proofs
	verifier    *Verifier
	keysOptions KeysOptions
	decode      func(*Session) (any, error)
}

func newRig(t testing.TB, change ...func(*rig)) *rig {
	t.Helper()
	r := &rig{t: t, fs: vfs.NewMem()}
	r.now.Store(time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).UnixNano())
	for _, c := range change {
		c(r)
	}
	r.open()
	t.Cleanup(func() { r.store.Close() })
	return r
}

func (r *rig) clock() time.Time       { return time.Unix(0, r.now.Load()) }
func (r *rig) pass(d time.Duration)   { r.now.Add(int64(d)) }
func (r *rig) restart()               { r.t.Helper(); require.NoError(r.t, r.store.Close()); r.open() }
func (r *rig) minted(a Access) string { r.t.Helper(); text, _ := r.mint(a); return text }
func (r *rig) try(token string) error { _, err := r.verifier.Token(ctx, token); return err }
func scopes(t testing.TB, s string) scope.Set {
	t.Helper()
	out, err := scope.Parse(s)
	require.NoError(t, err)
	return out
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	r.store, err = embedded.Open("data", embedded.Options{FS: r.fs, Clock: r.clock})
	require.NoError(r.t, err)
	o := r.keysOptions
	o.Clock = r.clock
	r.keys, err = OpenKeys(ctx, r.store, o)
	require.NoError(r.t, err)
	r.minter, err = NewMinter(MinterOptions{Keys: r.keys, Issuer: testIssuer, Audience: testBase, Clock: r.clock})
	require.NoError(r.t, err)
	r.replays, err = OpenReplays(ctx, r.store, ReplaysOptions{Clock: r.clock})
	require.NoError(r.t, err)
	r.revocations, err = OpenRevocations(ctx, r.store, RevocationsOptions{Clock: r.clock})
	require.NoError(r.t, err)
	r.proofs, err = NewProofs(ProofsOptions{Replays: r.replays, Clock: r.clock})
	require.NoError(r.t, err)
	r.verifier, err = NewVerifier(VerifierOptions{
		Keys: r.keys, Issuer: testIssuer, Audience: testBase, Revocations: r.revocations, Proofs: r.proofs, Clock: r.clock, Decode: r.decode,
		Public: func(req *http.Request) bool {
			return strings.HasSuffix(req.URL.Path, "/.well-known/smart-configuration")
		},
	})
	require.NoError(r.t, err)
}

// app is what a plain application is granted.
func (r *rig) app() Access {
	return Access{Grant: "grant-1", Client: "app", Subject: "user-1", FHIRUser: "Practitioner/p", Patient: "a", Scopes: scopes(r.t, "patient/*.rs openid launch/patient")}
}

func (r *rig) mint(a Access) (string, *Session) {
	r.t.Helper()
	text, s, err := r.minter.Access(ctx, a)
	require.NoError(r.t, err)
	return text, s
}

// refused requires a fault of the status, without anything of the token in it, and gives it.
func refused(t testing.TB, err error, status int, code fault.Code) *fault.Fault {
	t.Helper()
	var f *fault.Fault
	require.Error(t, err)
	require.True(t, errors.As(err, &f), "%v", err)
	require.Equal(t, status, f.Status, f.Error())
	require.Equal(t, code, f.Issues[0].Code, f.Error())
	require.NotContains(t, f.Error(), "eyJ")
	require.NotEmpty(t, f.Header["Www-Authenticate"])
	return f
}

// forge signs a header and claims with a key of the test's.
func forge(t testing.TB, k *key, head, claims map[string]any) string {
	t.Helper()
	return signedBy(t, k.algorithm, k.private, head, claims)
}

// device is a client with a DPoP key.
type device struct {
	private *ecdsa.PrivateKey
	jkt     string
	n       int
}

func newDevice(t testing.TB) *device {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	jkt, err := thumbprint(private.Public())
	require.NoError(t, err)
	return &device{private: private, jkt: jkt}
}

// proof makes the proof for a request; edit may spoil it.
func (d *device) proof(t testing.TB, r *rig, method, url, token string, edit ...func(head, claims map[string]any)) string {
	t.Helper()
	d.n++
	public, err := jwk.FromRaw(d.private.Public())
	require.NoError(t, err)
	head := map[string]any{"alg": "ES256", "typ": "dpop+jwt", "jwk": public}
	claims := map[string]any{"jti": fmt.Sprintf("proof-%d", d.n), "htm": method, "htu": url, "iat": r.clock().Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = base64url.EncodeToString(sum[:])
	}
	for _, e := range edit {
		e(head, claims)
	}
	return forge(t, &key{algorithm: jwa.ES256, private: d.private}, head, claims)
}

// request makes a request with headers "Name: value".
func request(method, target string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, target, nil)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	return req
}

func (r *rig) middlewares() []echo.MiddlewareFunc {
	return []echo.MiddlewareFunc{r.verifier.Middleware()}
}
