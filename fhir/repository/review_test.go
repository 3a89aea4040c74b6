package repository

import (
	"context"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// unique lets one Patient hold an identifier of urn:test.
type unique struct{}

func (unique) BeforeWrite(context.Context, Interaction, *element.Resource) error { return nil }

func (unique) Review(ctx context.Context, v *Review) error {
	if v.Type != "Patient" || v.After == nil {
		return nil
	}
	for i := range v.After.Children("identifier") {
		others, err := v.Others(ctx, "identifier", i.ChildValue("system"), i.ChildValue("value"))
		if err != nil {
			return err
		}
		if len(others) > 0 {
			return fault.At(http.StatusConflict, fault.Duplicate, element.Path(i), "Held by another.")
		}
	}
	v.Warn(fault.Issue{Severity: fault.Warning, Code: fault.Informational, Diagnostics: "Reviewed."})
	return nil
}

func newUnique(t testing.TB) *server {
	return newServer(t, func(o *Options) { o.Interceptors = []Interceptor{unique{}} })
}

func TestReviewUnique(t *testing.T) {
	s := newUnique(t)
	first := s.create(patient("", "A"))
	_, err := s.Create(ctx, "Patient", parse(t, patient("", "a")), Conditions{}) // codes compare without case
	f := refused(t, err, http.StatusConflict)
	require.Equal(t, "Patient.identifier[0]", f.Issues[0].Expression)
	w := s.put(patient(first.ID, "A")) // itself is no other; nothing changes, nothing is reviewed
	require.Empty(t, w.Issues)
	require.Len(t, s.put(patient(first.ID, "C")).Issues, 1, "warnings reach the writer")
	s.create(patient("", "A")) // free again
}

// Writers that come at once leave one holder; each loser is told why, nobody of a failed attempt.
func TestReviewRace(t *testing.T) {
	s := newUnique(t)
	for round := range 10 {
		var created, refusals atomic.Int64
		together(32, func(i int) {
			id := "r" + strconv.Itoa(round) + "-" + strconv.Itoa(i)
			_, err := s.Update(ctx, "Patient", id, parse(t, patient(id, "r"+strconv.Itoa(round))), Conditions{})
			switch {
			case err == nil:
				created.Add(1)
			case fault.From(err).Status == http.StatusConflict && fault.From(err).Issues[0].Diagnostics == "Held by another.":
				refusals.Add(1)
			default:
				t.Error(err)
			}
		})
		require.EqualValues(t, 1, created.Load())
		require.EqualValues(t, 31, refusals.Load())
	}
	require.Len(t, s.search("Patient", ""), 10)
}

// A transaction is judged as it will be: its own writes count, what it overwrites does not.
func TestReviewTransaction(t *testing.T) {
	s := newUnique(t)
	put := func(id, name string) BundleEntry {
		return BundleEntry{Method: "PUT", URL: "Patient/" + id, Resource: parse(t, patient(id, name))}
	}
	_, err := s.Transaction(ctx, []BundleEntry{put("p1", "x"), put("p2", "y"), put("p3", "X")}, nil)
	f := refused(t, err, http.StatusConflict)
	require.Len(t, f.Issues, 2, "both holders are told")
	require.Equal(t, "Bundle.entry[0].resource.identifier[0]", f.Issues[0].Expression)
	require.Equal(t, "Bundle.entry[2].resource.identifier[0]", f.Issues[1].Expression)
	require.Empty(t, s.search("Patient", ""))

	_, err = s.Transaction(ctx, []BundleEntry{put("p1", "x"), put("p2", "y")}, nil)
	require.NoError(t, err)
	_, err = s.Transaction(ctx, []BundleEntry{put("p1", "y"), put("p2", "x")}, nil) // they change places
	require.NoError(t, err)
	_, err = s.Transaction(ctx, []BundleEntry{{Method: "DELETE", URL: "Patient/p1"}, put("p3", "y")}, nil)
	require.NoError(t, err)
	_, err = s.Transaction(ctx, []BundleEntry{put("p2", "x"), put("p4", "x")}, nil) // p2 stays as it is
	refused(t, err, http.StatusConflict)
}

// keeper keeps the tags of the version before.
type keeper struct{ unique }

func (keeper) Complete(_ context.Context, _ Interaction, before *element.Element, after *element.Resource, _ *Lookup) error {
	if active := before.Child("active"); active != nil && after.Root.Child("active") == nil {
		after.Changed()
		return after.Root.Add("active", element.Clone(active))
	}
	return nil
}

// What a completer keeps is there in every kind of write, and what it makes the same writes nothing.
func TestComplete(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Interceptors = []Interceptor{keeper{}} })
	s.put(`{"resourceType":"Patient","id":"p1","active":true,"identifier":[{"system":"urn:test","value":"A"}],"name":[{"family":"A"}]}`)
	w := s.put(patient("p1", "A"))
	require.EqualValues(t, 1, w.Record.Version, "nothing changes")
	w = s.put(patient("p1", "B"))
	require.Equal(t, true, body(t, w.Record)["active"])
	_, err := s.Transaction(ctx, []BundleEntry{{Method: "PUT", URL: "Patient?identifier=urn:test|B", Resource: parse(t, patient("", "C"))}}, nil)
	require.NoError(t, err)
	rec, err := s.Read(ctx, "Patient", "p1")
	require.NoError(t, err)
	require.Equal(t, true, body(t, rec)["active"])
	require.EqualValues(t, 3, rec.Version)
	together(16, func(i int) {
		if _, err := s.Update(ctx, "Patient", "p1", parse(t, patient("p1", strconv.Itoa(i))), Conditions{}); err != nil {
			t.Error(err)
		}
	})
	rec, err = s.Read(ctx, "Patient", "p1")
	require.NoError(t, err)
	require.Equal(t, true, body(t, rec)["active"])
}
