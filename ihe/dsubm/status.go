package dsubm

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// Extension gives the operation $status, by which a subscriber sees how its subscription fares.
func (b *Broker) Extension() rest.Extension {
	return rest.Extension{
		Operations: []rest.Operation{{
			Code: "status", Definition: "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription-status",
			Levels: rest.InstanceLevel, Types: []string{"Subscription"}, ReadOnly: true,
			Documentation: "The status of a subscription: how many events there were, and whether notifications get through.",
			Handle:        b.operation,
		}},
		ImplementationGuides: []string{"https://profiles.ihe.net/ITI/DSUBm/ImplementationGuide/ihe.iti.dsubm"},
		Profiles: map[string][]string{"Subscription": {
			"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription",
		}},
	}
}

// operation answers $status with a searchset of one SubscriptionStatus.
func (b *Broker) operation(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	if b.repo == nil {
		return nil, fault.New(http.StatusServiceUnavailable, fault.Transient, "Subscriptions are not running.")
	}
	rec, err := b.repo.Read(ctx, "Subscription", call.ID)
	if err != nil {
		return nil, err
	}
	res, err := b.repo.Tree(rec)
	if err != nil {
		return nil, err
	}
	p, _, err := loadProgress(b.store, call.ID)
	if err != nil {
		return nil, err
	}
	m := message{base: b.base, id: call.ID, status: res.Root.ChildValue("status"), kind: queryStatus, events: p.Events, reason: res.Root.ChildValue("error")}
	if topic := res.Root.ChildValue("criteria"); strings.Contains(topic, "://") {
		m.topic = topic
	}
	if m.reason == "" && p.Failures > 0 {
		m.reason = "Notifications have not got through since " + p.Since.UTC().Format(time.RFC3339) + "; the server tries again."
	}
	body, err := json.Marshal(object{
		"resourceType": "Bundle", "id": uuid(), "type": "searchset", "total": 1,
		"entry": []any{object{"fullUrl": "urn:uuid:" + uuid(), "resource": m.statusParameters(), "search": object{"mode": "match"}}},
	})
	if err != nil {
		return nil, err
	}
	return &rest.OperationAnswer{Resource: body}, nil
}

var (
	_ repository.Interceptor = (*Broker)(nil)
	_ repository.Observer    = (*Broker)(nil)
)
