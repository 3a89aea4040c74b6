package search

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// drive is a way to find the candidates of a condition: the union of its parts. Every record that satisfies the condition is in it; when it is exact, no other is.
type drive struct {
	n     *node
	parts []drivePart
	rank  rank
	exact bool
	// costly says that each row costs the reading of a record: it is not raced.
	costly bool
	// ordered says that all parts are single values of one index, ascending: one cursor serves them all.
	ordered bool
}

// drivePart is a range of an index, a list of records known already, logical ids, or the type's history.
type drivePart struct {
	scan    *scan
	ids     []string    // ascending
	rids    []store.RID // newest first
	updated *Clause
}

// driveOf gives the way to find the candidates of a node, nil when there is none.
func (r *run) driveOf(n *node) (*drive, error) {
	switch n.kind {
	case nodeRows:
		return scansDrive(n, n.access), nil
	case nodeChain:
		if !n.known {
			return nil, nil
		}
		return scansDrive(n, n.access), nil
	case nodeIDs:
		if len(n.ids) > r.e.tuning.few {
			return &drive{n: n, parts: []drivePart{{ids: n.ids}}, rank: rankNear, exact: true, costly: true}, nil
		}
		rids, err := r.ridsOf(n)
		return &drive{n: n, parts: []drivePart{{rids: rids}}, rank: rankPoint, exact: true}, err
	case nodeUpdated:
		// The history holds older versions of a record too: only the candidate itself tells.
		return &drive{n: n, parts: []drivePart{{updated: n.expr.(*Clause)}}, rank: rankRange}, nil
	case nodeAmong:
		return r.driveOfAmong(n)
	case nodeOr:
		return r.driveOfAny(n)
	case nodeAnd:
		return r.driveOfBest(n)
	default:
		return nil, nil
	}
}

func scansDrive(n *node, a *access) *drive {
	d := &drive{n: n, parts: make([]drivePart, len(a.scans)), rank: a.rank(), exact: true, ordered: len(a.scans) > 1}
	for i := range a.scans {
		d.parts[i].scan = &a.scans[i]
		d.exact = d.exact && a.scans[i].test == nil
		d.ordered = d.ordered && a.scans[i].point && a.scans[i].index == a.scans[0].index && (i == 0 || bytes.Compare(a.scans[i-1].lo, a.scans[i].lo) < 0)
	}
	return d
}

// driveOfAny unites the drives of alternatives; one without a drive leaves none.
func (r *run) driveOfAny(n *node) (*drive, error) {
	all := &drive{n: n, exact: true}
	for _, kid := range n.kids {
		d, err := r.driveOf(kid)
		if d == nil || err != nil {
			return nil, err
		}
		all.parts = append(all.parts, d.parts...)
		all.rank, all.exact, all.costly = max(all.rank, d.rank), all.exact && d.exact, all.costly || d.costly
	}
	return all, nil
}

// driveOfBest takes the best of the drives of a conjunction: its candidates are more than the matches.
func (r *run) driveOfBest(n *node) (*drive, error) {
	var best *drive
	for _, kid := range n.kids {
		d, err := r.driveOf(kid)
		if err != nil {
			return nil, err
		}
		if d != nil && (best == nil || d.rank < best.rank) {
			best = d
		}
	}
	if best == nil {
		return nil, nil
	}
	return &drive{n: n, parts: best.parts, rank: best.rank, costly: best.costly}, nil
}

// ridsOf finds the records of a node's ids.
func (r *run) ridsOf(n *node) ([]store.RID, error) {
	if n.rids != nil {
		return n.rids, nil
	}
	n.rids = []store.RID{}
	for _, id := range n.ids {
		rec, err := r.read(n.typ, id, n)
		if err != nil {
			return nil, err
		}
		if rec != nil {
			n.rids = append(n.rids, rec.RID)
		}
	}
	newestFirst(n.rids)
	return n.rids, nil
}

func newestFirst(rids []store.RID) {
	slices.SortFunc(rids, func(a, b store.RID) int { return cmp.Compare(b, a) })
}

// Bounds of what is merged and tried.
const (
	maxMerged   = 16   // streams in one union
	maxDistinct = 8    // values of a range that may be merged as points
	maxProbes   = 2000 // points that are tried for having rows
)

// stream gives the drive newest first, when it is a union of few values; nil when not. Ranges that hold few values count: "code" without a system is a range of
// the index in which mostly one system stands.
func (r *run) stream(d *drive) (s stream, exact bool, err error) {
	if d.rank > rankNear || d.costly || len(d.parts) > maxProbes {
		return nil, false, nil
	}
	points, rids, ok, err := r.points(d)
	if !ok || err != nil {
		return nil, false, err
	}
	exact = true
	var from []stream
	for i := range points {
		exact = exact && points[i].test == nil
		from = append(from, r.pointStream(&points[i], d.n))
	}
	for _, list := range rids {
		from = append(from, &listStream{rids: list})
	}
	return union(from), exact && (d.exact || d.certain()), nil
}

// certain says whether the drive gives matches only, but for what the tests of its rows say.
func (d *drive) certain() bool {
	return d.n.kind == nodeRows || d.n.kind == nodeChain || d.n.kind == nodeAmong
}

// points gives the values of the drive that have rows; ok is false when there are too many.
func (r *run) points(d *drive) (points []scan, rids [][]store.RID, ok bool, err error) {
	if d.ordered && len(d.parts) > maxMerged {
		points, ok, err = r.probe(d)
		return points, nil, ok, err
	}
	for i := range d.parts {
		p := &d.parts[i]
		switch {
		case p.updated != nil:
			return nil, nil, false, nil
		case p.scan == nil:
			rids = append(rids, p.rids)
		case !p.scan.known:
		case p.scan.point && len(d.parts) <= maxMerged:
			points = append(points, *p.scan)
		default:
			if points, ok, err = r.distinct(points, p.scan, d.n); !ok || err != nil {
				return nil, nil, false, err
			}
		}
	}
	return points, rids, len(points)+len(rids) <= maxMerged, nil
}

// probe gives the values of an ordered drive that have rows, jumping from one to the next with one cursor; ok is false when they are too many to merge.
func (r *run) probe(d *drive) (points []scan, ok bool, err error) {
	first, last := d.parts[0].scan, d.parts[len(d.parts)-1].scan
	if !first.known {
		return nil, true, nil
	}
	cur := r.scan(&scan{id: first.id, lo: first.lo, hi: last.hi}, d.n)
	defer cur.close()
	found := false
	for i := range d.parts {
		s := d.parts[i].scan
		if found && bytes.Compare(cur.Value(), s.lo) > 0 {
			continue
		}
		if found, err = cur.seek(s.lo, newest); !found || err != nil {
			break
		}
		if bytes.Equal(cur.Value(), s.lo) {
			if points = append(points, *s); len(points) > maxMerged {
				return nil, false, nil
			}
		}
	}
	return points, true, err
}

// newest is above all records: seeking it finds the first row of a value.
const newest store.RID = 1<<64 - 1

// distinct appends the values of a range that have rows, by jumping from one to the next; ok is false when there are more than maxDistinct.
func (r *run) distinct(points []scan, s *scan, what describer) ([]scan, bool, error) {
	cur := r.scan(s, what)
	defer cur.close()
	count := 0
	ok, err := cur.next()
	for ; ok && err == nil; ok, err = cur.seek(points[len(points)-1].lo, 0) {
		if count++; count > maxDistinct || len(points) > maxMerged {
			return nil, false, nil
		}
		value := slices.Clone(cur.Value())
		p := pointScan(s.index, value)
		p.id, p.known = s.id, true
		switch s.judge(value) {
		case no:
			p.rank = rankWalk // stands here to be jumped over; taken out below
		case maybe:
			p.test = func([]byte) verdict { return maybe }
		}
		points = append(points, p)
	}
	return slices.DeleteFunc(points, func(p scan) bool { return p.rank == rankWalk }), true, err
}
