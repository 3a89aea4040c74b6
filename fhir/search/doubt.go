package search

import "github.com/carnet-fhir/carnet/store"

// doubt is a condition that holds of all records but, perhaps, those of a stream: "not masked, or mine" of what is masked.
type doubt struct {
	n       *node
	absence *node // the alternative that the records of the stream do not satisfy
	stream  stream
	exact   bool // no record of the stream satisfies it
}

// doubtOf looks among alternatives for the absence of few values.
func (p *planner) doubtOf(n *node) (*doubt, error) {
	if n.kind != nodeOr || len(p.streams) == 0 {
		return nil, nil
	}
	for _, kid := range n.kids {
		if kid.kind != nodeNot {
			continue
		}
		p.r.setsDrive = true
		d, err := p.r.driveOf(kid.kids[0])
		p.r.setsDrive = false
		if d == nil || err != nil {
			return nil, err
		}
		s, exact, err := p.r.stream(d)
		if s != nil || err != nil {
			return &doubt{n: n, absence: kid, stream: s, exact: exact}, err
		}
	}
	return nil, nil
}

// doubtStream passes records that are in no doubt unread, and judges the others: the first few are read, then the rows of the alternatives tell, where these are few values.
type doubtStream struct {
	from  stream
	doubt doubt
	r     *run
	count int    // of records that were in doubt
	other stream // of the records of which another alternative holds; nil: not known by rows
}

func (d *doubtStream) next() (store.RID, bool, error) { return d.settle(d.from.next()) }

func (d *doubtStream) seek(rid store.RID) (store.RID, bool, error) { return d.settle(d.from.seek(rid)) }

func (d *doubtStream) settle(rid store.RID, ok bool, err error) (store.RID, bool, error) {
	for ok && err == nil {
		at, there, e := d.doubt.stream.seek(rid)
		if e != nil || !there || at != rid {
			return rid, e == nil, e
		}
		if holds, e := d.holds(rid); holds || e != nil {
			return rid, e == nil, e
		}
		rid, ok, err = d.from.next()
	}
	return 0, false, err
}

// holds judges a record in doubt.
func (d *doubtStream) holds(rid store.RID) (bool, error) {
	if d.count++; d.count == d.r.e.tuning.doubts+1 && d.doubt.exact {
		var err error
		if d.other, err = d.doubt.alternatives(d.r); err != nil {
			return false, err
		}
	}
	if d.other != nil {
		at, there, err := d.other.seek(rid)
		return there && at == rid, err
	}
	rec, err := d.r.get(rid, d.doubt.n)
	if rec == nil || err != nil {
		return false, err
	}
	return d.r.judge(d.doubt.n, newCandidate(rec))
}

// alternatives gives the records of which an alternative holds other than the absence that is in doubt, by rows; nil where rows do not tell, or are of many values.
func (d *doubt) alternatives(r *run) (stream, error) {
	var all []stream
	for _, kid := range d.n.kids {
		if kid == d.absence {
			continue
		}
		ok, err := r.appendRows(&all, kid)
		if !ok || err != nil {
			return nil, err
		}
	}
	return union(all), nil
}

// appendRows adds the streams of exactly the records that satisfy a condition; ok is false where there are none, or more than can be merged.
func (r *run) appendRows(all *[]stream, n *node) (ok bool, err error) {
	switch n.kind {
	case nodeLater:
		inner, err := r.laterPart(n)
		if err != nil {
			return false, err
		}
		return r.appendRows(all, inner)
	case nodeOr:
		for _, kid := range n.kids {
			if ok, err := r.appendRows(all, kid); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	case nodeAmong:
		if n.expr.(*Among).Set.Len() > maxMerged {
			return false, nil
		}
	default:
	}
	r.setsDrive = true
	d, err := r.driveOf(n)
	r.setsDrive = false
	if d == nil || err != nil {
		return false, err
	}
	s, exact, err := r.stream(d)
	if s == nil || !exact || err != nil {
		return false, err
	}
	*all = append(*all, s)
	return len(*all) <= maxMerged, nil
}
