// Package embedded keeps a store in one directory, on Pebble. docs/design/storage.md describes its rows and its commit protocol.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

// Store is a store in a directory.
type Store struct {
	db         *pebble.DB
	fs         vfs.FS
	dir        string
	lock       *pebble.Lock
	log        *slog.Logger
	clock      func() time.Time
	noSync     bool
	stuckAfter time.Duration
	packSize   int64
	blobs      *blobs

	names dictionary
	state atomic.Pointer[state]

	queue    chan *request // to the committer
	inflight chan *group   // from the committer to the syncer
	underway atomic.Int32  // groups that the syncer has not finished
	freed    chan struct{} // told when one is finished
	done     chan struct{} // closed by the syncer when it has nothing left

	sending sync.RWMutex // held for reading while sending to queue, so that Close knows when nobody does
	closed  bool

	broken  atomic.Pointer[error] // why no more writes are taken
	breaks  chan struct{}         // closed when broken is set
	running atomic.Bool           // Open has succeeded
	// backgroundErrors counts failures of flushes and compactions since one succeeded.
	backgroundErrors atomic.Int32

	commits atomic.Int64
	groups  atomic.Int64
}

var _ store.Store = (*Store)(nil)

// request is one call that waits for the committer.
type request struct {
	tx      *store.Tx
	prep    *preparation
	exec    func(*committer) error // instead of tx
	receipt *store.Receipt
	err     error
	// taken is set once: by the committer that takes the request up or by the caller that gives up.
	taken atomic.Bool
	done  chan struct{}
}

func (r *request) take() bool { return r.taken.CompareAndSwap(false, true) }

func (r *request) finish(err error) {
	if err != nil {
		r.receipt, r.err = nil, err
	}
	r.done <- struct{}{}
}

var requests = sync.Pool{New: func() any { return &request{done: make(chan struct{}, 1)} }}

// Commit implements store.Store.
func (s *Store) Commit(ctx context.Context, tx *store.Tx) (*store.Receipt, error) {
	if err := check(tx); err != nil {
		return nil, err
	}
	r := requests.Get().(*request)
	r.tx, r.prep = tx, preparations.Get().(*preparation)
	r.prep.prepare(tx, s.names.Load())
	if err := s.submit(ctx, r); err != nil {
		return nil, err // the committer may still come across r: it is not used again
	}
	receipt, err := r.receipt, r.err
	r.prep.free()
	*r = request{done: r.done}
	requests.Put(r)
	return receipt, err
}

// do runs a function on the committer, as a member of a group.
func (s *Store) do(ctx context.Context, exec func(*committer) error) error {
	r := &request{exec: exec, done: make(chan struct{}, 1)}
	if err := s.submit(ctx, r); err != nil {
		return err
	}
	return r.err
}

// submit queues a request and waits for its end; an error says that it was not taken up, or that the store failed.
func (s *Store) submit(ctx context.Context, r *request) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.send(ctx, r); err != nil {
		return err
	}
	select {
	case <-r.done:
		return nil
	case <-s.breaks:
		return s.await(r)
	case <-ctx.Done():
		if r.take() {
			return ctx.Err()
		}
	}
	select {
	case <-r.done:
		return nil
	case <-s.breaks:
		return s.await(r)
	}
}

// await gives a request of a store that failed the time to be answered.
func (s *Store) await(r *request) error {
	select {
	case <-r.done:
		return nil
	case <-time.After(s.stuckAfter):
		return s.failure()
	}
}

func (s *Store) send(ctx context.Context, r *request) error {
	s.sending.RLock()
	defer s.sending.RUnlock()
	if s.closed {
		return store.ErrClosed
	}
	if s.failed() {
		return s.failure()
	}
	select {
	case s.queue <- r:
		return nil
	case <-s.breaks:
		return s.failure()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// sync waits for groups to become durable, in order, makes them visible and answers.
func (s *Store) sync() {
	defer close(s.done)
	for g := range s.inflight {
		if g.batch != nil && !s.noSync {
			if err := g.batch.SyncWait(); err != nil {
				s.fail(fmt.Errorf("embedded: the log could not be made durable: %w", err))
			}
		}
		if !s.failed() {
			if g.state != nil {
				s.state.Store(g.state)
				s.groups.Add(1)
				s.commits.Add(g.commits)
			}
			if g.batch != nil {
				g.batch.Close()
			}
		}
		s.underway.Add(-1)
		select {
		case s.freed <- struct{}{}:
		default:
		}
		for _, r := range g.acks {
			r.finish(s.failure())
		}
	}
}

// fail makes the store refuse writes from now on. What was not acknowledged before may be there after the next open, whole, or not.
func (s *Store) fail(cause error) {
	err := fmt.Errorf("%w: %w", store.ErrFailed, cause)
	if s.broken.CompareAndSwap(nil, &err) {
		close(s.breaks)
		s.log.Error("the store takes no more writes", "error", cause)
	}
}

func (s *Store) failed() bool { return s.broken.Load() != nil }

func (s *Store) failure() error {
	if err := s.broken.Load(); err != nil {
		return *err
	}
	return nil
}

// Failure says why the store takes no more writes; nil while it does.
func (s *Store) Failure() error { return s.failure() }

// Head implements store.Store.
func (s *Store) Head() store.Time { return s.state.Load().head }

// View implements store.Store.
func (s *Store) View(t store.Time) (store.View, error) {
	st := s.state.Load()
	if t > st.head {
		return nil, store.ErrFuture
	}
	if t == 0 {
		t = st.head
	}
	return newView(s, s.db, t, st), nil
}

// Blobs implements store.Store.
func (s *Store) Blobs() store.Blobs { return s.blobs }

// Close implements store.Store. After a failure Pebble is left as it is, as its locks may be held for ever: only the directory is let go.
func (s *Store) Close() error {
	s.sending.Lock()
	if s.closed {
		s.sending.Unlock()
		return store.ErrClosed
	}
	s.closed = true
	close(s.queue)
	s.sending.Unlock()
	select {
	case <-s.done:
	case <-s.breaks:
		select {
		case <-s.done:
		case <-time.After(s.stuckAfter):
		}
	}
	if s.failed() {
		return errors.Join(s.failure(), s.lock.Close())
	}
	s.blobs.packs.close()
	if s.failed() {
		return errors.Join(s.failure(), s.lock.Close())
	}
	s.running.Store(false)
	return errors.Join(closeRecords(s.db), s.lock.Close())
}

// closeRecords turns into an error that Pebble panics when an iterator is open.
func closeRecords(db *pebble.DB) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("embedded: views were open at Close: %v", p)
		}
	}()
	return db.Close()
}
