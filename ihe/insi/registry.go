package insi

import (
	"context"
	"fmt"
	"sync"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// Registry is a national registry of its own people, which answers as the service does. It is safe for concurrent use.
type Registry struct {
	mu     sync.RWMutex
	byKey  map[string][]*Identity // by key: who may be meant
	byINS  map[ins.Matricule]*Identity
	number int
}

// NewRegistry makes a registry of people.
func NewRegistry(people ...Identity) (*Registry, error) {
	r := &Registry{byKey: map[string][]*Identity{}, byINS: map[ins.Matricule]*Identity{}}
	for i := range people {
		if err := r.Add(people[i]); err != nil {
			return nil, fmt.Errorf("person %d: %w", i, err)
		}
	}
	return r, nil
}

// key brings together those who share what every query has: birth name, sex and birth date.
func key(family, sex, date string) string { return civil(family) + "|" + sex + "|" + fullDate(date) }

// Add adds a person. An INS, now or earlier, belongs to one.
func (r *Registry) Add(p Identity) error {
	if p.INS.IsZero() || p.Traits.Family == "" || p.Traits.Given == "" || p.Traits.BirthDate == "" || p.Traits.Sex == "" || p.Traits.BirthPlace == "" {
		return fmt.Errorf("insi: a person of the registry has an INS and five traits")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	numbers := []ins.Matricule{p.INS}
	for _, e := range p.Earlier {
		numbers = append(numbers, e.INS)
	}
	for _, m := range numbers {
		if r.byINS[m] != nil {
			return fmt.Errorf("insi: an INS of the person is another's")
		}
	}
	for _, m := range numbers {
		r.byINS[m] = &p
	}
	k := key(p.Traits.Family, p.Traits.Sex, p.Traits.BirthDate)
	r.byKey[k] = append(r.byKey[k], &p)
	r.number++
	return nil
}

// Len is the number of people.
func (r *Registry) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.number
}

// Retrieve implements Service.
func (r *Registry) Retrieve(_ context.Context, q Query) (*Identity, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var found *Identity
	for _, p := range r.byKey[key(q.Family, q.Sex, q.BirthDate)] {
		if !givenFits(q.Given, p.Traits.Given) || q.BirthPlace != "" && q.BirthPlace != p.Traits.BirthPlace {
			continue
		}
		if found != nil {
			return nil, ErrSeveral
		}
		found = p
	}
	if found == nil {
		return nil, ErrNone
	}
	out := *found
	return &out, nil
}

// Verify implements Service. An INS that is no longer the person's is not verified: its holder is asked for by traits.
func (r *Registry) Verify(_ context.Context, v Verification) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	p := r.byINS[v.INS]
	if p == nil || p.INS != v.INS {
		return false, nil
	}
	return agree(&p.Traits, &v.Traits), nil
}

// agree compares all five traits; the given names as a whole list.
func agree(a, b *Traits) bool {
	return civil(a.Family) == civil(b.Family) && civil(a.Given) == civil(b.Given) && a.Sex == b.Sex && fullDate(a.BirthDate) == fullDate(b.BirthDate) && a.BirthPlace == b.BirthPlace
}
