package mhd

import (
	"context"
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// done is the answer for what is stored and not written again.
func done(rec *store.Record, issues ...fault.Issue) answer {
	return answer{index: -1, EntryResult: repository.EntryResult{
		Status: http.StatusOK, Location: rec.Type + "/" + rec.ID + "/_history/" + strconv.FormatUint(rec.Version, 10),
		Version: rec.Version, LastModified: rec.Time.Wall(), Record: rec, Issues: issues,
	}}
}

func information(code fault.Code, text string) fault.Issue {
	return fault.Issue{Severity: fault.Information, Code: code, Diagnostics: text}
}

// compose makes the entries of the transaction.
func (p *plan) compose(ctx context.Context) error {
	if p.resubmission() {
		return p.recognise(ctx)
	}
	for i := range p.s.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := &p.s.entries[i]
		var err error
		switch e.part {
		case PartSubmissionSet, PartFolder:
			err = p.writeList(e)
		case PartDocumentReference:
			err = p.writeReference(e)
		case PartBinary:
			err = p.writeBinary(e)
		case PartPatient:
			err = p.writePatient(e)
		}
		if err != nil {
			return err
		}
	}
	if err := p.supersede(); err != nil {
		return err
	}
	p.extractedFrom = len(p.entries)
	for e := range p.s.of(PartDocumentReference) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.known[e.place] == nil {
			p.extract(e)
		}
	}
	return ctx.Err() // see judge
}

// add appends an entry to the transaction, as the answer to a place (-1: to none).
func (p *plan) add(place int, e repository.BundleEntry) {
	if place >= 0 {
		p.places[place] = answer{index: len(p.entries)}
	}
	p.entries = append(p.entries, e)
}

// prepare makes the edits that do not depend on an attempt.
func (p *plan) prepare(e *entry) error {
	if e.prepared {
		return nil
	}
	e.prepared = true
	if e.in.Method == http.MethodPost && e.id == "" {
		e.id = p.r.o.NewID()
	}
	if err := tagRegistered(e.root); err != nil {
		return err
	}
	e.in.Resource.Changed()
	if e.in.Method != http.MethodPost {
		return nil
	}
	return nameEntry(e)
}

// tagRegistered marks what was taken in by a submission.
func tagRegistered(root *element.Element) error {
	meta := root.Child("meta")
	if meta == nil {
		var err error
		if meta, err = root.NewChild("meta"); err != nil {
			return err
		}
	}
	for tag := range meta.Children("tag") {
		if tag.ChildValue("system") == systemRegistration {
			return nil
		}
	}
	return addCoding(meta, "tag", systemRegistration, codeRegistered)
}

func addCoding(parent *element.Element, name, system, code string) error {
	c, err := parent.NewChild(name)
	if err != nil {
		return err
	}
	if _, err = c.SetChild("system", system); err != nil {
		return err
	}
	_, err = c.SetChild("code", code)
	return err
}

// nameEntry gives an entryUUID to what has none (MHD: the recipient assigns it).
func nameEntry(e *entry) error {
	for identifier := range e.root.Children("identifier") {
		if isEntryUUID(identifier) {
			return nil
		}
	}
	identifier, err := e.root.NewChild("identifier")
	if err != nil {
		return err
	}
	for _, member := range [][2]string{{"use", "official"}, {"system", systemURI}, {"value", "urn:uuid:" + e.id}} {
		if _, err := identifier.SetChild(member[0], member[1]); err != nil {
			return err
		}
	}
	return nil
}

// setSubject makes the subject literal. What it says beside stays.
func (p *plan) setSubject(e *entry) error {
	subject := e.root.Child("subject")
	if subject == nil || p.patient == "" || p.patient == newPatient {
		return nil
	}
	_, err := subject.SetChild("reference", "Patient/"+p.patient)
	return err
}

func (p *plan) writeList(e *entry) error {
	if err := p.prepare(e); err != nil {
		return err
	}
	if err := p.setSubject(e); err != nil {
		return err
	}
	// A document that is stored already is referred to where it is.
	for item := range e.root.Children("entry") {
		reference := item.Child("item")
		if reference == nil {
			continue
		}
		if target := p.s.target(e, reference.ChildValue("reference")); target != nil && p.known[target.place] != nil {
			if _, err := reference.SetChild("reference", "DocumentReference/"+p.known[target.place].ID); err != nil {
				return err
			}
		}
	}
	p.add(e.place, e.request("List"))
	return nil
}

// request is the entry as the transaction takes it.
func (e *entry) request(typ string) repository.BundleEntry {
	out := repository.BundleEntry{FullURL: e.in.FullURL, Method: e.in.Method, URL: e.in.URL, IfMatch: e.in.IfMatch, Resource: e.in.Resource}
	if e.in.Method == http.MethodPost {
		out.URL, out.ID = typ, e.id
	}
	return out
}

// writeReference makes the DocumentReference, with what the recipient adds to it.
func (p *plan) writeReference(e *entry) error {
	if rec := p.known[e.place]; rec != nil {
		p.places[e.place] = done(rec, information(fault.Duplicate, "The document is stored already, byte for byte; nothing was written. Its metadata are updated by PATCH."))
		return nil
	}
	if err := p.prepare(e); err != nil {
		return err
	}
	if err := p.setSubject(e); err != nil {
		return err
	}
	if d := e.document; d != nil {
		attachment := firstOf(e.root, "content.attachment")
		for _, member := range [][2]string{{"size", strconv.Itoa(len(d.raw))}, {"hash", d.hash()}} {
			if _, err := attachment.SetChild(member[0], member[1]); err != nil {
				return err
			}
		}
	}
	p.add(e.place, e.request("DocumentReference"))
	if p.s.single {
		return p.writeSingle(e)
	}
	return nil
}

// writeBinary makes the Binary, whose bytes are in the blobs; its access follows that of the DocumentReference.
func (p *plan) writeBinary(e *entry) error {
	var of *entry
	for r := range p.s.of(PartDocumentReference) {
		if r.document != nil && r.document.binary == e {
			of = r
		}
	}
	if of == nil {
		return nil // refused by mhd-binary-described
	}
	if rec := p.known[of.place]; rec != nil {
		return p.knownBinary(e, rec)
	}
	if !e.prepared {
		e.prepared, e.id = true, p.r.o.NewID()
		if data := e.root.Child("data"); data != nil {
			_ = e.root.Remove(data) // it is a child
		}
		if err := tagRegistered(e.root); err != nil {
			return err
		}
	}
	if of.id == "" {
		of.id = p.r.o.NewID()
	}
	security := e.root.Child("securityContext")
	if security == nil {
		var err error
		if security, err = e.root.NewChild("securityContext"); err != nil {
			return err
		}
	}
	if _, err := security.SetChild("reference", "DocumentReference/"+of.id); err != nil {
		return err
	}
	e.in.Resource.Changed()
	out := e.request("Binary")
	out.Blob = of.document.blob
	p.add(e.place, out)
	return nil
}

// knownBinary answers the Binary of a document that is stored already.
func (p *plan) knownBinary(e *entry, rec *store.Record) error {
	s, err := p.open(rec)
	if err != nil {
		return err
	}
	p.places[e.place] = done(rec)
	typ, id, ok := p.r.repo.Target(s.url)
	if !ok {
		return nil
	}
	binary, err := p.look.Read(typ, id)
	if binary != nil {
		p.places[e.place] = done(binary)
	}
	return err
}

// writePatient answers the Patient entry: who is known is not written again.
func (p *plan) writePatient(e *entry) error {
	if p.patient != newPatient && e.in.Method != http.MethodPut && p.patient != "" {
		rec, err := p.look.Read("Patient", p.patient)
		if rec != nil {
			p.places[e.place] = done(rec)
		}
		return err
	}
	p.add(e.place, repository.BundleEntry{FullURL: e.in.FullURL, Method: e.in.Method, URL: e.in.URL, IfMatch: e.in.IfMatch, Resource: e.in.Resource})
	return nil
}

// supersede writes what is replaced, in the same commit.
func (p *plan) supersede() error {
	for _, r := range p.replaced {
		if _, err := r.tree.Root.SetChild("status", statusSuperseded); err != nil {
			return err
		}
		r.tree.Changed()
		p.add(r.patch, repository.BundleEntry{Method: http.MethodPut, URL: "DocumentReference/" + r.rec.ID, Resource: r.tree})
	}
	return nil
}

// recognise answers a submission whose documents are all stored already: what came with them at first is named, and nothing is written.
func (p *plan) recognise(ctx context.Context) error {
	var first *store.Record
	for i := range p.s.entries {
		e := &p.s.entries[i]
		var err error
		switch e.part {
		case PartDocumentReference:
			err = p.writeReference(e)
			if first == nil {
				first = p.known[i]
			}
		case PartBinary:
			err = p.writeBinary(e)
		case PartPatient:
			err = p.writePatient(e)
		}
		if err != nil {
			return err
		}
	}
	set := p.s.set()
	if set == nil || first == nil {
		return nil
	}
	p.places[set.place] = done(first, information(fault.Duplicate, "All documents are stored already; no further submission set was made."))
	found, err := p.look.Find(ctx, "List", "item=DocumentReference/"+first.ID+"&code="+tokenOf(systemListTypes, codeSubmissionSet), 1)
	if err != nil || len(found) == 0 {
		return err
	}
	if there, err := p.look.Visible(ctx, found[0]); !there || err != nil {
		return err
	}
	p.places[set.place] = done(found[0], p.places[set.place].Issues...)
	return nil
}

// answers gives the results in the order of the request, each with its warnings.
func (p *plan) answers(results []repository.EntryResult) []repository.EntryResult {
	out := make([]repository.EntryResult, len(p.places))
	for i := range p.places {
		if a := &p.places[i]; a.index < 0 {
			out[i] = a.EntryResult
		} else {
			out[i] = results[a.index]
		}
	}
	for _, r := range p.replaced {
		if r.patch < 0 {
			out[r.by].Issues = append(out[r.by].Issues, information(fault.Informational, "The document that relatesTo names was superseded, although no entry of the submission patches it."))
		}
	}
	for _, list := range [][]finding{p.s.findings, p.findings} {
		for i := range list {
			place := list[i].place
			if place < 0 {
				place = p.s.setPlace()
			}
			if list[i].warn && place < len(out) {
				out[place].Issues = append(out[place].Issues, list[i].issue())
			}
		}
	}
	return out
}

// setPlace is where warnings about the whole are told.
func (s *submission) setPlace() int {
	if set := s.set(); set != nil {
		return set.place
	}
	return 0
}
