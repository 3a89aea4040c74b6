package balp

import (
	"context"
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/repository"
)

// Own is something that the server did of itself to a resource, with time.
type Own struct {
	What     repository.Interaction
	Type, ID string
	Version  uint64
	// Patient is the logical id of the one whose it is, "" for none.
	Patient string
	// Why says the reason, in words that name nobody.
	Why string
}

// Act traces it: the server is client and custodian, and there is no user.
func (t *Trace) Act(ctx context.Context, o Own) error {
	p := patterns[o.What]
	c := caller{client: t.observer, address: t.observer.value}
	x := access{what: o.What, typ: o.Type, id: o.ID, status: http.StatusOK}
	var s *subject
	if o.Patient != "" {
		s = &subject{who: who{reference: "Patient/" + o.Patient}}
	}
	data := []entity{{what: who{reference: o.Type + "/" + o.ID + "/_history/" + strconv.FormatUint(o.Version, 10)}, typ: coding{systemEntity, "2"}, role: roleOf(o.Type)}}
	e := t.event(ctx, &c, &x, &p, s, data, nil)
	e.agents[0].network = networkURI
	e.outcomeDesc = o.Why
	return t.write(ctx, []event{e})
}
