package validate

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

const coreDefinition = "http://hl7.org/fhir/StructureDefinition/"

// profileReader turns the elements of a StructureDefinition into rules.
type profileReader struct {
	profile *Profile
	rules   map[string]*rule // by path
}

// at gives the rule of a path, made with those above it when a differential leaves them out.
func (r *profileReader) at(path string) *rule {
	if known := r.rules[path]; known != nil {
		return known
	}
	made := &rule{most: -1}
	r.rules[path] = made
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		made.name = strings.TrimSuffix(path[i+1:], "[x]")
		parent := r.at(path[:i])
		parent.children = append(parent.children, made)
	}
	return made
}

func (r *profileReader) read(def *element.Element) error {
	path := def.ChildValue("path")
	if path != r.profile.Type.Name && !strings.HasPrefix(path, r.profile.Type.Name+".") || strings.Count(path, ".") > 32 {
		return fault.At(http.StatusUnprocessableEntity, fault.Invalid, element.Path(def), "The path of the element does not start with the type that the profile constrains.")
	}
	if has(def, "sliceName") || strings.Contains(def.ChildValue("id"), ":") {
		return r.readSlice(def, path)
	}
	into := r.at(path)
	if err := cardinality(def, &into.least, &into.most); err != nil {
		return err
	}
	r.readTypes(def, into)
	into.fixed, into.pattern = def.Child("fixed"), def.Child("pattern")
	if n, err := strconv.Atoi(def.ChildValue("maxLength")); err == nil {
		into.maxLength = n
	}
	if b := def.Child("binding"); b != nil {
		url, _, _ := strings.Cut(b.ChildValue("valueSet"), "|")
		shared := planner{defs: r.profile.validator.defs, bindings: map[spec.Binding]*binding{}}
		into.binding = shared.binding(spec.Binding{Strength: b.ChildValue("strength"), ValueSet: url})
	}
	r.readConstraints(def, into)
	return nil
}

// readSlice takes how often an extension appears, the one slicing whose discriminator is known beforehand: its URL.
func (r *profileReader) readSlice(def *element.Element, path string) error {
	id := def.ChildValue("id")
	extension := strings.HasSuffix(path, ".extension") || strings.HasSuffix(path, ".modifierExtension")
	url := def.Child("type").ChildValue("profile")
	if !extension || url == "" || strings.Count(id, ":") > 1 || strings.Contains(id[strings.IndexByte(id, ':')+1:], ".") {
		r.profile.Unchecked++
		return nil
	}
	url, _, _ = strings.Cut(url, "|")
	slice := extensionSlice{url: url, most: -1}
	if err := cardinality(def, &slice.least, &slice.most); err != nil {
		return err
	}
	into := r.at(path)
	into.extensions = append(into.extensions, slice)
	return nil
}

func cardinality(def *element.Element, least, most *int) error {
	bad := func(name string) error {
		return fault.At(http.StatusUnprocessableEntity, fault.Invalid, element.Path(def)+"."+name, "The cardinality of the profile's element is not usable.")
	}
	if c := def.Child("min"); c != nil {
		n, err := strconv.Atoi(c.Value)
		if err != nil {
			return bad("min")
		}
		*least = n
	}
	if c := def.Child("max"); c != nil && c.Value != "*" {
		n, err := strconv.Atoi(c.Value)
		if err != nil {
			return bad("max")
		}
		*most = n
	}
	return nil
}

// readTypes keeps the types of the definitions; FHIRPath's system types, which ids and urls are declared with, say nothing.
func (r *profileReader) readTypes(def *element.Element, into *rule) {
	types := r.profile.validator.defs.Types
	for t := range def.Children("type") {
		name := t.ChildValue("code")
		if types[name] == nil {
			into.types = nil
			return
		}
		into.types = append(into.types, name)
		if name != "Reference" {
			continue
		}
		for target := range t.Children("targetProfile") {
			url, _, _ := strings.Cut(target.Value, "|")
			resource := types[strings.TrimPrefix(url, coreDefinition)]
			if resource == nil || resource.Abstract {
				into.targets = nil // a profile of the target, or any resource
				break
			}
			into.targets = append(into.targets, resource.Name)
		}
	}
}

// readConstraints leaves out what a snapshot repeats of the base definitions, which Validator.Issues checks.
func (r *profileReader) readConstraints(def *element.Element, into *rule) {
	for c := range def.Children("constraint") {
		source := strings.TrimPrefix(c.ChildValue("source"), coreDefinition)
		expression := c.ChildValue("expression")
		if expression == "" || r.profile.validator.defs.Types[source] != nil || r.profile.validator.known(c.ChildValue("key"), expression) {
			continue
		}
		into.invariants = append(into.invariants, &invariant{
			key: c.ChildValue("key"), severity: severityOf(c.ChildValue("severity")),
			text:     "The profile's constraint " + c.ChildValue("key") + " does not hold: " + c.ChildValue("human"),
			compiled: newExpression(expression),
		})
	}
}

// known says whether the definitions themselves have the invariant.
func (v *Validator) known(key, expression string) bool {
	return structural(key) || v.own[key+"\n"+expression]
}

func severityOf(code string) fault.Severity {
	if code == "warning" {
		return fault.Warning
	}
	return fault.Error
}
