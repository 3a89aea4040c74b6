package element

// EqualContent says whether two resources carry the same content: same elements with the same values (decimals with the same
// digits), repetitions in the same order. The order of members is free. What is the server's own, that is the root's id,
// meta.versionId and meta.lastUpdated, is not looked at, and neither is a meta that holds nothing else.
func EqualContent(a, b *Element) bool {
	return a.Type == b.Type && equalChildren(a, b, exceptRoot)
}

// Equal says whether two elements are the same in type, value and content; the order of members is free.
func Equal(a, b *Element) bool {
	return a.Type == b.Type && a.HasValue == b.HasValue && a.Value == b.Value && equalChildren(a, b, nil)
}

// exceptRoot skips what EqualContent does not look at, among the children of a root.
func exceptRoot(e *Element) bool {
	switch e.Name {
	case "id":
		return true
	case "meta":
		for c := e.First; c != nil; c = c.Next {
			if !exceptMeta(c) {
				return false
			}
		}
		return true
	}
	return false
}

func exceptMeta(e *Element) bool { return e.Name == "versionId" || e.Name == "lastUpdated" }

// equalChildren compares the children, without those that skip names.
func equalChildren(a, b *Element, skip func(*Element) bool) bool {
	matched := 0
	for c := a.First; c != nil; {
		end := groupEnd(c)
		if skip != nil && skip(c) {
			c = end
			continue
		}
		n := equalGroup(c, end, b.Child(c.Name), skip != nil)
		if n < 0 {
			return false
		}
		matched += n
		c = end
	}
	for c := b.First; c != nil; c = c.Next {
		if skip == nil || !skip(c) {
			matched--
		}
	}
	return matched == 0
}

// equalGroup compares the repetitions of one name, and gives their number, or -1 when they differ.
func equalGroup(c, end, other *Element, root bool) int {
	n := 0
	for ; c != end; c, other = c.Next, other.Next {
		if other == nil || other.Name != c.Name {
			return -1
		}
		if root && c.Name == "meta" {
			if !equalChildren(c, other, exceptMeta) {
				return -1
			}
		} else if !Equal(c, other) {
			return -1
		}
		n++
	}
	return n
}
