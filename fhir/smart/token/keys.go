package token

import (
	"bytes"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"

	"github.com/carnet-fhir/carnet/store"
)

// keysSetting is where the store has the keys.
const keysSetting = "smart.keys"

// KeysOptions configure Keys. Zero fields take the defaults.
type KeysOptions struct {
	// Algorithm is ES256 (default) or RS256. A store whose keys are of another one gets a next key of this one, as at a rotation.
	Algorithm string
	// Rotation is how long a key signs: 90 days. Overlap is how long a key is published before it signs, so that whoever keeps the JWKS has it: 24 h.
	Rotation, Overlap time.Duration
	// Lifetime is that of the longest-lived token that a key signs; a key verifies for so long after its last signature: 24 h.
	Lifetime time.Duration
	// Clock tells the time; nil: time.Now.
	Clock func() time.Time
	// Secret (32 bytes) encrypts the private keys in the store; nil: they stand there as they are, and an export of the store holds them.
	Secret []byte
	// Replace makes new keys where those of the store do not open with the Secret, instead of an error: tokens that they signed are invalid then. It is for a store that was restored without its secret.
	Replace bool
}

// Keys are the server's signing keys, kept in the store's settings. They are safe for concurrent use.
type Keys struct {
	o      KeysOptions
	store  store.Store
	sealer cipher.AEAD
	mu     sync.Mutex // one change at a time
	ring   atomic.Pointer[ring]
}

// ring is the state of the keys. It is immutable.
type ring struct {
	keys   []*key // by the time from which they sign
	byID   map[string]*key
	jwks   []byte
	stored []byte
	// withdrawals counts the keys that were taken away before their time, so that what was verified by them is verified anew.
	withdrawals int
}

// OpenKeys reads the keys from the store, or makes the first one.
func OpenKeys(ctx context.Context, s store.Store, o KeysOptions) (*Keys, error) {
	fill(&o.Algorithm, jwa.ES256.String())
	fill(&o.Rotation, 90*24*time.Hour)
	fill(&o.Overlap, 24*time.Hour)
	fill(&o.Lifetime, 24*time.Hour)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Algorithm != jwa.ES256.String() && o.Algorithm != jwa.RS256.String() {
		return nil, errors.New("token: signing keys are of ES256 or RS256")
	}
	if o.Rotation < o.Overlap {
		return nil, errors.New("token: a signing key must sign for longer than it is published before")
	}
	sealer, err := newSealer(o.Secret)
	if err != nil {
		return nil, err
	}
	k := &Keys{o: o, store: s, sealer: sealer}
	k.mu.Lock()
	defer k.mu.Unlock()
	r, err := k.load(0)
	if errors.Is(err, ErrSealed) && o.Replace {
		err = k.discard(ctx)
		r = &ring{byID: map[string]*key{}}
	}
	if err != nil {
		return nil, err
	}
	k.ring.Store(r)
	if len(r.keys) > 0 && sealer != nil && !bytes.Contains(r.stored, []byte(`"sealed"`)) {
		if err := k.change(ctx, k.succeed); err != nil {
			return nil, err
		}
	}
	return k, k.change(ctx, k.due)
}

// succeed gives keys that stood in the open until now a successor: copies of the store may hold them.
func (k *Keys) succeed(keys []*key, now time.Time) ([]*key, int, error) {
	next, err := newKey(jwa.SignatureAlgorithm(k.o.Algorithm), now, now.Add(k.o.Overlap))
	return append(slices.DeleteFunc(slices.Clone(keys), func(old *key) bool { return old.signs.After(now) }), next), 0, err
}

// discard forgets keys that nobody can open.
func (k *Keys) discard(ctx context.Context) error {
	_, err := k.store.Commit(ctx, &store.Tx{Meta: map[string][]byte{keysSetting: nil}})
	return err
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Maintain rotates: publishes the next key, lets it sign when its overlap is over, forgets keys whose tokens have all expired. It is called before signing too; a server calls it now and then so that
// the next key is published in time.
func (k *Keys) Maintain(ctx context.Context) error {
	if keys, _, err := k.due(k.ring.Load().keys, k.o.Clock()); err != nil || keys == nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(ctx, k.due)
}

// due gives the keys as they should be now, nil when nothing is to be done.
func (k *Keys) due(keys []*key, now time.Time) ([]*key, int, error) {
	out := slices.Clone(keys)
	changed := false
	for len(out) > 1 && now.After(out[1].signs.Add(k.o.Lifetime).Add(time.Minute)) { // a minute for clocks that differ
		out, changed = out[1:], true
	}
	signs, wanted := now, len(out) == 0
	if !wanted {
		last := out[len(out)-1]
		signs = last.signs.Add(k.o.Rotation)
		if least := now.Add(k.o.Overlap); signs.Before(least) {
			signs = least
		}
		wanted = !last.signs.After(now) && (!now.Before(last.signs.Add(k.o.Rotation-k.o.Overlap)) || last.algorithm.String() != k.o.Algorithm)
		if wanted && last.algorithm.String() != k.o.Algorithm {
			signs = now.Add(k.o.Overlap)
		}
	}
	if !wanted && !changed {
		return nil, 0, nil
	}
	if wanted {
		next, err := newKey(jwa.SignatureAlgorithm(k.o.Algorithm), now, signs)
		if err != nil {
			return nil, 0, err
		}
		out = append(out, next)
	}
	return out, 0, nil
}

// Rotate publishes a next key at once; it signs after the overlap. When a next key is published already, nothing changes.
func (k *Keys) Rotate(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(ctx, func(keys []*key, now time.Time) ([]*key, int, error) {
		if len(keys) > 0 && keys[len(keys)-1].signs.After(now) {
			return nil, 0, nil
		}
		next, err := newKey(jwa.SignatureAlgorithm(k.o.Algorithm), now, now.Add(k.o.Overlap))
		return append(slices.Clone(keys), next), 0, err
	})
}

// Withdraw removes a key at once, because its private part is no longer a secret: all tokens that it signed are invalid from now on. When it was the one that signs, a new one takes its place
// without overlap.
func (k *Keys) Withdraw(ctx context.Context, kid string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.change(ctx, func(keys []*key, now time.Time) ([]*key, int, error) {
		i := slices.IndexFunc(keys, func(each *key) bool { return each.id == kid })
		if i < 0 {
			return nil, 0, errors.New("token: there is no signing key of this kid")
		}
		out := slices.Delete(slices.Clone(keys), i, i+1)
		if len(out) > 0 && !out[0].signs.After(now) {
			if s := signer(keys, now); s.id != kid {
				return out, 1, nil
			}
		}
		next, err := newKey(jwa.SignatureAlgorithm(k.o.Algorithm), now, now)
		out = append(out, next)
		slices.SortStableFunc(out, func(a, b *key) int { return a.signs.Compare(b.signs) })
		return out, 1, err
	})
}

// change replaces the keys by what how gives (nil: nothing), under the condition that the store has them as they were read.
func (k *Keys) change(ctx context.Context, how func([]*key, time.Time) ([]*key, int, error)) error {
	for range 5 {
		old := k.ring.Load()
		keys, withdrawn, err := how(old.keys, k.o.Clock())
		if err != nil || keys == nil {
			return err
		}
		rows := make([]keyRow, len(keys))
		for i, each := range keys {
			if rows[i], err = each.row(k.sealer); err != nil {
				return err
			}
		}
		stored, err := json.Marshal(rows)
		if err != nil {
			return err
		}
		_, err = k.store.Commit(ctx, &store.Tx{Meta: map[string][]byte{keysSetting: stored}, Guard: func(v store.View) error {
			now, err := v.Meta(keysSetting)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if !bytes.Equal(now, old.stored) {
				return errOvertaken
			}
			return nil
		}})
		if err != nil && !errors.Is(err, errOvertaken) {
			return fmt.Errorf("token: the signing keys cannot be stored: %w", err)
		}
		// Read back what was written, or what another instance wrote first.
		r, failed := k.load(old.withdrawals + withdrawn)
		if failed != nil {
			return failed
		}
		k.ring.Store(r)
		if err == nil {
			return nil
		}
	}
	return errOvertaken
}

var errOvertaken = errors.New("token: the signing keys were changed by another process")

// load reads the ring from the store.
func (k *Keys) load(withdrawals int) (*ring, error) {
	view, err := k.store.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	stored, err := view.Meta(keysSetting)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	r := &ring{stored: stored, byID: map[string]*key{}, withdrawals: withdrawals}
	var rows []keyRow
	if len(stored) > 0 {
		if err := json.Unmarshal(stored, &rows); err != nil {
			return nil, errBadKey
		}
	}
	set := jwk.NewSet()
	for i := range rows {
		each, err := rows[i].key(k.sealer)
		if err != nil {
			return nil, err
		}
		public, err := each.public()
		if err != nil {
			return nil, err
		}
		if err := set.AddKey(public); err != nil {
			return nil, err
		}
		r.keys = append(r.keys, each)
		r.byID[each.id] = each
	}
	r.jwks, err = json.Marshal(set)
	return r, err
}

// signer gives the key that signs: the last whose time has come.
func signer(keys []*key, now time.Time) *key {
	current := keys[0]
	for _, each := range keys[1:] {
		if !each.signs.After(now) {
			current = each
		}
	}
	return current
}

// current gives the key to sign with, after what is due was done.
func (k *Keys) current(ctx context.Context) (*key, error) {
	if err := k.Maintain(ctx); err != nil {
		return nil, err
	}
	return signer(k.ring.Load().keys, k.o.Clock()), nil
}

// JWKS gives the public keys (RFC 7517, section 5), those that do not sign yet included. The slice must not be changed.
func (k *Keys) JWKS() []byte { return k.ring.Load().jwks }

// Algorithm gives the algorithm of new keys.
func (k *Keys) Algorithm() string { return k.o.Algorithm }
