package mhd

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// Guard is the repository interceptor that keeps what submissions brought as it came: documents, their DocumentReferences and submission sets do not change by plain writes and are not removed. A
// DocumentReference is updated by PATCH (MetadataRules judges it), a document is replaced, a folder changes by a submission.
type Guard struct{}

// BeforeWrite leaves the content of writes alone.
func (Guard) BeforeWrite(context.Context, repository.Interaction, *element.Resource) error {
	return nil
}

// instead says what takes the place of plain changes, by type.
var instead = map[string]string{
	"DocumentReference": "A submitted DocumentReference is updated by PATCH of its status, securityLabel and archived mark, and replaced by submitting a new version; PATCH with status entered-in-error deletes it.",
	"Binary":            "A submitted document does not change: submit a new version that replaces it.",
	"List":              "A submission set does not change, and a folder changes by a submission (PUT of the List in a Provide Document Bundle).",
}

// Review judges one write by what it follows. What the server does of itself is let pass: documents go with their patient when identities are merged.
func (Guard) Review(ctx context.Context, v *repository.Review) error {
	text, ours := instead[v.Type]
	if !ours || v.Consequence || submitting(ctx) {
		return nil
	}
	before, err := v.Before()
	if err != nil {
		return err
	}
	patched := v.What == repository.Patch && v.Type == "DocumentReference"
	if before != nil && isRegistered(before) && !patched {
		f := fault.At(http.StatusMethodNotAllowed, fault.NotSupported, v.Type, text)
		f.Header = http.Header{"Allow": {"GET, HEAD"}}
		if v.Type == "DocumentReference" {
			f.Header = http.Header{"Allow": {"GET, HEAD, PATCH"}}
		}
		return f
	}
	if v.After == nil || patched {
		return nil
	}
	switch v.Type {
	case "List":
		if v.What == repository.Create && listCode(v.After) == codeSubmissionSet {
			return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "List.code", "A submission set comes with what it brings: POST a Bundle of type transaction with a profile of Provide Document Bundle (ITI-65).")
		}
	case "DocumentReference":
		return uniqueAmongRegistered(ctx, v)
	}
	return nil
}

// uniqueAmongRegistered keeps plain writes from taking the unique id of a submitted document.
func uniqueAmongRegistered(ctx context.Context, v *repository.Review) error {
	m := v.After.Child("masterIdentifier")
	if m == nil || m.ChildValue("value") == "" {
		return nil
	}
	others, err := v.Others(ctx, "identifier", m.ChildValue("system"), m.ChildValue("value"))
	if err != nil {
		return err
	}
	for _, other := range others {
		if isRegistered(other) && masterKey(other) == masterKey(v.After) {
			return fault.At(http.StatusConflict, fault.Duplicate, "DocumentReference.masterIdentifier", "A submitted document has this masterIdentifier.")
		}
	}
	return nil
}

// isRegistered says whether a resource came by a submission.
func isRegistered(root *element.Element) bool {
	is := false
	along(root, "meta.tag", func(tag *element.Element) {
		is = is || tag.ChildValue("system") == systemRegistration && tag.ChildValue("code") == codeRegistered
	})
	return is
}
