package token

import (
	"context"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// Revocations are the access tokens that were taken back before they expired. They are durable, hold for the next request, and are forgotten when the tokens have expired.
type Revocations struct{}

// RevocationsOptions configure Revocations.
type RevocationsOptions struct {
	// Lifetime is that of the longest-lived access token: 24 h.
	Lifetime time.Duration
	Clock    func() time.Time
}

// OpenRevocations reads what was revoked.
func OpenRevocations(ctx context.Context, s store.Store, o RevocationsOptions) (*Revocations, error) {
	return &Revocations{}, nil
}

// Token revokes one token by its jti.
func (r *Revocations) Token(ctx context.Context, id string, expires time.Time) error { return nil }

// Grant revokes all tokens that were made of a grant until now. The caller forgets the grant itself, so that no further ones are made.
func (r *Revocations) Grant(ctx context.Context, grant string) error { return nil }

// Revoked says whether the session's token was revoked.
func (r *Revocations) Revoked(s *Session) bool { return false }
