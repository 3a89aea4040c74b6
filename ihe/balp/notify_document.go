package balp

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// jsonDocument is what a notification depends on of a DocumentReference.
type jsonDocument struct {
	Status        string
	Subject       jsonRef
	Author        []jsonRef
	SecurityLabel []jsonConcept
	Contained     []struct{ ResourceType, ID string }
}

func (d *jsonDocument) labelled(code string) bool {
	return slices.ContainsFunc(d.SecurityLabel, func(c jsonConcept) bool {
		return slices.ContainsFunc(c.Coding, func(x jsonCoding) bool { return x.Code == code })
	})
}

// byPatient says whether the patient is the only author: nobody is told of what she did herself.
func (d *jsonDocument) byPatient() bool {
	if len(d.Author) == 0 {
		return false
	}
	for i := range d.Author {
		ref := d.Author[i].Reference
		inner := slices.ContainsFunc(d.Contained, func(c struct{ ResourceType, ID string }) bool {
			return "#"+c.ID == ref && c.ResourceType == "Patient"
		})
		if !inner && (ref == "" || ref != d.Subject.Reference) {
			return false
		}
	}
	return true
}

// documented tells the holder of a document that came or changed (T4). One that she may not see yet (D6) is told of when it becomes visible.
func (n *Notifier) documented(ctx context.Context, view store.View, rec *store.Record) error {
	if rec.Method == store.Deleted {
		return nil
	}
	var d, before jsonDocument
	if err := json.Unmarshal(rec.Body, &d); err != nil {
		return fault.Wrap(err, http.StatusUnprocessableEntity, fault.Structure, "The DocumentReference cannot be read.")
	}
	if d.labelled(HiddenFromPatient) || d.byPatient() || d.Status == "superseded" { // that one was replaced is told with what replaces it
		return nil
	}
	patient, ok := strings.CutPrefix(d.Subject.Reference, "Patient/")
	if !ok || strings.Contains(patient, "/") {
		return nil
	}
	notice := Notice{Topic: TopicDocumentAdded, Key: rec.ID, Patient: patient, About: []string{"DocumentReference/" + rec.ID}, Sent: n.o.Now()}
	if rec.Version > 1 && rec.Method == store.Updated {
		old, err := view.Version(rec.Type, rec.ID, rec.Version-1)
		if err != nil {
			return err
		}
		if json.Unmarshal(old.Body, &before) == nil && !before.labelled(HiddenFromPatient) {
			notice.Topic, notice.Key = TopicDocument, rec.ID+"|"+strconv.FormatUint(rec.Version, 10)
		}
	}
	if d.labelled(HiddenFromRepresentatives) {
		notice.Labels = []string{HiddenFromRepresentatives}
	}
	quiet, err := n.quiet(ctx, patient)
	if err != nil || quiet {
		return err
	}
	return n.send(ctx, &notice)
}
