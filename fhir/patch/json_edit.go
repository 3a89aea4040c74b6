package patch

import (
	"fmt"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// editor applies operations to a JSON document.
type editor struct {
	root   *value
	budget int
	typ    string
}

func (e *editor) apply(o *jsonOperation) error {
	switch o.op {
	case "add":
		return e.add(o, o.path, o.value)
	case "remove":
		_, err := e.remove(o, o.path)
		return err
	case "replace":
		return e.replace(o)
	case "move":
		if inside(o.path, o.from) {
			return e.fail(o, o.path, "moves a value into itself")
		}
		v, err := e.remove(o, o.from)
		if err != nil {
			return err
		}
		return e.add(o, o.path, v)
	case "copy":
		v, err := e.find(o, o.from)
		if err != nil {
			return err
		}
		return e.add(o, o.path, v)
	default:
		return e.test(o)
	}
}

// inside says whether a path lies below another.
func inside(path, of pointer) bool {
	if len(path) <= len(of) {
		return false
	}
	for i := range of {
		if path[i] != of[i] {
			return false
		}
	}
	return true
}

func (e *editor) fail(o *jsonOperation, at pointer, what string) error {
	return unprocessable(at.expression(e.typ), fmt.Sprintf("Operation %d of the JSON Patch (%s) %s.", o.number, o.op, what))
}

// find follows a pointer.
func (e *editor) find(o *jsonOperation, p pointer) (*value, error) {
	v := e.root
	for i, part := range p {
		next := v.step(part)
		if next == nil {
			return nil, e.fail(o, p[:i+1], "points to a place that does not exist")
		}
		v = next
	}
	return v, nil
}

// step goes one level down; nil where there is nothing.
func (v *value) step(part string) *value {
	switch v.kind {
	case '{':
		return v.get(part)
	case '[':
		if n, ok := index(part); ok && n < len(v.items) {
			return v.items[n]
		}
	}
	return nil
}

// parent finds what holds the place that a pointer names.
func (e *editor) parent(o *jsonOperation, p pointer) (*value, string, error) {
	if len(p) == 0 {
		return nil, "", e.fail(o, p, "applies to the whole resource, which a patch cannot do")
	}
	v, err := e.find(o, p[:len(p)-1])
	if err != nil {
		return nil, "", err
	}
	if v.kind != '{' && v.kind != '[' {
		return nil, "", e.fail(o, p[:len(p)-1], "points into a value that is neither object nor array")
	}
	return v, p[len(p)-1], nil
}

// add puts a copy of the value at the place: a new or changed member, or an item before the index.
func (e *editor) add(o *jsonOperation, p pointer, v *value) error {
	if o.op != "move" {
		if e.budget -= v.count(); e.budget < 0 {
			return fault.New(http.StatusUnprocessableEntity, fault.TooCostly, "The JSON Patch copies too much.")
		}
		v = v.clone()
	}
	in, last, err := e.parent(o, p)
	if err != nil {
		return err
	}
	if in.kind == '{' {
		if i := in.member(last); i >= 0 {
			in.items[i] = v
			return nil
		}
		in.names, in.items = append(in.names, last), append(in.items, v)
		return nil
	}
	at := len(in.items)
	if last != "-" {
		n, ok := index(last)
		if !ok || n > len(in.items) {
			return e.fail(o, p, "names an index beyond the end of the array")
		}
		at = n
	}
	in.items = append(in.items, nil)
	copy(in.items[at+1:], in.items[at:])
	in.items[at] = v
	return nil
}

func (e *editor) remove(o *jsonOperation, p pointer) (*value, error) {
	in, last, err := e.parent(o, p)
	if err != nil {
		return nil, err
	}
	at := -1
	if in.kind == '{' {
		at = in.member(last)
	} else if n, ok := index(last); ok && n < len(in.items) {
		at = n
	}
	if at < 0 {
		return nil, e.fail(o, p, "points to a place that does not exist")
	}
	v := in.items[at]
	in.items = append(in.items[:at], in.items[at+1:]...)
	if in.kind == '{' {
		in.names = append(in.names[:at], in.names[at+1:]...)
	}
	in.trimmed = true
	return v, nil
}

func (e *editor) replace(o *jsonOperation) error {
	in, last, err := e.parent(o, o.path)
	if err != nil {
		return err
	}
	at := -1
	if in.kind == '{' {
		at = in.member(last)
	} else if n, ok := index(last); ok && n < len(in.items) {
		at = n
	}
	if at < 0 {
		return e.fail(o, o.path, "points to a place that does not exist")
	}
	in.items[at] = o.value.clone()
	return nil
}

// test compares; when it fails the whole patch does, with 422 (http://hl7.org/fhir/R4/http.html#patch).
func (e *editor) test(o *jsonOperation) error {
	v, err := e.find(o, o.path)
	if err != nil {
		return err
	}
	if !v.equal(o.value) {
		return e.fail(o, o.path, "found another value than the one it tests for")
	}
	return nil
}
