package element

import (
	"errors"
	"net/http"
	"strings"
	"unsafe"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Limits that hold when Options leaves them at zero.
const (
	DefaultMaxDepth    = 64
	DefaultMaxElements = 500_000
)

// MaxIssues is the most faults that one content is told of; the rest is only said to exist.
const MaxIssues = 100

// Options say what the codecs ask of the content they read. The zero value is strict, with the default limits.
type Options struct {
	// ExpectType is the resource type that the content must have; empty accepts any.
	ExpectType string
	// MaxDepth bounds how deep elements nest (the root is level 1).
	MaxDepth int
	// MaxElements bounds how many elements there may be, primitives included.
	MaxElements int
	// Lenient turns unknown elements, missing mandatory elements and ill-formed primitive values into warnings
	// (Resource.Warnings). Unknown elements are then left out of the tree and out of what is stored.
	// Content whose structure is broken is refused as ever.
	Lenient bool
	// Trusted is for content that the server itself stored: values, cardinality and narrative are not checked again.
	Trusted bool
	// Owned says that the content is given up to the resource: it is not copied, and nobody may change it afterwards.
	Owned bool
	// Judge is asked for further faults of content that could be read but is refused (422), so that its sender learns of all
	// faults at once; expressions that were reported already are not reported again.
	Judge func(root *Element) []fault.Issue
	// Apart keeps the faults within each Bundle.entry.resource of a batch from refusing the other entries: they are given by Resource.Refused.
	Apart bool
}

// judged completes a refusal by what Judge finds in the tree, as far as there is one.
func (o Options) judged(err error, root *Element) error {
	var f *fault.Fault
	if o.Judge == nil || root == nil || !errors.As(err, &f) || f.Status != http.StatusUnprocessableEntity {
		return err
	}
	known := map[string]bool{}
	for _, i := range f.Issues {
		known[i.Expression] = true
	}
	for _, i := range o.Judge(root) {
		if i.Severity == fault.Error && !within(known, i.Expression) && len(f.Issues) < MaxIssues {
			f.Issues = append(f.Issues, i)
		}
	}
	return err
}

// within says whether a fault was told already of the place or of one around it: what could not be read cannot be judged.
func within(known map[string]bool, expression string) bool {
	for at := expression; at != ""; {
		if known[at] && (at == expression || strings.ContainsAny(at, ".[")) {
			return true
		}
		at = at[:max(strings.LastIndexAny(at, ".["), 0)]
	}
	return false
}

// text gives the content as a string, copied unless it is the resource's own.
func (o Options) text(src []byte) string {
	if o.Owned {
		return unsafe.String(unsafe.SliceData(src), len(src)) //nolint:gosec // nobody changes what was given up
	}
	return string(src)
}

func (o Options) withDefaults() Options {
	if o.MaxDepth <= 0 {
		o.MaxDepth = DefaultMaxDepth
	}
	if o.MaxElements <= 0 {
		o.MaxElements = DefaultMaxElements
	}
	return o
}
