package repository

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
)

const masked = `{"resourceType":"DocumentReference","id":"masked","meta":{"tag":[{"code":"secret"}]},"status":"current","content":[{"attachment":{"url":"Binary/b-masked"}}]}`

// binaries has a Binary for each thing that a securityContext may name.
func binaries(t *testing.T) (*server, context.Context) {
	s, in := secretServer(t)
	for _, text := range []string{
		strings.ReplaceAll(strings.Replace(masked, `"meta":{"tag":[{"code":"secret"}]},`, "", 1), "masked", "shown"), masked,
		`{"resourceType":"Binary","id":"b-masked","contentType":"text/plain","securityContext":{"reference":"DocumentReference/masked"}}`,
		`{"resourceType":"Binary","id":"b-shown","contentType":"text/plain","securityContext":{"reference":"DocumentReference/shown"}}`,
		`{"resourceType":"Binary","id":"b-hidden","contentType":"text/plain","securityContext":{"reference":"Patient/hidden"}}`,
		`{"resourceType":"Binary","id":"b-nowhere","contentType":"text/plain","securityContext":{"reference":"DocumentReference/nobody"}}`,
		`{"resourceType":"Binary","id":"b-elsewhere","contentType":"text/plain","securityContext":{"reference":"https://elsewhere.test/Patient/1"}}`,
		`{"resourceType":"Binary","id":"b-itself","contentType":"text/plain","securityContext":{"reference":"Binary/b-itself"}}`,
		`{"resourceType":"Binary","id":"b-free","contentType":"text/plain"}`,
	} {
		res := parse(t, text)
		_, err := s.Update(in, res.Type(), res.ID(), res, Conditions{})
		require.NoError(t, err, text)
	}
	return s, in
}

// A Binary exists for the caller when what secures it does, whichever way it is asked for.
func TestBinaryIsSecuredByItsContext(t *testing.T) {
	s, in := binaries(t)
	seen := map[string]bool{"b-shown": true, "b-free": true}
	for _, id := range []string{"b-masked", "b-shown", "b-hidden", "b-nowhere", "b-elsewhere", "b-itself", "b-free"} {
		_, err := s.Read(in, "Binary", id)
		require.NoError(t, err, "%s: who sees everything", id)
		_, read := s.Read(ctx, "Binary", id)
		_, vread := s.VRead(ctx, "Binary", id, "1")
		_, history := s.History(ctx, HistoryQuery{Type: "Binary", ID: id})
		_, meta := s.Meta(ctx, "Binary", id)
		if seen[id] {
			require.NoError(t, read, id)
			require.NoError(t, vread, id)
			require.NoError(t, history, id)
			require.NoError(t, meta, id)
			continue
		}
		absent := refused(t, read, 404)
		_, err = s.Read(ctx, "Binary", "unknown")
		require.Equal(t, refused(t, err, 404).Issues, absent.Issues)
		refused(t, vread, 404)
		refused(t, history, 404)
		refused(t, meta, 404)
	}
	require.ElementsMatch(t, []string{"b-free", "b-shown"}, s.search("Binary", ""))
	require.Empty(t, s.search("Binary", "_id=b-masked"))
	page, err := s.History(ctx, HistoryQuery{Type: "Binary"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Binary/b-free", "Binary/b-shown"}, ids(page.Records))
	w, err := s.DeleteWhere(ctx, "Binary", "_id=b-masked")
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	_, err = s.Read(in, "Binary", "b-masked")
	require.NoError(t, err, "it is still there")
	err = s.Look(func(l *Lookup) error {
		for _, id := range []string{"b-masked", "b-shown"} {
			rec, err := l.Read("Binary", id)
			require.NoError(t, err)
			ok, err := l.Visible(ctx, rec)
			require.NoError(t, err)
			require.Equal(t, seen[id], ok)
		}
		return nil
	})
	require.NoError(t, err)
}

// What secures a Binary decides at each request.
func TestBinaryFollowsItsContext(t *testing.T) {
	s, in := binaries(t)
	_, err := s.Update(in, "DocumentReference", "shown", parse(t, strings.ReplaceAll(masked, "masked", "shown")), Conditions{})
	require.NoError(t, err)
	_, err = s.Read(ctx, "Binary", "b-shown")
	refused(t, err, 404)
	_, err = s.Delete(in, "DocumentReference", "shown", Conditions{})
	require.NoError(t, err)
	_, err = s.Read(ctx, "Binary", "b-shown")
	refused(t, err, 404)
}

// guarded is secrecy that lets nobody choose ids.
type guarded struct{ secrecy }

func (a *guarded) Change(ctx context.Context, what Interaction, before, _ *element.Element) error {
	if what == Update && before == nil && ctx.Value(knowing{}) == nil {
		return fault.New(http.StatusForbidden, fault.Forbidden, "Nobody chooses ids.")
	}
	return nil
}

// An update does not tell a hidden id from one that is free.
func TestUpdateOfHiddenIsLikeOneOfAbsent(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Access = &guarded{secrecy{o.Registry}} })
	in := context.WithValue(ctx, knowing{}, true)
	_, err := s.Update(in, "Patient", "hidden", parse(t, secretP), Conditions{})
	require.NoError(t, err)
	_, err = s.Update(in, "Patient", "gone", parse(t, strings.ReplaceAll(secretP, "hidden", "gone")), Conditions{})
	require.NoError(t, err)
	_, err = s.Delete(in, "Patient", "gone", Conditions{})
	require.NoError(t, err)
	version := uint64(1)
	for _, c := range []Conditions{{}, {IfMatch: &version}, {IfNoneMatchStar: true}} {
		answer := func(id string) *fault.Fault {
			_, err := s.Update(ctx, "Patient", id, parse(t, strings.ReplaceAll(openP, `"id":"hidden"`, `"id":"`+id+`"`)), c)
			return fault.From(err)
		}
		require.Equal(t, answer("absent"), answer("hidden"))
		require.Equal(t, answer("absent"), answer("gone"))
	}
	answer := func(id string) *fault.Fault {
		_, err := s.UpdateWhere(ctx, "Patient", "family=nobody", parse(t, patient(id, "x")), Conditions{})
		return fault.From(err)
	}
	require.Equal(t, answer("absent"), answer("hidden"))
	for _, id := range []string{"absent", "hidden"} {
		_, err := s.Transaction(ctx, []BundleEntry{s.entry("PUT", "Patient/"+id, patient(id, "x"))}, nil)
		require.Equal(t, "Nobody chooses ids.", refused(t, err, 403).Issues[0].Diagnostics)
	}
	rec, err := s.Read(in, "Patient", "hidden")
	require.NoError(t, err)
	require.EqualValues(t, 1, rec.Version)
}

// known has people found by an identifier only.
type known struct{ secrecy }

func (a *known) Restrict(ctx context.Context, typ string) (search.Expr, error) {
	if typ == "Patient" && ctx.Value(knowing{}) == nil {
		return search.IDIn{IDs: []string{"mine"}}, nil
	}
	return nil, nil
}

func (a *known) Narrow(ctx context.Context, typ string, asked search.Expr) (search.Expr, error) {
	switch e := asked.(type) {
	case search.IDIn:
		return nil, nil
	case *search.Clause:
		if e.Param.Code == "identifier" {
			return nil, nil
		}
	case search.And:
		if len(e) == 1 {
			return a.Narrow(ctx, typ, e[0])
		}
	}
	return a.Restrict(ctx, typ)
}

// Who knows an identifier finds the person; nobody lists people, on whatever way.
func TestPeopleAreFoundAndNotListed(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Access = &known{secrecy{o.Registry}} })
	in := context.WithValue(ctx, knowing{}, true)
	for _, id := range []string{"mine", "other"} {
		_, err := s.Update(in, "Patient", id, parse(t, strings.ReplaceAll(openP, "hidden", id)), Conditions{})
		require.NoError(t, err)
		_, err = s.Update(in, "Observation", "o-"+id, parse(t, strings.Replace(dated("o-"+id, id, "d1", "2020-01-01"), "Practitioner", "Practitioner", 1)), Conditions{})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"mine"}, s.search("Patient", ""))
	require.Empty(t, s.search("Patient", "family=other"))
	require.Equal(t, []string{"other"}, s.search("Patient", "identifier=urn:test|other"))
	require.Equal(t, []string{"other"}, s.search("Patient", "_id=other"))
	require.Empty(t, s.search("Observation", "subject:Patient.family=other"))
	require.Equal(t, []string{"o-other"}, s.search("Observation", "subject:Patient.identifier=urn:test|other"))
	_, err := s.Read(ctx, "Patient", "other")
	require.NoError(t, err)
	page, err := s.Search(ctx, s.query("Observation", "_include=Observation:subject"), 0, search.Page{Count: 10})
	require.NoError(t, err)
	require.Equal(t, []string{"Patient/mine"}, ids(page.Included), "not listed by inclusion")
	history, err := s.History(ctx, HistoryQuery{Type: "Patient"})
	require.NoError(t, err)
	require.Equal(t, []string{"Patient/mine"}, ids(history.Records))
	w, err := s.Create(ctx, "Patient", parse(t, openP), Conditions{IfNoneExist: "family=other"})
	require.NoError(t, err)
	require.Equal(t, 201, w.Status, "conditional interactions ask like searches")
}

// A page of what was searched earlier does not show what was hidden since.
func TestLaterPagesShowNothingHiddenSince(t *testing.T) {
	s, in := secretServer(t)
	page, err := s.Search(ctx, s.query("Patient", ""), 0, search.Page{Count: 10})
	require.NoError(t, err)
	require.Equal(t, []string{"Patient/open"}, ids(page.Matches))
	_, err = s.Update(in, "Patient", "open", parse(t, strings.Replace(patient("open", "open"), `"id":"open",`, `"id":"open","meta":{"tag":[{"code":"secret"}]},`, 1)), Conditions{})
	require.NoError(t, err)
	later, err := s.Search(ctx, s.query("Patient", ""), page.T, search.Page{Count: 10})
	require.NoError(t, err)
	require.Empty(t, later.Matches)
	later, err = s.Search(in, s.query("Patient", "family=open"), page.T, search.Page{Count: 10})
	require.NoError(t, err)
	require.Len(t, later.Matches, 1)
	history, err := s.History(ctx, HistoryQuery{Type: "Patient", T: page.T})
	require.NoError(t, err)
	require.Empty(t, history.Records)
	_, err = s.History(ctx, HistoryQuery{Type: "Patient", ID: "open", T: page.T})
	refused(t, err, 404)
}
