package token

import (
	"context"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// Replays remembers what may be used once: client assertions, DPoP proofs, authorization codes.
type Replays struct{}

// ReplaysOptions configure Replays. Zero fields take the defaults.
type ReplaysOptions struct {
	// Horizon is the farthest expiry that is taken: 1 h.
	Horizon time.Duration
	// Size bounds how many are remembered: 1,000,000. When they are full, what is new is refused (503) rather than something forgotten.
	Size  int
	Clock func() time.Time
}

// OpenReplays reads what was used, durably, and has not expired.
func OpenReplays(ctx context.Context, s store.Store, o ReplaysOptions) (*Replays, error) {
	return &Replays{}, nil
}

// Use notes that a value was used, durably: when it returns nil, no later Use of the same kind and value succeeds until it expires, whatever happens to the server. The kinds keep values apart
// ("assertion client-id", "code"). A value used before is ErrReplayed; one that expires beyond the horizon is an error.
func (r *Replays) Use(ctx context.Context, kind, value string, expires time.Time) error { return nil }

// Remember is Use in memory only, for what is worthless after a restart for other reasons (Proofs refuses proofs that are older than the server).
func (r *Replays) Remember(kind, value string, expires time.Time) error { return nil }
