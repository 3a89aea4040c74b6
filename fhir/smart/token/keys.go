package token

import (
	"context"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// KeysOptions configure Keys. Zero fields take the defaults.
type KeysOptions struct {
	// Algorithm is ES256 (default) or RS256.
	Algorithm string
	// Rotation is how long a key signs: 90 days. Overlap is how long a key is published before it signs, so that whoever keeps the JWKS has it: 24 h.
	Rotation, Overlap time.Duration
	// Lifetime is that of the longest-lived token that a key signs; a key verifies for so long after its last signature: 24 h.
	Lifetime time.Duration
	// Clock tells the time; nil: time.Now.
	Clock func() time.Time
	// Secret (32 bytes) encrypts the private keys in the store; nil: they stand there as they are, and an export of the store holds them.
	Secret []byte
}

// Keys are the server's signing keys, kept in the store's settings. They are safe for concurrent use.
type Keys struct{}

// OpenKeys reads the keys from the store, or makes the first one.
func OpenKeys(ctx context.Context, s store.Store, o KeysOptions) (*Keys, error) { return &Keys{}, nil }

// Maintain rotates: publishes the next key, lets it sign when its overlap is over, forgets keys whose tokens have all expired. It is called before signing too; a server calls it now and then so that
// the next key is published in time.
func (k *Keys) Maintain(ctx context.Context) error { return nil }

// Rotate publishes a next key at once; it signs after the overlap.
func (k *Keys) Rotate(ctx context.Context) error { return nil }

// Withdraw removes a key at once, because its private part is no longer a secret: all tokens that it signed are invalid from now on. When it was the one that signs, a new one takes its place without overlap.
func (k *Keys) Withdraw(ctx context.Context, kid string) error { return nil }

// JWKS gives the public keys (RFC 7517, section 5), those that do not sign yet included. The slice must not be changed.
func (k *Keys) JWKS() []byte { return nil }

// Algorithm gives the algorithm of new signatures.
func (k *Keys) Algorithm() string { return "" }
