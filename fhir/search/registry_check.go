package search

import (
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Check says what Register would refuse, and changes nothing.
func (r *Registry) Check(resource *element.Element) error {
	s := r.Snapshot()
	sp, issues := readDefinition(r.options.Definitions, resource)
	if len(issues) > 0 {
		return fault.Of(http.StatusUnprocessableEntity, issues)
	}
	if r.isStandard(sp) {
		return nil
	}
	if err := s.checkFree(sp); err != nil {
		return err
	}
	for _, base := range sp.Base {
		if _, err := s.customParam(sp, r.options.Definitions.Types[base]); err != nil {
			return err
		}
	}
	return nil
}

// indexSuffixes are what indexNames puts behind a parameter's main name.
var indexSuffixes = [...]string{"", ":long", ":long-end", ":range", ":range-end", ":of-type", ":identifier"}

// IndexSuffixes gives the suffixes that the names of a parameter's indexes may have behind Param.IndexName, the empty one included: what to drop with a parameter.
func IndexSuffixes() []string { return slices.Clone(indexSuffixes[:]) }
