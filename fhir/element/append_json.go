package element

// AppendJSON writes the element in the JSON format: a resource with its resourceType, a data type as an object, a primitive as its
// value (its extensions have no place without a parent). Members come in the order of the children. Elements that have
// neither value nor content are left out, as FHIR has no empty elements.
func AppendJSON(dst []byte, e *Element) []byte {
	if e.IsPrimitive() {
		return appendValue(dst, e)
	}
	dst, _ = appendObject(dst, e)
	return dst
}

// appendObject writes an object and says whether it holds anything.
func appendObject(dst []byte, e *Element) ([]byte, bool) {
	filled := false
	dst = append(dst, '{')
	if e.IsResource() {
		dst = append(dst, `"resourceType":"`...)
		dst = append(dst, e.Type.Name...)
		dst = append(dst, '"')
		filled = true
	}
	for c := e.First; c != nil; {
		last := groupEnd(c)
		mark := len(dst)
		if filled {
			dst = append(dst, ',')
		}
		start := len(dst)
		if dst = appendGroup(dst, c, last); len(dst) == start {
			dst = dst[:mark]
		} else {
			filled = true
		}
		c = last
	}
	return append(dst, '}'), filled
}

// groupEnd gives the first sibling behind the repetitions of c.
func groupEnd(c *Element) *Element {
	name := c.Name
	for c = c.Next; c != nil && c.Name == name; c = c.Next {
	}
	return c
}

// appendGroup writes the member of an element and its repetitions (up to end), or nothing when all of them are empty.
func appendGroup(dst []byte, first, end *Element) []byte {
	if first.IsPrimitive() {
		return appendPrimitives(dst, first, end)
	}
	mark := len(dst)
	dst = appendName(dst, first, false)
	if repeats(first, end) {
		dst = append(dst, '[')
		start := len(dst)
		for c := first; c != end; c = c.Next {
			before := len(dst)
			if before > start {
				dst = append(dst, ',')
			}
			var filled bool
			if dst, filled = appendObject(dst, c); !filled {
				dst = dst[:before]
			}
		}
		if len(dst) == start {
			return dst[:mark]
		}
		return append(dst, ']')
	}
	dst, filled := appendObject(dst, first)
	if !filled {
		return dst[:mark]
	}
	return dst
}

// repeats says whether the element is written as an array. Without a definition (a detached element) its number decides.
func repeats(first, end *Element) bool {
	if first.Def == nil {
		return first.Next != end
	}
	return first.Def.Max != 1
}

func appendName(dst []byte, e *Element, underscore bool) []byte {
	dst = append(dst, '"')
	if underscore {
		dst = append(dst, '_')
	}
	if e.Def != nil && e.Def.Choice {
		dst = appendChoiceName(dst, e.Name, e.Type)
	} else {
		dst = append(dst, e.Name...)
	}
	return append(dst, '"', ':')
}

// hollow says that nothing of the element would be written.
func hollow(e *Element) bool {
	if e.HasValue || e.IsResource() {
		return false
	}
	for c := e.First; c != nil; c = c.Next {
		if !hollow(c) {
			return false
		}
	}
	return true
}

// extended says that the primitive has an id or extensions.
func extended(e *Element) bool {
	for c := e.First; c != nil; c = c.Next {
		if !hollow(c) {
			return true
		}
	}
	return false
}

// appendPrimitives writes up to two members: the values, and the ids and extensions. In a list both arrays are kept in step with null.
func appendPrimitives(dst []byte, first, end *Element) []byte {
	values, shadows := false, false
	for c := first; c != end; c = c.Next {
		values = values || c.HasValue
		shadows = shadows || extended(c)
	}
	list := repeats(first, end)
	if values {
		dst = appendName(dst, first, false)
		if list {
			dst = appendList(dst, first, end, appendValue)
		} else {
			dst = appendValue(dst, first)
		}
	}
	if shadows {
		if values {
			dst = append(dst, ',')
		}
		dst = appendName(dst, first, true)
		if list {
			dst = appendList(dst, first, end, appendShadow)
		} else {
			dst = appendShadow(dst, first)
		}
	}
	return dst
}

// appendList writes one of the two arrays of a list of primitives. A hollow item is in neither.
func appendList(dst []byte, first, end *Element, item func([]byte, *Element) []byte) []byte {
	dst = append(dst, '[')
	start := len(dst)
	for c := first; c != end; c = c.Next {
		if hollow(c) {
			continue
		}
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = item(dst, c)
	}
	return append(dst, ']')
}

func appendShadow(dst []byte, e *Element) []byte {
	if !extended(e) {
		return append(dst, "null"...)
	}
	dst, _ = appendObject(dst, e)
	return dst
}

// appendValue writes a primitive's value: numbers and booleans as they are, all else as a string.
func appendValue(dst []byte, e *Element) []byte {
	if !e.HasValue {
		return append(dst, "null"...)
	}
	if jsonKind(e.Type) != nodeString {
		return append(dst, e.Value...)
	}
	return appendString(dst, e.Value)
}
