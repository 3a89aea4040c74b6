package token

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// RevocationsOptions configure Revocations. Zero fields take the defaults.
type RevocationsOptions struct {
	// Lifetime is that of the longest-lived access token: 1 h, as the Minter's; at most 24 h.
	Lifetime time.Duration
	// Size bounds how many revocations are kept at a time: 1,000,000.
	Size  int
	Clock func() time.Time
}

// Revocations are the access tokens that were taken back before they expired. They are durable, hold for the next request, and are forgotten when the tokens have expired.
type Revocations struct {
	o      RevocationsOptions
	ledger *ledger
	// count grows with every revocation: who judged a session at one count need not again until it changes.
	count atomic.Uint64
}

// OpenRevocations reads what was revoked.
func OpenRevocations(_ context.Context, s store.Store, o RevocationsOptions) (*Revocations, error) {
	fill(&o.Lifetime, time.Hour)
	fill(&o.Size, 1_000_000)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Lifetime > longestHorizon {
		return nil, errors.New("token: revocations are kept for 24 hours at most")
	}
	l, err := openLedger(s, "smart.revoked", o.Size, o.Clock)
	if err != nil {
		return nil, err
	}
	return &Revocations{o: o, ledger: l}, nil
}

// The kinds of what is revoked.
const (
	revokedToken = "token"
	revokedGrant = "grant"
)

// Token revokes one token by its jti. It holds when the call returns, and is durable when it returns nil.
func (r *Revocations) Token(ctx context.Context, id string, expires time.Time) error {
	return r.revoke(ctx, revokedToken, id, expires)
}

// Grant revokes all tokens that were made of a grant. The caller forgets the grant itself first, so that no further ones are made; identifiers of grants are never used again.
func (r *Revocations) Grant(ctx context.Context, grant string) error {
	return r.revoke(ctx, revokedGrant, grant, r.o.Clock().Add(r.o.Lifetime))
}

func (r *Revocations) revoke(ctx context.Context, kind, value string, until time.Time) error {
	if value == "" {
		return errors.New("token: nothing was named to revoke")
	}
	if last := r.o.Clock().Add(r.o.Lifetime); until.After(last) {
		until = last // no token lives longer
	}
	// Clocks differ, and a token is taken for a leeway after its expiry.
	err := r.ledger.add(ctx, markOf(kind, value), until.Add(time.Minute))
	r.count.Add(1) // also when the store failed: the ledger has it in memory
	if errors.Is(err, ErrReplayed) {
		return nil // revoked already
	}
	return err
}

// Revoked says whether the session's token was revoked.
func (r *Revocations) Revoked(s *Session) bool {
	now := r.o.Clock()
	return r.ledger.has(markOf(revokedToken, s.ID), now) || s.Grant != "" && r.ledger.has(markOf(revokedGrant, s.Grant), now)
}
