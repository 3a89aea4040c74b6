package dmp

import (
	"context"
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
)

// Conceal takes who is médecin traitant out of the Patient that a patch is applied to: a patch could ask for it by a test, or by what stands before or behind it.
func (i *Identity) Conceal(current *element.Resource) error {
	if current.Type() != "Patient" || extensionOf(current.Root, extensionTreatingDoctors) == nil {
		return nil
	}
	current.Changed()
	return setExtension(current.Root, extensionTreatingDoctors, nil)
}

// BeforePatch takes patches as they come.
func (i *Identity) BeforePatch(_ context.Context, _ *element.Resource, _ patch.Kind, body []byte) ([]byte, error) {
	return body, nil
}

// operationOf are the operations that set the managed extensions.
var operationOf = map[string]string{ExtensionClosing: "$dmp-close and $dmp-reopen", ExtensionMES: "$dmp-attach-mes", ExtensionTreatingDoctor: "$dmp-treating-doctor", extensionTreatingDoctors: "$dmp-treating-doctor"}

// AfterPatch refuses a patch of what only operations set: it would have no effect.
func (i *Identity) AfterPatch(ctx context.Context, current, patched *element.Resource) error {
	if current.Type() != "Patient" || controlled(ctx) {
		return nil
	}
	for _, url := range managed {
		if !slices.EqualFunc(extensionsOf(current.Root, url), extensionsOf(patched.Root, url), element.Equal) {
			return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Patient.extension", "The extension "+url+" is set by the operation "+operationOf[url]+", not by PATCH.")
		}
	}
	return nil
}
