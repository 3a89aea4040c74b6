package path

func empty(_ *evaluator, _ *call, in Collection) (Truth, error) { return truthOf(len(in) == 0), nil }

// exists tells whether there is an item, or one that meets the criterion.
func exists(ev *evaluator, c *call, in Collection) (Truth, error) {
	if len(c.args) == 0 {
		return truthOf(len(in) > 0), nil
	}
	return c.search(ev, in, func(t Truth) bool { return t == True })
}

// all tells whether every item meets the criterion.
func all(ev *evaluator, c *call, in Collection) (Truth, error) {
	t, err := c.search(ev, in, func(t Truth) bool { return t != True })
	return t.Not(), err
}

// search tells whether the criterion's truth for some item is one that stops the search.
func (c *call) search(ev *evaluator, in Collection, stops func(Truth) bool) (Truth, error) {
	saved := ev.scope
	for i := range in {
		ev.scope.this, ev.scope.index = in[i:i+1:i+1], i
		t, err := ev.truth(c.args[0])
		if err != nil {
			return Unknown, err
		}
		if err := ev.spend(1); err != nil {
			return Unknown, err
		}
		if stops(t) {
			ev.scope = saved
			return True, nil
		}
	}
	ev.scope = saved
	return False, nil
}

// allOf makes allTrue, anyTrue, allFalse and anyFalse.
func allOf(wanted Truth, every bool) func(*evaluator, *call, Collection) (Truth, error) {
	return func(_ *evaluator, c *call, in Collection) (Truth, error) {
		for _, it := range in {
			b, ok := systemValue(it).(Boolean)
			if !ok {
				return Unknown, evalFault(c.pos, "the function %s applies to booleans, not to a %s", c.name, typeOf(it).Name)
			}
			if (truthOf(bool(b)) == wanted) != every {
				return truthOf(!every), nil
			}
		}
		return truthOf(every), nil
	}
}

func subsetOf(ev *evaluator, c *call, in Collection) (Truth, error) {
	other, err := c.args[0].eval(ev)
	if err != nil {
		return Unknown, err
	}
	return ev.subset(in, other)
}

func supersetOf(ev *evaluator, c *call, in Collection) (Truth, error) {
	other, err := c.args[0].eval(ev)
	if err != nil {
		return Unknown, err
	}
	return ev.subset(other, in)
}

func (ev *evaluator) subset(part, whole Collection) (Truth, error) {
	set := setOf(whole)
	for _, it := range part {
		found, err := set.holds(ev, whole, it)
		if err != nil || !found {
			return False, err
		}
	}
	return True, nil
}

func count(ev *evaluator, _ *call, in Collection) (Collection, error) {
	return ev.one(Integer(len(in))), nil
}

// distinct removes repeated items.
func distinct(ev *evaluator, _ *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		if err := ev.push(it); err != nil {
			return nil, err
		}
	}
	return ev.distinct(out)
}

func isDistinct(ev *evaluator, _ *call, in Collection) (Truth, error) {
	set := newItemSet(len(in))
	for i, it := range in {
		repeated, err := set.holds(ev, in[:i], it)
		if err != nil || repeated {
			return False, err
		}
		set.add(it, i)
	}
	return True, nil
}

func not(_ *evaluator, _ *call, in Collection) (Truth, error) {
	t, err := singleTruth(in)
	return t.Not(), err
}
