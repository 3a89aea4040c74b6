package token

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func kids(t testing.TB, k *Keys) []string {
	t.Helper()
	var set struct {
		Keys []struct{ Kid, Alg, Use, D string }
	}
	require.NoError(t, json.Unmarshal(k.JWKS(), &set))
	out := []string{}
	for _, each := range set.Keys {
		require.Equal(t, "sig", each.Use)
		require.Empty(t, each.D)
		out = append(out, each.Kid)
	}
	return out
}

func kidOf(t testing.TB, token string) string {
	t.Helper()
	c, err := parseCompact(token)
	require.NoError(t, err)
	return c.header.Key
}

// The life of a key: published, signing after the overlap, verifying until its last token expired, gone.
func TestRotation(t *testing.T) {
	r := newRig(t)
	first := kids(t, r.keys)
	require.Len(t, first, 1)
	require.Equal(t, first[0], kidOf(t, r.minted(r.app())))
	r.pass(89*24*time.Hour - time.Second)
	require.NoError(t, r.keys.Maintain(ctx))
	require.Equal(t, first, kids(t, r.keys))
	r.pass(time.Second)
	require.NoError(t, r.keys.Maintain(ctx))
	both := kids(t, r.keys)
	require.Len(t, both, 2, "the next key is published a day before it signs")
	r.pass(24*time.Hour - time.Second)
	old := r.minted(r.app())
	require.Equal(t, first[0], kidOf(t, old))
	r.pass(time.Second)
	young := r.minted(r.app())
	require.Equal(t, both[1], kidOf(t, young))
	require.NoError(t, r.try(old), "what the old key signed is still good")
	require.NoError(t, r.try(young))
	r.restart()
	require.Equal(t, both, kids(t, r.keys))
	require.NoError(t, r.try(young))
	r.pass(24*time.Hour + time.Minute)
	require.NoError(t, r.keys.Maintain(ctx))
	require.Len(t, kids(t, r.keys), 2)
	r.pass(time.Second)
	require.NoError(t, r.keys.Maintain(ctx))
	require.Equal(t, both[1:], kids(t, r.keys))

	// A server that slept for years publishes before it signs, too.
	r.pass(5 * 365 * 24 * time.Hour)
	require.Equal(t, both[1], kidOf(t, r.minted(r.app())))
	require.Len(t, kids(t, r.keys), 2)
	r.pass(24 * time.Hour)
	require.NotEqual(t, both[1], kidOf(t, r.minted(r.app())))
}

func TestRotateByHand(t *testing.T) {
	r := newRig(t)
	require.NoError(t, r.keys.Rotate(ctx))
	require.NoError(t, r.keys.Rotate(ctx))
	both := kids(t, r.keys)
	require.Len(t, both, 2, "one next key is enough")
	require.Equal(t, both[0], kidOf(t, r.minted(r.app())))
	r.pass(24 * time.Hour)
	require.Equal(t, both[1], kidOf(t, r.minted(r.app())))
}

func TestWithdraw(t *testing.T) {
	r := newRig(t)
	text := r.minted(r.app())
	require.NoError(t, r.try(text), "and cached")
	require.NoError(t, r.keys.Withdraw(ctx, kidOf(t, text)))
	refused(t, r.try(text), 401, fault.Unknown)
	next := r.minted(r.app())
	require.NoError(t, r.try(next))
	require.NotEqual(t, kidOf(t, text), kidOf(t, next))
	require.Error(t, r.keys.Withdraw(ctx, kidOf(t, text)), "there is no such key any more")
	require.NoError(t, r.keys.Rotate(ctx))
	require.NoError(t, r.keys.Withdraw(ctx, kids(t, r.keys)[1]), "a key that does not sign yet")
	require.NoError(t, r.try(next))
	require.Equal(t, kidOf(t, next), kidOf(t, r.minted(r.app())))
	// The one that signs goes while the next is published: another takes its place at once.
	require.NoError(t, r.keys.Rotate(ctx))
	require.NoError(t, r.keys.Withdraw(ctx, kidOf(t, next)))
	refused(t, r.try(next), 401, fault.Unknown)
	require.NoError(t, r.try(r.minted(r.app())))
	r.restart()
	require.NoError(t, r.try(r.minted(r.app())))
}

func TestAlgorithmChanges(t *testing.T) {
	r := newRig(t)
	text := r.minted(r.app())
	r.keysOptions.Algorithm = "RS256"
	r.restart()
	require.Len(t, kids(t, r.keys), 2)
	require.Equal(t, kidOf(t, text), kidOf(t, r.minted(r.app())))
	r.pass(24 * time.Hour)
	rs := r.minted(r.app())
	require.NotEqual(t, kidOf(t, text), kidOf(t, rs))
	require.NoError(t, r.try(rs))
}

// With a secret, nothing of a private key is in the store, and the keys open with that secret only.
func TestSealedKeys(t *testing.T) {
	r := newRig(t)
	stored := func() []byte {
		view, err := r.store.View(0)
		require.NoError(t, err)
		defer view.Close()
		value, err := view.Meta(keysSetting)
		require.NoError(t, err)
		return value
	}
	text := r.minted(r.app())
	require.Contains(t, string(stored()), `"d":`)
	r.keysOptions.Secret = bytes.Repeat([]byte{7}, 32)
	r.restart()
	require.NotContains(t, string(stored()), `"d":`, "keys that stood in the open are sealed at the next start")
	require.NoError(t, r.try(text))
	r.restart()
	require.NoError(t, r.try(text))
	for _, secret := range [][]byte{nil, bytes.Repeat([]byte{8}, 32), {1}} {
		_, err := OpenKeys(ctx, r.store, KeysOptions{Clock: r.clock, Secret: secret})
		require.Error(t, err)
	}
	require.Len(t, r.keys.ring.Load().keys, 2, "keys that stood in the open have a successor")
	r.pass(25 * time.Hour)
	require.NotEqual(t, headerOf(t, text).Key, headerOf(t, r.minted(r.app())).Key, "which signs after its overlap")

	// A store that was restored without its secret: the keys are lost, and nothing else.
	other := bytes.Repeat([]byte{9}, 32)
	_, err := OpenKeys(ctx, r.store, KeysOptions{Clock: r.clock, Secret: other})
	require.ErrorIs(t, err, ErrSealed)
	replaced, err := OpenKeys(ctx, r.store, KeysOptions{Clock: r.clock, Secret: other, Replace: true})
	require.NoError(t, err)
	require.Len(t, replaced.ring.Load().keys, 1)
	again, err := OpenKeys(ctx, r.store, KeysOptions{Clock: r.clock, Secret: other, Replace: true})
	require.NoError(t, err)
	require.Equal(t, kids(t, replaced), kids(t, again), "what opens is not replaced")
}

func headerOf(t *testing.T, text string) header {
	c, err := parseCompact(text)
	require.NoError(t, err)
	return c.header
}

// Two processes on one store end with the same keys.
func TestKeysOfTwoProcesses(t *testing.T) {
	r := newRig(t)
	other, err := OpenKeys(ctx, r.store, KeysOptions{Clock: r.clock})
	require.NoError(t, err)
	require.Equal(t, kids(t, r.keys), kids(t, other))
	require.NoError(t, r.keys.Rotate(ctx))
	require.NoError(t, other.Rotate(ctx), "it sees that the next key is there")
	require.Equal(t, kids(t, r.keys), kids(t, other))
	require.Len(t, kids(t, other), 2)
}

func TestKeysOptions(t *testing.T) {
	r := newRig(t)
	for _, o := range []KeysOptions{{Algorithm: "HS256"}, {Algorithm: "none"}, {Rotation: time.Hour, Overlap: 2 * time.Hour}} {
		_, err := OpenKeys(ctx, r.store, o)
		require.Error(t, err)
	}
	_, err := NewMinter(MinterOptions{Keys: r.keys, Issuer: testIssuer, Audience: testBase, LongestLifetime: 25 * time.Hour})
	require.Error(t, err, "tokens would outlive the keys that verify them")
	for _, bad := range []string{"", "carnet.test", "https://carnet.test/fhir?x=1"} {
		_, err := NewMinter(MinterOptions{Keys: r.keys, Issuer: bad, Audience: testBase})
		require.Error(t, err)
		_, err = NewVerifier(VerifierOptions{Keys: r.keys, Issuer: testIssuer, Audience: bad})
		require.Error(t, err)
	}
}
