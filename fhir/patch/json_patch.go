package patch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

var (
	errTrailing = errors.New("patch: more than one JSON value")
	errTooDeep  = errors.New("patch: nested too deeply")
)

// maxGrowth bounds how many values the operations of a patch may copy within the document: a document that is copied into itself
// doubles each time.
const maxGrowth = 200_000

// applyJSON applies a JSON Patch (RFC 6902) to the JSON form of the resource.
func applyJSON(defs *spec.Definitions, current *element.Resource, body []byte) (*element.Resource, error) {
	operations, err := readJSONPatch(body)
	if err != nil {
		return nil, err
	}
	doc, err := parseJSON(current.Compact())
	if err != nil {
		return nil, fmt.Errorf("patch: current resource: %w", err)
	}
	e := editor{root: doc, budget: maxGrowth, typ: current.Type()}
	for i := range operations {
		o := &operations[i]
		if err := e.apply(o); err != nil {
			return nil, err
		}
	}
	e.root.prune()
	return element.ParseJSON(defs, e.root.append(nil), element.Options{ExpectType: current.Type()})
}

// jsonOperation is one operation of a JSON Patch.
type jsonOperation struct {
	number     int // from 1
	op         string
	path, from pointer
	value      *value
}

func readJSONPatch(body []byte) ([]jsonOperation, error) {
	doc, err := parseJSON(body)
	if err != nil {
		f := malformed("", "The JSON Patch is not valid JSON, repeats a member, or nests too deeply.")
		f.Cause = err
		return nil, f
	}
	if doc.kind != '[' {
		return nil, malformed("", "A JSON Patch is an array of operations.")
	}
	if len(doc.items) > maxOperations {
		return nil, malformed("", fmt.Sprintf("A patch has at most %d operations.", maxOperations))
	}
	operations := make([]jsonOperation, len(doc.items))
	for i, item := range doc.items {
		if operations[i], err = readJSONOperation(item, i+1); err != nil {
			return nil, err
		}
	}
	return operations, nil
}

func readJSONOperation(v *value, number int) (jsonOperation, error) {
	o := jsonOperation{number: number, value: v.get("value")}
	wrong := func(what string) (jsonOperation, error) {
		return o, malformed("", fmt.Sprintf("Operation %d of the JSON Patch %s.", number, what))
	}
	if v.kind != '{' {
		return wrong("is not an object")
	}
	op, path, from := v.get("op"), v.get("path"), v.get("from")
	if op == nil || op.kind != '"' {
		return wrong("has no op")
	}
	o.op = op.text
	switch o.op {
	case "add", "replace", "test":
		if o.value == nil {
			return wrong("has no value")
		}
	case "move", "copy":
		if from == nil || from.kind != '"' {
			return wrong("has no from")
		}
		var ok bool
		if o.from, ok = parsePointer(from.text); !ok {
			return wrong("has a from that is not a JSON Pointer")
		}
	case "remove":
	default:
		return wrong("has an op that is not add, remove, replace, move, copy or test")
	}
	if path == nil || path.kind != '"' {
		return wrong("has no path")
	}
	var ok bool
	if o.path, ok = parsePointer(path.text); !ok {
		return wrong("has a path that is not a JSON Pointer")
	}
	return o, nil
}

// pointer is a JSON Pointer (RFC 6901), decoded.
type pointer []string

func parsePointer(s string) (pointer, bool) {
	if s == "" {
		return nil, true
	}
	if s[0] != '/' || len(s) > 4096 {
		return nil, false
	}
	parts := strings.Split(s[1:], "/")
	for i, p := range parts {
		for j := 0; j < len(p); j++ {
			if p[j] == '~' && (j+1 == len(p) || p[j+1] != '0' && p[j+1] != '1') {
				return nil, false
			}
		}
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts, true
}

// expression gives the pointer as FHIRPath, as far as its parts are names and numbers.
func (p pointer) expression(typ string) string {
	var b strings.Builder
	b.WriteString(typ)
	for _, part := range p {
		switch {
		case part == "-":
		case isIndex(part):
			b.WriteString("[" + part + "]")
		case isName(part):
			b.WriteString("." + strings.TrimPrefix(part, "_"))
		default:
			return b.String()
		}
	}
	return b.String()
}

func isIndex(s string) bool {
	_, ok := index(s)
	return ok
}

// index reads an array index, without leading zeros.
func index(s string) (int, bool) {
	if s == "" || len(s) > 9 || len(s) > 1 && s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func isName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == ""
}
