package access

import (
	"container/list"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// callers keeps the conditions of those who called lately.
type callers struct {
	mu    sync.Mutex
	views *lru[viewKey, *view]
	// sessions finds the views of tokens that came before. It holds no view that views does not: what forgets a relation must reach all that are used.
	sessions map[*token.Session]*view
	limit    int
}

// viewKey tells callers apart whose rights may differ.
type viewKey struct {
	actor         habilitation.Actor
	patient, user string
	code          string
}

func newCallers(limit int) *callers {
	return &callers{views: newLRU[viewKey, *view](limit), sessions: map[*token.Session]*view{}, limit: limit}
}

// view is the records as one caller sees them. Its parts are made when they are first asked for and hold until a relation changes.
type view struct {
	a      *Access
	caller *caller
	kept   *list.Element // among callers.views

	mu        sync.Mutex
	set       *search.Set // of the records that have to do with the caller; nil: not looked for yet
	standings map[string]*standing
	shared    map[string]*conditions // by the key of a Reading and what else decides
	author    *authorship
	era       uint64 // counts what was forgotten
}

// standing is how the caller stands to one record, for some time.
type standing struct {
	situation *habilitation.Situation
	reading   habilitation.Reading
	of        *conditions
	until     time.Time
}

// standingLife is how long a standing is used before it is made anew: the lengths of authorisations that name no end, and what the rules derive from dates, are the engine's to know.
const standingLife = 10 * time.Second

// viewOf gives the view of a session's caller.
func (a *Access) viewOf(session *token.Session, actor *habilitation.Actor) *view {
	c := a.callers
	c.mu.Lock()
	v, ok := c.sessions[session]
	if ok {
		c.views.use(v.kept)
	}
	c.mu.Unlock()
	if ok {
		return v
	}
	v = a.view(newCaller(session, actor))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.views.holds(v.kept) {
		if len(c.sessions) >= 4*c.limit {
			clear(c.sessions)
		}
		c.sessions[session] = v
	}
	return v
}

// view gives the view of a caller.
func (a *Access) view(c *caller) *view {
	key := viewKey{actor: c.actor, patient: c.session.Patient, user: c.session.FHIRUser, code: string(c.session.Claims[ClaimAccessCode])}
	a.callers.mu.Lock()
	defer a.callers.mu.Unlock()
	if v, ok := a.callers.views.get(key); ok {
		return v
	}
	v := &view{a: a, caller: c}
	v.reset()
	var evicted bool
	if v.kept, evicted = a.callers.views.put(key, v); evicted {
		clear(a.callers.sessions)
	}
	return v
}

func (v *view) reset() {
	v.set, v.author = nil, nil
	v.standings, v.shared = map[string]*standing{}, map[string]*conditions{}
	v.era++
}

// forget drops what a change concerns from all views.
func (c *callers) forget(what *changed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.views.each(func(v *view) { v.forget(what) })
}

func (v *view) forget(what *changed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if what.all || v.named(what) {
		v.reset()
		return
	}
	for id := range what.people {
		delete(v.standings, id)
	}
	v.era++
}

// named says whether a change names the caller: then it may have records that it had not.
func (v *view) named(what *changed) bool {
	for _, id := range v.caller.identities() {
		if what.identities[id] {
			return true
		}
	}
	user := v.caller.session.FHIRUser
	return user != "" && what.refs[user]
}

// standing gives how the caller stands to a record now.
func (v *view) standing(ctx context.Context, id string) (*standing, error) {
	now := v.a.o.Clock()
	v.mu.Lock()
	s, ok := v.standings[id]
	era := v.era
	v.mu.Unlock()
	if ok && now.Before(s.until) && !now.Before(s.situation.At) {
		return s, nil
	}
	p, err := v.a.relations.record(ctx, id)
	if err != nil {
		return nil, err
	}
	s = &standing{situation: v.a.situation(p, v.caller, now), until: now.Add(standingLife)}
	for _, turn := range []time.Time{p.nextTurn(now), v.a.o.Engine.NextTurn(s.situation)} {
		if !turn.IsZero() && turn.Before(s.until) {
			s.until = turn
		}
	}
	s.reading = v.a.o.Engine.Reading(&v.caller.actor, s.situation)
	v.mu.Lock()
	defer v.mu.Unlock()
	s.of = v.conditionsOf(s)
	if v.era == era {
		if len(v.standings) > maxRelated {
			v.standings = map[string]*standing{}
		}
		v.standings[id] = s
	}
	return s, nil
}

// relatedSet gives the records that have to do with the caller.
func (v *view) relatedSet(ctx context.Context) (*search.Set, error) {
	v.mu.Lock()
	set, era := v.set, v.era
	v.mu.Unlock()
	if set != nil {
		return set, nil
	}
	related, err := v.a.relations.related(ctx, v.caller)
	if err != nil {
		return nil, err
	}
	refs := make([]search.Ref, 0, len(related))
	for id := range related {
		refs = append(refs, search.Ref{Type: "Patient", ID: id})
	}
	set = search.ReferenceSet(refs)
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.era == era {
		v.set = set
	}
	return set, nil
}

// refParts parts "Type/id".
func refParts(ref string) (typ, id string, ok bool) {
	typ, id, ok = strings.Cut(ref, "/")
	return typ, id, ok && typ != "" && element.IsID(id)
}
