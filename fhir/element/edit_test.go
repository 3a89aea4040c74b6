package element

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// assertTree checks the links of a tree: parents, last children, repetitions side by side.
func assertTree(t *testing.T, e *Element) {
	t.Helper()
	var last *Element
	seen := map[string]bool{}
	for c := e.First; c != nil; last, c = c, c.Next {
		require.Same(t, e, c.Parent)
		if last == nil || last.Name != c.Name {
			require.False(t, seen[c.Name], "%s is scattered", c.Name)
			seen[c.Name] = true
		}
		assertTree(t, c)
	}
	require.Same(t, last, e.Last)
}

func TestBuildAResource(t *testing.T) {
	types := spec.R4().Types
	p := NewRoot(types["Patient"])
	name, err := p.NewChild("name")
	require.NoError(t, err)
	_, err = name.SetChild("family", "DUPONT")
	require.NoError(t, err)
	require.NoError(t, name.Add("given", NewPrimitive(types["string"], "Hélène")))
	_, err = p.SetChild("active", "true")
	require.NoError(t, err)
	second, err := p.NewChild("name")
	require.NoError(t, err)
	require.NoError(t, name.Add("given", NewPrimitive(types["string"], "Marie")))
	_, err = p.NewChild("contact")
	require.NoError(t, err)
	_, err = p.SetChild("multipleBirthInteger", "2")
	require.NoError(t, err)
	assertTree(t, p)
	assert.Nil(t, second.First)
	assert.Equal(t, `{"resourceType":"Patient","name":[{"family":"DUPONT","given":["Hélène","Marie"]}],"active":true,"multipleBirthInteger":2}`,
		string(AppendJSON(nil, p)), "hollow elements are left out")
	assert.Equal(t, `<Patient xmlns="http://hl7.org/fhir"><active value="true"/><name><family value="DUPONT"/><given value="Hélène"/><given value="Marie"/></name><multipleBirthInteger value="2"/></Patient>`,
		string(AppendXML(nil, p)), "in the order of the definition")
}

func TestEditingRefusals(t *testing.T) {
	types := spec.R4().Types
	p := parse(t, `{"resourceType":"Patient","active":true,"name":[{"text":"a"}],"deceasedBoolean":true}`).Root
	assert.ErrorIs(t, p.Add("foo", NewPrimitive(types["string"], "a")), ErrNoSuchElement)
	assert.ErrorIs(t, p.Add("name", NewPrimitive(types["string"], "a")), ErrWrongType)
	assert.ErrorIs(t, p.Add("active", NewPrimitive(types["boolean"], "false")), ErrNotRepeating)
	assert.ErrorIs(t, p.Add("deceased", NewPrimitive(types["dateTime"], "2020")), ErrNotRepeating)
	assert.ErrorIs(t, p.Add("deceased", NewPrimitive(types["string"], "a")), ErrWrongType)
	assert.ErrorIs(t, p.InsertAt("name", 2, NewRoot(types["HumanName"])), ErrIndex)
	assert.ErrorIs(t, p.InsertAt("name", -1, NewRoot(types["HumanName"])), ErrIndex)
	assert.ErrorIs(t, p.Remove(NewRoot(types["HumanName"])), ErrNotChild)
	assert.ErrorIs(t, p.Add("contained", NewRoot(types["HumanName"])), ErrWrongType)
	require.NoError(t, p.Add("contained", NewRoot(types["Basic"])))
	_, err := p.SetChild("name", "a")
	assert.ErrorIs(t, err, ErrWrongType)
	assertTree(t, p)
}

func TestInsertRemoveReplace(t *testing.T) {
	types := spec.R4().Types
	r := parse(t, `{"resourceType":"Patient","name":[{"given":["B","D"],"family":"F"}],"deceasedBoolean":true,"gender":"male"}`)
	name := r.Root.Child("name")
	given := func(v string) *Element { return NewPrimitive(types["string"], v) }
	require.NoError(t, name.InsertAt("given", 2, given("E")))
	require.NoError(t, name.InsertAt("given", 0, given("A")))
	require.NoError(t, name.InsertAt("given", 2, given("C")))
	require.NoError(t, name.InsertAt("prefix", 0, given("Dr")))
	assertTree(t, r.Root)
	assert.Equal(t, `{"given":["A","B","C","D","E"],"family":"F","prefix":["Dr"]}`, string(AppendJSON(nil, name)))
	require.NoError(t, name.Remove(name.First))
	require.NoError(t, name.Remove(name.Last))
	require.NoError(t, name.Replace(name.First, given("X")))
	require.NoError(t, r.Root.Replace(r.Root.Child("deceased"), NewPrimitive(types["dateTime"], "2020")))
	require.NoError(t, r.Root.Replace(r.Root.Last, NewPrimitive(types["code"], "female")))
	r.Changed()
	assertTree(t, r.Root)
	assert.Equal(t, `{"resourceType":"Patient","name":[{"given":["X","C","D","E"],"family":"F"}],"deceasedDateTime":"2020","gender":"female"}`, string(r.Compact()))
}

func TestCloneIsApart(t *testing.T) {
	r := parse(t, samples(t, "valid/patient.json")["patient"]).Root
	c := Clone(r)
	assertTree(t, c)
	require.True(t, Equal(r, c))
	require.NoError(t, c.Remove(c.Child("name")))
	c.Child("gender").Value = "male"
	assert.NotNil(t, r.Child("name"))
	assert.Equal(t, "female", r.ChildValue("gender"))
	assert.False(t, Equal(r, c))
}

func TestHollowItemsLeaveNoHole(t *testing.T) {
	r := parse(t, samples(t, "valid/holes.json")["holes"])
	name := r.Root.Child("name").Next
	first := name.Child("given")
	require.NoError(t, first.Remove(first.Child("extension"))) // now it has neither value nor content
	again := parse(t, string(AppendJSON(nil, r.Root)))
	n := 0
	for range again.Root.Child("name").Next.Children("given") {
		n++
	}
	assert.Equal(t, 3, n)
}

func TestReferencesAndContained(t *testing.T) {
	r := parse(t, samples(t, "valid/contained.json")["contained"]).Root
	var refs []string
	for ref := range References(r) {
		refs = append(refs, Path(ref)+"="+ref.Value)
	}
	assert.Equal(t, []string{"MedicationRequest.medication.reference=#med", "MedicationRequest.subject.reference=Patient/patient-dupont",
		"MedicationRequest.requester.reference=#prescripteur"}, refs)
	var ids []string
	for id, c := range Contained(r) {
		ids = append(ids, c.Type.Name+"#"+id)
	}
	assert.Equal(t, []string{"Medication#med", "Practitioner#prescripteur"}, ids)
}

func TestRewriteReferences(t *testing.T) {
	const urn = "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"
	src := `{"resourceType":"Observation","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a  title='href=\"` + urn + `\"' href = '` + urn +
		`#p'>x</a><img src=\"` + urn + `\"/>` + urn + `</div>"},"contained":[{"resourceType":"Basic","id":"a","code":{"text":"` + urn + `"},"subject":{"reference":"` + urn +
		`"}}],"extension":[{"url":"` + urn + `","valueUri":"` + urn + `"},{"url":"http://a","valueCanonical":"` + urn + `"},{"url":"http://a","valueUuid":"` + urn +
		`"},{"url":"http://a","valueUrl":"` + urn + `#b"}],"status":"final","code":{"text":"` + urn + `"},"subject":{"reference":"` + urn + `","display":"` + urn + `"},"instantiatesCanonical":["` + urn + `"]}`
	src = strings.Replace(src, `,"instantiatesCanonical":["`+urn+`"]`, "", 1)
	r := parse(t, src)
	n := r.RewriteReferences(func(link string) (string, bool) { return "Patient/a&b", link == urn })
	assert.Equal(t, 7, n)
	out := string(r.Compact())
	assert.Contains(t, out, `"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a  title='href=\"`+urn+`\"' href = 'Patient/a&amp;b#p'>x</a><img src=\"Patient/a&amp;b\"/>`+urn+`</div>"`)
	assert.Contains(t, out, `{"url":"`+urn+`","valueUri":"Patient/a&b"}`)
	assert.Contains(t, out, `"valueCanonical":"`+urn+`"`)
	assert.Contains(t, out, `"valueUuid":"Patient/a&b"`)
	assert.Contains(t, out, `"valueUrl":"Patient/a&b#b"`)
	assert.Contains(t, out, `"code":{"text":"`+urn+`"},"subject":{"reference":"Patient/a&b","display":"`+urn+`"}`)
	assert.Contains(t, out, `"subject":{"reference":"Patient/a&b"}}]`)
	assert.Zero(t, r.RewriteReferences(func(string) (string, bool) { return "", false }))
}
