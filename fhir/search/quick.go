package search

import (
	"bytes"
	"slices"
	"sort"

	"github.com/carnet-fhir/carnet/store"
)

// quick judges one stored record by conditions whose parts need no preparation: memberships, ids, times, compartments, and conditions that depend on references. Reading a resource asks one access rule
// about one record, for which making a plan would cost several times what judging costs.
type quick struct {
	e    *Engine
	view store.View
	rec  *store.Record
}

// judge gives maybe where a condition has other parts that matter, or asking failed: then it is for a run to judge. It says what run.judge says otherwise.
func (q *quick) judge(x Expr, depth int) verdict {
	if depth > maxDepth {
		return maybe
	}
	switch x := x.(type) {
	case nil:
		return yes
	case And:
		return q.all(x, no, depth)
	case Or:
		return q.all(x, yes, depth)
	case Not:
		return yes - q.judge(x.Expr, depth+1)
	case *Later:
		return q.judge(x.Expr, depth+1)
	case IDIn:
		return verdictOf(slices.Contains(x.IDs, q.rec.ID))
	case *Among:
		return q.among(x)
	case *Depends:
		return q.depends(x, depth)
	case InCompartment:
		return q.inCompartment(x)
	case *Clause:
		if x.Param.Resource == q.rec.Type && x.Param.Code == "_lastUpdated" && x.Modifier == NoModifier {
			return verdictOf(updatedMatches(x, q.rec.Time))
		}
	}
	return maybe
}

// all judges the parts of a conjunction, which one "no" decides, or of a disjunction, which one "yes" does.
func (q *quick) all(parts []Expr, decides verdict, depth int) verdict {
	out := yes - decides
	for _, part := range parts {
		switch q.judge(part, depth+1) {
		case decides:
			return decides
		case maybe:
			out = maybe
		}
	}
	return out
}

func (q *quick) among(x *Among) verdict {
	switch {
	case x.Param == nil:
		return verdictOf(q.rec.ID != "" && x.Set.HasRef(Ref{q.rec.Type, q.rec.ID}))
	case x.Param.Resource != q.rec.Type || !x.Param.indexed() || x.Set.Len() == 0:
		return no
	}
	names := q.e.namesOf(x.Param)
	index := names.main
	if x.Identifier {
		index = names.identifier
	}
	for _, entry := range q.from(index, x.Set.least) {
		if x.Set.beyond != nil && bytes.Compare(entry.Value, x.Set.beyond) >= 0 {
			break
		}
		if x.Set.has(entry.Value) {
			return yes
		}
	}
	return no
}

func (q *quick) depends(x *Depends, depth int) verdict {
	if x.Param == nil {
		return q.on(x, Ref{q.rec.Type, q.rec.ID}, depth)
	}
	if x.Param.Resource != q.rec.Type || !x.Param.indexed() {
		return no
	}
	for _, entry := range q.from(q.e.namesOf(x.Param).main, nil) {
		if bytes.IndexByte(entry.Value, separator) >= 0 { // a canonical
			continue
		}
		typ, id, _ := bytes.Cut(entry.Value, []byte("/"))
		// Of several references whose conditions are not all decided, the run asks in order.
		if v := q.on(x, Ref{string(typ), string(id)}, depth); v != no {
			return v
		}
	}
	return no
}

func (q *quick) on(x *Depends, ref Ref, depth int) verdict {
	inner, err := x.On(ref)
	if err != nil {
		return maybe
	}
	return q.judge(inner, depth+1)
}

func (q *quick) inCompartment(x InCompartment) verdict {
	value := appendMember(nil, x.ID, q.rec.Type)
	entries := q.from(compartmentIndex(x.Type), value)
	return verdictOf(len(entries) > 0 && bytes.Equal(entries[0].Value, value))
}

// from gives the record's entries in an index, from a value on.
func (q *quick) from(name string, low []byte) []store.IndexEntry {
	index, known := q.view.Index(name)
	if !known {
		return nil
	}
	all := q.rec.Index
	all = all[sort.Search(len(all), func(i int) bool {
		return all[i].Index > index || all[i].Index == index && bytes.Compare(all[i].Value, low) >= 0
	}):]
	return all[:sort.Search(len(all), func(i int) bool { return all[i].Index > index })]
}
