package balp

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/store"
)

// Consents tells on which authorisation a professional's access to a record rests: the care-team and moment Consents of the person that name him or his structure, with who collected them (A5). It keeps what it found until a Consent changes: before
// each use it looks whether one did, so that the first access after a consent is traced with it.
type Consents struct {
	repo  *repository.Repository
	store store.Store
	now   func() time.Time

	mu       sync.Mutex
	known    map[basisKey][]rests
	followed store.Time // up to which Consents were looked at
	changes  uint64     // how often something was forgotten: what was read before is not kept after
}

type basisKey struct {
	actor, structure habilitation.Identifier
	patient          string
}

// rests is a Consent that may hold.
type rests struct {
	basis     Basis
	directive *consent.Directive
}

// NewConsents makes it; now nil: the system's clock.
func NewConsents(now func() time.Time) *Consents {
	if now == nil {
		now = time.Now
	}
	return &Consents{now: now, known: map[basisKey][]rests{}}
}

// Bind gives the repository and its store.
func (c *Consents) Bind(repo *repository.Repository, s store.Store) { c.repo, c.store = repo, s }

// follow forgets what is known when a Consent changed since it was last called.
func (c *Consents) follow() (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store.Head() <= c.followed {
		return nil
	}
	view, err := c.store.View(0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, view.Close()) }()
	cursor := view.History(store.HistoryRange{Type: "Consent", Since: c.followed})
	changed := cursor.Next()
	if err := errors.Join(cursor.Err(), cursor.Close()); err != nil {
		return err
	}
	if changed {
		clear(c.known)
		c.changes++
	}
	c.followed = view.Time()
	return nil
}

// maxBases bounds what is kept.
const maxBases = 20_000

// Basis is for Options.Basis. What cannot be read is left out: a detail that is missing is no reason to refuse an access.
func (c *Consents) Basis(ctx context.Context, patient string) []Basis {
	s := token.FromContext(ctx)
	if s == nil {
		return nil
	}
	actor, _ := s.Actor.(*habilitation.Actor)
	if actor == nil || actor.Kind != habilitation.Professional || actor.ID.Zero() || actor.Mode != "" && actor.Mode != habilitation.Normal {
		return nil
	}
	if c.follow() != nil {
		return nil
	}
	key := basisKey{actor.ID, actor.Structure, patient}
	c.mu.Lock()
	list, ok := c.known[key]
	changes := c.changes
	c.mu.Unlock()
	if !ok {
		var err error
		if list, err = c.find(ctx, key); err != nil {
			return nil
		}
		c.mu.Lock()
		if len(c.known) >= maxBases {
			clear(c.known)
		}
		if c.changes == changes {
			c.known[key] = list
		}
		c.mu.Unlock()
	}
	var out []Basis
	for _, r := range list {
		if r.directive.Holds(c.now()) {
			out = append(out, r.basis)
		}
	}
	return out
}

func (c *Consents) find(ctx context.Context, key basisKey) (out []rests, err error) {
	err = c.repo.Look(func(look *repository.Lookup) error {
		prefix := consent.CategorySystem + "%7C"
		found, err := look.Find(ctx, "Consent", "status=active&patient=Patient/"+key.patient+"&category="+prefix+string(consent.CareTeam)+","+prefix+string(consent.Moment), maxDirectives)
		if err != nil {
			return err
		}
		for _, rec := range found {
			tree, err := look.Tree(rec)
			if err != nil {
				return err
			}
			d, err := consent.Parse(tree.Root)
			if err != nil || d == nil || d.Deny || !names(d.Actors, key) {
				continue
			}
			b := Basis{Consent: "Consent/" + rec.ID}
			if !d.Collector.Zero() && !same(d.Collector, key.actor) {
				b.CollectorSystem, b.CollectorValue = d.Collector.System, d.Collector.Value
			}
			out = append(out, rests{b, d})
		}
		return nil
	})
	return out, err
}

// names says whether a Consent is for the professional or the structure.
func names(actors []habilitation.Identifier, key basisKey) bool {
	return slices.ContainsFunc(actors, func(a habilitation.Identifier) bool {
		return same(a, key.actor) || !key.structure.Zero() && same(a, key.structure)
	})
}

// same says whether two identifiers are of one professional: the national identifier (PS_IdNat) is 8 and the RPPS number.
func same(a, b habilitation.Identifier) bool { return a == b || rpps(a) != "" && rpps(a) == rpps(b) }

func rpps(i habilitation.Identifier) string {
	switch i.System {
	case nos.SystemRPPS:
		return i.Value
	case nos.SystemIDNPS:
		if number, ok := strings.CutPrefix(i.Value, "8"); ok && len(number) == 11 {
			return number
		}
	}
	return ""
}
