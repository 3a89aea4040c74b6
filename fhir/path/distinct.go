package path

import "strconv"

// fewItems is how many items are compared each with each; more are first sorted into buckets by key.
const fewItems = 12

// distinct removes from the collection on the stack since the mark what equals an earlier item.
func (ev *evaluator) distinct(mark int) (Collection, error) {
	c := ev.stack[mark:]
	if len(c) < 2 {
		return ev.since(mark), nil
	}
	kept := newItemSet(len(c))
	n := 0
	for _, it := range c {
		repeated, err := kept.holds(ev, c[:n], it)
		if err != nil {
			return nil, err
		}
		if !repeated {
			kept.add(it, n)
			c[n] = it
			n++
		}
	}
	ev.cut(mark + n)
	return ev.since(mark), nil
}

// itemSet finds equal items among those added, by their place in a collection.
type itemSet struct {
	buckets map[string][]int32 // nil while the items are few
}

func newItemSet(n int) itemSet {
	if n <= fewItems {
		return itemSet{}
	}
	return itemSet{buckets: make(map[string][]int32, n)}
}

func (s itemSet) add(it Item, at int) {
	if s.buckets != nil {
		k := keyOf(it)
		s.buckets[k] = append(s.buckets[k], int32(at))
	}
}

// holds says whether one of the items equals this one.
func (s itemSet) holds(ev *evaluator, items Collection, it Item) (bool, error) {
	if text, ok := textOf(it); ok {
		ev.budget -= len(text) / 64
	}
	if s.buckets == nil {
		for _, other := range items {
			if ev.equal(other, it) == True {
				return true, nil
			}
		}
		return false, ev.spend(len(items))
	}
	bucket := s.buckets[keyOf(it)]
	for _, at := range bucket {
		if ev.equal(items[at], it) == True {
			return true, nil
		}
	}
	return false, ev.spend(len(bucket) + 1)
}

// setOf makes the set of a whole collection.
func setOf(c Collection) itemSet {
	s := newItemSet(len(c))
	for i, it := range c {
		s.add(it, i)
	}
	return s
}

// keyOf gives a key that is the same for equal items (unequal ones may share it).
func keyOf(it Item) string {
	if s, ok := textOf(it); ok {
		return "s" + s
	}
	switch v := systemValue(it).(type) {
	case Boolean:
		return "b" + strconv.FormatBool(bool(v))
	case Integer:
		return "n" + strconv.Itoa(int(v))
	case Decimal:
		return "n" + v.plain()
	case Quantity:
		if v.Unit == "1" && !v.foreign {
			return "n" + v.Value.plain()
		}
		return "q"
	case Date, DateTime:
		return "d"
	case Time:
		return "t"
	case Node:
		key := "e" + v.Type.Name
		if c := v.First; c != nil {
			// one child's value tells most elements apart; the order of members is free, so that one is chosen by name
			for _, name := range [...]string{"code", "url", "reference", "value", "linkId", "path"} {
				if c := v.Child(name); c != nil && c.IsPrimitive() && kindOf(c.Type) == stringValue {
					return key + "/" + name + "=" + c.Value
				}
			}
		}
		return key
	}
	return ""
}
