package dmp

import (
	"context"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// ErrNoRecord says that there is no record for an INS. Faults of Records wrap it (404).
var ErrNoRecord = errors.New("dmp: no record for this INS")

// Record is a person's record: the Patient that holds an INS now.
type Record struct {
	// ID is the Patient's logical id; documents of the person have the subject "Patient/"+ID.
	ID string
	// INS is the person's INS now; what was asked for may be an earlier one.
	INS    ins.Matricule
	Traits Traits
	// Open says that documents are taken and given; otherwise Closing tells since when and why, as far as that is known.
	Open    bool
	Closing *Closing
	// MES says whether the record is attached to Mon espace santé; nil: not told.
	MES     *bool
	Version uint64
	// Body is the Patient's JSON.
	Body []byte

	stored *store.Record
}

// Records finds, opens and closes records. It is safe for concurrent use once it is bound.
type Records struct {
	mode ins.Mode
	repo *repository.Repository
}

// NewRecords makes the records of a server of the mode. They are bound to the repository when that is made.
func NewRecords(mode ins.Mode) *Records { return &Records{mode: mode} }

// Bind gives the repository.
func (r *Records) Bind(repo *repository.Repository) { r.repo = repo }

// Mode says whose numbers the server takes: what reads an INS for Records does so by Mode().Parse.
func (r *Records) Mode() ins.Mode { return r.mode }

// Find gives the record of an INS, open or closed; a fault that wraps ErrNoRecord (404) when there is none. An earlier INS of a person finds the person's record, and the INS of an identity
// that was merged finds the record that it was merged into. Who calls is not asked: callers judge access themselves.
func (r *Records) Find(ctx context.Context, m ins.Matricule) (rec *Record, err error) {
	err = r.repo.Look(func(look *repository.Lookup) error {
		rec, err = r.FindIn(ctx, look, m)
		return err
	})
	return rec, err
}

// maxSameINS bounds how many Patients are looked at that hold or held one INS; one holds it now.
const maxSameINS = 50

// FindIn is Find in the lookup of a planned transaction, whose commit then holds only while the answer stays the same.
func (r *Records) FindIn(ctx context.Context, look *repository.Lookup, m ins.Matricule) (*Record, error) {
	if err := r.mode.Judge(m); err != nil {
		return nil, fault.Wrap(err, http.StatusUnprocessableEntity, fault.BusinessRule, err.Error())
	}
	found, err := look.Find(ctx, "Patient", "identifier="+m.Token(), maxSameINS)
	if err != nil {
		return nil, err
	}
	var earlier []*Record
	for _, stored := range found {
		rec, err := r.read(stored)
		if err != nil {
			return nil, err
		}
		if rec.record.INS == m && rec.into == "" {
			return rec.record, nil
		}
		if rec.held(m) {
			if rec, err = r.survivor(look, rec); err != nil {
				return nil, err
			}
			earlier = append(earlier, rec.record)
		}
	}
	for _, rec := range earlier {
		if rec.ID != earlier[0].ID {
			return nil, fault.New(http.StatusConflict, fault.Multiple, "Several people had this INS at an earlier time, and nobody has it now. Ask by the INS of today.")
		}
	}
	if len(earlier) == 0 {
		return nil, noRecord()
	}
	return earlier[0], nil
}

func noRecord() error {
	return fault.Wrap(ErrNoRecord, http.StatusNotFound, fault.NotFound, "There is no record for this INS.")
}

// stored is a Patient as read: the record that it stands for, and what else was in it.
type stored struct {
	record *Record
	tree   *element.Element
	into   string
}

func (s *stored) held(m ins.Matricule) bool {
	for _, i := range insIdentifiers(s.tree) {
		if !i.nss && i.kind == m.Kind() && i.number == m.Number() {
			return true
		}
	}
	return false
}

func (r *Records) read(rec *store.Record) (*stored, error) {
	res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{ExpectType: "Patient", Trusted: true})
	if err != nil {
		return nil, err
	}
	p := res.Root
	out := &stored{tree: p, into: ReplacedBy(p), record: &Record{
		ID: rec.ID, INS: currentINS(r.mode, p), Traits: TraitsOf(p), Open: active(p), Closing: closingOf(p), Version: rec.Version, Body: rec.Body, stored: rec,
	}}
	if x := extensionOf(p, ExtensionMES); x != nil {
		attached := x.ChildValue("value") == "true"
		out.record.MES = &attached
	}
	return out, nil
}

// maxMerges bounds how far merges of merges are followed.
const maxMerges = 16

// survivor follows the links of merged identities.
func (r *Records) survivor(look *repository.Lookup, rec *stored) (*stored, error) {
	for range maxMerges {
		if rec.into == "" {
			return rec, nil
		}
		next, err := look.Read("Patient", rec.into)
		if err != nil {
			return nil, err
		}
		if next == nil {
			return nil, noRecord()
		}
		if rec, err = r.read(next); err != nil {
			return nil, err
		}
	}
	return nil, fault.New(http.StatusConflict, fault.Conflict, "The identity was merged more often than the server follows.")
}

// FindByID gives the record of a Patient by its logical id, merges followed; 404 when there is none.
func (r *Records) FindByID(id string) (out *Record, err error) {
	err = r.repo.Look(func(look *repository.Lookup) error {
		rec, err := look.Read("Patient", id)
		if err != nil {
			return err
		}
		if rec == nil {
			return fault.New(http.StatusNotFound, fault.NotFound, "There is no such Patient.")
		}
		found, err := r.read(rec)
		if err == nil {
			found, err = r.survivor(look, found)
		}
		if err == nil {
			out = found.record
		}
		return err
	})
	return out, err
}

// Agree says in which traits an identity differs from the record's, by name only.
func (rec *Record) Agree(with *Traits) []Trait { return rec.Traits.Differ(with) }
