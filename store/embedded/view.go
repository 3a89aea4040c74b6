package embedded

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// view reads the newest rows and leaves out what came after its Time: current rows that are too new are replaced by old ones, index
// rows by their lives. So it pins nothing while no cursor is open.
type view struct {
	s     *Store
	db    pebble.Reader // the newest rows, or a snapshot at or after t
	t     store.Time
	state *state // at or after t
	// pinned are the names at t, for a snapshot from before an index was dropped; nil: the newest.
	pinned *names

	mu     sync.Mutex
	idle   []*pebble.Iterator // for the next cursor: all that a view at t sees was there when they were made
	points *pebble.Iterator   // for the next read of a record; nil: not made yet, or in use
	gets   int                // how many records were read by their numbers
	closed bool
	floor  store.Time // time of the newest commit at or before t
	found  bool       // floor is known
}

func newView(s *Store, db pebble.Reader, t store.Time, st *state) *view {
	v := &view{s: s, db: db, t: t, state: st}
	if t == st.head {
		v.floor, v.found = t, true
	}
	return v
}

func (v *view) names() *names {
	if v.pinned != nil {
		return v.pinned
	}
	return v.s.names.Load()
}

// Time implements store.View.
func (v *view) Time() store.Time { return v.t }

// Close implements store.View.
func (v *view) Close() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed {
		return nil
	}
	v.closed = true
	var err error
	for _, it := range v.idle {
		err = errors.Join(err, it.Close())
	}
	if v.points != nil {
		err = errors.Join(err, v.points.Close())
	}
	v.idle, v.points = nil, nil
	return err
}

// iterator gives an iterator over [lower, upper).
func (v *view) iterator(lower, upper []byte) (*pebble.Iterator, error) {
	v.mu.Lock()
	if v.closed {
		v.mu.Unlock()
		return nil, store.ErrClosed
	}
	if n := len(v.idle); n > 0 {
		it := v.idle[n-1]
		v.idle = v.idle[:n-1]
		v.mu.Unlock()
		it.SetBounds(lower, upper)
		return it, nil
	}
	v.mu.Unlock()
	return v.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
}

// release takes back an iterator.
func (v *view) release(it *pebble.Iterator) error {
	if err := it.Error(); err != nil {
		return errors.Join(err, it.Close())
	}
	v.mu.Lock()
	if v.closed || len(v.idle) >= 8 {
		v.mu.Unlock()
		return it.Close()
	}
	v.idle = append(v.idle, it)
	v.mu.Unlock()
	return nil
}

// commitTime is the time of the newest commit at or before the view's. Rows are told apart by rid, and the rids of one commit are
// ticks before its time: a view between them must not see the first ones.
func (v *view) commitTime() (store.Time, error) {
	v.mu.Lock()
	t, found := v.floor, v.found
	v.mu.Unlock()
	if found {
		return t, nil
	}
	it, err := v.iterator([]byte{rowChange}, []byte{rowChange + 1})
	if err != nil {
		return 0, err
	}
	t = 0
	if it.SeekGE(appendChangeKey(nil, v.t, ^store.RID(0))) {
		if t, _, err = decodeChangeKey(it.Key()[1:]); err != nil {
			return 0, errors.Join(err, it.Close())
		}
	}
	if err := v.release(it); err != nil {
		return 0, err
	}
	v.mu.Lock()
	v.floor, v.found = t, true
	v.mu.Unlock()
	return t, nil
}

var keyBuffers = sync.Pool{New: func() any { b := make([]byte, 0, maxKey); return &b }}

// Read implements store.View.
func (v *view) Read(typ, id string) (*store.Record, error) {
	rid, err := v.ridOf(typ, id)
	if err != nil {
		return nil, err
	}
	return v.read(rid, typ, id)
}

// Get implements store.View.
func (v *view) Get(rid store.RID) (*store.Record, error) {
	if store.Time(rid) > v.t || rid == 0 {
		return nil, store.ErrNotFound
	}
	it, err := v.pointing()
	if err != nil {
		return nil, err
	}
	if it == nil {
		return v.read(rid, "", "")
	}
	rec, err := v.readBy(it, rid)
	return rec, errors.Join(err, v.pointed(it))
}

// getsBefore is how many records a view reads one by one before it makes an iterator for them: a page of a search reads twenty, and Pebble's Get makes an iterator each time.
const getsBefore = 2

// pointing gives an iterator that reads records by their numbers; nil: it does not pay, or another reader has it.
func (v *view) pointing() (*pebble.Iterator, error) {
	v.mu.Lock()
	it, first := v.points, v.gets == getsBefore
	v.points = nil
	v.gets++
	first = first && !v.closed
	v.mu.Unlock()
	if it == nil && first {
		return v.db.NewIter(&pebble.IterOptions{LowerBound: []byte{rowCurrent}, UpperBound: []byte{rowCurrent + 1}})
	}
	return it, nil
}

// pointed takes the iterator back.
func (v *view) pointed(it *pebble.Iterator) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || v.points != nil || it.Error() != nil {
		return it.Close()
	}
	v.points = it
	return nil
}

// readBy is read with an iterator, which is not older than the view.
func (v *view) readBy(it *pebble.Iterator, rid store.RID) (*store.Record, error) {
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	if !it.SeekPrefixGE(appendCurrentKey((*buf)[:0], rid)) {
		if err := it.Error(); err != nil {
			return nil, err
		}
		return nil, store.ErrNotFound
	}
	row, err := it.ValueAndErr()
	if err != nil {
		return nil, err
	}
	var h header
	entries, body, err := decodeVersion(row, &h)
	if err != nil {
		return nil, err
	}
	if h.time > v.t {
		return v.readOld(rid, h.version)
	}
	return v.record(rid, &h, entries, body, "", "")
}

// ridOf finds the number of a record. That it exists at the view's time is for the caller to see.
func (v *view) ridOf(typ, id string) (store.RID, error) {
	number, ok := v.names().types[typ]
	if !ok || len(id) > maxID {
		return 0, store.ErrNotFound
	}
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	row, closer, err := v.db.Get(appendIDKey((*buf)[:0], number, id))
	if err != nil {
		return 0, notFound(err)
	}
	rid, err := decodeRID(row)
	closer.Close()
	if err == nil && store.Time(rid) > v.t {
		err = store.ErrNotFound
	}
	return rid, err
}

// read gives the record as of the view; typ and id may be given when they are known.
func (v *view) read(rid store.RID, typ, id string) (*store.Record, error) {
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	row, closer, err := v.db.Get(appendCurrentKey((*buf)[:0], rid))
	if err != nil {
		return nil, notFound(err)
	}
	var h header
	entries, body, err := decodeVersion(row, &h)
	if err != nil || h.time > v.t {
		closer.Close()
		if err == nil {
			return v.readOld(rid, h.version)
		}
		return nil, err
	}
	rec, err := v.record(rid, &h, entries, body, typ, id)
	closer.Close()
	return rec, err
}

// readOld finds the newest version below one, at or before the view. Versions have no gaps and their times rise, so that after a few
// steps, which nearly always do, the rest is searched by halves.
func (v *view) readOld(rid store.RID, below uint64) (*store.Record, error) {
	// An idle iterator may be older than the current row that was read, and not have the version before it.
	it, err := v.db.NewIter(iterOptions(appendOldPrefix(nil, rid)))
	if err != nil {
		return nil, err
	}
	rec, err := v.searchOld(it, rid, below)
	return rec, errors.Join(err, v.release(it))
}

func (v *view) searchOld(it *pebble.Iterator, rid store.RID, below uint64) (*store.Record, error) {
	const steps = 4
	var h header
	key := make([]byte, 0, 1+lenRID+8)
	lo, hi := uint64(1), below // the answer is in [lo, hi), if any
	for n := 0; lo < hi; n++ {
		probe := hi - 1
		if n >= steps {
			probe = lo + (hi-lo)/2
		}
		key = appendOldKey(key[:0], rid, probe)
		if !it.SeekGE(key) {
			return nil, errors.Join(store.ErrNotFound, it.Error())
		}
		row, err := it.ValueAndErr()
		if err != nil {
			return nil, err
		}
		entries, body, err := decodeVersion(row, &h)
		if err != nil {
			return nil, err
		}
		if h.version != probe {
			return nil, fmt.Errorf("%w: version %d of a record is missing", store.ErrCorrupt, probe)
		}
		if h.time > v.t {
			hi = probe
			continue
		}
		if probe+1 == hi {
			return v.record(rid, &h, entries, body, "", "")
		}
		lo = probe
	}
	return nil, store.ErrNotFound
}

// Version implements store.View.
func (v *view) Version(typ, id string, version uint64) (*store.Record, error) {
	rid, err := v.ridOf(typ, id)
	if err != nil {
		return nil, err
	}
	return v.version(rid, version)
}

func (v *view) version(rid store.RID, version uint64) (*store.Record, error) {
	buf := keyBuffers.Get().(*[]byte)
	defer keyBuffers.Put(buf)
	var h header
	row, closer, err := v.db.Get(appendCurrentKey((*buf)[:0], rid))
	if err != nil {
		return nil, notFound(err)
	}
	entries, body, err := decodeVersion(row, &h)
	if err == nil && h.version > version && version > 0 {
		closer.Close()
		if row, closer, err = v.db.Get(appendOldKey((*buf)[:0], rid, version)); err != nil {
			return nil, notFound(err)
		}
		entries, body, err = decodeVersion(row, &h)
	}
	defer closer.Close()
	if err != nil {
		return nil, err
	}
	if h.version != version || h.time > v.t {
		return nil, store.ErrNotFound
	}
	return v.record(rid, &h, entries, body, "", "")
}

// record makes a Record with memory of its own from a row.
func (v *view) record(rid store.RID, h *header, entries, body []byte, typ, id string) (*store.Record, error) {
	n := v.names()
	if typ == "" {
		var err error
		if typ, err = n.typeName(h.typ); err != nil {
			return nil, err
		}
		id = string(h.id)
	}
	r := &store.Record{Type: typ, ID: id, RID: rid, Version: h.version, Time: h.time, Method: h.method}
	if h.hasBlob {
		blob := h.blob
		r.Blob = &blob
	}
	if h.method == store.Deleted {
		return r, nil
	}
	own := make([]byte, len(entries)+len(body))
	copy(own, entries)
	copy(own[len(entries):], body)
	r.Body = own[len(entries):]
	var err error
	r.Index, err = decodeEntries(own[:len(entries):len(entries)], n.dropped)
	return r, err
}

// Index implements store.View.
func (v *view) Index(name string) (store.IndexID, bool) {
	index, ok := v.names().indexes[name]
	return index, ok
}

// Meta implements store.View.
func (v *view) Meta(name string) ([]byte, error) {
	meta := v.state.meta
	if st := v.s.state.Load(); st.head > v.state.head {
		meta = st.meta
	}
	value, ok := meta[name]
	if !ok {
		return nil, store.ErrNotFound
	}
	return append([]byte{}, value...), nil
}

// notFound turns Pebble's word into the contract's.
func notFound(err error) error {
	if errors.Is(err, pebble.ErrNotFound) {
		return store.ErrNotFound
	}
	return err
}
