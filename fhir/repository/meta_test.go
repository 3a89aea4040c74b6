package repository

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func params(meta string) string {
	return `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":` + meta + `}]}`
}

func TestMeta(t *testing.T) {
	s := newServer(t)
	s.put(patient("a", "a"))
	s.put(`{"resourceType":"Patient","id":"b","meta":{"profile":["http://x.test/p"],"tag":[{"system":"http://x.test","code":"T"}]}}`)
	out, err := s.MetaAdd(ctx, "Patient", "a", parse(t, params(`{"profile":["http://x.test/p"],"tag":[{"system":"http://x.test","code":"U"}],"security":[{"code":"R"}]}`)))
	require.NoError(t, err)
	require.Contains(t, string(out), `"versionId":"2"`)
	require.Contains(t, string(out), `"code":"U"`)
	require.Equal(t, []string{"a"}, s.search("Patient", "_tag=http://x.test|U"))
	out, err = s.MetaAdd(ctx, "Patient", "a", parse(t, params(`{"tag":[{"system":"http://x.test","code":"U","display":"u"}]}`)))
	require.NoError(t, err)
	require.Contains(t, string(out), `"versionId":"2"`, "it was there")
	out, err = s.Meta(ctx, "Patient", "")
	require.NoError(t, err)
	require.JSONEq(t, `{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":{"profile":["http://x.test/p"],"security":[{"code":"R"}],"tag":[{"system":"http://x.test","code":"T"},{"system":"http://x.test","code":"U"}]}}]}`, string(out))
	out, err = s.Meta(ctx, "", "")
	require.NoError(t, err)
	require.Contains(t, string(out), `"code":"R"`)
	out, err = s.MetaDelete(ctx, "Patient", "a", parse(t, params(`{"tag":[{"system":"http://x.test","code":"U"}],"profile":["http://x.test/other"]}`)))
	require.NoError(t, err)
	require.Contains(t, string(out), `"versionId":"3"`)
	require.NotContains(t, string(out), `"code":"U"`)
	require.Contains(t, string(out), `http://x.test/p`)
	_, err = s.MetaAdd(ctx, "Patient", "nobody", parse(t, params(`{"tag":[{"code":"U"}]}`)))
	refused(t, err, 404)
	_, err = s.MetaAdd(ctx, "Patient", "a", parse(t, `{"resourceType":"Parameters"}`))
	refused(t, err, 400)
}

func TestValidate(t *testing.T) {
	s := newServer(t)
	s.put(patient("a", "a"))
	issues, err := s.Validate(ctx, "Patient", "", parse(t, patient("", "x")), "", "")
	require.NoError(t, err)
	require.Nil(t, fault.Of(422, issues))
	issues, err = s.Validate(ctx, "Patient", "", parse(t, `{"resourceType":"Patient","gender":"none"}`), "create", "")
	require.NoError(t, err)
	issues = slices.DeleteFunc(issues, func(i fault.Issue) bool { return i.Severity != fault.Error })
	require.Len(t, issues, 1)
	require.Equal(t, "Patient.gender", issues[0].Expression)
	issues, err = s.Validate(ctx, "Patient", "a", nil, "", "http://hl7.org/fhir/StructureDefinition/Patient")
	require.NoError(t, err)
	require.Nil(t, fault.Of(422, issues))
	issues, err = s.Validate(ctx, "Patient", "a", nil, "", "http://x.test/unknown")
	require.NoError(t, err)
	require.NotNil(t, fault.Of(422, issues))
	issues, err = s.Validate(ctx, "Patient", "b", parse(t, patient("a", "x")), "update", "")
	require.NoError(t, err)
	require.NotNil(t, fault.Of(422, issues))
	_, err = s.Validate(ctx, "Patient", "a", nil, "delete", "")
	require.NoError(t, err)
	_, err = s.Validate(ctx, "Patient", "nobody", nil, "delete", "")
	refused(t, err, 404)
	_, err = s.Validate(ctx, "Patient", "", nil, "", "")
	refused(t, err, 400)
	require.Len(t, s.search("Patient", ""), 1, "nothing is written")
}

func TestReferentialIntegrity(t *testing.T) {
	s := newServer(t, func(o *Options) { o.ReferentialIntegrity = true })
	_, err := s.Create(ctx, "Observation", parse(t, observation("Patient/a")), Conditions{})
	require.Equal(t, "Observation.subject.reference", refused(t, err, 422).Issues[0].Expression)
	_, err = s.Create(ctx, "Observation", parse(t, observation("https://other.test/fhir/Patient/a")), Conditions{})
	require.NoError(t, err, "not of this server")
	results, err := s.Transaction(ctx, []BundleEntry{s.named(uuid1, "POST", "Patient", patient("", "x")), s.entry("POST", "Observation", observation(uuid1))}, nil)
	require.NoError(t, err)
	p, o := results[0].Record, results[1].Record
	_, err = s.Create(ctx, "Observation", parse(t, observation(testBase+"/Patient/"+p.ID)), Conditions{})
	require.NoError(t, err)
	_, err = s.Delete(ctx, "Patient", p.ID, Conditions{})
	refused(t, err, 409)
	_, err = s.Transaction(ctx, []BundleEntry{s.entry("DELETE", "Patient/"+p.ID, ""), s.entry("DELETE", "Observation/"+o.ID, "")}, nil)
	refused(t, err, 409) // the other observation still refers to it
	_, err = s.Transaction(ctx, []BundleEntry{s.entry("DELETE", "Observation/"+o.ID, ""), s.entry("PUT", "Observation/"+o.ID+"x", `{"resourceType":"Observation","id":"`+o.ID+`x","status":"final","code":{"text":"x"},"subject":{"reference":"Observation/`+o.ID+`"}}`)}, nil)
	require.Error(t, err)
	for _, id := range s.search("Observation", "") {
		_, err = s.Delete(ctx, "Observation", id, Conditions{})
		require.NoError(t, err)
	}
	_, err = s.Delete(ctx, "Patient", p.ID, Conditions{})
	require.NoError(t, err)
}
