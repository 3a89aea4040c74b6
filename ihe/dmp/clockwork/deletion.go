package clockwork

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/store"
)

// ExtensionDeletionRequest stands in the Patient of a closed record whose holder expressly asked for its deletion (valueDateTime: when), CSP R1111-36. Taking it away, or reopening the record, withdraws the request.
const ExtensionDeletionRequest = "https://carnet-fhir.github.io/StructureDefinition/dmp-deletion-request"

// margin is how long before the end of the three months a requested deletion is done: the term holds even when the server was down for some days, and the holder has the time until then to think again.
const margin = 7 * 24 * time.Hour

// Deletion is when and why a closed record is to be deleted.
type Deletion struct {
	Due time.Time
	Why string
}

// extension is what is read of extensions; a closing's date is nested.
type extension struct {
	URL           string
	ValueDate     string
	ValueDateTime string
	Extension     []extension
}

// DeletionOf says when the record of a Patient, as JSON, is to be deleted; ok is false for one that is open, or whose closing has no date.
func (s *Sweeper) DeletionOf(body []byte) (d Deletion, ok bool) {
	var p struct {
		Active    *bool
		Extension []extension
		Link      []struct{ Type string }
	}
	if json.Unmarshal(body, &p) != nil || p.Active == nil || *p.Active {
		return d, false
	}
	if slices.ContainsFunc(p.Link, func(l struct{ Type string }) bool { return l.Type == "replaced-by" }) {
		return d, false // a merged identity, not a closed record
	}
	var closed, requested time.Time
	for _, x := range p.Extension {
		switch x.URL {
		case dmp.ExtensionClosing:
			for _, part := range x.Extension {
				if part.URL == "dateFermeture" {
					closed = s.dateOf(part.ValueDate)
				}
			}
		case ExtensionDeletionRequest:
			requested = s.dateOf(x.ValueDateTime)
		}
	}
	if closed.IsZero() {
		return d, false
	}
	d = Deletion{s.o.Engine.KeptUntil(closed), "Fin de la conservation de dix ans après la clôture (CSP, art. R1111-36)."}
	if !requested.IsZero() {
		if due := s.o.Engine.DeletionDue(requested).Add(-margin); due.Before(d.Due) {
			d = Deletion{due, "Suppression demandée expressément (CSP, art. R1111-36)."}
		}
	}
	return d, true
}

// dateOf reads a FHIR date or dateTime; what is less than a day counts from its end, so that nothing is deleted too early. The zero time when it is none.
func (s *Sweeper) dateOf(text string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t
		}
	}
	if t, err := time.Parse("2006-01", text); err == nil {
		return t.AddDate(0, 1, -1)
	}
	if t, err := time.Parse("2006", text); err == nil {
		return t.AddDate(1, 0, -1)
	}
	return time.Time{}
}

// record deletes a closed record that is due.
func (s *Sweeper) record(ctx context.Context, rec *store.Record, r *Report) (acted bool) {
	d, ok := s.DeletionOf(rec.Body)
	if !ok || s.o.Now().Before(d.Due) {
		return false
	}
	if err := s.delete(ctx, rec, d); err != nil {
		return s.failed(ctx, "a closed record is deleted", err, r)
	}
	r.Deleted++
	return true
}

// kept are types of the patient compartment that outlive the record: the trace of who did what in it is no part of its content.
var kept = map[string]bool{"AuditEvent": true}

// delete deletes what belongs to the patient, some hundred resources in a commit, and the Patient last: what a crash leaves is found again by it. The record that is reopened meanwhile keeps its Patient, and what is not deleted yet.
//
// Deleted resources answer 410, their versions stay in the store's history: the store has no purge. See docs/design/trace.md.
func (s *Sweeper) delete(ctx context.Context, rec *store.Record, d Deletion) error {
	for {
		now, err := s.repo.Read(ctx, "Patient", rec.ID)
		if err != nil {
			return err
		}
		if again, ok := s.DeletionOf(now.Body); !ok || s.o.Now().Before(again.Due) {
			return nil
		}
		content, err := s.contentOf(ctx, rec.ID)
		if err != nil {
			return err
		}
		if len(content) > 0 {
			if err := s.repo.Remove(ctx, content...); err != nil {
				return err
			}
			continue
		}
		if err := s.repo.Remove(ctx, repository.Named{Type: "Patient", ID: rec.ID, Version: now.Version}); err != nil {
			return err
		}
		return s.trace(ctx, balp.Own{What: repository.Delete, Type: "Patient", ID: rec.ID, Version: now.Version + 1, Patient: rec.ID, Why: d.Why})
	}
}

// contentOf gives some of what belongs to a patient, documents with their Binaries; nothing when there is no more.
func (s *Sweeper) contentOf(ctx context.Context, patient string) ([]repository.Named, error) {
	var out []repository.Named
	var after []byte
	for {
		found, err := s.repo.Everything(ctx, patient, repository.EverythingQuery{Count: page, After: after})
		if err != nil {
			return nil, err
		}
		for _, rec := range found.Matches {
			if rec.Type == "Patient" || kept[rec.Type] {
				continue
			}
			out = append(out, repository.Named{Type: rec.Type, ID: rec.ID})
			if rec.Type == "DocumentReference" {
				out = append(out, binariesOf(rec.Body)...)
			}
		}
		if len(out) > 0 || found.Next == nil {
			return out, nil
		}
		after = found.Next
	}
}

// binariesOf gives the Binaries of a document.
func binariesOf(body []byte) []repository.Named {
	var doc struct {
		Content []struct{ Attachment struct{ URL string } }
	}
	if json.Unmarshal(body, &doc) != nil {
		return nil
	}
	var out []repository.Named
	for _, c := range doc.Content {
		if id, ok := strings.CutPrefix(c.Attachment.URL, "Binary/"); ok && !strings.Contains(id, "/") {
			out = append(out, repository.Named{Type: "Binary", ID: id})
		}
	}
	return out
}
