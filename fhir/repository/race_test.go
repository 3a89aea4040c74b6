package repository

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/store"
)

func together(n int, do func(i int)) {
	var ready, done sync.WaitGroup
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			do(i)
		})
	}
	done.Wait()
}

// N concurrent conditional creates give exactly one 201, and everybody is told of the same resource.
func TestConditionalCreateRace(t *testing.T) {
	s := newServer(t)
	for round := range 10 {
		name := "r" + strconv.Itoa(round)
		var created atomic.Int64
		ids := make([]string, 32)
		together(32, func(i int) {
			w, err := s.Create(ctx, "Patient", parse(t, patient("", name)), Conditions{IfNoneExist: "identifier=urn:test|" + name})
			if err != nil {
				t.Error(err)
				return
			}
			if w.Status == 201 {
				created.Add(1)
			}
			ids[i] = w.Record.ID
		})
		require.EqualValues(t, 1, created.Load())
		for _, id := range ids {
			require.Equal(t, ids[0], id)
		}
	}
	require.Len(t, s.search("Patient", ""), 10)
}

// Unconditioned updates never fail for being overtaken, and versions have no gaps.
func TestUpdateRace(t *testing.T) {
	s := newServer(t)
	together(32, func(i int) {
		res := parse(t, patient("p1", "f"+strconv.Itoa(i)))
		if _, err := s.Update(ctx, "Patient", "p1", res, Conditions{}); err != nil {
			t.Error(err)
		}
	})
	rec, err := s.Read(ctx, "Patient", "p1")
	require.NoError(t, err)
	require.EqualValues(t, 32, rec.Version)
	require.Len(t, s.search("Patient", "family=f"), 1, "the rows of earlier versions are gone")
}

// Of concurrent updates that name the same version one wins; the others learn 412, whether they came late or were overtaken.
func TestIfMatchRace(t *testing.T) {
	s := newServer(t)
	s.put(patient("p1", "start"))
	var won atomic.Int64
	together(16, func(i int) {
		_, err := s.Update(ctx, "Patient", "p1", parse(t, patient("p1", "f"+strconv.Itoa(i))), Conditions{IfMatch: ptr(1)})
		if err == nil {
			won.Add(1)
		} else if f := fault.From(err); f.Status != 412 {
			t.Error(err)
		}
	})
	require.EqualValues(t, 1, won.Load())
}

// Patches that add to a list are never lost.
func TestPatchRace(t *testing.T) {
	s := newServer(t)
	s.put(patient("p1", "start"))
	together(16, func(i int) {
		change := fmt.Sprintf(`[{"op":"add","path":"/name/-","value":{"family":"n%d"}}]`, i)
		if _, err := s.Patch(ctx, "Patient", "p1", patch.JSON, []byte(change), Conditions{}); err != nil {
			t.Error(err)
		}
	})
	rec, err := s.Read(ctx, "Patient", "p1")
	require.NoError(t, err)
	require.Len(t, body(t, rec)["name"], 17)
}

// A conditional update decided from "nothing matches" is decided anew when a match appears before its commit.
func TestTransactionOvertaken(t *testing.T) {
	s := newServer(t)
	overtake := &overtaking{Store: s.st}
	o := options(overtake)
	r, err := New(o)
	require.NoError(t, err)
	defer r.Close()
	overtake.before = func() {
		_, err := s.Create(ctx, "Patient", parse(t, patient("", "one")), Conditions{})
		require.NoError(t, err)
	}
	results, err := r.Transaction(ctx, []BundleEntry{
		{FullURL: "urn:uuid:1e3a4ab4-0a6d-4e5c-a6c2-0a7ba8b0d3a5", Method: "POST", URL: "Patient", IfNoneExist: "identifier=urn:test|one", Resource: parse(t, patient("", "one"))},
		{Method: "POST", URL: "Observation", Resource: parse(t, observation("urn:uuid:1e3a4ab4-0a6d-4e5c-a6c2-0a7ba8b0d3a5"))},
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 200, results[0].Status, "the one that came between is found")
	require.Equal(t, 201, results[1].Status)
	require.Len(t, s.search("Patient", ""), 1)
	subject := body(t, results[1].Record)["subject"].(map[string]any)["reference"]
	require.Equal(t, "Patient/"+results[0].Record.ID, subject, "links follow the later decision")
	require.Equal(t, 2, overtake.commits)
}

// overtaking lets something happen between a decision and its commit, once.
type overtaking struct {
	store.Store
	before  func()
	commits int
}

func (o *overtaking) Commit(c context.Context, tx *store.Tx) (*store.Receipt, error) {
	if before := o.before; before != nil && len(tx.Writes) > 0 {
		o.before = nil
		before()
	}
	if len(tx.Writes) > 0 {
		o.commits++
	}
	return o.Store.Commit(c, tx)
}

func observation(subject string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","status":"final","code":{"text":"weight"},"subject":{"reference":%q},"valueQuantity":{"value":61.50,"unit":"kg"}}`, subject)
}

// Transactions that all refer to "the patient of this identifier", and create that patient when there is none, agree on one patient.
func TestTransactionRace(t *testing.T) {
	s := newServer(t)
	together(16, func(i int) {
		p := s.named(uuid1, "POST", "Patient", patient("", "one"))
		p.IfNoneExist = "identifier=urn:test|one"
		_, err := s.Transaction(ctx, []BundleEntry{
			p,
			s.entry("POST", "Observation", observation(uuid1)),
			s.entry("POST", "Observation", observation("Patient?identifier=urn:test|one")),
			s.entry("PUT", "Practitioner/shared", fmt.Sprintf(`{"resourceType":"Practitioner","id":"shared","name":[{"family":"n%d"}]}`, i)),
		}, nil)
		if err != nil {
			t.Error(err)
		}
	})
	patients := s.search("Patient", "")
	require.Len(t, patients, 1)
	require.Len(t, s.search("Observation", "subject=Patient/"+patients[0]), 32)
	rec, err := s.Read(ctx, "Practitioner", "shared")
	require.NoError(t, err)
	require.EqualValues(t, 16, rec.Version)
}
