package pixm

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

const (
	domainsSetting = "pixm.domains"
	// maxDomains bounds the list. Past it a domain that is not in the list is taken for one that may be known.
	maxDomains = 2_000
	maxDomain  = 512 // bytes
)

// Domains are the patient identifier domains (systems) that the server has seen in Patients, and those of the INS: what "Assigning Authority not found" is judged by. It is an
// interceptor of the repository; the list is kept among the store's settings.
type Domains struct {
	store store.Store

	mu    sync.RWMutex
	known []string // sorted
}

// NewDomains reads the list that the store keeps.
func NewDomains(s store.Store) (*Domains, error) {
	d := &Domains{store: s}
	for _, k := range ins.Kinds() {
		d.known = append(d.known, k.System())
	}
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	text, err := view.Meta(domainsSetting)
	if errors.Is(err, store.ErrNotFound) {
		slices.Sort(d.known)
		return d, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &d.known)
	}
	return d, err
}

// Known says whether Patients have, or had, identifiers of the domain.
func (d *Domains) Known(system string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	_, found := slices.BinarySearch(d.known, system)
	return found || len(d.known) >= maxDomains
}

// BeforeWrite notes the domains of a Patient's identifiers. A write that is refused later leaves its domain in the list, which only costs a less exact answer.
func (d *Domains) BeforeWrite(ctx context.Context, _ repository.Interaction, after *element.Resource) error {
	if after.Type() != "Patient" {
		return nil
	}
	for e := range after.Root.Children("identifier") {
		if system := e.ChildValue("system"); system != "" && len(system) <= maxDomain && !d.Known(system) {
			if err := d.add(ctx, system); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Domains) add(ctx context.Context, system string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	at, found := slices.BinarySearch(d.known, system)
	if found || len(d.known) >= maxDomains {
		return nil
	}
	next := slices.Insert(slices.Clone(d.known), at, system)
	text, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if _, err := d.store.Commit(ctx, &store.Tx{Meta: map[string][]byte{domainsSetting: text}}); err != nil {
		return err
	}
	d.known = next
	return nil
}
