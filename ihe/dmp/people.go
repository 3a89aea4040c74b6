package dmp

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// People looks up Patients by any identifier, merges followed, for the identity profiles of IHE. What the caller may not see is not found. It is safe for concurrent use once bound.
type People struct {
	mode ins.Mode
	repo *repository.Repository
}

// NewPeople makes it; it is bound when the repository is made.
func NewPeople(mode ins.Mode) *People { return &People{mode: mode} }

// Bind gives the repository.
func (p *People) Bind(repo *repository.Repository) { p.repo = repo }

// Repository gives the repository.
func (p *People) Repository() *repository.Repository { return p.repo }

// Person is a Patient as read.
type Person struct {
	Record *store.Record
	Tree   *element.Element
	// INS is the person's INS now, zero for none.
	INS    ins.Matricule
	Traits Traits
	// Into is the id of the surviving Patient when this one was merged.
	Into string
}

// maxPeople bounds how many Patients one identifier gives.
const maxPeople = 20

// ByIdentifier gives the Patients that hold the identifier; instead of a merged one the surviving Patient, each once.
func (p *People) ByIdentifier(ctx context.Context, system, value string) ([]*Person, error) {
	found, err := p.Stored(ctx, system, value)
	if err != nil {
		return nil, err
	}
	var out []*Person
	seen := map[string]bool{}
	for _, rec := range found {
		person, err := p.surviving(ctx, rec.ID)
		if err != nil {
			return nil, err
		}
		if person != nil && !seen[person.Record.ID] {
			seen[person.Record.ID] = true
			out = append(out, person)
		}
	}
	return out, nil
}

// surviving reads a Patient as the caller sees it, merges followed; nil when the caller does not.
func (p *People) surviving(ctx context.Context, id string) (*Person, error) {
	for range maxMerges {
		rec, err := p.repo.Read(ctx, "Patient", id)
		if notThere(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		person, err := p.Read(rec)
		if err != nil || person.Into == "" {
			return person, err
		}
		id = person.Into
	}
	return nil, nil
}

// Read reads a stored Patient.
func (p *People) Read(rec *store.Record) (*Person, error) {
	res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: "Patient", Trusted: true})
	if err != nil {
		return nil, err
	}
	return &Person{Record: rec, Tree: res.Root, INS: currentINS(p.mode, res.Root), Traits: TraitsOf(res.Root), Into: ReplacedBy(res.Root)}, nil
}

// Holders gives the ids of the Patients that hold an identifier now, merged ones as they are; an identifier with the use old does not count.
func (p *People) Holders(ctx context.Context, system, value string) ([]string, error) {
	found, err := p.Stored(ctx, system, value)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, rec := range found {
		tree, err := readAny(rec)
		if err != nil {
			return nil, err
		}
		for e := range tree.Children("identifier") {
			if e.ChildValue("system") == system && search.FoldCode(e.ChildValue("value")) == search.FoldCode(value) && e.ChildValue("use") != "old" {
				ids = append(ids, rec.ID)
				break
			}
		}
	}
	return ids, nil
}

// Stored gives the Patients that hold an identifier, now or as an old one, as they are stored, of those that exist for the caller.
func (p *People) Stored(ctx context.Context, system, value string) (found []*store.Record, err error) {
	err = p.repo.Look(func(look *repository.Lookup) error {
		found, err = look.FindVisible(ctx, "Patient", "identifier="+escaped(system)+"|"+escaped(value), maxPeople)
		return err
	})
	return found, err
}

// Edit changes Patients in one commit, as one of the server's own operations. Each must be there.
func (p *People) Edit(ctx context.Context, ids []string, change func(id string, patient *element.Element) error) ([]repository.EntryResult, error) {
	results, err := p.repo.Planned(Controlled(ctx), func(ctx context.Context, look *repository.Lookup) ([]repository.BundleEntry, error) {
		var entries []repository.BundleEntry
		for _, id := range ids {
			rec, err := look.Read("Patient", id)
			there := false
			if rec != nil && err == nil {
				there, err = look.Visible(ctx, rec)
			}
			if err != nil {
				return nil, err
			}
			if !there {
				return nil, fault.New(http.StatusNotFound, fault.NotFound, "There is no such Patient on this server.")
			}
			tree, err := readAny(rec)
			if err != nil {
				return nil, err
			}
			if err := change(id, tree); err != nil {
				return nil, err
			}
			entries = append(entries, repository.BundleEntry{Method: http.MethodPut, URL: "Patient/" + id, Resource: element.NewResource(tree)})
		}
		return entries, nil
	})
	if err != nil {
		return nil, ofPatient(err)
	}
	for _, r := range results {
		if r.Fault != nil {
			return nil, r.Fault
		}
	}
	return results, nil
}

// ofPatient names elements from the Patient, not from the transaction that the server made for an operation.
func ofPatient(err error) error {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return err
	}
	out := *f
	out.Issues = slices.Clone(f.Issues)
	for n := range out.Issues {
		if _, inner, ok := strings.Cut(out.Issues[n].Expression, "].resource"); ok {
			out.Issues[n].Expression = "Patient" + inner
		}
	}
	return &out
}
