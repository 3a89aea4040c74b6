package check

import "fmt"

// automaton turns a content model into states by the construction of Glushkov: one state for each place of a symbol in the model, and one for the start.
// XML schemas require models in which the name of a child says which place it takes; two places for one name in the same state are an error here too.
func automaton(model *particle, symbols int) ([]state, error) {
	b := &builder{}
	whole := b.build(model)
	states := make([]state, len(b.symbols)+1)
	states[0].accepts = whole.empty
	for i := range states {
		states[i].next = make([]int16, symbols)
		for s := range states[i].next {
			states[i].next[s] = dead
		}
	}
	for _, last := range whole.last {
		states[last+1].accepts = true
	}
	if err := b.connect(&states[0], whole.first); err != nil {
		return nil, err
	}
	for i, follow := range b.follow {
		if err := b.connect(&states[i+1], follow); err != nil {
			return nil, err
		}
	}
	return states, nil
}

func (b *builder) connect(from *state, places []int) error {
	for _, place := range places {
		switch to := &from.next[b.symbols[place]]; {
		case *to == dead || *to == int16(place+1):
			*to = int16(place + 1)
		case !same(b.follow[*to-1], b.follow[place]):
			return fmt.Errorf("the content model is ambiguous")
		}
	}
	return nil
}

func same(a, b []int) bool {
	set := map[int]bool{}
	for _, x := range a {
		set[x] = true
	}
	for _, x := range b {
		if !set[x] {
			return false
		}
		delete(set, x)
	}
	return len(set) == 0
}

type builder struct {
	symbols []int   // of each place
	follow  [][]int // places that may come after each place
}

// part is a piece of a model: the places it may begin and end with, and whether it may be empty.
type part struct {
	empty       bool
	first, last []int
}

func (b *builder) build(p *particle) part {
	whole := part{empty: true}
	for range p.least {
		whole = b.sequence(whole, b.once(p))
	}
	switch {
	case p.most < 0 && p.least == 1: // one or more: the copy that stands repeats
		b.loop(whole)
	case p.most < 0:
		rest := b.once(p)
		b.loop(rest)
		rest.empty = true
		whole = b.sequence(whole, rest)
	default:
		for range p.most - p.least {
			more := b.once(p)
			more.empty = true
			whole = b.sequence(whole, more)
		}
	}
	return whole
}

// once gives a particle that stands one time.
func (b *builder) once(p *particle) part {
	if p.symbol >= 0 {
		place := len(b.symbols)
		b.symbols = append(b.symbols, p.symbol)
		b.follow = append(b.follow, nil)
		return part{first: []int{place}, last: []int{place}}
	}
	if !p.choice {
		whole := part{empty: true}
		for _, inner := range p.parts {
			whole = b.sequence(whole, b.build(inner))
		}
		return whole
	}
	whole := part{empty: len(p.parts) == 0}
	for _, inner := range p.parts {
		one := b.build(inner)
		whole.empty = whole.empty || one.empty
		whole.first = append(whole.first, one.first...)
		whole.last = append(whole.last, one.last...)
	}
	return whole
}

func (b *builder) loop(p part) {
	for _, last := range p.last {
		b.follow[last] = append(b.follow[last], p.first...)
	}
}

func (b *builder) sequence(left, right part) part {
	for _, last := range left.last {
		b.follow[last] = append(b.follow[last], right.first...)
	}
	whole := part{empty: left.empty && right.empty, first: clip(left.first), last: clip(right.last)}
	if left.empty {
		whole.first = append(whole.first, right.first...)
	}
	if right.empty {
		whole.last = append(whole.last, left.last...)
	}
	return whole
}

// clip makes appending to a slice copy it.
func clip(s []int) []int { return s[:len(s):len(s)] }
