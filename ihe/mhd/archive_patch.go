package mhd

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// A document that nobody archived mostly has no archived mark, and a client that archives it need not look first: add and replace of the mark set it, in each of the patch formats, whether it is there or not. What is written here in FHIRPath
// and XML Patch, tolerant_patch.go has for JSON Patch.

// archivedPath is a FHIRPath to the mark or to its value.
var archivedPath = regexp.MustCompile(`^(?:DocumentReference\.)?extension(?:\.where\(\s*url\s*=\s*'([^']{1,300})'\s*\)|\(\s*'([^']{1,300})'\s*\))(\.value(?:Boolean|\.ofType\(boolean\)|\s+as\s+boolean)?)?$`)

func isArchivedURL(url string) bool { return url == extArchived || url == searchParameterArchived }

// tolerantFHIRPath translates a FHIRPath Patch in JSON so that it sets the mark where it is not, and does not set it twice.
func tolerantFHIRPath(current *element.Element, body []byte) []byte {
	var parameters map[string]any
	if json.Unmarshal(body, &parameters) != nil {
		return body
	}
	operations, _ := parameters["parameter"].([]any)
	changed := false
	for _, o := range operations {
		operation, _ := o.(map[string]any)
		value, ok := archivedOperation(operation)
		if !ok {
			continue
		}
		changed = true
		if archivedMark(current) != nil {
			operation["part"] = []any{
				part("type", "valueCode", "replace"), part("path", "valueString", "DocumentReference.extension.where(url='"+extArchived+"').value"), part("value", "valueBoolean", value),
			}
			continue
		}
		operation["part"] = []any{
			part("type", "valueCode", "add"), part("path", "valueString", "DocumentReference"), part("name", "valueString", "extension"),
			map[string]any{"name": "value", "part": []any{part("url", "valueUri", extArchived), part("value", "valueBoolean", value)}},
		}
	}
	if !changed {
		return body
	}
	out, err := json.Marshal(parameters)
	if err != nil {
		return body
	}
	return out
}

func part(name, member string, value any) map[string]any {
	return map[string]any{"name": name, member: value}
}

// archivedOperation says whether an operation of a FHIRPath Patch sets the mark, and to what.
func archivedOperation(operation map[string]any) (value, ok bool) {
	parts := map[string]map[string]any{}
	list, _ := operation["part"].([]any)
	for _, p := range list {
		one, _ := p.(map[string]any)
		name, _ := one["name"].(string)
		parts[name] = one
	}
	text := func(name, member string) string {
		s, _ := parts[name][member].(string)
		return strings.TrimSpace(s)
	}
	kind := text("type", "valueCode") + text("type", "valueString")
	if kind != "add" && kind != "replace" {
		return false, false
	}
	path := text("path", "valueString")
	if m := archivedPath.FindStringSubmatch(path); m != nil && isArchivedURL(m[1]+m[2]) {
		return booleanPart(parts["value"])
	}
	if kind == "add" && path == "DocumentReference" && text("name", "valueString") == "extension" && isArchivedURL(urlPart(parts["value"])) {
		return booleanPart(parts["value"])
	}
	return false, false
}

// booleanPart finds the boolean of a value: itself, the value of an Extension, or the part of that name.
func booleanPart(value map[string]any) (is, ok bool) {
	if is, ok = value["valueBoolean"].(bool); ok {
		return is, true
	}
	if x, has := value["valueExtension"].(map[string]any); has {
		is, ok = x["valueBoolean"].(bool)
		return is, ok
	}
	list, _ := value["part"].([]any)
	for _, p := range list {
		if one, _ := p.(map[string]any); one["name"] == "value" || one["name"] == "valueBoolean" {
			is, ok = one["valueBoolean"].(bool)
		}
	}
	return is, ok
}

// urlPart gives the url of an extension that is given as an Extension or in parts.
func urlPart(value map[string]any) string {
	if x, has := value["valueExtension"].(map[string]any); has {
		url, _ := x["url"].(string)
		return url
	}
	list, _ := value["part"].([]any)
	for _, p := range list {
		one, _ := p.(map[string]any)
		if one["name"] != "url" {
			continue
		}
		for _, member := range []string{"valueUri", "valueUrl", "valueString", "valueCanonical"} {
			if url, ok := one[member].(string); ok {
				return url
			}
		}
	}
	return ""
}

// archivedSelector is an XML Patch's selector of the mark or of its value: the root's step, the prefix, the URL, the rest.
var archivedSelector = regexp.MustCompile(`^(/?(?:[A-Za-z][\w.-]*:)?(?:DocumentReference|\*))/((?:[A-Za-z][\w.-]*:)?)extension\[\s*@url\s*=\s*(?:'([^']{1,300})'|"([^"]{1,300})")\s*\](?:/(?:[A-Za-z][\w.-]*:)?valueBoolean(?:/@value)?)?$`)

// rootSelector selects the root.
var rootSelector = regexp.MustCompile(`^/?((?:[A-Za-z][\w.-]*:)?)(?:DocumentReference|\*)$`)

// maxPatchDepth is how deep the XML of a patch nests that is translated; what is deeper is left to the engine, which refuses it.
const maxPatchDepth = 64

// tolerantXML does for an XML Patch what tolerantFHIRPath does.
func tolerantXML(current *element.Element, body []byte) []byte {
	doc := etree.NewDocument()
	doc.ReadSettings.MaxDepth = maxPatchDepth
	doc.ReadSettings.PreserveDuplicateAttrs = true
	if doc.ReadFromBytes(body) != nil || doc.Root() == nil || doc.Root().Tag != "diff" {
		return body
	}
	changed := false
	for i, op := range doc.Root().ChildElements() {
		if i >= maxPatchOperations {
			return body
		}
		root, prefix, value, ok := archivedElement(op)
		if !ok {
			continue
		}
		changed = true
		op.Child = nil
		op.RemoveAttr("type")
		op.RemoveAttr("pos")
		if archivedMark(current) != nil {
			op.Tag = "replace"
			op.CreateAttr("sel", root+"/"+prefix+"extension[@url='"+extArchived+"']/"+prefix+"valueBoolean/@value")
			op.SetText(strconv.FormatBool(value))
			continue
		}
		op.Tag = "add"
		op.CreateAttr("sel", root)
		mark := op.CreateElement("extension")
		mark.CreateAttr("xmlns", "http://hl7.org/fhir")
		mark.CreateAttr("url", extArchived)
		mark.CreateElement("valueBoolean").CreateAttr("value", strconv.FormatBool(value))
	}
	if !changed {
		return body
	}
	doc.WriteSettings.CanonicalText, doc.WriteSettings.CanonicalAttrVal = true, true
	out, err := doc.WriteToBytes()
	if err != nil {
		return body
	}
	return out
}

// archivedElement says whether an operation of an XML Patch sets the mark, to what, and how it selects the root.
func archivedElement(op *etree.Element) (root, prefix string, value, ok bool) {
	if op.Tag != "add" && op.Tag != "replace" {
		return "", "", false, false
	}
	selector := strings.TrimSpace(op.SelectAttrValue("sel", ""))
	if m := archivedSelector.FindStringSubmatch(selector); m != nil && isArchivedURL(m[3]+m[4]) {
		value, ok = booleanOf(op)
		return m[1], m[2], value, ok
	}
	m := rootSelector.FindStringSubmatch(selector)
	if m == nil || op.Tag != "add" {
		return "", "", false, false
	}
	children := op.ChildElements()
	if len(children) != 1 || children[0].Tag != "extension" || !isArchivedURL(children[0].SelectAttrValue("url", "")) {
		return "", "", false, false
	}
	value, ok = booleanOf(op)
	return selector, m[1], value, ok
}

// booleanOf finds the boolean that an operation brings: its text, or the value of a valueBoolean in it.
func booleanOf(op *etree.Element) (value, ok bool) {
	text := strings.TrimSpace(op.Text())
	for at := op; text == ""; {
		children := at.ChildElements()
		if len(children) != 1 {
			return false, false
		}
		at = children[0]
		if at.Tag == "valueBoolean" {
			text = at.SelectAttrValue("value", "?")
		}
	}
	return text == "true", text == "true" || text == "false"
}
