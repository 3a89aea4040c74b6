package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// structureDefinition is what the tables need of a StructureDefinition.
type structureDefinition struct {
	URL, Name, Kind, Type, FHIRVersion, Derivation, BaseDefinition string
	Abstract                                                       bool
	Snapshot                                                       struct{ Element []elementDefinition }
}

type elementDefinition struct {
	ID, Path, Max    string
	Min              int
	Type             []elementType
	ContentReference string
	Binding          *struct{ Strength, ValueSet string }
	Constraint       []struct{ Key, Severity, Human, Expression, Source string }
	IsModifier       bool
	IsSummary        bool
	Representation   []string
	Base             struct{ Path string }
}

type elementType struct {
	Code          string
	Profile       []string
	TargetProfile []string
	Extension     []struct{ URL, ValueURL string }
}

type searchParameter struct {
	URL, Version, Code, Type, Expression string
	Base, Target                         []string
	Component                            []struct{ Definition, Expression string }
}

type compartmentDefinition struct {
	Code     string
	Resource []struct {
		Code  string
		Param []string
	}
}

type operationDefinition struct {
	URL, Name, Code                      string
	System, Type, Instance, AffectsState bool
	Resource                             []string
}

type concept struct {
	Code     string
	Concept  []concept
	Property []struct {
		Code, ValueCode string
		ValueBoolean    bool
	}
}

type codeSystem struct {
	URL, Content string
	Concept      []concept
}

type valueSet struct {
	URL     string
	Compose struct{ Include, Exclude []include }
}

type include struct {
	System   string
	Concept  []struct{ Code string }
	Filter   []struct{ Property, Op, Value string }
	ValueSet []string
}

// definitions is everything read from the bundles, R4 4.0.1 only.
type definitions struct {
	structures   []*structureDefinition
	leaves       map[string]elementDefinition // by path, from dataelements.json
	search       []searchParameter
	compartments []compartmentDefinition
	operations   []operationDefinition
	codeSystems  map[string]*codeSystem
	valueSets    map[string]*valueSet
}

func read(dir string) (*definitions, error) {
	d := &definitions{
		leaves:      map[string]elementDefinition{},
		codeSystems: map[string]*codeSystem{},
		valueSets:   map[string]*valueSet{},
	}
	bundles := []struct {
		file string
		take func(resourceType string, raw json.RawMessage) error
	}{
		{"dataelements.json", d.takeLeaf},
		{"profiles-types.json", d.take},
		{"profiles-resources.json", d.take},
		{"search-parameters.json", d.take},
		{"valuesets.json", d.take},
		{"v3-codesystems.json", d.take},
		{"v2-tables.json", d.take},
	}
	for _, b := range bundles {
		if err := readBundle(filepath.Join(dir, b.file), b.take); err != nil {
			return nil, fmt.Errorf("%s: %w", b.file, err)
		}
	}
	return d, nil
}

func readBundle(file string, take func(string, json.RawMessage) error) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(text, &bundle); err != nil {
		return err
	}
	for _, entry := range bundle.Entry {
		var head struct{ ResourceType string }
		if err := json.Unmarshal(entry.Resource, &head); err != nil {
			return err
		}
		if err := take(head.ResourceType, entry.Resource); err != nil {
			return err
		}
	}
	return nil
}

// takeLeaf keeps the official definition of one leaf element. Those of Quantity are published several times over
// (for the profiles of Quantity too), so that the type's own StructureDefinition is the better source for them.
func (d *definitions) takeLeaf(_ string, raw json.RawMessage) error {
	var s structureDefinition
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	for _, e := range s.Snapshot.Element {
		d.leaves[e.Path] = e
	}
	return nil
}

func (d *definitions) take(resourceType string, raw json.RawMessage) error {
	switch resourceType {
	case "StructureDefinition":
		var s structureDefinition
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if s.FHIRVersion == "4.0.1" && s.Derivation != "constraint" && s.Kind != "logical" {
			d.structures = append(d.structures, &s)
		}
	case "SearchParameter":
		var s searchParameter
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		if s.Version == "4.0.1" {
			d.search = append(d.search, s)
		}
	case "CompartmentDefinition":
		return appendTo(&d.compartments, raw)
	case "OperationDefinition":
		return appendTo(&d.operations, raw)
	case "CodeSystem":
		return putInto(d.codeSystems, raw, func(c *codeSystem) string { return c.URL })
	case "ValueSet":
		return putInto(d.valueSets, raw, func(v *valueSet) string { return v.URL })
	}
	return nil
}

func appendTo[T any](list *[]T, raw json.RawMessage) error {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return err
	}
	*list = append(*list, v)
	return nil
}

// putInto keeps the first definition of a URL: valuesets.json comes before the v3 and v2 bundles that repeat some.
func putInto[T any](index map[string]*T, raw json.RawMessage, url func(*T) string) error {
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return err
	}
	if _, known := index[url(v)]; !known {
		index[url(v)] = v
	}
	return nil
}

// lastSegment gives the name at the end of a canonical URL.
func lastSegment(url string) string { return url[strings.LastIndexByte(url, '/')+1:] }

// withoutVersion cuts "|4.0.1" off a canonical.
func withoutVersion(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	return url
}

// oneLine makes text fit a table cell.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
