package repository

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/store"
)

var ctx = context.Background()

func TestCreateIgnoresTheIdAndStamps(t *testing.T) {
	s := newServer(t)
	w, err := s.Create(ctx, "Patient", parse(t, `{"resourceType":"Patient","id":"mine","meta":{"versionId":"7","lastUpdated":"2000-01-01T00:00:00Z","tag":[{"code":"x"}]},"active":true}`), Conditions{})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, w.Status)
	require.NotEqual(t, "mine", w.Record.ID)
	require.Len(t, w.Record.ID, 36)
	require.Equal(t, byte('7'), w.Record.ID[14], "a UUID of version 7")
	m := body(t, w.Record)
	meta := m["meta"].(map[string]any)
	require.Equal(t, w.Record.ID, m["id"])
	require.Equal(t, "1", meta["versionId"])
	require.Equal(t, w.Record.Time.Wall().Format("2006-01-02T15:04:05.000Z"), meta["lastUpdated"])
	require.NotEmpty(t, meta["tag"])
	rec, err := s.Read(ctx, "Patient", w.Record.ID)
	require.NoError(t, err)
	require.Equal(t, string(w.Record.Body), string(rec.Body))
	require.Equal(t, w.Record.RID, rec.RID)
}

func TestCreateRefuses(t *testing.T) {
	s := newServer(t)
	for name, c := range map[string]struct {
		typ, text string
		status    int
		code      fault.Code
	}{
		"another type":   {"Observation", `{"resourceType":"Patient"}`, 400, fault.Invalid},
		"unknown type":   {"Elephant", `{"resourceType":"Patient"}`, 404, fault.NotSupported},
		"binding":        {"Patient", `{"resourceType":"Patient","gender":"none"}`, 422, fault.CodeInvalid},
		"invariant":      {"Patient", `{"resourceType":"Patient","contact":[{"gender":"male"}]}`, 422, fault.Invariant},
		"not base64":     {"Binary", `{"resourceType":"Binary","contentType":"text/plain","data":"AAA="}`, 201, ""},
		"spare bits set": {"Binary", `{"resourceType":"Binary","contentType":"text/plain","data":"AB=="}`, 400, fault.Value},
	} {
		t.Run(name, func(t *testing.T) {
			w, err := s.Create(ctx, c.typ, parse(t, c.text), Conditions{})
			if c.status == 201 {
				require.NoError(t, err)
				require.Equal(t, 201, w.Status)
				return
			}
			require.Equal(t, c.code, refused(t, err, c.status).Issues[0].Code)
		})
	}
	require.Empty(t, s.search("Patient", ""))
}

func TestConditionalCreate(t *testing.T) {
	s := newServer(t)
	when := Conditions{IfNoneExist: "identifier=urn:test|one"}
	first, err := s.Create(ctx, "Patient", parse(t, patient("", "one")), when)
	require.NoError(t, err)
	require.Equal(t, 201, first.Status)
	second, err := s.Create(ctx, "Patient", parse(t, patient("", "one")), when)
	require.NoError(t, err)
	require.Equal(t, 200, second.Status)
	require.Equal(t, first.Record.ID, second.Record.ID)
	require.EqualValues(t, 1, second.Record.Version)
	s.create(patient("", "one"))
	_, err = s.Create(ctx, "Patient", parse(t, patient("", "one")), when)
	require.Equal(t, fault.Multiple, refused(t, err, 412).Issues[0].Code)
	_, err = s.Create(ctx, "Patient", parse(t, patient("", "one")), Conditions{IfNoneExist: "nonsense=1"})
	refused(t, err, 400)
	_, err = s.Create(ctx, "Patient", parse(t, patient("", "one")), Conditions{IfNoneExist: "_count=10"})
	require.Error(t, err, "no criterion")
}

func TestUpdate(t *testing.T) {
	s := newServer(t)
	w := s.put(patient("p1", "Un"))
	require.Equal(t, 201, w.Status)
	require.Equal(t, "p1", w.Record.ID)
	w = s.put(patient("p1", "Deux"))
	require.Equal(t, 200, w.Status)
	require.EqualValues(t, 2, w.Record.Version)
	require.Empty(t, s.search("Patient", "family=un"))
	require.Equal(t, []string{"p1"}, s.search("Patient", "family=deux"))
	same := s.put(strings.Replace(patient("p1", "Deux"), `"id":"p1"`, ` "meta":{"versionId":"99"}, "id":"p1"`, 1))
	require.Equal(t, 200, same.Status)
	require.EqualValues(t, 2, same.Record.Version, "identical content adds no version")
	require.Equal(t, w.Record.Time, same.Record.Time)
	_, err := s.Update(ctx, "Patient", "p2", parse(t, patient("p1", "x")), Conditions{})
	refused(t, err, 400)
	_, err = s.Update(ctx, "Patient", "p2", parse(t, patient("", "x")), Conditions{})
	refused(t, err, 400)
	_, err = s.Update(ctx, "Patient", "p_2", parse(t, patient("p2", "x")), Conditions{})
	refused(t, err, 400)
}

func TestUpdatePreconditions(t *testing.T) {
	s := newServer(t)
	put := func(c Conditions, family string) (*Written, error) {
		return s.Update(ctx, "Patient", "p1", parse(t, patient("p1", family)), c)
	}
	_, err := put(Conditions{IfMatch: ptr(1)}, "a")
	refused(t, err, 412)
	w, err := put(Conditions{IfNoneMatchStar: true}, "a")
	require.NoError(t, err)
	require.Equal(t, 201, w.Status)
	_, err = put(Conditions{IfNoneMatchStar: true}, "b")
	refused(t, err, 412)
	_, err = put(Conditions{IfMatch: ptr(2)}, "b")
	refused(t, err, 412)
	w, err = put(Conditions{IfMatch: ptr(1)}, "b")
	require.NoError(t, err)
	require.EqualValues(t, 2, w.Record.Version)
	_, err = s.Delete(ctx, "Patient", "p1", Conditions{IfMatch: ptr(1)})
	refused(t, err, 412)
	_, err = s.Delete(ctx, "Patient", "p1", Conditions{IfMatch: ptr(2)})
	require.NoError(t, err)
	_, err = put(Conditions{IfMatch: ptr(3)}, "c")
	refused(t, err, 412)
}

func TestDeleteAndRecreate(t *testing.T) {
	s := newServer(t)
	w, err := s.Delete(ctx, "Patient", "never", Conditions{})
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	require.Nil(t, w.Record)
	_, err = s.Read(ctx, "Patient", "never")
	refused(t, err, 404)
	s.put(patient("p1", "Un"))
	w, err = s.Delete(ctx, "Patient", "p1", Conditions{})
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	require.EqualValues(t, 2, w.Record.Version)
	require.Equal(t, store.Deleted, w.Record.Method)
	_, err = s.Read(ctx, "Patient", "p1")
	require.Equal(t, fault.Deleted, refused(t, err, 410).Issues[0].Code)
	_, err = s.VRead(ctx, "Patient", "p1", "2")
	refused(t, err, 410)
	w, err = s.Delete(ctx, "Patient", "p1", Conditions{})
	require.NoError(t, err)
	require.Equal(t, 204, w.Status)
	require.Empty(t, s.search("Patient", "family=un"))
	w = s.put(patient("p1", "Un"))
	require.Equal(t, 201, w.Status)
	require.EqualValues(t, 3, w.Record.Version, "the second deletion wrote nothing")
	rec, err := s.VRead(ctx, "Patient", "p1", "1")
	require.NoError(t, err)
	require.EqualValues(t, 1, rec.Version)
	for _, v := range []string{"4", "0", "01", "x", "", "-1", "99999999999999999999"} {
		_, err = s.VRead(ctx, "Patient", "p1", v)
		refused(t, err, 404)
	}
}

func TestConditionalUpdate(t *testing.T) {
	s := newServer(t)
	put := func(text, query string) (*Written, error) {
		return s.UpdateWhere(ctx, "Patient", query, parse(t, text), Conditions{})
	}
	w, err := put(patient("", "one"), "identifier=urn:test|one")
	require.NoError(t, err)
	require.Equal(t, 201, w.Status)
	id := w.Record.ID
	w, err = put(strings.Replace(patient("", "one"), `{"family"`, `{"use":"official","family"`, 1), "?identifier=urn:test|one")
	require.NoError(t, err)
	require.Equal(t, 200, w.Status)
	require.Equal(t, id, w.Record.ID)
	require.EqualValues(t, 2, w.Record.Version)
	_, err = put(patient("other", "one"), "identifier=urn:test|one")
	refused(t, err, 400)
	w, err = put(patient("chosen", "two"), "identifier=urn:test|two")
	require.NoError(t, err)
	require.Equal(t, "chosen", w.Record.ID)
	_, err = put(patient("chosen", "three"), "identifier=urn:test|three")
	refused(t, err, 409)
	_, err = put(patient("", "two"), "identifier=urn:test|one,urn:test|two")
	refused(t, err, 412)
	_, err = put(patient("", "two"), "")
	refused(t, err, 412)
}

func TestConditionalDelete(t *testing.T) {
	for _, several := range []bool{false, true} {
		s := newServer(t, func(o *Options) { o.ConditionalDeleteMultiple = several })
		s.put(patient("p1", "one"))
		s.put(patient("p2", "two"))
		s.put(patient("p3", "two"))
		w, err := s.DeleteWhere(ctx, "Patient", "identifier=urn:test|none")
		require.NoError(t, err)
		require.Equal(t, 204, w.Status)
		_, err = s.DeleteWhere(ctx, "Patient", "identifier=urn:test|two")
		if !several {
			refused(t, err, 412)
			require.Len(t, s.search("Patient", ""), 3)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []string{"p1"}, s.search("Patient", ""))
	}
}

func TestPatch(t *testing.T) {
	s := newServer(t)
	s.put(patient("p1", "one"))
	change := []byte(`[{"op":"replace","path":"/name/0/family","value":"two"}]`)
	w, err := s.Patch(ctx, "Patient", "p1", patch.JSON, change, Conditions{IfMatch: ptr(1)})
	require.NoError(t, err)
	require.Equal(t, 200, w.Status)
	require.EqualValues(t, 2, w.Record.Version)
	require.Equal(t, []string{"p1"}, s.search("Patient", "family=two"))
	w, err = s.Patch(ctx, "Patient", "p1", patch.JSON, change, Conditions{})
	require.NoError(t, err)
	require.EqualValues(t, 2, w.Record.Version, "nothing changed")
	_, err = s.Patch(ctx, "Patient", "p1", patch.JSON, change, Conditions{IfMatch: ptr(1)})
	refused(t, err, 412)
	_, err = s.Patch(ctx, "Patient", "nobody", patch.JSON, change, Conditions{})
	refused(t, err, 404)
	_, err = s.PatchWhere(ctx, "Patient", "family=nobody", patch.JSON, change, Conditions{})
	refused(t, err, 404)
	w, err = s.PatchWhere(ctx, "Patient", "family=two", patch.JSON, []byte(`[{"op":"add","path":"/active","value":true}]`), Conditions{})
	require.NoError(t, err)
	require.EqualValues(t, 3, w.Record.Version)
	_, err = s.Patch(ctx, "Patient", "p1", patch.JSON, []byte(`[{"op":"replace","path":"/id","value":"p2"}]`), Conditions{})
	require.Error(t, err)
	_, err = s.Patch(ctx, "Patient", "p1", patch.JSON, []byte(`[{"op":"add","path":"/gender","value":"none"}]`), Conditions{})
	require.Error(t, err)
	_, err = s.Delete(ctx, "Patient", "p1", Conditions{})
	require.NoError(t, err)
	_, err = s.Patch(ctx, "Patient", "p1", patch.JSON, change, Conditions{})
	refused(t, err, 410)
}
