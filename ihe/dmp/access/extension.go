package access

import "github.com/carnet-fhir/carnet/fhir/rest"

// Extension gives the operations.
func (a *Access) Extension() rest.Extension {
	return rest.Extension{Operations: []rest.Operation{a.habilitation()}}
}
