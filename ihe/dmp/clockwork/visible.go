package clockwork

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/store"
)

type (
	object = map[string]any
	list   = []any
)

// depositedAt is when version 1 was committed: a record's number is a tick of the store's clock at its creation.
func depositedAt(rec *store.Record) time.Time { return store.Time(rec.RID).Wall() }

// document does what is due of a document that the patient does not see.
func (s *Sweeper) document(ctx context.Context, rec *store.Record, r *Report) (acted bool) {
	now, deposited := s.o.Now(), depositedAt(rec)
	switch {
	case !now.Before(s.o.Engine.VisibleToPatientFrom(deposited)):
		if err := s.show(ctx, rec); err != nil {
			return s.failed(ctx, "a document becomes visible", err, r)
		}
		r.Shown++
		return true
	case !now.Before(s.o.Engine.ReminderDue(deposited)):
		n, err := s.remind(ctx, rec)
		if err != nil {
			return s.failed(ctx, "an author is reminded", err, r)
		}
		r.Reminded += n
		return n > 0
	}
	return false
}

// confidentiality is what a document has that had no other label.
const confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

// shown gives the labels without INVISIBLE_PATIENT. One stays in any case: a document has at least one.
func shown(labels list) list {
	var out list
	for _, label := range labels {
		l, _ := label.(object)
		codings, _ := l["coding"].(list)
		var kept list
		for _, c := range codings {
			if coding, _ := c.(object); coding["code"] != balp.HiddenFromPatient {
				kept = append(kept, c)
			}
		}
		if len(kept) == len(codings) {
			out = append(out, label)
		} else if len(kept) > 0 {
			l["coding"] = kept
			out = append(out, l)
		}
	}
	if out == nil {
		out = list{object{"coding": list{object{"system": confidentiality, "code": "N"}}}}
	}
	return out
}

// why is what the Provenance of the change says.
const why = "Visible de plein droit un mois après le dépôt (CSP, art. R1111-53)."

// show takes the label away by a metadata update of the server's own, with its Provenance, in one commit: so every rule over such updates holds for this one too.
func (s *Sweeper) show(ctx context.Context, rec *store.Record) error {
	var doc struct {
		Subject       struct{ Reference string }
		SecurityLabel list
	}
	if err := json.Unmarshal(rec.Body, &doc); err != nil {
		return err
	}
	patch, err := json.Marshal(list{object{"op": "replace", "path": "/securityLabel", "value": shown(doc.SecurityLabel)}})
	if err != nil {
		return err
	}
	binary, err := build(object{"resourceType": "Binary", "contentType": "application/json-patch+json", "data": base64.StdEncoding.EncodeToString(patch)})
	if err != nil {
		return err
	}
	target := "DocumentReference/" + rec.ID
	provenance, err := build(object{
		"resourceType": "Provenance", "target": list{object{"reference": target + "/_history/" + strconv.FormatUint(rec.Version+1, 10)}}, "recorded": instant(s.o.Now()),
		"activity": object{"coding": list{object{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": "UPDATE"}}}, "reason": list{object{"text": why}},
		"agent": list{object{"who": object{"type": "Device", "identifier": object{"system": "urn:ietf:rfc:3986", "value": s.o.BaseURL}}}},
	})
	if err != nil {
		return err
	}
	_, err = s.repo.Transaction(ctx, []repository.BundleEntry{
		{Method: http.MethodPatch, URL: target, Resource: binary, IfMatch: `W/"` + strconv.FormatUint(rec.Version, 10) + `"`},
		{Method: http.MethodPost, URL: "Provenance", Resource: provenance},
	}, nil)
	if err != nil {
		return err
	}
	return s.trace(ctx, balp.Own{What: repository.Patch, Type: "DocumentReference", ID: rec.ID, Version: rec.Version + 1, Patient: strings.TrimPrefix(doc.Subject.Reference, "Patient/"), Why: why})
}

func (s *Sweeper) trace(ctx context.Context, o balp.Own) error {
	if s.o.Trace == nil {
		return nil
	}
	return s.o.Trace.Act(ctx, o)
}

func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

func build(members object) (*element.Resource, error) {
	text, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	return element.ParseJSON(spec.R4(), text, element.Options{})
}

// remind tells the authors of a document, once, that the person is to be informed, and gives how many were told now. The patient must not learn of the document by the reminder, so it has the document's label.
func (s *Sweeper) remind(ctx context.Context, rec *store.Record) (int, error) {
	var doc struct{ Subject struct{ Reference string } }
	if err := json.Unmarshal(rec.Body, &doc); err != nil {
		return 0, err
	}
	patient, ok := strings.CutPrefix(doc.Subject.Reference, "Patient/")
	if !ok {
		return 0, nil
	}
	told := 0
	for _, author := range s.authors(rec.Body) {
		n := &balp.Notice{Topic: balp.TopicReminder, Key: rec.ID, Patient: patient, To: author, About: []string{"DocumentReference/" + rec.ID}, Labels: []string{balp.HiddenFromPatient}, Sent: s.o.Now()}
		sent, err := balp.Send(ctx, s.repo, s.store, s.o.BaseURL, n)
		if err != nil {
			return told, err
		}
		if sent {
			told++
		}
	}
	return told, nil
}
