package path

// logic is and, or, xor and implies in the logic of three values (N1 §6.5). The right operand is not evaluated when the left one
// decides.
type logic struct {
	left, right node
	op          string
}

func (x *logic) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *logic) truth(ev *evaluator) (Truth, error) {
	l, err := ev.truth(x.left)
	if err != nil {
		return Unknown, err
	}
	if x.op == "and" && l == False || x.op == "or" && l == True || x.op == "implies" && l == False {
		return truthOf(x.op != "and"), nil
	}
	r, err := ev.truth(x.right)
	if err != nil {
		return Unknown, err
	}
	switch x.op {
	case "and":
		return and(l, r), nil
	case "or":
		return or(l, r), nil
	case "xor":
		if l == Unknown || r == Unknown {
			return Unknown, nil
		}
		return truthOf(l != r), nil
	default:
		return or(l.Not(), r), nil
	}
}

func and(l, r Truth) Truth {
	switch {
	case l == False || r == False:
		return False
	case l == True && r == True:
		return True
	}
	return Unknown
}

func or(l, r Truth) Truth { return and(l.Not(), r.Not()).Not() }

// membership is in and contains.
type membership struct {
	item, collection node
	pos              int
}

func (x *membership) eval(ev *evaluator) (Collection, error) {
	t, err := x.truth(ev)
	return t.collection(), err
}

func (x *membership) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	it, err := ev.single1(x.item, x.pos)
	if err != nil || it == nil {
		return Unknown, err
	}
	c, err := x.collection.eval(ev)
	if err != nil {
		return Unknown, err
	}
	found := false
	for _, other := range c {
		if ev.equal(it, other) == True {
			found = true
			break
		}
	}
	err = ev.spend(len(c))
	ev.cut(mark)
	return truthOf(found), err
}
