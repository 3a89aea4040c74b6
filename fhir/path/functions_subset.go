package path

// single gives the one item there is; more are an error.
func single(_ *evaluator, c *call, in Collection) (Collection, error) {
	_, err := c.single(in)
	return in, err
}

func first(_ *evaluator, _ *call, in Collection) (Collection, error) {
	return in[:min(1, len(in)):min(1, len(in))], nil
}

func last(_ *evaluator, _ *call, in Collection) (Collection, error) {
	return in[max(0, len(in)-1):], nil
}

func tail(_ *evaluator, _ *call, in Collection) (Collection, error) {
	return in[min(1, len(in)):], nil
}

func skip(ev *evaluator, c *call, in Collection) (Collection, error) {
	n, known, err := ev.integer(c.args[0], c.pos)
	if err != nil || !known {
		return nil, err
	}
	return in[min(max(n, 0), len(in)):], nil
}

func take(ev *evaluator, c *call, in Collection) (Collection, error) {
	n, known, err := ev.integer(c.args[0], c.pos)
	if err != nil || !known {
		return nil, err
	}
	n = min(max(n, 0), len(in))
	return in[:n:n], nil
}

// intersect keeps what is in both collections, once each.
func intersect(ev *evaluator, c *call, in Collection) (Collection, error) {
	other, err := c.args[0].eval(ev)
	if err != nil {
		return nil, err
	}
	out, set := ev.mark(), setOf(other)
	for _, it := range in {
		found, err := set.holds(ev, other, it)
		if err != nil {
			return nil, err
		}
		if found {
			if err := ev.push(it); err != nil {
				return nil, err
			}
		}
	}
	return ev.distinct(out)
}

// exclude keeps what is not in the other collection, in order and with repetitions.
func exclude(ev *evaluator, c *call, in Collection) (Collection, error) {
	other, err := c.args[0].eval(ev)
	if err != nil {
		return nil, err
	}
	out, set := ev.mark(), setOf(other)
	for _, it := range in {
		found, err := set.holds(ev, other, it)
		if err != nil {
			return nil, err
		}
		if !found {
			if err := ev.push(it); err != nil {
				return nil, err
			}
		}
	}
	return ev.since(out), nil
}

// unite is the union function.
func unite(ev *evaluator, c *call, in Collection) (Collection, error) {
	out, err := concatenate(ev, c, in)
	if err != nil {
		return nil, err
	}
	return ev.distinct(out)
}

// combine joins two collections and keeps repetitions.
func combine(ev *evaluator, c *call, in Collection) (Collection, error) {
	out, err := concatenate(ev, c, in)
	if err != nil {
		return nil, err
	}
	return ev.since(out), nil
}

func concatenate(ev *evaluator, c *call, in Collection) (mark int, err error) {
	other, err := c.args[0].eval(ev)
	if err != nil {
		return 0, err
	}
	mark = ev.mark()
	for _, part := range [...]Collection{in, other} {
		for _, it := range part {
			if err := ev.push(it); err != nil {
				return 0, err
			}
		}
	}
	return mark, ev.spend(1)
}
