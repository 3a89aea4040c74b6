package search

import (
	"cmp"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// sieve is what a condition's rows tell of records, gathered when reading the records themselves turned out to be in vain too often.
type sieve struct {
	n       *node
	rids    []store.RID // newest first
	exclude bool
}

// passes says whether the sieves leave a record a chance.
func (m *matches) passes(rid store.RID) bool {
	for i := range m.sieves {
		if member(m.sieves[i].rids, rid) == m.sieves[i].exclude {
			return false
		}
	}
	return true
}

// waste counts records read in vain. At the first patience of them, and at each fourfold, it is time to spend about as much again on rows.
type waste struct{ count, at int }

// another counts one; it gives how many rows to spend, 0 mostly.
func (w *waste) another(r *run) int {
	if w.at == 0 {
		w.at = r.e.tuning.patience
	}
	if w.count++; w.count < w.at {
		return 0
	}
	w.at *= 4
	return 2 * rowsOfRecord * w.count
}

func (m *matches) sieved(n *node) bool {
	return slices.ContainsFunc(m.sieves, func(s sieve) bool { return s.n == n })
}

// sharpen gathers the rows of the conditions that are left to judge, where they have rows and the budget allows.
func (m *matches) sharpen(rows int) error {
	for _, n := range conjunctsOf(m.rest) {
		if m.walk != nil && n == m.walk.d.n || m.sieved(n) {
			continue
		}
		whole := n
		exclude := n.kind == nodeNot
		if exclude {
			n = n.kids[0]
		}
		rids, ok, err := m.r.rowsOf(n, exclude, rows)
		if err != nil {
			return err
		}
		if ok {
			m.r.step(m.typ, "sieve", n.describe(), len(rids))
			m.sieves = append(m.sieves, sieve{n: whole, rids: rids, exclude: exclude})
		}
	}
	return nil
}

// rowsOf gathers the records that a condition's rows name, newest first; with sure only if all of them satisfy it. Ok is false when it has no rows, or more than the limit or the budget allows.
func (r *run) rowsOf(n *node, sure bool, limit int) (rids []store.RID, ok bool, err error) {
	r.setsDrive = true
	d, err := r.driveOf(n)
	r.setsDrive = false
	if d == nil || err != nil || d.costly {
		return nil, false, err
	}
	if sure && !d.exact && !d.certain() {
		return nil, false, nil
	}
	if limit = min(limit, r.budget.Rows-r.rows-1); limit <= 0 {
		return nil, false, nil
	}
	u := &runner{walk: r.walker(d).inAnyOrder(), sure: true}
	ended, err := u.advance(limit)
	if !ended || err != nil {
		if isTooCostly(err) && r.ctx.Err() == nil {
			return nil, false, nil // rows that are not visible count too
		}
		return nil, false, err
	}
	return distinctRIDs(u.rids), !sure || u.sure, nil
}

// distinctRIDs sorts records newest first and drops repetitions.
func distinctRIDs(rids []store.RID) []store.RID {
	newestFirst(rids)
	return slices.Compact(rids)
}

// member says whether a record is in a list that is sorted newest first.
func member(rids []store.RID, rid store.RID) bool {
	_, found := slices.BinarySearchFunc(rids, rid, func(at, wanted store.RID) int { return cmp.Compare(wanted, at) })
	return found
}
