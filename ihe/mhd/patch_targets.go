package mhd

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
)

// What an XML Patch or FHIRPath Patch is about is read from its selectors, so that a patch of another element is refused as such even when it would not apply. What cannot be read passes: the engine
// refuses it, or the result is compared.

// xmlPatchTargets names the root's elements that an XML Patch (RFC 5261) names and a metadata update does not change.
func xmlPatchTargets(body []byte) []string {
	var foreign []string
	dec := xml.NewDecoder(bytes.NewReader(body))
	depth := 0
	waiting := false // for the child that an addition to the root brings
	for {
		token, err := dec.Token()
		if err != nil {
			return foreign
		}
		switch t := token.(type) {
		case xml.StartElement:
			depth++
			switch {
			case depth == 2:
				name := xmlTarget(attribute(t, "sel"))
				waiting = name == "" && t.Name.Local == "add"
				if waiting && attribute(t, "type") != "" { // an attribute or namespace of the root
					name, waiting = strings.TrimLeft(attribute(t, "type"), "@"), false
				}
				foreign = addForeign(foreign, name)
			case depth == 3 && waiting:
				foreign = addForeign(foreign, t.Name.Local)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func addForeign(foreign []string, name string) []string {
	if name == "" || updatable[name] || slices.Contains(foreign, name) || firstStep(name) != name {
		return foreign
	}
	return append(foreign, name)
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

var xmlSelector = regexp.MustCompile(`^/?(?:[A-Za-z][\w.-]*:)?(?:DocumentReference|\*)(?:\[1\])?/(?:[A-Za-z][\w.-]*:)?([A-Za-z]+)`)

// xmlTarget gives the root's element that a selector begins with; "" when it names none.
func xmlTarget(selector string) string {
	if m := xmlSelector.FindStringSubmatch(strings.TrimSpace(selector)); m != nil {
		return m[1]
	}
	return ""
}

var fhirPathStart = regexp.MustCompile(`^(?:DocumentReference|%resource|\$this)(?:\.([A-Za-z]+))?|^([a-z][A-Za-z]*)`)

// fhirPathTargets names the root's elements that a FHIRPath Patch names and a metadata update does not change.
func fhirPathTargets(body []byte) []string {
	var parameters struct {
		Parameter []struct {
			Name string `json:"name"`
			Part []struct {
				Name   string `json:"name"`
				Code   string `json:"valueCode"`
				String string `json:"valueString"`
			} `json:"part"`
		} `json:"parameter"`
	}
	if json.Unmarshal(body, &parameters) != nil {
		return nil
	}
	var foreign []string
	for _, p := range parameters.Parameter {
		path, name := "", ""
		for _, part := range p.Part {
			switch part.Name {
			case "path":
				path = strings.TrimSpace(part.String)
			case "name":
				name = part.String
			}
		}
		m := fhirPathStart.FindStringSubmatch(path)
		if m == nil {
			continue
		}
		target := m[1] + m[2]
		if target == "" { // add something to the root
			target = name
		}
		foreign = addForeign(foreign, target)
	}
	return foreign
}
