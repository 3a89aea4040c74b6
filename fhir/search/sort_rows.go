package search

import (
	"bytes"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// keyRows gives the rows that hold a sort key's values, in the order of the key.
type keyRows interface {
	// next gives the next row: its key (valid until the next call) and record; false at the end.
	next() (key []byte, rid store.RID, ok bool, err error)
	// skip leaves the rows of the key; it may only be called with the key of the row last given. It gives their records as a stream, newest first, or nil when it cannot.
	skip(key []byte) (stream, error)
}

// keyRows opens the rows of a key from a key on (nil: all) that lie within the bounds; nil when no rows hold it.
func (r *run) keyRows(typ string, k *sortKey, from []byte, within bounds) keyRows {
	if k.code == sortUpdated {
		return r.historyRows(typ, k, from)
	}
	if len(k.indexes) == 0 {
		return nil
	}
	rows := &indexRows{r: r, key: k, what: sorting{typ, k}}
	for i := range k.indexes {
		s := &k.indexes[i]
		if !s.known {
			continue
		}
		over := store.Range{Index: s.id, Reverse: k.descending}
		switch {
		case from != nil && k.descending:
			over.Hi = k.behind(from)
		case from != nil:
			over.Lo = from
		}
		rows.cursors = append(rows.cursors, r.meter(r.view.Scan(within.cut(over)), rows.what))
		rows.scans = append(rows.scans, s)
	}
	rows.heads = make([]bool, len(rows.cursors))
	return rows
}

// sorting names a sort in faults.
type sorting struct {
	typ string
	key *sortKey
}

func (s sorting) describe() string { return "sorting " + s.typ + " by " + s.key.code }

// indexRows merges the indexes of one parameter.
type indexRows struct {
	r       *run
	key     *sortKey
	what    describer
	scans   []*scan
	cursors []*cursor
	heads   []bool // the cursor stands on a row
	began   bool
	last    int // the cursor whose row was given; -1: none
	buffer  []byte
}

func (x *indexRows) next() ([]byte, store.RID, bool, error) {
	if !x.began {
		x.began = true
		for i := range x.cursors {
			if err := x.forward(i); err != nil {
				return nil, 0, false, err
			}
		}
	} else if x.last >= 0 {
		if err := x.forward(x.last); err != nil {
			return nil, 0, false, err
		}
	}
	best := -1
	var bestValue []byte
	for i, c := range x.cursors {
		if !x.heads[i] {
			continue
		}
		value := c.Value()
		if order := bytes.Compare(value, bestValue); best < 0 || !x.key.descending && order < 0 || x.key.descending && order > 0 {
			best, bestValue = i, value
		}
	}
	x.last = best
	if best < 0 {
		return nil, 0, false, nil
	}
	x.buffer = append(x.buffer[:0], x.key.of(bestValue)...)
	return x.buffer, x.cursors[best].RID(), true, nil
}

func (x *indexRows) forward(i int) error {
	ok, err := x.cursors[i].next()
	x.heads[i] = ok
	return err
}

// skip gives the records of all values with the key: there are several where units differ.
func (x *indexRows) skip(key []byte) (stream, error) {
	lo, hi := slices.Clone(key), x.key.behind(key)
	var points []scan
	for _, s := range x.scans {
		within := scan{index: s.index, id: s.id, known: true, lo: lo, hi: hi}
		found, ok, err := x.r.distinct(nil, &within, x.what)
		if err != nil || !ok {
			return nil, err
		}
		points = append(points, found...)
	}
	if len(points) > maxMerged {
		return nil, nil
	}
	for i, c := range x.cursors {
		if !x.heads[i] || !bytes.Equal(x.key.of(c.Value()), lo) {
			continue
		}
		if err := x.pass(i, c, lo, hi); err != nil {
			return nil, err
		}
	}
	x.last = -1
	from := make([]stream, 0, len(points))
	for i := range points {
		from = append(from, x.r.pointStream(&points[i], x.what))
	}
	return union(from), nil
}

// pass moves a cursor behind the rows of a key.
func (x *indexRows) pass(i int, c *cursor, lo, hi []byte) error {
	if !x.key.descending {
		ok, err := c.seek(hi, newest)
		x.heads[i] = ok
		return err
	}
	// Downwards, the last row of the key is that of its least value's newest record.
	ok, err := c.seek(lo, newest)
	for ok && err == nil && bytes.Equal(x.key.of(c.Value()), lo) {
		ok, err = c.next()
	}
	x.heads[i] = ok
	return err
}

// historyRows gives the versions of a type by the time that meta.lastUpdated shows. A record's older versions are among them: the candidate's own key tells.
func (r *run) historyRows(typ string, k *sortKey, from []byte) keyRows {
	h := &historyRows{r: r, typ: typ, what: sorting{typ, k}, descending: k.descending, head: r.view.Time() + 1}
	if len(from) == timeLength {
		if at := store.Time(readTime(from)); k.descending {
			h.before = at + millisecond
		} else {
			h.since = at - 1
		}
	}
	return h
}

const millisecond = 1000

// historyRows walks a type's history, in windows from the oldest on when ascending: the store gives it newest first.
type historyRows struct {
	r          *run
	typ        string
	what       describer
	descending bool
	since      store.Time // ascending: what lies at or before it was given
	before     store.Time
	head       store.Time
	cursor     store.HistoryCursor
	window     []store.HistoryPosition // ascending, the next one last
	width      store.Time
}

func (h *historyRows) next() ([]byte, store.RID, bool, error) {
	if h.descending {
		if h.cursor == nil {
			h.cursor = h.r.history(store.HistoryRange{Type: h.typ, Before: h.before})
		}
		at, ok, err := h.step(h.cursor)
		return updatedKey(at.Time), at.RID, ok, err
	}
	for len(h.window) == 0 {
		if ok, err := h.advance(); !ok || err != nil {
			return nil, 0, false, err
		}
	}
	at := h.window[len(h.window)-1]
	h.window = h.window[:len(h.window)-1]
	return updatedKey(at.Time), at.RID, true, nil
}

func (h *historyRows) step(c store.HistoryCursor) (store.HistoryPosition, bool, error) {
	if err := h.r.spend(1, h.what); err != nil {
		return store.HistoryPosition{}, false, err
	}
	if !c.Next() {
		return store.HistoryPosition{}, false, c.Err()
	}
	return c.Position(), true, nil
}

// advance reads the next window: the oldest versions after h.since. Its width in time is found by halving and doubling; false at the end.
func (h *historyRows) advance() (bool, error) {
	if h.width == 0 {
		if err := h.findOldest(); err != nil {
			return false, err
		}
	}
	for h.since < h.head {
		rows, full, err := h.read(min(h.since+h.width, h.head))
		if err != nil {
			return false, err
		}
		if full && h.width > 1 {
			h.width = max(h.width/4, 1)
			continue
		}
		h.window = rows
		h.since = min(h.since+h.width, h.head)
		if len(rows) < h.r.e.tuning.window/8 {
			h.width *= 4
		}
		if len(rows) > 0 {
			return true, nil
		}
	}
	return false, nil
}

// read gives the versions in (h.since, until], newest first; full when there are more than a window's of them (one instant's are all given).
func (h *historyRows) read(until store.Time) (rows []store.HistoryPosition, full bool, err error) {
	c := h.r.view.History(store.HistoryRange{Type: h.typ, Since: h.since, Before: until + 1})
	defer c.Close()
	for {
		at, ok, err := h.step(c)
		if !ok || err != nil {
			return rows, false, err
		}
		if rows = append(rows, at); len(rows) > h.r.e.tuning.window && until-h.since > 1 {
			return nil, true, nil
		}
	}
}

// findOldest moves h.since to just before the oldest version after it, by halving the time line, and sets the first window's width.
func (h *historyRows) findOldest() error {
	lo, hi := h.since, h.head
	for hi-lo > millisecond {
		middle := lo + (hi-lo)/2
		found, err := h.anyUntil(middle)
		if err != nil {
			return err
		}
		if found {
			hi = middle
		} else {
			lo = middle
		}
	}
	h.since, h.width = lo, 64*millisecond
	return nil
}

func (h *historyRows) anyUntil(t store.Time) (bool, error) {
	c := h.r.view.History(store.HistoryRange{Type: h.typ, Since: h.since, Before: t + 1})
	defer c.Close()
	_, ok, err := h.step(c)
	return ok, err
}

// skip is not needed: few versions share a millisecond.
func (h *historyRows) skip([]byte) (stream, error) { return nil, nil }
