package repository

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// secrecy hides what carries the tag "secret" from a caller who is not in the know, lets nobody delete practitioners, and nobody change what is locked.
type secrecy struct{ registry *search.Registry }

type knowing struct{}

func (a *secrecy) Permit(_ context.Context, what Interaction, typ string) error {
	if what == Delete && typ == "Practitioner" {
		return fault.New(http.StatusForbidden, fault.Forbidden, "Practitioners are not deleted.")
	}
	return nil
}

func (a *secrecy) Restrict(ctx context.Context, typ string) (search.Expr, error) {
	if ctx.Value(knowing{}) != nil {
		return nil, nil
	}
	return search.ParseCondition(a.registry, typ, [][2]string{{"_tag:not", "secret"}}, search.ParseOptions{})
}

func (a *secrecy) Change(_ context.Context, _ Interaction, before, _ *element.Element) error {
	if before != nil && before.Child("language") != nil {
		return fault.New(http.StatusForbidden, fault.Forbidden, "The resource is locked.")
	}
	return nil
}

const (
	secretP = `{"resourceType":"Patient","id":"hidden","meta":{"tag":[{"code":"secret"}]},"identifier":[{"system":"urn:test","value":"hidden"}],"name":[{"family":"hidden"}]}`
	openP   = `{"resourceType":"Patient","id":"hidden","identifier":[{"system":"urn:test","value":"hidden"}],"name":[{"family":"hidden"}]}`
)

func secretServer(t *testing.T) (*server, context.Context) {
	s := newServer(t, func(o *Options) { o.Access = &secrecy{o.Registry} })
	in := context.WithValue(ctx, knowing{}, true)
	put := func(text string) {
		res := parse(t, text)
		_, err := s.Update(in, res.Type(), res.ID(), res, Conditions{})
		require.NoError(t, err)
	}
	put(openP)
	put(secretP)
	put(patient("open", "open"))
	put(dated("o1", "hidden", "d1", "2020-01-01"))
	return s, in
}

// What the caller may not see answers like what is absent, whichever way it is asked for.
func TestRefusedIsAbsent(t *testing.T) {
	s, in := secretServer(t)
	_, err := s.Read(in, "Patient", "hidden")
	require.NoError(t, err)
	_, err = s.Read(ctx, "Patient", "hidden")
	absent := refused(t, err, 404)
	_, err = s.Read(ctx, "Patient", "nobody")
	require.Equal(t, refused(t, err, 404).Issues, absent.Issues)
	for _, version := range []string{"1", "2"} {
		_, err = s.VRead(ctx, "Patient", "hidden", version)
		refused(t, err, 404) // version 1 was open, but the resource is hidden now
		_, err = s.VRead(in, "Patient", "hidden", version)
		require.NoError(t, err)
	}
	_, err = s.History(ctx, HistoryQuery{Type: "Patient", ID: "hidden"})
	refused(t, err, 404)
	page, err := s.History(ctx, HistoryQuery{Type: "Patient"})
	require.NoError(t, err)
	require.Equal(t, []string{"Patient/open"}, ids(page.Records))
	page, err = s.History(in, HistoryQuery{Type: "Patient"})
	require.NoError(t, err)
	require.Len(t, page.Records, 3)
	require.Equal(t, []string{"open"}, s.search("Patient", ""))
	require.Empty(t, s.search("Observation", "subject:Patient.family=hidden"), "not felt through a chain")
	require.Equal(t, []string{"o1"}, s.search("Observation", ""))
	_, err = s.Everything(ctx, "hidden", EverythingQuery{})
	refused(t, err, 404)
	_, err = s.Meta(ctx, "Patient", "hidden")
	refused(t, err, 404)
	_, err = s.Patch(ctx, "Patient", "hidden", patch.JSON, []byte(`[]`), Conditions{})
	refused(t, err, 404)
	_, err = s.PatchWhere(ctx, "Patient", "family=hidden", patch.JSON, []byte(`[]`), Conditions{})
	refused(t, err, 404)
	_, err = s.Update(ctx, "Patient", "hidden", parse(t, openP), Conditions{})
	refused(t, err, 404)
	w, err := s.Delete(ctx, "Patient", "hidden", Conditions{})
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	w, err = s.DeleteWhere(ctx, "Patient", "family=hidden")
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	w, err = s.Create(ctx, "Patient", parse(t, openP), Conditions{IfNoneExist: "identifier=urn:test|hidden"})
	require.NoError(t, err)
	require.Equal(t, 201, w.Status)
	_, err = s.Transaction(ctx, []BundleEntry{s.entry("POST", "Observation", observation("Patient?family=hidden&_id=hidden"))}, nil)
	refused(t, err, 412)
	rec, err := s.Read(in, "Patient", "hidden")
	require.NoError(t, err, "it is still there")
	require.EqualValues(t, 2, rec.Version)

	_, err = s.Delete(in, "Patient", "hidden", Conditions{})
	require.NoError(t, err)
	_, err = s.Read(ctx, "Patient", "hidden")
	refused(t, err, 404) // 410 would tell that it was there
	_, err = s.Read(in, "Patient", "hidden")
	refused(t, err, 410)
}

func TestPermitAndChange(t *testing.T) {
	s, in := secretServer(t)
	_, err := s.Delete(in, "Practitioner", "d1", Conditions{})
	refused(t, err, 403)
	_, err = s.Transaction(in, []BundleEntry{s.entry("DELETE", "Practitioner/d1", "")}, nil)
	require.Equal(t, "Bundle.entry[0]", refused(t, err, 403).Issues[0].Expression)
	results, err := s.Batch(in, []BundleEntry{s.entry("DELETE", "Practitioner/d1", ""), s.entry("PUT", "Patient/locked", `{"resourceType":"Patient","id":"locked","language":"fr"}`)}, nil)
	require.NoError(t, err)
	require.Equal(t, 403, results[0].Status)
	require.Equal(t, 201, results[1].Status)
	_, err = s.Update(in, "Patient", "locked", parse(t, patient("locked", "x")), Conditions{})
	refused(t, err, 403)
	_, err = s.Delete(in, "Patient", "locked", Conditions{})
	refused(t, err, 403)
	_, err = s.Transaction(in, []BundleEntry{s.entry("PUT", "Patient/locked", patient("locked", "x"))}, nil)
	refused(t, err, 403)
}

// An interceptor may complete a resource, and refuse it, in bundles too.
func TestInterceptor(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Interceptors = []Interceptor{completing{}} })
	rec := s.create(`{"resourceType":"Patient","active":true}`)
	require.Equal(t, "fr", body(t, rec)["language"])
	results, err := s.Transaction(ctx, []BundleEntry{s.entry("POST", "Patient", `{"resourceType":"Patient","active":true}`)}, nil)
	require.NoError(t, err)
	require.Equal(t, "fr", body(t, results[0].Record)["language"])
	_, err = s.Transaction(ctx, []BundleEntry{s.entry("POST", "Patient", `{"resourceType":"Patient","active":false}`)}, nil)
	require.Equal(t, "Bundle.entry[0].resource.active", refused(t, err, 422).Issues[0].Expression)
}

type completing struct{}

func (completing) BeforeWrite(_ context.Context, _ Interaction, after *element.Resource) error {
	if after.Root.ChildValue("active") == "false" {
		return fault.At(http.StatusUnprocessableEntity, fault.BusinessRule, "Patient.active", "Patients are active.")
	}
	after.Changed()
	_, err := after.Root.SetChild("language", "fr")
	return err
}
