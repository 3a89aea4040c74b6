package element

// apart gathers the faults of the entries' resources while a Bundle is read (Options.Apart). Whether they stay apart is only known when Bundle.type was
// read, which may come last.
type apart struct {
	found []refusal
	told  int // faults in all
}

const (
	// maxTold is how many faults are told in all; entries behind it are told of one each.
	maxTold = 10 * MaxIssues
	// maxRefused is how many entries can be refused apart from the others. A Bundle with more is not worth the answer.
	maxRefused = 10_000
)

type refusal struct {
	at     *Element
	report report
}

// isEntryResource says whether the element is Bundle.entry.resource of the root.
func isEntryResource(c *Element) bool {
	return c.Name == "resource" && c.Parent != nil && c.Parent.Name == "entry" && c.Parent.Parent != nil && c.Parent.Parent.Parent == nil
}

// open gives the report for the next entry.
func (a *apart) open(src string) report {
	r := report{src: src}
	if a.told >= maxTold {
		r.most = 1
	}
	return r
}

// take keeps what was found in one entry, and gives the report of the Bundle back.
func (a *apart) take(c *Element, outer, inner report) report {
	if len(inner.found) > 0 {
		a.found = append(a.found, refusal{c, inner})
		a.told += len(inner.found)
		outer.overflow = outer.overflow || len(a.found) > maxRefused
	}
	return outer
}

// settle makes refusals of what was found in the entries of a batch; of another Bundle it joins the faults of all.
func (a *apart) settle(whole *report, o Options, root *Element) map[int]error {
	if len(a.found) == 0 {
		return nil
	}
	if root == nil || root.ChildValue("type") != "batch" || whole.overflow || whole.fault() != nil {
		for i := range a.found {
			whole.join(&a.found[i].report)
		}
		return nil
	}
	refused := make(map[int]error)
	place := make(map[*Element]int)
	for e := range root.Children("entry") {
		place[e] = len(place)
	}
	for i := range a.found {
		f := &a.found[i]
		if err := f.report.fault(); err != nil {
			refused[place[f.at.Parent]] = o.judged(err, f.at)
			continue
		}
		whole.join(&f.report) // warnings
	}
	return refused
}

// join adds what another report found in the same content.
func (r *report) join(other *report) {
	r.syntax, r.tooBig, r.overflow = r.syntax || other.syntax, r.tooBig || other.tooBig, r.overflow || other.overflow
	for _, f := range other.found {
		if len(r.found) >= MaxIssues {
			r.overflow = true
			return
		}
		r.found = append(r.found, f)
	}
}
