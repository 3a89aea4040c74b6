package path

import "github.com/carnet-fhir/carnet/fhir/element"

// children gives the immediate children, in document order.
func children(ev *evaluator, _ *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		n, ok := it.(Node)
		if !ok {
			continue
		}
		for c := n.First; c != nil; c = c.Next {
			if err := ev.push(Node{c}); err != nil {
				return nil, err
			}
		}
	}
	return ev.since(out), ev.spend(len(in))
}

// descendants gives everything below the items, in document order.
func descendants(ev *evaluator, _ *call, in Collection) (Collection, error) {
	out := ev.mark()
	for _, it := range in {
		n, ok := it.(Node)
		if !ok {
			continue
		}
		for c := n.First; c != nil; c = following(c, n.Element) {
			if err := ev.push(Node{c}); err != nil {
				return nil, err
			}
		}
		if err := ev.spend(1); err != nil {
			return nil, err
		}
	}
	return ev.since(out), nil
}

// following gives the element after this one in document order, within a tree; nil at its end.
func following(e, within *element.Element) *element.Element {
	if e.First != nil {
		return e.First
	}
	for e != within {
		if e.Next != nil {
			return e.Next
		}
		e = e.Parent
	}
	return nil
}
