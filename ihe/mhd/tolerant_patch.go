package mhd

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The samples of PDSm and of the DMP's guide are no JSON Patch: they select the archived extension by its URL, some by that of the search parameter, and give text where a boolean or a CodeableConcept belongs. Software
// was written after them, so they are understood; what is plain JSON Patch passes as it came.

// selectorPath is "/extension[url:'…']/valueBoolean", the last part being free.
var selectorPath = regexp.MustCompile(`^/extension\[\s*url\s*[:=]\s*['"]([^'"]{1,300})['"]\s*\](/value(?:Boolean)?)?$`)

// searchParameterArchived is the URL that PDSm's sample has in the place of the extension's.
const searchParameterArchived = pdsmBase + "/SearchParameter/PDSm-isArchived"

// patchOperation is one operation of a JSON Patch; members that it does not know are kept.
type patchOperation map[string]json.RawMessage

// maxPatchOperations bounds what is looked at; longer patches are refused by the patch engine.
const maxPatchOperations = 1000

// tolerantPatch translates a JSON Patch of a DocumentReference, and refuses operations on other elements. What is no JSON Patch at all passes: the engine says why.
func tolerantPatch(current *element.Element, body []byte) ([]byte, error) {
	operations, ok := readOperations(body)
	if !ok {
		return body, nil
	}
	var foreign []string
	changed := false
	for i, o := range operations {
		for _, name := range o.targets() {
			if !updatable[name] && !slices.Contains(foreign, name) {
				foreign = append(foreign, name)
			}
		}
		translated, isOurs, err := o.translate(current)
		if err != nil {
			return nil, err
		}
		if isOurs {
			operations[i], changed = translated, true
		}
	}
	if err := elsewhere(foreign); err != nil {
		return nil, err
	}
	if !changed {
		return body, nil
	}
	return json.Marshal(operations)
}

// readOperations reads a JSON Patch as far as it is one.
func readOperations(body []byte) (operations []patchOperation, ok bool) {
	err := json.Unmarshal(body, &operations)
	return operations, err == nil && len(operations) <= maxPatchOperations
}

// text gives a string member, "" for any other.
func (o patchOperation) text(name string) string {
	var s string
	_ = json.Unmarshal(o[name], &s)
	return s
}

// targets names the root's elements that the operation changes: none for a test, "" for the whole.
func (o patchOperation) targets() []string {
	var names []string
	switch o.text("op") {
	case "test":
		return nil
	case "move":
		names = pointed(names, o.text("from"))
	}
	return pointed(names, o.text("path"))
}

// pointed adds what a pointer is about: "" is the whole resource. What is no pointer is left to the patch engine.
func pointed(names []string, pointer string) []string {
	if pointer != "" && pointer[0] != '/' {
		return names
	}
	return append(names, firstStep(pointer))
}

// firstStep gives the name that a pointer begins with, as far as it looks like one.
func firstStep(pointer string) string {
	step := strings.TrimPrefix(pointer, "/")
	if end := strings.IndexFunc(step, func(c rune) bool { return c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') }); end >= 0 {
		step = step[:end]
	}
	if len(step) > 64 {
		step = step[:64]
	}
	return step
}

// translate gives the operation in plain JSON Patch; isOurs is false when it is that already.
func (o patchOperation) translate(current *element.Element) (out patchOperation, isOurs bool, err error) {
	path := o.text("path")
	if m := selectorPath.FindStringSubmatch(path); m != nil {
		if !isArchivedURL(m[1]) {
			return nil, false, elsewhere([]string{"extension"})
		}
		out, err = o.onArchived(current, m[2] != "")
		return out, true, err
	}
	value, given := o["value"]
	if !given {
		return o, false, nil
	}
	if o.setsArchived(current, path) {
		out, err = o.onArchived(current, false)
		return out, true, err
	}
	switch {
	case path == "/status":
		if s := o.text("value"); s != strings.TrimSpace(s) {
			return o.with(path, strings.TrimSpace(s)), true, nil
		}
	case path == "/securityLabel":
		if labels, ok := labelList(value); ok {
			return o.with(path, labels), true, nil
		}
	case strings.HasPrefix(path, "/securityLabel/") && strings.Count(path, "/") == 2:
		if label, ok := labelConcept(value); ok {
			return o.with(path, label), true, nil
		}
	}
	return o, false, nil
}

// with copies the operation with another path and value.
func (o patchOperation) with(path string, value any) patchOperation {
	out := patchOperation{"op": o["op"], "path": quoted(path)}
	if value != nil {
		raw, err := json.Marshal(value)
		if err != nil {
			return o
		}
		out["value"] = raw
	}
	return out
}

func quoted(s string) json.RawMessage {
	raw, _ := json.Marshal(s) // a string always has JSON
	return raw
}

type archivedExtension struct {
	URL   string `json:"url"`
	Value bool   `json:"valueBoolean"`
}

// onArchived is an operation on the archived extension. replace and add set the mark, whether or not it is there.
func (o patchOperation) onArchived(current *element.Element, onValue bool) (patchOperation, error) {
	place, count := -1, 0
	for e := range current.Children("extension") {
		if e.ChildValue("url") == extArchived {
			place = count
		}
		count++
	}
	at := "/extension/" + strconv.Itoa(place)
	switch o.text("op") {
	case "remove":
		if place < 0 {
			return nil, fault.At(http.StatusUnprocessableEntity, fault.NotFound, "DocumentReference.extension", "The document has no extension pdsm-ext-is-archived to remove.")
		}
		return o.with(at, nil), nil
	case "test":
		if place < 0 {
			return nil, fault.At(http.StatusUnprocessableEntity, fault.Conflict, "DocumentReference.extension", "The test fails: the document has no extension pdsm-ext-is-archived.")
		}
		value, ok := archivedValue(o["value"])
		if !ok {
			return nil, notArchivedValue()
		}
		return o.with(at+"/valueBoolean", value), nil
	case "add", "replace":
	default:
		return nil, fault.At(http.StatusBadRequest, fault.Invalid, "DocumentReference.extension", "An extension selected by its URL is added, replaced, removed or tested.")
	}
	value, ok := archivedValue(o["value"])
	if !ok {
		return nil, notArchivedValue()
	}
	out := patchOperation{"op": quoted("add")}
	mark := archivedExtension{extArchived, value}
	switch {
	case place >= 0 && (onValue || !isObject(o["value"])):
		return out.with(at+"/valueBoolean", value).as("replace"), nil
	case place >= 0:
		return out.with(at, mark).as("replace"), nil
	case count == 0:
		return out.with("/extension", []archivedExtension{mark}), nil
	}
	return out.with("/extension/-", mark), nil
}

// extensionPath is a pointer to an extension, or to its boolean.
var extensionPath = regexp.MustCompile(`^/extension(?:/(-|[0-9]{1,4})(/valueBoolean)?)?$`)

// setsArchived says whether a plain operation sets the mark without regard to whether it is there: it adds or replaces an extension, or all of them, by the mark, or gives a boolean to an extension that there is not.
func (o patchOperation) setsArchived(current *element.Element, path string) bool {
	op := o.text("op")
	m := extensionPath.FindStringSubmatch(path)
	if m == nil || op != "add" && op != "replace" {
		return false
	}
	at, err := strconv.Atoi(m[1])
	beyond := err != nil || at >= count(current, "extension")
	switch {
	case m[2] != "":
		_, isBoolean := archivedValue(o["value"])
		return isBoolean && beyond && m[1] != "-" && archivedMark(current) == nil
	case m[1] == "": // all extensions: the mark alone stands for them when there is no other
		var list []json.RawMessage
		if json.Unmarshal(o["value"], &list) == nil {
			if len(list) != 1 || !isMark(list[0]) {
				return false
			}
			o["value"] = list[0]
		}
		return isMark(o["value"]) && count(current, "extension") == len(extensions(current, extArchived))
	case op == "replace" && !beyond:
		return false // it is about the extension that stands there
	}
	return isMark(o["value"])
}

// isMark says whether a JSON value is the archived extension.
func isMark(raw json.RawMessage) bool {
	var x struct {
		URL string `json:"url"`
	}
	return isObject(raw) && json.Unmarshal(raw, &x) == nil && isArchivedURL(x.URL)
}

func (o patchOperation) as(op string) patchOperation {
	o["op"] = quoted(op)
	return o
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

func notArchivedValue() error {
	return fault.At(http.StatusUnprocessableEntity, fault.Value, "DocumentReference.extension", "The value of the extension pdsm-ext-is-archived is true or false.")
}

// archivedValue reads true, "true" and the whole extension.
func archivedValue(raw json.RawMessage) (value, ok bool) {
	if isObject(raw) {
		var e struct {
			Value *bool `json:"valueBoolean"`
		}
		if json.Unmarshal(raw, &e) != nil || e.Value == nil {
			return false, false
		}
		return *e.Value, true
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		s = strings.TrimSpace(s)
		return s == "true", s == "true" || s == "false"
	}
	return value, json.Unmarshal(raw, &value) == nil
}

type codedLabel struct {
	Coding []labelCoding `json:"coding"`
}

type labelCoding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// labelConcept gives the label that a bare code stands for; ok is false when the value is no bare code.
func labelConcept(raw json.RawMessage) (label any, ok bool) {
	var code string
	if json.Unmarshal(raw, &code) != nil {
		return nil, false
	}
	system, canonical, known := labelOf(code)
	if !known {
		return nil, false
	}
	return codedLabel{[]labelCoding{{system, canonical}}}, true
}

// labelList makes a list of what stands alone, and labels of bare codes; ok is false when there is nothing to make.
func labelList(raw json.RawMessage) (labels []any, ok bool) {
	if isObject(raw) {
		return []any{raw}, true
	}
	if label, isCode := labelConcept(raw); isCode {
		return []any{label}, true
	}
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		return nil, false
	}
	for _, item := range items {
		if label, isCode := labelConcept(item); isCode {
			labels, ok = append(labels, label), true
		} else {
			labels = append(labels, item)
		}
	}
	return labels, ok
}
