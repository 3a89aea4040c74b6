// Package spec holds the facts of FHIR R4 (4.0.1) that drive the server: types, elements, cardinalities, bindings,
// invariants, search parameters, compartments and the code lists of required bindings. They are read from compact
// tables that a generator made once from the official definitions (see the gen directory).
package spec

// Kind tells what a Type is.
type Kind uint8

// The kinds of types (http://hl7.org/fhir/R4/types.html).
const (
	Primitive Kind = iota + 1
	Complex        // a general-purpose or metadata data type: HumanName, Identifier, Extension
	Backbone       // an element defined in place: Patient.contact, Timing.repeat
	Resource       // a resource type
)

// Type is one FHIR type: a resource, a data type, a primitive or an element defined in place.
type Type struct {
	// ID numbers the types densely from 0, so that tables beside the definitions can be slices.
	ID int
	// Name is the type's name; a backbone's is its path ("Patient.contact").
	Name     string
	Kind     Kind
	Abstract bool
	// Base is the type's parent ("DomainResource", "Element", "Quantity" for Age), nil for Element and Resource.
	Base *Type
	// Elements holds all elements, inherited ones included, in the order of the definition (which is the order of XML).
	Elements []*Element
	// Invariants are the constraints whose context is this type itself (the root element of its definition, or the
	// backbone element's own, so that they hold where a content reference repeats it). Those of Base apply too.
	Invariants []Invariant

	properties map[string]Property
}

// Element is one element of a type.
type Element struct {
	// ID numbers the elements of all types densely from 0. An inherited element keeps its number.
	ID int
	// Name is the element's name; a choice's is given without "[x]" ("value").
	Name string
	// Path is the definition's path ("Patient.contact.name", "Observation.value[x]").
	Path   string
	Choice bool
	Min    int
	Max    int // -1 is unbounded
	// Types are the types allowed; more than one only where Choice. A content reference resolves to its target's type.
	Types []TypeRef
	// Binding is the strongest facts of a coded element's binding; nil when not bound.
	Binding *Binding
	// Summary says that the element belongs to _summary=true.
	Summary  bool
	Modifier bool
	// XMLAttribute says that the element is an attribute in XML (Element.id, Extension.url).
	XMLAttribute bool
	// Invariants are the constraints attached to this element in its place, on top of those of its type.
	Invariants []Invariant
}

// TypeRef is one allowed type of an element.
type TypeRef struct {
	Type *Type
	// Targets are the resource types that a Reference (or canonical) may point to; empty means any.
	Targets []string
}

// Property is what a JSON member name of a type stands for: "valueQuantity" is the element "value" with type Quantity.
type Property struct {
	Element *Element
	Type    *Type
	Ref     *TypeRef
}

// Property finds what a JSON member name (without leading underscore) of the type stands for.
func (t *Type) Property(name string) (Property, bool) {
	p, ok := t.properties[name]
	return p, ok
}

// Is says whether the type is or descends from the type named.
func (t *Type) Is(name string) bool {
	for ; t != nil; t = t.Base {
		if t.Name == name {
			return true
		}
	}
	return false
}

// Binding ties a coded element to a value set.
type Binding struct {
	// Strength is required, extensible, preferred or example.
	Strength string
	// ValueSet is the canonical URL without version.
	ValueSet string
}

// Invariant is one constraint of the definitions (http://hl7.org/fhir/R4/conformance-rules.html#constraints).
type Invariant struct {
	Key        string
	Severity   string // error or warning
	Human      string
	Expression string // FHIRPath
}

// SearchParameter is one search parameter of R4 (http://hl7.org/fhir/R4/searchparameter-registry.html).
type SearchParameter struct {
	URL        string
	Code       string
	Type       string // number, date, string, token, reference, composite, quantity, uri, special
	Base       []string
	Expression string
	Target     []string
	Components []Component // of a composite
}

// Component is one part of a composite search parameter.
type Component struct {
	Definition string // canonical URL of the part's SearchParameter
	Expression string
}

// Compartment is one CompartmentDefinition: which resources belong to a patient, an encounter, a practitioner...
type Compartment struct {
	// Code is the resource type whose instances own the compartment.
	Code string
	// Params maps a resource type to the search parameter codes that link it to the owner ("{def}" is the owner itself).
	Params map[string][]string
}

// CodeSet is the expansion, as far as the definitions give it, of a value set used by a required binding.
type CodeSet struct {
	URL string
	// Complete is false where the value set includes a system whose codes the definitions do not list
	// (BCP-47, MIME types, UCUM, SNOMED CT...): then absence from Codes proves nothing.
	Complete bool
	// Codes maps a code to the system(s) that carry it.
	Codes map[string][]string
}

// Definitions is everything that the tables hold. It is immutable after Load and safe for concurrent use.
type Definitions struct {
	Types            map[string]*Type // by name, backbones included by path
	Resources        []string         // names of the concrete resource types, sorted (146 in R4 4.0.1, Bundle, Binary and Parameters included)
	SearchParameters []*SearchParameter
	Compartments     map[string]*Compartment
	CodeSets         map[string]*CodeSet
	Operations       []Operation
}

// Operation is one OperationDefinition's facts.
type Operation struct {
	URL, Name, Code        string
	System, Type, Instance bool
	AffectsState           bool
	Resource               []string
}
