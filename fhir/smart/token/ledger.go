package token

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// ledger is a seen whose marks are in the store before add returns. A minute's marks are one setting, in one of slots places by the number of the minute, so that the settings stay few and what expired
// is overwritten in time; adds that come together are one commit.
type ledger struct {
	*seen
	store store.Store
	name  string
	clock func() time.Time

	pending *ledgerBatch   // under seen.mu
	stale   map[int64]bool // slots of minutes that are over: the next commit clears them
	writing sync.Mutex
}

// ledgerBatch are the minutes that the next commit writes.
type ledgerBatch struct {
	minutes map[minute]bool
	done    chan struct{}
	err     error
}

// slots is the number of settings of a ledger: a mark may expire up to slots-1 minutes from now, a bit more than a day.
const slots = 1500

const longestHorizon = 24 * time.Hour

func openLedger(s store.Store, name string, size int, clock func() time.Time) (*ledger, error) {
	now := clock()
	l := &ledger{seen: newSeen(size, now), store: s, name: name, clock: clock, stale: map[int64]bool{}}
	l.dropped = func(at minute) { l.stale[int64(at)%slots] = true }
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	for slot := range int64(slots) {
		value, err := view.Meta(l.setting(slot))
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := l.read(slot, value, minuteOf(now)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *ledger) setting(slot int64) string { return fmt.Sprintf("%s.%04d", l.name, slot) }

// read takes one setting: the number of its minute (8 bytes, big-endian), then the marks.
func (l *ledger) read(slot int64, value []byte, now minute) error {
	if len(value) < 8 || (len(value)-8)%len(mark{}) != 0 {
		return fmt.Errorf("token: the setting %s cannot be read: %w", l.setting(slot), store.ErrCorrupt)
	}
	at := minute(binary.BigEndian.Uint64(value))
	if at < now {
		l.stale[slot] = true
		return nil
	}
	for rest := value[8:]; len(rest) > 0; rest = rest[len(mark{}):] {
		m := mark(rest)
		l.marks[m] = at
		l.expires[at] = append(l.expires[at], m)
	}
	return nil
}

// add notes a mark durably. When the commit fails the mark counts as used all the same.
func (l *ledger) add(ctx context.Context, m mark, until time.Time) error {
	now := l.clock()
	if until.Sub(now) > longestHorizon+time.Hour/2 {
		return errors.New("token: the value expires too late to be remembered until then")
	}
	l.mu.Lock()
	if err := l.addLocked(m, until, now); err != nil {
		l.mu.Unlock()
		return err
	}
	batch, leads := l.pending, false
	if batch == nil {
		batch, leads = &ledgerBatch{minutes: map[minute]bool{}, done: make(chan struct{})}, true
		l.pending = batch
	}
	batch.minutes[l.marks[m]] = true
	l.mu.Unlock()
	if leads {
		l.commit(context.WithoutCancel(ctx), batch) // others wait for it
	}
	select {
	case <-batch.done:
		return batch.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// commit writes a batch, after the one before it: meanwhile others join.
func (l *ledger) commit(ctx context.Context, batch *ledgerBatch) {
	l.writing.Lock()
	defer l.writing.Unlock()
	tx := &store.Tx{Meta: map[string][]byte{}}
	l.mu.Lock()
	l.pending = nil
	for slot := range l.stale {
		tx.Meta[l.setting(slot)] = nil
	}
	clear(l.stale)
	for at := range batch.minutes {
		value := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(mark{})*len(l.expires[at])), uint64(at))
		for _, m := range l.expires[at] {
			value = append(value, m[:]...)
		}
		slot := int64(at) % slots
		tx.Meta[l.setting(slot)] = value
	}
	l.mu.Unlock()
	_, batch.err = l.store.Commit(ctx, tx)
	close(batch.done)
}
