package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// History implements store.View.
func (v *view) History(h store.HistoryRange) store.HistoryCursor {
	w := window{since: h.Since, until: v.t, after: h.After}
	if h.Before != 0 {
		w.until = min(w.until, h.Before-1)
	}
	if h.After != nil {
		w.until = min(w.until, h.After.Time)
	}
	if h.ID != "" {
		return v.recordHistory(h.Type, h.ID, w)
	}
	return v.changes(h.Type, w)
}

// window is the part of history that a walk gives: since < time <= until, and behind after.
type window struct {
	since, until store.Time
	after        *store.HistoryPosition
}

// passed says whether a position was given before.
func (w *window) passed(t store.Time, rid store.RID) bool {
	return w.after != nil && t == w.after.Time && rid >= w.after.RID
}

// changeCursor walks the change rows of a type or of all.
type changeCursor struct {
	v       *view
	it      *pebble.Iterator
	prefix  int // length of the key before ^t
	w       window
	started bool
	t       store.Time
	rid     store.RID
	version uint64
	err     error
}

func (v *view) changes(typ string, w window) store.HistoryCursor {
	c := &changeCursor{v: v, w: w}
	prefix := []byte{rowChange}
	if typ != "" {
		number, ok := v.s.names.Load().types[typ]
		if !ok {
			return c
		}
		prefix = appendTypePrefix(nil, rowTypeChange, number)
	}
	c.prefix = len(prefix)
	if w.until <= w.since || w.until < 0 {
		return c
	}
	lower := binary.BigEndian.AppendUint64(append([]byte{}, prefix...), ^uint64(w.until))
	if w.after != nil && w.until == w.after.Time {
		lower = binary.BigEndian.AppendUint64(lower, ^uint64(w.after.RID)) // the position itself is passed over
	}
	upper := after(prefix)
	if w.since > 0 {
		upper = binary.BigEndian.AppendUint64(append([]byte{}, prefix...), ^uint64(w.since))
	}
	c.it, c.err = v.iterator(lower, upper)
	return c
}

// Next implements store.HistoryCursor.
func (c *changeCursor) Next() bool {
	for c.step() {
		if c.decode() && !c.w.passed(c.t, c.rid) {
			return true
		}
	}
	if c.it != nil && c.err == nil {
		c.err = c.it.Error()
	}
	return false
}

func (c *changeCursor) step() bool {
	switch {
	case c.it == nil || c.err != nil:
		return false
	case !c.started:
		c.started = true
		return c.it.First()
	default:
		return c.it.Next()
	}
}

func (c *changeCursor) decode() bool {
	if c.t, c.rid, c.err = decodeChangeKey(c.it.Key()[c.prefix:]); c.err != nil {
		return false
	}
	value, err := c.it.ValueAndErr()
	if err != nil {
		c.err = err
		return false
	}
	if c.prefix == 1 {
		_, _, c.version, c.err = decodeChange(value)
	} else {
		_, c.version, c.err = decodeTypeChange(value)
	}
	return c.err == nil
}

func decodeChangeKey(key []byte) (store.Time, store.RID, error) {
	if len(key) != lenTime+lenRID {
		return 0, 0, fmt.Errorf("%w: a change key", store.ErrCorrupt)
	}
	return store.Time(^binary.BigEndian.Uint64(key)), ridOfKey(key), nil
}

func decodeChange(value []byte) (typ typeID, method store.Method, version uint64, err error) {
	d := decoder{rest: value}
	typ = typeID(d.uint16())
	method, version, err = decodeTypeChange(d.rest)
	return typ, method, version, err
}

func decodeTypeChange(value []byte) (method store.Method, version uint64, err error) {
	d := decoder{rest: value}
	method, version = store.Method(d.byte()), d.uvarint()
	if d.bad {
		err = fmt.Errorf("%w: a change row", store.ErrCorrupt)
	}
	return method, version, err
}

func (c *changeCursor) Record() (*store.Record, error) { return c.v.version(c.rid, c.version) }
func (c *changeCursor) RID() store.RID                 { return c.rid }
func (c *changeCursor) Version() uint64                { return c.version }
func (c *changeCursor) Err() error                     { return c.err }
func (c *changeCursor) Position() store.HistoryPosition {
	return store.HistoryPosition{Time: c.t, RID: c.rid}
}

// Close implements store.HistoryCursor.
func (c *changeCursor) Close() error {
	if c.it == nil {
		return nil
	}
	it := c.it
	c.it = nil
	return c.v.release(it)
}

// recordCursor walks the versions of one record. It finds the first by halves: versions have no gaps and their times rise.
type recordCursor struct {
	v     *view
	rid   store.RID
	w     window
	next  uint64 // version to give next; 0 at the end
	found *store.Record
	err   error
}

func (v *view) recordHistory(typ, id string, w window) store.HistoryCursor {
	c := &recordCursor{v: v, w: w}
	rid, err := v.ridOf(typ, id)
	if err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			c.err = err
		}
		return c
	}
	c.rid = rid
	if w.passed(w.until, rid) {
		c.w.until-- // a record has one version at a time
	}
	at := &view{s: v.s, db: v.db, t: c.w.until, state: v.state}
	rec, err := at.read(rid, "", "")
	err = errors.Join(err, at.Close())
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		c.err = err
	default:
		c.next = rec.Version
	}
	return c
}

// Next implements store.HistoryCursor.
func (c *recordCursor) Next() bool {
	c.found = nil
	if c.err != nil || c.next == 0 {
		return false
	}
	rec, err := c.v.version(c.rid, c.next)
	if err != nil {
		c.err = err
		return false
	}
	if rec.Time <= c.w.since {
		c.next = 0
		return false
	}
	c.found = rec
	c.next--
	return true
}

// Record implements store.HistoryCursor.
func (c *recordCursor) Record() (*store.Record, error) {
	if c.found == nil {
		return nil, store.ErrNotFound
	}
	return c.found, nil
}

func (c *recordCursor) RID() store.RID { return c.rid }
func (c *recordCursor) Err() error     { return c.err }
func (c *recordCursor) Close() error   { return nil }

func (c *recordCursor) Version() uint64 {
	if c.found == nil {
		return 0
	}
	return c.found.Version
}

func (c *recordCursor) Position() store.HistoryPosition {
	if c.found == nil {
		return store.HistoryPosition{}
	}
	return store.HistoryPosition{Time: c.found.Time, RID: c.rid}
}

// countLimit is how many changes Count walks back to an older time.
const countLimit = 2000

// Count implements store.View: it takes the count at the newest commit and undoes the changes since the view.
func (v *view) Count(typ string) (int64, bool) {
	number, ok := v.s.names.Load().types[typ]
	if !ok {
		return 0, true
	}
	n := int64(0)
	if int(number) < len(v.state.counts) {
		n = v.state.counts[number]
	}
	if v.t == v.state.head {
		return n, true
	}
	lower := binary.BigEndian.AppendUint64(appendTypePrefix(nil, rowTypeChange, number), ^uint64(v.state.head))
	upper := binary.BigEndian.AppendUint64(appendTypePrefix(nil, rowTypeChange, number), ^uint64(v.t))
	it, err := v.iterator(lower, upper)
	if err != nil {
		return 0, false
	}
	defer func() { _ = v.release(it) }()
	steps := 0
	for it.First(); it.Valid(); it.Next() {
		if steps++; steps > countLimit {
			return 0, false
		}
		method, _, err := decodeTypeChange(it.Value())
		if err != nil {
			return 0, false
		}
		switch method {
		case store.Created:
			n--
		case store.Deleted:
			n++
		case store.Updated:
		}
	}
	return n, it.Error() == nil
}
