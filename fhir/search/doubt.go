package search

import "github.com/carnet-fhir/carnet/store"

// doubt is a condition that holds of all records but, perhaps, those of a stream: "not masked, or mine" of what is masked.
type doubt struct {
	n      *node
	stream stream
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
		s, _, err := p.r.stream(d)
		if s != nil || err != nil {
			return &doubt{n: n, stream: s}, err
		}
	}
	return nil, nil
}

// doubtStream passes records that are in no doubt unread, and reads and judges the others.
type doubtStream struct {
	from  stream
	doubt doubt
	r     *run
}

func (d *doubtStream) next() (store.RID, bool, error) { return d.settle(d.from.next()) }

func (d *doubtStream) seek(rid store.RID) (store.RID, bool, error) { return d.settle(d.from.seek(rid)) }

func (d *doubtStream) settle(rid store.RID, ok bool, err error) (store.RID, bool, error) {
	for ok && err == nil {
		at, there, e := d.doubt.stream.seek(rid)
		if e != nil || !there || at != rid {
			return rid, e == nil, e
		}
		rec, e := d.r.get(rid, d.doubt.n)
		if e != nil {
			return 0, false, e
		}
		if rec != nil {
			holds, e := d.r.judge(d.doubt.n, newCandidate(rec))
			if holds || e != nil {
				return rid, e == nil, e
			}
		}
		rid, ok, err = d.from.next()
	}
	return 0, false, err
}
