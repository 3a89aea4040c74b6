package mhd

import (
	"context"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// What a submission names beside what it brings: the items of its Lists, and what its documents are related to. It is all of the one patient's record.

// findItems holds the items of the submission set and of the folders to documents and folders that are there, of the same patient.
func (p *plan) findItems(ctx context.Context) error {
	if p.resubmission() {
		return nil
	}
	for i := range p.s.entries {
		e := &p.s.entries[i]
		if e.root == nil || e.part != PartSubmissionSet && e.part != PartFolder {
			continue
		}
		n := -1
		for item := range e.root.Children("entry") {
			n++
			reference := item.Child("item")
			if reference == nil {
				continue // R4 requires it
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			ok, err := p.belongs(ctx, e, reference)
			if err != nil {
				return err
			}
			if !ok {
				p.breach("mhd-list-items-known", e.base+".entry["+strconv.Itoa(n)+"].item", "", e.place)
			}
		}
	}
	return nil
}

// belongs says whether an item of a List is brought by the submission, or is in the patient's record; true also for what a rule of shape refuses.
func (p *plan) belongs(ctx context.Context, list *entry, item *element.Element) (bool, error) {
	link := item.ChildValue("reference")
	if target := p.s.target(list, link); target != nil {
		return target != list, nil
	}
	if urn(link) {
		return true, nil // mhd-entry-references tells it
	}
	if typ, id, ok := p.r.repo.Target(link); ok && typ != "DocumentReference" {
		if typ != "List" || list.part == PartFolder {
			return true, nil // mhd-set-items, mhd-folder-items tell it
		}
		return p.isFolder(ctx, id)
	}
	found, err := p.referred(ctx, item)
	if found == nil || err != nil {
		return false, err
	}
	if !p.ours(found.subject) || found.status == statusDeleted && list.in.Method != methodUpdate {
		return false, nil
	}
	_, err = item.SetChild("reference", "DocumentReference/"+found.rec.ID)
	return true, err
}

// methodUpdate is that of a folder that is updated: it may keep what it holds already.
const methodUpdate = "PUT"

// isFolder says whether a stored List is a folder of the patient.
func (p *plan) isFolder(ctx context.Context, id string) (bool, error) {
	rec, err := p.look.Read("List", id)
	if rec, err = p.visibleRecord(ctx, rec, err); rec == nil || err != nil {
		return false, err
	}
	tree, err := p.look.Tree(rec)
	if err != nil {
		return false, err
	}
	return listCode(tree.Root) == codeFolder && p.ours(valueAt(tree.Root, "subject.reference")), nil
}

// ours says whether a literal reference to a patient names that of the submission. A submission without a subject has none that it could differ from.
func (p *plan) ours(patient string) bool {
	return p.patient == "" || patient == "Patient/"+p.patient
}

// findRelated holds what the documents' context.related refers to on this server to what is there, of the same patient. What is elsewhere is left.
func (p *plan) findRelated(ctx context.Context) error {
	for e := range p.s.of(PartDocumentReference) {
		surroundings := e.root.Child("context")
		if p.known[e.place] != nil || surroundings == nil {
			continue
		}
		n := -1
		for related := range surroundings.Children("related") {
			n++
			if err := ctx.Err(); err != nil {
				return err
			}
			ok, err := p.mayRelate(ctx, e, related.ChildValue("reference"))
			if err != nil {
				return err
			}
			if !ok {
				p.breach("mhd-related-patient", e.base+".context.related["+strconv.Itoa(n)+"]", "", e.place)
			}
		}
	}
	return nil
}

// mayRelate says whether a reference leads elsewhere, or to a resource of this server that is there and not about another patient. One that the caller may not see is not there.
func (p *plan) mayRelate(ctx context.Context, e *entry, link string) (bool, error) {
	typ, id, ok := p.r.repo.Target(link)
	if !ok || p.patient == "" || p.s.target(e, link) != nil {
		return true, nil
	}
	if typ == "Patient" {
		return id == p.patient, nil
	}
	rec, err := p.look.Read(typ, id)
	if rec, err = p.visibleRecord(ctx, rec, err); rec == nil || err != nil {
		return false, err
	}
	tree, err := p.look.Tree(rec)
	if err != nil {
		return false, err
	}
	for _, name := range []string{"subject", "patient"} {
		if target := valueAt(tree.Root, name+".reference"); target != "" {
			about, _, ok := p.r.repo.Target(target)
			return !ok || about != "Patient" || p.ours(target), nil
		}
	}
	return true, nil
}
