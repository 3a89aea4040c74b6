package smart

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// grantID names an authorization, at random.
type grantID [16]byte

func newGrantID() (id grantID) {
	_, _ = rand.Read(id[:]) // never fails
	return id
}

func (id grantID) String() string { return encode(id[:]) }

// owner is whose authorization it is, and which client's: the first halves of two hashes, enough to find them and nothing to read.
type owner struct{ subject, client [8]byte }

func ownerOf(subject, client string) owner {
	return owner{short(subject), short(client)}
}

func short(s string) (out [8]byte) {
	h := sha256.Sum256([]byte(s))
	copy(out[:], h[:])
	return out
}

// live is what is kept of an authorization that can be refreshed; everything else travels sealed in its refresh token.
type live struct {
	// current is the hash of the one refresh token that is valid now, cut to 128 bits: a second preimage is out of reach and nothing else is of use.
	current [16]byte
	owner   owner
	expires int64 // seconds since the Unix epoch
}

const (
	// shards is among how many settings the ledger lies. Settings are held in memory and their table is copied with every commit that changes one, so that many are dear;
	// a setting is written whole, so that long ones are dear too. 1,024 settings cost tens of microseconds, and with 100,000 authorizations each has 5.5 KB.
	shards       = 1024
	ledgerName   = "smart.grants."
	ledgerRow    = 16 + 16 + 16 + 8
	ledgerFormat = 1
	// perOwner bounds how many authorizations one person may have with one client; the one that expires first gives way.
	perOwner = 256
)

var (
	errFull  = errors.New("smart: the server holds as many authorizations as it may")
	errOther = errors.New("smart: another refresh token is current")
	errGone  = errors.New("smart: no such authorization")
)

// ledger is the authorizations that can be refreshed, durable, in memory whole.
type ledger struct {
	store store.Store
	clock func() time.Time
	max   int64
	count atomic.Int64
	shard [shards]struct {
		sync.Mutex
		rows map[grantID]live
	}
	mu     sync.Mutex
	owners map[owner][]grantID
}

func shardOf(id grantID) int { return int(id[0])<<2 | int(id[1])>>6 }

// openLedger reads the authorizations that have not expired.
func openLedger(s store.Store, max int64, clock func() time.Time) (*ledger, error) {
	l := &ledger{store: s, clock: clock, max: max, owners: map[owner][]grantID{}}
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	now := clock().Unix()
	for n := range shards {
		text, err := view.Meta(shardName(n))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := l.read(n, text, now); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func shardName(n int) string { return fmt.Sprintf("%s%03x", ledgerName, n) }

// alive says whether an authorization can still be refreshed.
func (l *ledger) alive(id grantID) bool {
	s := &l.shard[shardOf(id)]
	s.Lock()
	defer s.Unlock()
	row, ok := s.rows[id]
	return ok && row.expires > l.clock().Unix()
}

// open begins an authorization. evicted are older ones of the same person and client that gave way.
func (l *ledger) open(ctx context.Context, id grantID, row live) (evicted []grantID, err error) {
	if l.count.Load() >= l.max {
		if err := l.sweep(ctx); err != nil {
			return nil, err
		}
		if l.count.Load() >= l.max {
			return nil, errFull
		}
	}
	evicted = l.crowded(row.owner)
	for _, old := range evicted {
		if err := l.close(ctx, old); err != nil {
			return nil, err
		}
	}
	return evicted, l.change(ctx, id, func(rows map[grantID]live) error {
		rows[id] = row
		return nil
	})
}

// rotate puts one refresh token into the place of another. errGone: there is no such authorization; errOther: from is not the current token.
func (l *ledger) rotate(ctx context.Context, id grantID, from, to [16]byte) error {
	return l.change(ctx, id, func(rows map[grantID]live) error {
		row, ok := rows[id]
		switch {
		case !ok || row.expires <= l.clock().Unix():
			return errGone
		case row.current != from:
			return errOther
		}
		row.current = to
		rows[id] = row
		return nil
	})
}

// close ends an authorization; errGone is not told.
func (l *ledger) close(ctx context.Context, id grantID) error {
	err := l.change(ctx, id, func(rows map[grantID]live) error {
		if _, ok := rows[id]; !ok {
			return errGone
		}
		delete(rows, id)
		return nil
	})
	if errors.Is(err, errGone) {
		return nil
	}
	return err
}

// change edits one shard, durably, before anybody sees it. What expired there goes too, so that nothing stays for good: identifiers are random, every shard has its turn.
func (l *ledger) change(ctx context.Context, id grantID, edit func(map[grantID]live) error) error {
	n := shardOf(id)
	s := &l.shard[n]
	s.Lock()
	defer s.Unlock()
	now := l.clock().Unix()
	next := make(map[grantID]live, len(s.rows)+1)
	for k, row := range s.rows {
		if row.expires > now || k == id {
			next[k] = row
		}
	}
	if err := edit(next); err != nil {
		return err
	}
	if _, err := l.store.Commit(ctx, &store.Tx{Meta: map[string][]byte{shardName(n): writeRows(next)}}); err != nil {
		return err
	}
	before := s.rows
	s.rows = next
	l.note(before, next)
	return nil
}

// sweep removes what expired from every shard that has some.
func (l *ledger) sweep(ctx context.Context) error {
	now := l.clock().Unix()
	for n := range shards {
		s := &l.shard[n]
		s.Lock()
		var stale *grantID
		for id, row := range s.rows {
			if row.expires <= now {
				stale = &id
				break
			}
		}
		s.Unlock()
		if stale != nil {
			if err := l.close(ctx, *stale); err != nil {
				return err
			}
		}
	}
	return nil
}

// note brings the counts and the owners up to date.
func (l *ledger) note(before, after map[grantID]live) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, row := range before {
		if _, stays := after[id]; !stays {
			l.count.Add(-1)
			l.forget(row.owner, id)
		}
	}
	for id, row := range after {
		if _, was := before[id]; !was {
			l.count.Add(1)
			l.owners[row.owner] = append(l.owners[row.owner], id)
		}
	}
}

func (l *ledger) forget(o owner, id grantID) {
	list := l.owners[o]
	for n := range list {
		if list[n] == id {
			list = append(list[:n], list[n+1:]...)
			break
		}
	}
	if len(list) == 0 {
		delete(l.owners, o)
		return
	}
	l.owners[o] = list
}

// crowded gives the authorizations that must give way for one more of an owner: the oldest.
func (l *ledger) crowded(o owner) []grantID {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := l.owners[o]
	if len(list) < perOwner {
		return nil
	}
	return append([]grantID(nil), list[:len(list)-perOwner+1]...)
}

// of gives the authorizations of a subject, of a client, or of both; an empty text stands for all.
func (l *ledger) of(subject, client string) (out []grantID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	want := ownerOf(subject, client)
	for o, list := range l.owners {
		if (subject == "" || o.subject == want.subject) && (client == "" || o.client == want.client) {
			out = append(out, list...)
		}
	}
	return out
}
