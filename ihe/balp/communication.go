package balp

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// SystemTopic holds what a notification is about, in Communication.topic.
const SystemTopic = "https://carnet-fhir.github.io/CodeSystem/notification-topic"

// The topics.
const (
	TopicFirstAccess   = "first-access"
	TopicAccess        = "access"
	TopicEmergency     = "emergency-access"
	TopicDocumentAdded = "document-added"
	TopicDocument      = "document-changed"
	TopicReminder      = "invisible-document-reminder"
)

// texts are what the recipient reads; who and what it was is behind Communication.about.
var texts = map[string]string{
	TopicFirstAccess:   "Un professionnel a consulté votre dossier pour la première fois.",
	TopicAccess:        "Un professionnel a consulté votre dossier.",
	TopicEmergency:     "Le dossier a été consulté dans une situation d'urgence.",
	TopicDocumentAdded: "Un document a été ajouté à votre dossier.",
	TopicDocument:      "Un document de votre dossier a été modifié.",
	TopicReminder:      "Un document que vous avez déposé n'est pas encore visible par la personne. Informez-la : il le deviendra de lui-même un mois après son dépôt.",
}

// Recipient is a professional by a national identifier.
type Recipient struct{ System, Value string }

// Notice is one notification. What it is made of decides its id: the same notice is stored once.
type Notice struct {
	Topic string
	// Key tells notices of a topic and a patient apart: whose access it was, which document.
	Key string
	// Patient is the logical id of the one whose record it is.
	Patient string
	// To is who is told: a Practitioner by identifier; the zero value is the patient.
	To Recipient
	// About are references to what it is about.
	About []string
	// Labels are codes of TRE_A07 that hide the notice.
	Labels []string
	Sent   time.Time
}

// ID is the Communication's logical id.
func (n *Notice) ID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{n.Topic, n.Patient, n.Key, n.To.System, n.To.Value}, "\x00")))
	return "notice-" + hex.EncodeToString(sum[:20])
}

type object = map[string]any

// Resource makes the Communication.
func (n *Notice) Resource(base string) (*element.Resource, error) {
	patient := object{"reference": "Patient/" + n.Patient}
	to := patient
	if n.To.Value != "" {
		to = object{"type": "Practitioner", "identifier": object{"system": n.To.System, "value": n.To.Value}}
	}
	about := make([]any, len(n.About))
	for i, reference := range n.About {
		about[i] = object{"reference": reference}
	}
	out := object{
		"resourceType": "Communication", "id": n.ID(), "status": "completed", "subject": patient, "recipient": []any{to}, "sent": n.Sent.UTC().Format("2006-01-02T15:04:05.000Z07:00"),
		"category": []any{object{"coding": []any{object{"system": "http://terminology.hl7.org/CodeSystem/communication-category", "code": "notification"}}}},
		"topic":    object{"coding": []any{object{"system": SystemTopic, "code": n.Topic}}},
		"sender":   object{"type": "Device", "identifier": object{"system": systemURI, "value": base}},
		"payload":  []any{object{"contentString": texts[n.Topic]}},
	}
	if len(about) > 0 {
		out["about"] = about
	}
	if len(n.Labels) > 0 {
		var labels []any
		for _, code := range n.Labels {
			labels = append(labels, object{"system": SystemVisibility, "code": code})
		}
		out["meta"] = object{"security": labels}
	}
	text, err := json.Marshal(out)
	if err != nil {
		return nil, err
	}
	return element.ParseJSON(spec.R4(), text, element.Options{ExpectType: "Communication"})
}

// Send stores a notice, and says so, unless it was sent already: also when its recipient has deleted it since. It is the server's own act: the context has no session.
func Send(ctx context.Context, repo *repository.Repository, s store.Store, base string, n *Notice) (sent bool, err error) {
	view, err := s.View(0)
	if err != nil {
		return false, err
	}
	_, err = view.Read("Communication", n.ID())
	if err = errors.Join(err, view.Close()); !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	res, err := n.Resource(strings.TrimRight(base, "/"))
	if err != nil {
		return false, err
	}
	_, err = repo.Update(ctx, "Communication", n.ID(), res, repository.Conditions{IfNoneMatchStar: true})
	var f *fault.Fault
	if errors.As(err, &f) && (f.Status == http.StatusPreconditionFailed || f.Status == http.StatusConflict) {
		return false, nil // another one was first
	}
	return err == nil, err
}

// maxKnown bounds the ids that are remembered.
const maxKnown = 100_000

// send is Send, without a read for what is known to be there.
func (n *Notifier) send(ctx context.Context, notice *Notice) error {
	id := notice.ID()
	if n.known[id] {
		return nil
	}
	if _, err := Send(ctx, n.repo, n.store, n.o.BaseURL, notice); err != nil {
		return err
	}
	if len(n.known) >= maxKnown {
		clear(n.known)
	}
	n.known[id] = true
	return nil
}
