package path

import "github.com/carnet-fhir/carnet/fhir/element"

// where keeps the items that meet the criterion.
func where(ev *evaluator, c *call, in Collection) (Collection, error) {
	out := ev.mark()
	saved := ev.scope
	for i := range in {
		ev.scope.this, ev.scope.index = in[i:i+1:i+1], i
		t, err := ev.truth(c.args[0])
		if err != nil {
			return nil, err
		}
		if t == True {
			if err := ev.push(in[i]); err != nil {
				return nil, err
			}
		}
		if err := ev.spend(1); err != nil {
			return nil, err
		}
	}
	ev.scope = saved
	return ev.since(out), nil
}

// selectAll projects every item.
func selectAll(ev *evaluator, c *call, in Collection) (Collection, error) {
	out := ev.mark()
	return ev.project(c.args[0], in, out)
}

// project adds to what is on the stack since out the projection of each item.
func (ev *evaluator) project(projection node, in Collection, out int) (Collection, error) {
	saved := ev.scope
	for i := range in {
		ev.scope.this, ev.scope.index = in[i:i+1:i+1], i
		mark := ev.mark()
		part, err := projection.eval(ev)
		if err != nil {
			return nil, err
		}
		if err := ev.keep(mark, part); err != nil {
			return nil, err
		}
		if err := ev.spend(1); err != nil {
			return nil, err
		}
	}
	ev.scope = saved
	return ev.since(out), nil
}

// repeat projects again and again, as long as new items come.
func repeat(ev *evaluator, c *call, in Collection) (Collection, error) {
	out := ev.mark()
	seen := repeated{nodes: map[*element.Element]bool{}}
	for len(in) > 0 {
		mark := ev.mark()
		next, err := ev.project(c.args[0], in, mark)
		if err != nil {
			return nil, err
		}
		n := 0
		for _, it := range next {
			known, err := seen.holds(ev, ev.stack[out:mark+n], it)
			if err != nil {
				return nil, err
			}
			if !known {
				ev.stack[mark+n] = it
				n++
			}
		}
		ev.cut(mark + n)
		in = ev.since(mark)
	}
	return ev.since(out), nil
}

// repeated knows what repeat has met: elements by themselves (two items of a questionnaire may be alike), values by equality.
type repeated struct{ nodes map[*element.Element]bool }

func (r repeated) holds(ev *evaluator, items Collection, it Item) (bool, error) {
	if n, ok := it.(Node); ok {
		known := r.nodes[n.Element]
		r.nodes[n.Element] = true
		return known, ev.spend(1)
	}
	for _, other := range items {
		if ev.equal(other, it) == True {
			return true, nil
		}
	}
	return false, ev.spend(len(items))
}

// ofType keeps the items of the type; as does the same.
func ofType(ev *evaluator, c *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		if c.typ.matches(it) {
			if err := ev.push(it); err != nil {
				return nil, err
			}
		}
	}
	return ev.since(out), ev.spend(len(in))
}

func isType(_ *evaluator, c *call, in Collection) (Truth, error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return Unknown, err
	}
	return truthOf(c.typ.matches(it)), nil
}

func typesOf(ev *evaluator, _ *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		if err := ev.push(typeOf(it)); err != nil {
			return nil, err
		}
	}
	return ev.since(out), nil
}

// aggregate folds the items, with what is reached so far as $total.
func aggregate(ev *evaluator, c *call, in Collection) (Collection, error) {
	var total Collection
	if len(c.args) == 2 {
		start, err := c.args[1].eval(ev)
		if err != nil {
			return nil, err
		}
		total = start
	}
	saved, out := ev.scope, ev.mark()
	for i := range in {
		ev.scope.this, ev.scope.index, ev.scope.total = in[i:i+1:i+1], i, total
		next, err := c.args[0].eval(ev)
		if err != nil {
			return nil, err
		}
		if err := ev.spend(1 + len(next)); err != nil {
			return nil, err
		}
		// the old total may lie on the stack that the new one is moved onto, but nobody needs it any more
		if err := ev.keep(out, next); err != nil {
			return nil, err
		}
		total = ev.since(out)
	}
	ev.scope = saved
	return total, nil
}
