package search

import (
	"bytes"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// row is a place in a walk: a row of one of a drive's parts. Value is valid until the walk moves on.
type row struct {
	part    int
	value   []byte
	rid     store.RID
	version uint64        // of a row of the history
	rec     *store.Record // where the walk had to read it
}

// walker gives the rows of a drive, part by part, each part in its own order: (value, newest first). A record comes once for each of its values.
type walker struct {
	r     *run
	d     *drive
	part  int
	cur   *cursor
	list  *listStream
	hist  store.HistoryCursor
	id    int  // the next one of a part of ids
	from  *row // where to begin, in the first part
	count int  // rows met
	// pause stops the walk, for a while, when so many rows were met (0: never); paused says that it did.
	pause  int
	paused bool
	// bare says that nobody asks where a row stands: its value is given only where a test needs it.
	bare bool
	// entered says that an ordered drive's cursor stands in the present part.
	entered bool
}

func (r *run) walker(d *drive) *walker { return &walker{r: r, d: d} }

// inAnyOrder says that rows are wanted for their records only.
func (w *walker) inAnyOrder() *walker {
	w.bare = true
	return w
}

// resume makes a walk begin behind a row.
func (w *walker) resume(at *row) { w.part, w.from = at.part, at }

// next gives the next row that the tests admit, and what they say of it.
func (w *walker) next() (row, verdict, error) {
	for w.paused = false; w.part < len(w.d.parts); w.part++ {
		found, v, err := w.inPart(&w.d.parts[w.part])
		if v != no || err != nil || w.paused {
			found.part = w.part
			return found, v, err
		}
		w.list, w.hist, w.id, w.from, w.entered = nil, nil, 0, nil, false
		if !w.d.ordered {
			w.cur = nil
		}
	}
	return row{}, no, nil
}

// inPart gives the next row of a part; no at its end.
func (w *walker) inPart(p *drivePart) (row, verdict, error) {
	switch {
	case p.updated != nil:
		return w.inHistory(p.updated)
	case p.ids != nil:
		return w.inIDs(p.ids)
	case p.scan == nil:
		return w.inList(p.rids)
	default:
		return w.inScan(p.scan)
	}
}

func (w *walker) inScan(s *scan) (row, verdict, error) {
	if !s.known {
		return row{}, no, nil
	}
	if w.d.ordered {
		return w.inOrdered(s)
	}
	ok, err := w.start(s)
	for ; ok && err == nil; ok, err = w.cur.next() {
		w.count++
		var value []byte
		if s.test != nil || !w.bare {
			value = w.cur.Value()
		}
		if v := s.judge(value); v != no {
			return row{value: value, rid: w.cur.RID()}, v, nil
		}
		if w.tired() {
			return row{}, no, nil
		}
	}
	return row{}, no, err
}

// tired says whether the walk is to pause.
func (w *walker) tired() bool {
	w.paused = w.pause > 0 && w.count >= w.pause
	return w.paused
}

// inOrdered gives the next row of one value of an ordered drive, all of whose values are walked by one cursor.
func (w *walker) inOrdered(s *scan) (row, verdict, error) {
	var ok bool
	var err error
	switch {
	case w.cur == nil:
		w.cur = w.r.scan(&scan{id: s.id, lo: s.lo, hi: w.d.parts[len(w.d.parts)-1].scan.hi}, w.d.n)
		ok, err = w.enter(s)
	case w.entered:
		ok, err = w.cur.next()
	case w.cur.ended:
		return row{}, no, nil
	case bytes.Compare(w.cur.Value(), s.lo) > 0:
		return row{}, no, nil
	default:
		ok, err = w.enter(s)
	}
	w.entered = true
	if !ok || err != nil || !bytes.Equal(w.cur.Value(), s.lo) {
		return row{}, no, err
	}
	w.count++
	return row{value: w.cur.Value(), rid: w.cur.RID()}, s.judge(s.lo), nil
}

// enter moves the cursor to the first row of a value, or behind the row where the walk resumes.
func (w *walker) enter(s *scan) (bool, error) {
	switch {
	case w.from == nil:
		return w.cur.seek(s.lo, newest)
	case w.from.rid == 0:
		return w.cur.seek(s.lo, 0)
	}
	return w.cur.seek(s.lo, w.from.rid-1)
}

// start moves to the next row, opening the cursor at the first.
func (w *walker) start(s *scan) (bool, error) {
	if w.cur != nil {
		return w.cur.next()
	}
	w.cur = w.r.scan(s, w.d.n)
	if w.from == nil {
		return w.cur.next()
	}
	if w.from.rid == 0 {
		return w.cur.seek(w.from.value, 0)
	}
	return w.cur.seek(w.from.value, w.from.rid-1)
}

func (w *walker) inList(rids []store.RID) (row, verdict, error) {
	if w.list == nil {
		w.list = &listStream{rids: rids}
		if w.from != nil {
			if w.from.rid == 0 {
				return row{}, no, nil
			}
			rid, ok, err := w.list.seek(w.from.rid - 1)
			w.count++
			return row{rid: rid}, verdictOf(ok), err
		}
	}
	rid, ok, err := w.list.next()
	w.count++
	return row{rid: rid}, verdictOf(ok), err
}

// inIDs reads the records of ids.
func (w *walker) inIDs(ids []string) (row, verdict, error) {
	if w.from != nil && w.id == 0 {
		at, found := slices.BinarySearch(ids, string(w.from.value))
		if w.id = at; found {
			w.id++
		}
		w.from = nil
	}
	for ; w.id < len(ids); w.id++ {
		w.count++
		rec, err := w.r.read(w.d.n.typ, ids[w.id], w.d.n)
		if err != nil {
			return row{}, no, err
		}
		if rec != nil {
			w.id++
			return row{value: []byte(rec.ID), rid: rec.RID, rec: rec}, yes, nil
		}
	}
	return row{}, no, nil
}

func (w *walker) inHistory(c *Clause) (row, verdict, error) {
	if w.hist == nil {
		h := updatedRange(c, w.d.n.typ)
		if w.from != nil && len(w.from.value) == timeLength {
			h.After = &store.HistoryPosition{Time: store.Time(readTime(w.from.value)), RID: w.from.rid}
		}
		w.hist = w.r.history(h)
	}
	for w.hist.Next() {
		w.count++
		if err := w.r.spend(1, w.d.n); err != nil {
			return row{}, no, err
		}
		at := w.hist.Position()
		if updatedMatches(c, at.Time) {
			return row{value: appendTime(nil, int64(at.Time)), rid: at.RID, version: w.hist.Version()}, maybe, nil
		}
		if w.tired() {
			return row{}, no, nil
		}
	}
	return row{}, no, w.hist.Err()
}

// updatedRange is the part of a type's history that can satisfy a _lastUpdated clause. A commit's time is up to a millisecond later than meta.lastUpdated shows it.
func updatedRange(c *Clause, typ string) store.HistoryRange {
	const cut = 1000
	lo, hi := MaxTime, MinTime
	for i := range c.Operands {
		from, to := MinTime, MaxTime
		switch o := &c.Operands[i]; o.Prefix {
		case Ne:
		case Gt, Sa:
			from = o.High
		case Ge:
			from = o.Low
		case Lt, Eb:
			to = o.Low
		case Le:
			to = o.High
		default:
			from, to = o.Low, o.High
		}
		lo, hi = min(lo, from), max(hi, to)
	}
	h := store.HistoryRange{Type: typ, Since: store.Time(max(lo-1, 0))}
	if hi < MaxTime {
		h.Before = store.Time(max(hi+cut, 1))
	}
	return h
}

// first says whether the walk met the candidate at this row before all others: a record that stands at several is given at the first.
func (w *walker) first(at *row, c *candidate) bool {
	for i := range w.d.parts[:at.part] {
		if w.d.parts[i].holds(c) {
			return false
		}
	}
	p := &w.d.parts[at.part]
	switch {
	case p.updated != nil:
		return c.rec.Version == at.version
	case p.scan == nil:
		return true // an id or record comes once in a list
	default:
		return !c.standsBefore(p.scan, at.value)
	}
}

// holds says whether the part meets the candidate anywhere.
func (p *drivePart) holds(c *candidate) bool {
	switch {
	case p.updated != nil:
		return updatedMatches(p.updated, c.rec.Time)
	case p.ids != nil:
		_, found := slices.BinarySearch(p.ids, c.id)
		return found
	case p.scan == nil:
		return member(p.rids, c.rec.RID)
	default:
		return c.stands(p.scan) != no
	}
}

// keep copies a row out of the walk.
func (at row) keep() row {
	at.value, at.rec = bytes.Clone(at.value), nil
	return at
}
