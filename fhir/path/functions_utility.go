package path

// trace shows its input, or the projection of it, to Context.Trace, and passes it on.
func trace(ev *evaluator, c *call, in Collection) (Collection, error) {
	if ev.ctx.Trace == nil {
		return in, nil
	}
	name, _, err := ev.text(c.args[0], c.pos)
	if err != nil {
		return nil, err
	}
	shown := in
	if len(c.args) == 2 {
		if shown, err = ev.project(c.args[1], in, ev.mark()); err != nil {
			return nil, err
		}
	}
	ev.ctx.Trace(name, append(Collection(nil), shown...))
	return in, nil
}

func now(ev *evaluator, _ *call, _ Collection) (Collection, error) {
	return ev.one(DateTime{momentOf(ev.clock())}), nil
}

func today(ev *evaluator, _ *call, _ Collection) (Collection, error) {
	return ev.one(toDate(DateTime{momentOf(ev.clock())})), nil
}

func timeOfDay(ev *evaluator, _ *call, _ Collection) (Collection, error) {
	m := momentOf(ev.clock())
	m.year, m.month, m.day, m.zoned, m.offset = 0, 0, 0, false, 0
	return ev.one(Time{m}), nil
}
