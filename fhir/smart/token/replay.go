package token

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// ReplaysOptions configure Replays. Zero fields take the defaults.
type ReplaysOptions struct {
	// Horizon is the farthest expiry that is taken: 1 h; at most 24 h.
	Horizon time.Duration
	// Size bounds how many values are remembered, the durable ones together and those in memory for each kind: 1,000,000. When they are full, what is new is refused (ErrFull) rather than
	// something forgotten.
	Size  int
	Clock func() time.Time
}

// Replays remembers what may be used once: client assertions, DPoP proofs, authorization codes.
type Replays struct {
	o       ReplaysOptions
	durable *ledger

	mu     sync.Mutex
	memory map[string]*seen
}

// OpenReplays reads what was used, durably, and has not expired.
func OpenReplays(_ context.Context, s store.Store, o ReplaysOptions) (*Replays, error) {
	fill(&o.Horizon, time.Hour)
	fill(&o.Size, 1_000_000)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Horizon > longestHorizon {
		return nil, errors.New("token: values are remembered for 24 hours at most")
	}
	durable, err := openLedger(s, "smart.used", o.Size, o.Clock)
	if err != nil {
		return nil, err
	}
	return &Replays{o: o, durable: durable, memory: map[string]*seen{}}, nil
}

// Use notes that a value was used, durably: when it returns nil, no later Use of the same kind and value succeeds until it expires, whatever happens to the server. The kinds are few and keep values
// apart ("assertion", with "client-id jti" for value). A value used before is ErrReplayed, no room ErrFull; one that expires beyond the horizon is an error.
func (r *Replays) Use(ctx context.Context, kind, value string, expires time.Time) error {
	if err := r.within(expires); err != nil {
		return err
	}
	return r.durable.add(ctx, markOf(kind, value), expires)
}

// Remember is Use in memory only, for what is worthless after a restart for other reasons (Proofs refuses proofs that are older than the server).
func (r *Replays) Remember(kind, value string, expires time.Time) error {
	if err := r.within(expires); err != nil {
		return err
	}
	now := r.o.Clock()
	r.mu.Lock()
	s := r.memory[kind]
	if s == nil {
		s = newSeen(r.o.Size, now)
		r.memory[kind] = s
	}
	r.mu.Unlock()
	return s.add(markOf(kind, value), expires, now)
}

func (r *Replays) within(expires time.Time) error {
	if expires.After(r.o.Clock().Add(r.o.Horizon)) {
		return errors.New("token: the value expires beyond the horizon of what is remembered")
	}
	return nil
}
