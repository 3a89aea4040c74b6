package patch

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// operation is one operation of a FHIRPath Patch (http://hl7.org/fhir/R4/fhirpatch.html).
type operation struct {
	at                         string // its own expression in the Parameters: "Parameters.parameter[2]"
	kind                       string
	path                       string
	name                       string
	value                      *element.Element // the part "value"
	index, source, destination int              // -1 when not given
}

type parser func(*spec.Definitions, []byte, element.Options) (*element.Resource, error)

func parametersPatch(defs *spec.Definitions, current *element.Resource, body []byte, parse parser) (*element.Resource, error) {
	params, err := parse(defs, body, element.Options{ExpectType: "Parameters"})
	if err != nil {
		return nil, err
	}
	operations, err := readOperations(params.Root)
	if err != nil {
		return nil, err
	}
	root := element.Clone(current.Root)
	// one budget for the whole patch, so that a thousand operations cannot cost a thousand times one's limit
	ctx := &path.Context{Budget: max(5*path.DefaultBudget/max(len(operations), 1), 20_000)}
	if ctx.Budget > path.DefaultBudget {
		ctx.Budget = path.DefaultBudget
	}
	for i := range operations {
		if err := operations[i].apply(ctx, root); err != nil {
			return nil, err
		}
	}
	return element.ParseJSON(defs, element.AppendJSON(nil, root), element.Options{ExpectType: current.Type()})
}

// readOperations reads the Parameters of a patch.
func readOperations(params *element.Element) ([]operation, error) {
	var operations []operation
	for p := range params.Children("parameter") {
		at := element.Path(p)
		if p.ChildValue("name") != "operation" {
			return nil, malformed(at, `Every parameter of a FHIRPath Patch is named "operation".`)
		}
		if len(operations) == maxOperations {
			return nil, malformed(at, fmt.Sprintf("A patch has at most %d operations.", maxOperations))
		}
		o := operation{at: at, index: -1, source: -1, destination: -1}
		for part := range p.Children("part") {
			if err := o.take(part); err != nil {
				return nil, err
			}
		}
		if err := o.complete(); err != nil {
			return nil, err
		}
		operations = append(operations, o)
	}
	return operations, nil
}

// take reads one part of an operation.
func (o *operation) take(part *element.Element) error {
	at, v := element.Path(part), part.Child("value")
	switch name := part.ChildValue("name"); name {
	case "value":
		if o.value != nil {
			return malformed(at, "An operation has one value.")
		}
		o.value = part
		return nil
	case "type", "path", "name":
		if v == nil || !v.HasValue || !v.Type.Is("string") && !v.Type.Is("uri") {
			return malformed(at, "The part "+name+" is a code or a string.")
		}
		switch name {
		case "type":
			o.kind = v.Value
		case "path":
			o.path = v.Value
		default:
			o.name = v.Value
		}
	case "index", "source", "destination":
		n := -1
		if v != nil && v.Type.Is("integer") {
			n, _ = strconv.Atoi(v.Value)
		}
		if n < 0 {
			return malformed(at, "The part "+name+" is an integer from 0.")
		}
		switch name {
		case "index":
			o.index = n
		case "source":
			o.source = n
		default:
			o.destination = n
		}
	default:
		return malformed(at, "The parts of an operation are type, path, name, value, index, source and destination.")
	}
	return nil
}

// needs lists the parts that each type of operation must have beside type and path.
var needs = map[string]string{"add": "name value", "insert": "value index", "delete": "", "replace": "value", "move": "source destination"}

// complete checks that the parts are there that the type of operation needs.
func (o *operation) complete() error {
	required, known := needs[o.kind]
	if !known {
		return malformed(o.at, "The type of an operation is add, insert, delete, replace or move.")
	}
	given := map[string]bool{
		"path": o.path != "", "name": o.name != "", "value": o.value != nil,
		"index": o.index >= 0, "source": o.source >= 0, "destination": o.destination >= 0,
	}
	for _, part := range strings.Fields("path " + required) {
		if !given[part] {
			return malformed(o.at, "An operation of type "+o.kind+" needs the part "+part+".")
		}
	}
	return nil
}

func (o *operation) apply(ctx *path.Context, root *element.Element) error {
	switch o.kind {
	case "add":
		return o.add(ctx, root)
	case "insert":
		return o.insert(ctx, root)
	case "delete":
		return o.remove(ctx, root)
	case "replace":
		return o.replace(ctx, root)
	default:
		return o.move(ctx, root)
	}
}

// find evaluates a path to elements of the resource.
func (o *operation) find(ctx *path.Context, root *element.Element, text string) ([]*element.Element, error) {
	x, err := path.Compile(text)
	if err != nil {
		return nil, o.locate(err)
	}
	c, err := x.Eval(ctx, root)
	if err != nil {
		return nil, o.locate(err)
	}
	found := c.Elements()
	if len(found) != len(c) {
		return nil, unprocessable(o.at, "The path gives a computed value, not an element of the resource.")
	}
	return found, nil
}

// locate says of a fault in the path which operation it is in.
func (o *operation) locate(err error) error {
	var f *fault.Fault
	if errors.As(err, &f) {
		for i := range f.Issues {
			f.Issues[i].Expression = o.at
		}
	}
	return err
}

// target finds the one element that the path is to give; none is nil.
func (o *operation) target(ctx *path.Context, root *element.Element) (*element.Element, error) {
	found, err := o.find(ctx, root, o.path)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if len(found) > 1 {
		return nil, unprocessable(o.at, fmt.Sprintf("The path gives %d elements where one is allowed.", len(found)))
	}
	return found[0], nil
}

func (o *operation) add(ctx *path.Context, root *element.Element) error {
	parent, err := o.target(ctx, root)
	if err != nil {
		return err
	}
	if parent == nil {
		return unprocessable(o.at, "The path gives no element to add to.")
	}
	child, err := o.build(parent, o.name, o.value)
	if err != nil {
		return err
	}
	return o.explain(parent, o.name, parent.Add(child.Name, child))
}

func (o *operation) insert(ctx *path.Context, root *element.Element) error {
	parent, name, list, err := o.list(ctx, root)
	if err != nil {
		return err
	}
	if o.index > len(list) {
		return unprocessable(o.at, fmt.Sprintf("The index is beyond the end of the list, which has %d elements.", len(list)))
	}
	child, err := o.build(parent, name, o.value)
	if err != nil {
		return err
	}
	return o.explain(parent, name, parent.InsertAt(child.Name, o.index, child))
}

// list finds the list that a path names. One that has no element yet is found by its parent and its name, the last step of the path.
func (o *operation) list(ctx *path.Context, root *element.Element) (parent *element.Element, name string, list []*element.Element, err error) {
	list, err = o.find(ctx, root, o.path)
	if err != nil {
		return nil, "", nil, err
	}
	if len(list) == 0 {
		dot := strings.LastIndexByte(o.path, '.')
		if dot <= 0 || strings.ContainsAny(o.path[dot:], "()[]'\"` ") {
			return nil, "", nil, unprocessable(o.at, "The path gives no list.")
		}
		parents, err := o.find(ctx, root, o.path[:dot])
		if err != nil {
			return nil, "", nil, err
		}
		if len(parents) != 1 {
			return nil, "", nil, unprocessable(o.at, fmt.Sprintf("The path must lead to one list, but %d elements might hold it.", len(parents)))
		}
		return parents[0], o.path[dot+1:], nil, nil
	}
	parent, name = list[0].Parent, list[0].Name
	if parent == nil {
		return nil, "", nil, unprocessable(o.at, "The path gives the resource itself, not a list.")
	}
	n := 0
	for c := range parent.Children(name) {
		if n == len(list) || list[n] != c {
			n = -1
			break
		}
		n++
	}
	if n != len(list) {
		return nil, "", nil, unprocessable(o.at, "The path must give one whole list.")
	}
	return parent, name, list, nil
}

// remove deletes the element, and the parents that it leaves empty. Deleting nothing is no error.
func (o *operation) remove(ctx *path.Context, root *element.Element) error {
	e, err := o.target(ctx, root)
	if err != nil || e == nil {
		return err
	}
	if e.Parent == nil {
		return unprocessable(o.at, "A patch cannot delete the resource itself.")
	}
	for e.Parent != nil {
		parent := e.Parent
		if err := parent.Remove(e); err != nil {
			return err
		}
		if parent.First != nil || parent.HasValue {
			return nil
		}
		e = parent
	}
	return nil
}

func (o *operation) replace(ctx *path.Context, root *element.Element) error {
	e, err := o.target(ctx, root)
	if err != nil {
		return err
	}
	if e == nil {
		return unprocessable(o.at, "The path gives no element to replace.")
	}
	parent := e.Parent
	if parent == nil {
		return unprocessable(o.at, "A patch cannot replace the resource itself.")
	}
	child, err := o.build(parent, e.Name, o.value)
	if err != nil {
		return err
	}
	return o.explain(parent, e.Name, parent.Replace(e, child))
}

// move takes an element out of its list and puts it back at the destination, counted without it.
func (o *operation) move(ctx *path.Context, root *element.Element) error {
	parent, name, list, err := o.list(ctx, root)
	if err != nil {
		return err
	}
	if o.source >= len(list) || o.destination >= len(list) {
		return unprocessable(o.at, fmt.Sprintf("Source and destination must be in the list, which has %d elements.", len(list)))
	}
	e := list[o.source]
	if err := parent.Remove(e); err != nil {
		return err
	}
	return o.explain(parent, name, parent.InsertAt(name, o.destination, e))
}
