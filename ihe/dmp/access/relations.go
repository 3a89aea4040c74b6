package access

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/store"
)

// relations keeps what people's records say of who may see them. Before each use it follows the store's history of the types that say so from where it stood: a change holds for the next request, whatever is kept. There is no
// timer and no event that could come late.
type relations struct {
	a      *Access
	engine *search.Engine

	followed atomic.Int64 // store.Time up to which changes were taken in
	mu       sync.Mutex
	people   *lru[string, *record]
	changes  uint64 // how often something was forgotten: what was read before is not kept after
}

func newRelations(a *Access) *relations {
	return &relations{a: a, engine: search.NewEngine(a.o.Registry, search.EngineOptions{}), people: newLRU[string, *record](a.o.People)}
}

// followedTypes are the types whose changes change relations. Practitioners and their roles say under which references a professional is an author.
var followedTypes = []string{"Consent", "Patient", "RelatedPerson", "Practitioner", "PractitionerRole"}

// maxFollowed bounds how many changes are taken in one by one: after more (an import), everything is forgotten.
const maxFollowed = 2_000

// follow takes in what changed since it was last called.
func (r *relations) follow() error {
	if r.followed.Load() >= int64(r.a.o.Store.Head()) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	since := store.Time(r.followed.Load())
	if since >= r.a.o.Store.Head() {
		return nil
	}
	view, err := r.a.o.Store.View(0)
	if err != nil {
		return err
	}
	c := &changed{people: map[string]bool{}, identities: map[habilitation.Identifier]bool{}, refs: map[string]bool{}}
	if since > 0 {
		err = c.gather(view, since)
	}
	now := view.Time()
	if e := view.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	r.forget(c)
	r.followed.Store(int64(now))
	return nil
}

// forget drops what a change concerns.
func (r *relations) forget(c *changed) {
	if !c.all && len(c.people)+len(c.identities)+len(c.refs) == 0 {
		return
	}
	r.changes++
	if c.all {
		r.people.clear()
	}
	for id := range c.people {
		r.people.remove(id)
	}
	r.a.callers.forget(c)
}

// record gives what a person's record says now.
func (r *relations) record(ctx context.Context, id string) (*record, error) {
	r.mu.Lock()
	p, ok := r.people.get(id)
	changes := r.changes
	r.mu.Unlock()
	if ok {
		return p, nil
	}
	view, err := r.a.o.Store.View(0)
	if err != nil {
		return nil, err
	}
	p, err = r.load(ctx, view, id)
	if e := view.Close(); err == nil {
		err = e
	}
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	if r.changes == changes {
		r.people.put(id, p)
	}
	r.mu.Unlock()
	return p, nil
}

// changed is what a walk over the history found.
type changed struct {
	all        bool
	people     map[string]bool                  // Patients, by logical id
	identities map[habilitation.Identifier]bool // whom the changes name
	refs       map[string]bool                  // RelatedPersons that the changes name
	count      int
}

func (c *changed) gather(view store.View, since store.Time) error {
	for _, typ := range followedTypes {
		if err := c.walk(view, typ, since); err != nil || c.all {
			return err
		}
	}
	return nil
}

func (c *changed) walk(view store.View, typ string, since store.Time) (err error) {
	cursor := view.History(store.HistoryRange{Type: typ, Since: since})
	defer func() {
		if e := cursor.Close(); err == nil {
			err = e
		}
	}()
	for cursor.Next() {
		if c.count++; c.count > maxFollowed {
			c.all = true
			return nil
		}
		rec, err := cursor.Record()
		if err != nil {
			return err
		}
		if err := c.note(view, rec); err != nil {
			return err
		}
	}
	return cursor.Err()
}

// note takes in a version and the one before it: whom a Consent named until now has lost something.
func (c *changed) note(view store.View, rec *store.Record) error {
	if rec.Type == "Patient" {
		c.people[rec.ID] = true
	}
	if rec.Method != store.Deleted {
		if err := c.version(rec); err != nil {
			return err
		}
	}
	if rec.Version < 2 {
		return nil
	}
	before, err := view.Version(rec.Type, rec.ID, rec.Version-1)
	if errors.Is(err, store.ErrNotFound) || err == nil && before.Method == store.Deleted {
		return nil
	}
	if err != nil {
		return err
	}
	return c.version(before)
}

func (c *changed) version(rec *store.Record) error {
	root, err := tree(rec)
	if err != nil {
		return err
	}
	if rec.Type != "Patient" {
		if id := patientOf(root.Child("patient")); id != "" {
			c.people[id] = true
		}
	}
	switch rec.Type {
	case "Consent":
		c.actors(root)
	case "RelatedPerson":
		c.refs["RelatedPerson/"+rec.ID] = true
		c.identifiers(root)
	case "Patient":
		for x := range root.Children("extension") {
			if x.ChildValue("url") == extensionTreatingDoctors {
				c.identities[identifierOf(x.Child("value"))] = true
			}
		}
		for id := range root.Children("identifier") {
			c.identities[identifierOf(id)] = true
		}
	case "Practitioner", "PractitionerRole":
		c.identifiers(root)
		if id := identifierOf(root.Child("practitioner").Child("identifier")); !id.Zero() {
			c.identities[id] = true
		}
		if rec.Type == "PractitionerRole" {
			c.refs[root.Child("practitioner").ChildValue("reference")] = true
		}
	}
	return nil
}

func (c *changed) identifiers(root *element.Element) {
	for id := range root.Children("identifier") {
		c.identities[identifierOf(id)] = true
	}
}

func (c *changed) actors(root *element.Element) {
	for a := range root.Child("provision").Children("actor") {
		reference := a.Child("reference")
		if id := identifierOf(reference.Child("identifier")); !id.Zero() {
			c.identities[id] = true
		}
		if ref := reference.ChildValue("reference"); ref != "" {
			c.refs[ref] = true
		}
	}
}

// refersTo is the condition that a resource refers to another by a parameter.
func (r *relations) refersTo(typ, param, target, id string) search.Expr {
	p, ok := r.a.o.Registry.Param(typ, param)
	if !ok {
		return search.Or{}
	}
	return &search.Clause{Param: p, Operands: []search.Operand{{RefType: target, RefID: id}}}
}

// identified is the condition that a token parameter, or the identifier of a reference parameter, is one of the identities.
func (r *relations) identified(typ, param string, ids []habilitation.Identifier) search.Expr {
	p, ok := r.a.o.Registry.Param(typ, param)
	if !ok || len(ids) == 0 {
		return search.Or{}
	}
	clause := &search.Clause{Param: p}
	if p.Type == search.Reference {
		clause.Modifier = search.ModifierIdentifier
	}
	for _, id := range ids {
		clause.Operands = append(clause.Operands, search.Operand{HasSystem: true, System: id.System, Code: id.Value})
	}
	return clause
}
