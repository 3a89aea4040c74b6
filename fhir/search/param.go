// Package search is FHIR R4 search (http://hl7.org/fhir/R4/search.html): parameter definitions, the parsing of queries into expressions, the
// extraction of indexed values from resources, an in-memory matcher that says what a query means, and, over package store, the index
// encoding, the planner and the executor that answer it fast. The matcher is the oracle of the executor and its last resort: what
// no index decides, it decides on the resource itself.
package search

import (
	"github.com/carnet-fhir/carnet/fhir/path"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// ParamType is the type of a search parameter.
type ParamType string

// The types of http://hl7.org/fhir/search-param-type.
const (
	Number    ParamType = "number"
	Date      ParamType = "date"
	String    ParamType = "string"
	Token     ParamType = "token"
	Reference ParamType = "reference"
	Composite ParamType = "composite"
	Quantity  ParamType = "quantity"
	URI       ParamType = "uri"
	Special   ParamType = "special"
)

// Param is one search parameter of one resource type.
type Param struct {
	// Resource is the type searched ("Patient"); a parameter with several bases is one Param for each.
	Resource string
	Code     string
	Type     ParamType
	URL      string
	// Expr selects the indexed elements; nil for parameters that the server computes (_text, _content, near has one).
	Expr *path.Expr
	// Targets are the resource types that a reference parameter may point to.
	Targets    []string
	Components []ComponentParam
	// Custom says that the parameter was posted as a SearchParameter resource; Generation tells its registrations apart.
	Custom     bool
	Generation int
	// Building says that existing resources are still being indexed: searching by it is an error until then.
	Building bool

	// selector is Expr in the form that the tree of the type takes; nil when it has another form.
	selector selector
	// results are the types of the elements that Expr gives, with their targets; nil when not known.
	results []spec.TypeRef
	// codes are the code sets bound to elements of type code, whose system is implied.
	codes []*spec.CodeSet
	// closed says that all elements are of type code and all their code sets are known whole.
	closed bool
	// derived says where the values come from, of a parameter that a chain into contained resources became; nil for all others.
	derived *derivation
}

// IndexName is the name of the parameter's rows in the store.
func (p *Param) IndexName() string {
	if p.Custom {
		return p.Resource + "." + p.Code + "#" + itoa(p.Generation)
	}
	return p.Resource + "." + p.Code
}

// ComponentParam is one part of a composite parameter: the part's own definition and its expression relative to the composite's element.
type ComponentParam struct {
	Param *Param
	Expr  *path.Expr
	// selector is Expr in simple form, as in Param.
	selector selector
	// tree is Expr as a tree with the one slot 0; nil when it has no such form.
	tree *selectNode
}

func itoa(n int) string {
	if n == 0 {
		return "0"
	}
	var b [20]byte
	i := len(b)
	for ; n > 0; n /= 10 {
		i--
		b[i] = byte('0' + n%10)
	}
	return string(b[i:])
}
