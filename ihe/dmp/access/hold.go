package access

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	directive "github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// Rules are the interceptor that holds Consents to what is enforced of them, and that masks what is deposited in the records of people who want it so (D5).
type Rules struct {
	a *Access
	directive.Rules
}

// Rules gives the interceptor.
func (a *Access) Rules() *Rules { return &Rules{a: a} }

var (
	_ repository.Interceptor = (*Rules)(nil)
	_ repository.Completer   = (*Rules)(nil)
	_ repository.Reviewer    = (*Rules)(nil)
	_ repository.Concealer   = (*Rules)(nil)
)

// maxTogether is how many Consents one transaction of others than operators writes: a person says few things at once, and the room of a record is looked at before.
const maxTogether = 50

// Review refuses transactions of many Consents.
func (r *Rules) Review(ctx context.Context, v *repository.Review) error {
	if v.Type != "Consent" || v.Consequence || v.After == nil {
		return nil
	}
	c, err := callerOf(ctx)
	if c == nil || err != nil || r.a.operates(c) || v.Together() <= maxTogether {
		return err
	}
	return fault.At(http.StatusForbidden, fault.TooCostly, "Consent", "A transaction writes at most 50 Consents.")
}

// BeforeWrite refuses Consents that say what would not hold.
func (r *Rules) BeforeWrite(ctx context.Context, what repository.Interaction, after *element.Resource) error {
	if err := r.Rules.BeforeWrite(ctx, what, after); err != nil {
		return err
	}
	if after.Type() != "Consent" || categoryOf(after.Root) == "" {
		return nil
	}
	if patientOf(after.Root.Child("patient")) == "" {
		return fault.At(http.StatusUnprocessableEntity, fault.Required, "Consent.patient", "A Consent of this category names its Patient by a literal reference (Patient/[id]).")
	}
	if parseStart(after.Root.ChildValue("dateTime")).After(r.a.o.Clock().Add(clockSkew)) { // it would stand before what is said until then, and come to life after a block
		return fault.At(http.StatusUnprocessableEntity, fault.Value, "Consent.dateTime", "A person's word was given: Consent.dateTime is not in the future. What holds from a later day on has it in provision.period.start.")
	}
	return nil
}

// clockSkew is how far the clocks of clients may be ahead, those that write local time without its offset included.
const clockSkew = 24 * time.Hour

// Complete masks a new document, and what was extracted from it, where the holder's setting hides new documents from professionals.
func (r *Rules) Complete(ctx context.Context, _ repository.Interaction, before *element.Element, after *element.Resource, _ *repository.Lookup) error {
	root := after.Root
	if root.Type.Name == "Subscription" {
		return r.keepOwner(ctx, before, after)
	}
	if before != nil {
		return nil
	}
	info := r.a.types[root.Type.Name]
	if info == nil || info.kind != document && info.kind != clinical {
		return nil
	}
	data := info.kind == clinical
	if data && !fromDocument(root) {
		return nil
	}
	id := patientOf(root.Child("subject"))
	if id == "" {
		id = patientOf(root.Child("patient"))
	}
	if id == "" {
		return nil
	}
	p, err := r.a.relations.fresh(ctx, id)
	if err != nil {
		return err
	}
	s := &habilitation.Situation{At: r.a.o.Clock(), HiddenByDefault: p.hidesNew(r.a.o.Clock())}
	if !s.HiddenByDefault {
		return nil
	}
	labels := labelsOf(root, "securityLabel")
	if data {
		labels = metaLabels(root)
	}
	for _, l := range r.a.o.Engine.LabelsFor(s, habilitation.Deposit{Labels: labels}) {
		if !slices.Contains(labels, l) {
			if err := addLabel(root, data, string(l)); err != nil {
				return err
			}
			after.Changed()
		}
	}
	return nil
}

// hidesNew says whether new documents are masked.
func (p *record) hidesNew(now time.Time) bool {
	hides := false
	for _, st := range p.statements {
		if st.category == CategoryVisibility && st.at(now) {
			hides = !st.permit
		}
	}
	return hides
}

// fresh is record with what has changed taken in.
func (r *relations) fresh(ctx context.Context, id string) (*record, error) {
	if err := r.follow(); err != nil {
		return nil, err
	}
	return r.record(ctx, id)
}

func fromDocument(root *element.Element) bool {
	for tag := range root.Child("meta").Children("tag") {
		if tag.ChildValue("system") == systemDocumentType {
			return true
		}
	}
	return false
}

func metaLabels(root *element.Element) []habilitation.Label {
	var out []habilitation.Label
	for label := range root.Child("meta").Children("security") {
		out = append(out, habilitation.Label(label.ChildValue("code")))
	}
	return out
}

const systemVisibility = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"

// addLabel adds a visibility code: to the labels of a document, or to the meta of data.
func addLabel(root *element.Element, data bool, code string) error {
	parent, name := root, "securityLabel"
	if data {
		parent, name = root.Child("meta"), "security"
	}
	coding, err := parent.NewChild(name)
	if err == nil && !data {
		coding, err = coding.NewChild("coding")
	}
	if err != nil {
		return err
	}
	if _, err = coding.SetChild("system", systemVisibility); err == nil {
		_, err = coding.SetChild("code", code)
	}
	return err
}
