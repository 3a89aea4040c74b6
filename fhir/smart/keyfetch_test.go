package smart

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyHost serves a key set and counts how often it is asked.
type keyHost struct {
	*httptest.Server
	asked atomic.Int64
	serve atomic.Value // http.HandlerFunc
}

func newKeyHost(t *testing.T) *keyHost {
	h := &keyHost{}
	h.serve.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(publicKeys()) }))
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.asked.Add(1)
		h.serve.Load().(http.HandlerFunc)(w, r)
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *keyHost) answer(f http.HandlerFunc) { h.serve.Store(f) }

var loopbackNetwork = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestKeysAreFetchedAndKept(t *testing.T) {
	h, now := newKeyHost(t), time.Unix(1_700_000_000, 0)
	f := newKeyFetcher(loopbackNetwork, func() time.Time { return now })
	fetch := func(kid string) error {
		set, err := f.fetch(t.Context(), h.URL, kid)
		if err == nil {
			require.NotNil(t, set)
		}
		return err
	}
	require.NoError(t, fetch("rsa"))
	require.NoError(t, fetch("rsa"))
	assert.EqualValues(t, 1, h.asked.Load())
	require.NoError(t, fetch("unknown"))
	assert.EqualValues(t, 1, h.asked.Load(), "an unknown key does not make us ask at once again: anybody could name one")
	now = now.Add(keysRetry)
	require.NoError(t, fetch("unknown"))
	assert.EqualValues(t, 2, h.asked.Load())
	now = now.Add(keysFresh)
	require.NoError(t, fetch("rsa"))
	assert.EqualValues(t, 3, h.asked.Load())
	h.Close()
	now = now.Add(keysFresh)
	require.NoError(t, fetch("rsa"), "a key set outlives its host for a while")
	now = now.Add(keysStale)
	require.Error(t, fetch("rsa"), "and not for ever: what was withdrawn must end")
}

func TestKeysThatAreNotTaken(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"a redirection": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"too much": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[` + strings.Repeat(" ", maxKeySet) + `]}`))
		},
		"a private key": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[{"kty":"oct","k":"AAAA","kid":"1"}]}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newKeyHost(t)
			h.answer(serve)
			_, err := newKeyFetcher(loopbackNetwork, time.Now).fetch(t.Context(), h.URL, "rsa")
			require.Error(t, err)
			assert.EqualValues(t, 1, h.asked.Load())
		})
	}
}

func TestKeysOfPrivateNetworksAreNotFetched(t *testing.T) {
	h := newKeyHost(t)
	_, err := newKeyFetcher(nil, time.Now).fetch(t.Context(), h.URL, "rsa")
	require.Error(t, err)
	assert.Zero(t, h.asked.Load())
	for _, address := range []string{"127.0.0.1:443", "[::1]:443", "10.0.0.1:443", "192.168.1.1:443", "169.254.169.254:80", "100.64.0.1:443", "[fe80::1]:443", "[fd00::1]:443", "[::ffff:127.0.0.1]:443", "0.0.0.0:443", "224.0.0.1:443", "[64:ff9b::7f00:1]:443", "198.18.0.1:443", "nonsense"} {
		assert.Error(t, reachable(address, nil), address)
	}
	assert.NoError(t, reachable("93.184.216.34:443", nil))
	assert.NoError(t, reachable("10.0.0.1:443", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}))
}

// TestBackendByItsKeySet signs with a key that its client publishes, and with one that it has withdrawn.
func TestBackendByItsKeySet(t *testing.T) {
	h := newKeyHost(t)
	w := newWorld(t, func(o *Options) {
		var err error
		o.Clients, err = NewClients(&Client{ID: "backend", Name: "B", GrantTypes: []string{GrantCredentials}, AuthMethod: AuthPrivateKey, JWKSURI: h.URL, Scope: "system/*.rs"})
		require.NoError(t, err)
		o.JWKSNetworks = loopbackNetwork
	})
	c := &conversation{t: t, world: w, known: map[string]string{}, secrets: map[string]string{}}
	ask := func(words ...string) tokenAnswer {
		return w.ask(t, map[string][]string{"grant_type": {GrantCredentials}, "scope": {"system/Patient.rs"}, "client_assertion_type": {assertionType}, "client_assertion": {c.assertion(words)}})
	}
	assert.NotEmpty(t, ask("key=rsa").Access)
	assert.NotEmpty(t, ask("key=rsa", "jku="+h.URL).Access)
	assert.Equal(t, "invalid_client", ask("key=rsa", "jku=https://evil.example/jwks").Error)
	h.answer(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(strings.Replace(string(publicKeys()), `"rsa"`, `"another"`, 1)))
	})
	w.Advance(keysFresh)
	assert.Equal(t, "invalid_client", ask("key=rsa").Error)
}
