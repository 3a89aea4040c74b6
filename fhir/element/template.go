package element

import (
	"strconv"
	"time"
)

// Template is a resource's JSON with the places left open that the server fills at the moment of the commit, when version
// and time are known. What it appends has resourceType, id and meta in front and then everything as received.
type Template struct {
	text []byte // all but version and time
	gap  int    // where they belong
}

// Stamped prepares the resource for being stored under the id. The client's id, meta.versionId and meta.lastUpdated
// (with extensions on them) are dropped; every other byte of the client's meta and content is kept.
func (r *Resource) Stamped(id string) Template {
	dst := make([]byte, 0, len(r.src)+96)
	if r.src == "" {
		dst = make([]byte, 0, 1024)
	}
	dst = append(dst, `{"resourceType":"`...)
	dst = append(dst, r.Root.Type.Name...)
	dst = append(dst, `","id":`...)
	dst = appendString(dst, id)
	dst = append(dst, `,"meta":{"versionId":"`...)
	gap := len(dst)
	if r.src == "" {
		dst = appendMembersExcept(dst, r.Root.Child("meta"), "versionId", "lastUpdated")
		dst = append(dst, '}')
		dst = appendMembersExcept(dst, r.Root, "id", "meta")
	} else {
		if meta := r.find("meta"); meta >= 0 {
			dst = r.appendOthers(dst, meta+1, "versionId", "lastUpdated", "")
		}
		dst = append(dst, '}')
		dst = r.appendOthers(dst, 0, "id", "meta", "resourceType")
	}
	return Template{text: append(dst, '}'), gap: gap}
}

// Append writes the resource with its version and time: one pass, no allocation when dst has room (see Size).
func (t Template) Append(dst []byte, versionID uint64, lastUpdated time.Time) []byte {
	dst = append(dst, t.text[:t.gap]...)
	dst = strconv.AppendUint(dst, versionID, 10)
	dst = append(dst, `","lastUpdated":"`...)
	dst = AppendInstant(dst, lastUpdated)
	dst = append(dst, '"')
	return append(dst, t.text[t.gap:]...)
}

// Size is the most bytes that Append adds.
func (t Template) Size() int {
	return len(t.text) + 20 + len(`","lastUpdated":"2006-01-02T15:04:05.000Z"`)
}

// AppendInstant writes a time as the server's instants are: UTC, to the millisecond.
func AppendInstant(dst []byte, at time.Time) []byte {
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000Z")
}

// find gives the key node of a member of the resource, or -1.
func (r *Resource) find(name string) int {
	for i := 1; i < int(r.tape[0].next); i = int(r.tape[i+1].next) {
		if r.name(i) == name {
			return i
		}
	}
	return -1
}

// appendOthers writes ",member" for each member of the object but those named, and but the extensions of those.
func (r *Resource) appendOthers(dst []byte, object int, a, b, c string) []byte {
	end := int(r.tape[object].next)
	for i := object + 1; i < end; i = int(r.tape[i+1].next) {
		name := r.name(i)
		if name != "" && name[0] == '_' {
			name = name[1:]
		}
		if name == a || name == b || name == c {
			continue
		}
		dst = append(dst, ',')
		dst = r.appendMember(dst, i)
	}
	return dst
}

// appendMembersExcept writes ",member" for each child but those named, from the tree.
func appendMembersExcept(dst []byte, e *Element, a, b string) []byte {
	if e == nil {
		return dst
	}
	for c := e.First; c != nil; {
		last := groupEnd(c)
		if c.Name != a && c.Name != b {
			mark := len(dst)
			dst = append(dst, ',')
			if dst = appendGroup(dst, c, last); len(dst) == mark+1 {
				dst = dst[:mark]
			}
		}
		c = last
	}
	return dst
}
