package dsubm

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// Profiles of the R4 backport.
const (
	profileNotification = backport + "backport-subscription-notification-r4"
	profileStatus       = backport + "backport-subscription-status-r4"
)

// kind is the type of a notification (http://hl7.org/fhir/subscription-notification-type).
type kind string

const (
	handshake    kind = "handshake"
	heartbeat    kind = "heartbeat"
	eventful     kind = "event-notification"
	queryStatus  kind = "query-status"
	deactivation kind = eventful // DSUBm: a Subscription that is off, without events
)

// told is one event as a notification tells it.
type told struct {
	number  uint64
	at      time.Time
	typ, id string
	method  store.Method
	body    []byte // of full-resource; nil otherwise
}

// message is a notification before it is written.
type message struct {
	base, id string // of the Subscription
	topic    string
	status   string
	kind     kind
	events   uint64 // since the subscription began
	told     []told
	content  content
	reason   string
	at       time.Time
}

type object = map[string]any

// bundle gives the notification's Bundle as JSON.
func (m *message) bundle() ([]byte, error) {
	entries := []any{object{
		"fullUrl": "urn:uuid:" + uuid(), "resource": m.statusParameters(),
		"request":  object{"method": "GET", "url": m.base + "/Subscription/" + m.id + "/$status"},
		"response": object{"status": "200"},
	}}
	if m.content != contentEmpty {
		for i := range m.told {
			entries = append(entries, m.focus(&m.told[i]))
		}
	}
	return json.Marshal(object{
		"resourceType": "Bundle", "id": uuid(), "meta": object{"profile": []string{profileNotification}}, "type": "history",
		"timestamp": m.at.UTC().Format(time.RFC3339Nano), "entry": entries,
	})
}

// focus is the entry of the resource that an event is about.
func (m *message) focus(t *told) object {
	relative := t.typ + "/" + t.id
	request, response := object{"method": "PUT", "url": relative}, object{"status": "200"}
	switch t.method {
	case store.Created:
		request, response = object{"method": "POST", "url": t.typ}, object{"status": "201"}
	case store.Deleted:
		request, response = object{"method": "DELETE", "url": relative}, object{"status": "204"}
	default:
	}
	out := object{"fullUrl": m.base + "/" + relative, "request": request, "response": response}
	if t.body != nil {
		out["resource"] = json.RawMessage(t.body)
	}
	return out
}

// statusParameters is the SubscriptionStatus of R5 as R4 has it.
func (m *message) statusParameters() object {
	parameters := []any{
		object{"name": "subscription", "valueReference": object{"reference": m.base + "/Subscription/" + m.id}},
	}
	if m.topic != "" {
		parameters = append(parameters, object{"name": "topic", "valueCanonical": m.topic})
	}
	parameters = append(parameters, object{"name": "status", "valueCode": m.status}, object{"name": "type", "valueCode": string(m.kind)},
		object{"name": "events-since-subscription-start", "valueString": strconv.FormatUint(m.events, 10)})
	for i := range m.told {
		t := &m.told[i]
		part := []any{object{"name": "event-number", "valueString": strconv.FormatUint(t.number, 10)},
			object{"name": "timestamp", "valueInstant": t.at.UTC().Format("2006-01-02T15:04:05.000Z")}}
		if m.content != contentEmpty {
			part = append(part, object{"name": "focus", "valueReference": object{"reference": m.base + "/" + t.typ + "/" + t.id}})
		}
		parameters = append(parameters, object{"name": "notification-event", "part": part})
	}
	if m.reason != "" {
		parameters = append(parameters, object{"name": "error", "valueCodeableConcept": object{"text": m.reason}})
	}
	return object{"resourceType": "Parameters", "id": uuid(), "meta": object{"profile": []string{profileStatus}}, "parameter": parameters}
}

// encode gives the notification in the payload's format.
func (m *message) encode(defs *spec.Definitions, payload string) ([]byte, error) {
	body, err := m.bundle()
	if err != nil || payload != "application/fhir+xml" {
		return body, err
	}
	res, err := element.ParseJSON(defs, body, element.Options{Trusted: true})
	if err != nil {
		return nil, err
	}
	return element.AppendXML(nil, res.Root), nil
}

// uuid makes a random UUID (version 4).
func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
