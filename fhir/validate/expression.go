package validate

import (
	"sync"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/path"
)

// expression is a FHIRPath, compiled when first needed: most types are never met.
type expression struct {
	compile func() (*path.Expr, error)
}

func newExpression(text string) *expression {
	return &expression{compile: sync.OnceValues(func() (*path.Expr, error) { return path.Compile(text) })}
}

// holds says whether the expression is true for e; nothing, the empty collection, is not true.
func (x *expression) holds(e *element.Element) (bool, error) {
	compiled, err := x.compile()
	if err != nil {
		return false, err
	}
	truth, err := compiled.Test(nil, e)
	return truth == path.True, err
}
