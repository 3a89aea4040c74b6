package servertest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// edit is one operation of a JSON Patch.
type edit struct {
	Op    string          `json:"op"`
	Path  string          `json:"path"`
	Value json.RawMessage `json:"value"`
}

// patchJSON applies add, remove and replace of RFC 6902 to any JSON, valid FHIR or not: fhir/patch would refuse what a test wants to be wrong.
func patchJSON(text, edits []byte) ([]byte, error) {
	var list []edit
	if err := json.Unmarshal(edits, &list); err != nil {
		return nil, err
	}
	tree, err := decode(text)
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		var value any
		if e.Op != "remove" {
			if value, err = decode(e.Value); err != nil {
				return nil, fmt.Errorf("%s: %w", e.Path, err)
			}
		}
		steps := strings.Split(strings.TrimPrefix(e.Path, "/"), "/")
		if tree, err = change(tree, steps, e.Op, value); err != nil {
			return nil, fmt.Errorf("%s %s: %w", e.Op, e.Path, err)
		}
	}
	return json.Marshal(tree)
}

func decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	return out, d.Decode(&out)
}

// change gives the node with the operation done at the steps below it.
func change(node any, steps []string, op string, value any) (any, error) {
	step := strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[0])
	switch n := node.(type) {
	case map[string]any:
		child, there := n[step]
		if len(steps) > 1 {
			changed, err := change(child, steps[1:], op, value)
			n[step] = changed
			return n, err
		}
		if !there && op != "add" {
			return n, fmt.Errorf("%q is not there", step)
		}
		if op == "remove" {
			delete(n, step)
		} else {
			n[step] = value
		}
		return n, nil
	case []any:
		return changeList(n, step, steps, op, value)
	}
	return node, fmt.Errorf("nothing holds %q", step)
}

func changeList(n []any, step string, steps []string, op string, value any) (any, error) {
	if step == "-" && op == "add" && len(steps) == 1 {
		return append(n, value), nil
	}
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(n) {
		return n, fmt.Errorf("no item %q", step)
	}
	switch {
	case len(steps) > 1:
		n[i], err = change(n[i], steps[1:], op, value)
	case op == "remove":
		return append(n[:i:i], n[i+1:]...), nil
	case op == "add":
		return append(n[:i:i], append([]any{value}, n[i:]...)...), nil
	default:
		n[i] = value
	}
	return n, err
}
