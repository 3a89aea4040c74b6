package mhd_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/mhd"
)

// A world of documents whose authors are contained or stored. The stored form of every world is the same documents with what they contain stored beside them: no search may tell the two apart.

var (
	families = []string{"Roux", "Lebrun", "Faure", "Petit", "Le Goff"}
	givens   = []string{"Élise", "Marc", "Inès"}
	types    = []string{"11488-4", "18748-4", "57833-6"}
	labels   = []string{"N", "R", "MASQUE_PS"}
	dates    = []string{"2024-01-10", "2024-02", "2024-02-10T10:00:00+01:00", "2023"}
)

type drawn struct {
	document map[string]any
	inside   []map[string]any // what the author is made of
}

func drawDocument(t *rapid.T, n int) drawn {
	pick := func(from []string) string { return rapid.SampledFrom(from).Draw(t, "pick") }
	person := func(typ, id string) map[string]any {
		return map[string]any{"resourceType": typ, "id": id, "name": []any{map[string]any{"family": pick(families), "given": []any{pick(givens)}}},
			"identifier": []any{map[string]any{"system": "urn:oid:1.2.250.1.71.4.2.1", "value": fmt.Sprint(rapid.IntRange(1, 4).Draw(t, "rpps"))}}}
	}
	p := fmt.Sprintf("p%d", n)
	d := drawn{}
	author := "#" + p
	switch rapid.IntRange(0, 3).Draw(t, "author") {
	case 0:
		d.inside = append(d.inside, person("Practitioner", p))
	case 1:
		d.inside = append(d.inside, person("Patient", p))
	case 2:
		author = fmt.Sprintf("#r%d", n)
		role := map[string]any{"resourceType": "PractitionerRole", "id": author[1:], "practitioner": map[string]any{"reference": "#" + p}}
		d.inside = append(d.inside, person("Practitioner", p), role)
	default:
		d.inside = append(d.inside, map[string]any{"resourceType": "Organization", "id": p, "name": pick(families)})
	}
	d.document = map[string]any{
		"resourceType": "DocumentReference", "id": fmt.Sprintf("d%d", n), "status": pick([]string{"current", "superseded"}),
		"subject": map[string]any{"reference": "Patient/" + pick([]string{"pa", "pb"})}, "date": "2024-01-10T10:00:00Z",
		"type":          map[string]any{"coding": []any{map[string]any{"system": "http://loinc.org", "code": pick(types)}}},
		"author":        []any{map[string]any{"reference": author}},
		"securityLabel": []any{map[string]any{"coding": []any{map[string]any{"system": "urn:x", "code": pick(labels)}}}},
		"content":       []any{map[string]any{"attachment": map[string]any{"url": fmt.Sprintf("Binary/b-d%d", n), "creation": pick(dates)}}},
		"context":       map[string]any{"period": map[string]any{"start": pick(dates)}},
	}
	if rapid.Bool().Draw(t, "archived") {
		d.document["extension"] = []any{map[string]any{"url": "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived", "valueBoolean": rapid.Bool().Draw(t, "mark")}}
	}
	return d
}

// stored writes the world's resources: with the authors contained, or beside the documents.
func stored(world []drawn, contained bool) []string {
	var all []string
	encode := func(v any) string {
		b, _ := json.Marshal(v) // made of maps and strings
		return string(b)
	}
	for _, d := range world {
		text := encode(d.document)
		if contained {
			with := map[string]any{}
			for k, v := range d.document {
				with[k] = v
			}
			with["contained"] = d.inside
			all = append(all, encode(with))
			continue
		}
		for _, r := range d.inside {
			part := encode(r)
			for _, to := range d.inside {
				reference := fmt.Sprint(to["resourceType"], "/", to["id"])
				part = strings.ReplaceAll(part, fmt.Sprintf(`"#%s"`, to["id"]), `"`+reference+`"`)
				text = strings.ReplaceAll(text, fmt.Sprintf(`"#%s"`, to["id"]), `"`+reference+`"`)
			}
			all = append(all, part)
		}
		all = append(all, text)
	}
	return all
}

func drawQuery(t *rapid.T) string {
	family := rapid.SampledFrom(append(slices.Clone(families), "ro", "Nobody"))
	criteria := []func() string{
		func() string {
			return "status=" + rapid.SampledFrom([]string{"current", "superseded", "current,superseded"}).Draw(t, "status")
		},
		func() string { return "type=" + rapid.SampledFrom(types).Draw(t, "type") },
		func() string { return "security-label:not=" + rapid.SampledFrom(labels).Draw(t, "label") },
		func() string { return "isArchived=" + rapid.SampledFrom([]string{"true", "false"}).Draw(t, "archived") },
		func() string {
			return rapid.SampledFrom([]string{"creation", "period-start", "period"}).Draw(t, "date") + "=" + rapid.SampledFrom([]string{"", "ge", "lt", "sa", "eb", "ne"}).Draw(t, "prefix") + rapid.SampledFrom([]string{"2024-02", "2024", "2024-01-10"}).Draw(t, "day")
		},
		func() string {
			name := rapid.SampledFrom([]string{"author.family", "author:Practitioner.family", "author:Patient.family", "author:PractitionerRole.practitioner.family", "author:PractitionerRole.name",
				"author.name", "author:Organization.name", "author:Practitioner.family:exact", "author:Practitioner.name:contains", "author:PractitionerRole.practitioner:Practitioner.name"}).Draw(t, "chain")
			return name + "=" + url.QueryEscape(family.Draw(t, "family"))
		},
		func() string {
			return "author.given=" + url.QueryEscape(rapid.SampledFrom([]string{"elise", "Ma", "Inès"}).Draw(t, "given"))
		},
		func() string {
			return rapid.SampledFrom([]string{"author.identifier", "author:Practitioner.identifier", "author:PractitionerRole.practitioner.identifier"}).Draw(t, "id") + "=" + rapid.SampledFrom([]string{"1", "2,3", "urn:oid:1.2.250.1.71.4.2.1|4"}).Draw(t, "value")
		},
	}
	parts := []string{"patient=" + rapid.SampledFrom([]string{"Patient/pa", "pb", "pa,pb"}).Draw(t, "patient")}
	for range rapid.IntRange(0, 3).Draw(t, "criteria") {
		parts = append(parts, rapid.SampledFrom(criteria).Draw(t, "criterion")())
	}
	return strings.Join(parts, "&")
}

// content is the matcher's source.
type content map[string]*element.Element

func (c content) Resource(typ, id string) (*element.Element, error) { return c[typ+"/"+id], nil }

func (c content) Resources(typ string) iter.Seq2[*element.Element, error] {
	return func(yield func(*element.Element, error) bool) {
		for _, r := range c {
			if r.Type.Name == typ && !yield(r, nil) {
				return
			}
		}
	}
}

func TestRandomSearchesAgreeWithTheMatcher(t *testing.T) {
	worlds := 0
	rapid.Check(t, func(rt *rapid.T) {
		if worlds++; worlds > 25 {
			return // each one makes two servers
		}
		var world []drawn
		for n := range rapid.IntRange(5, 25).Draw(rt, "documents") {
			world = append(world, drawDocument(rt, n))
		}
		queries := rapid.SliceOfN(rapid.Custom(drawQuery), 12, 12).Draw(rt, "queries")
		var answers [2][]string
		for form, contained := range []bool{true, false} {
			s := emptySharing(t)
			trees := content{}
			for _, text := range stored(world, contained) {
				res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{})
				require.NoError(rt, err)
				trees[res.Type()+"/"+res.ID()] = res.Root
				s.Put(t, res.Type()+"/"+res.ID(), text)
			}
			for _, q := range queries {
				got := strings.Join(paged(t, s, "DocumentReference", q+"&status=current,superseded"), " ")
				require.Equal(rt, matched(rt, s.Registry, trees, q), got, "contained %t: %s", contained, q)
				answers[form] = append(answers[form], got)
			}
			s.Close()
		}
		require.Equal(rt, answers[1], answers[0], "contained authors are found as stored ones are")
	})
}

// matched gives what the matcher says of every document.
func matched(t *rapid.T, registry *search.Registry, trees content, query string) string {
	params, err := search.SplitQuery(query)
	require.NoError(t, err)
	q, err := search.ParseQuery(registry, search.Scope{Type: "DocumentReference"}, params, search.ParseOptions{BaseURL: "http://test/fhir"})
	require.NoError(t, err)
	m := search.Matcher{Registry: registry, Source: trees}
	var ids []string
	for _, r := range trees {
		if r.Type.Name != "DocumentReference" {
			continue
		}
		ok, err := m.Match(q.Where["DocumentReference"], r)
		require.NoError(t, err)
		if ok {
			ids = append(ids, r.ChildValue("id"))
		}
	}
	slices.Sort(ids)
	return strings.Join(ids, " ")
}

const (
	archivedURL  = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived"
	archivedMark = `{"url":"` + archivedURL + `","valueBoolean":true}`
)

func FuzzTolerantPatch(f *testing.F) {
	for _, seed := range []string{
		`[{"op":"replace","path":"/status","value":"current "}]`, `[{"op":"replace","path":"/extension[url:'x']/valueBoolean","value":"true"}]`,
		`[{"op":"replace","path":"/securityLabel","value":"MASQUE_PS"}]`, `[{"op":"move","from":"/a","path":""}]`, `[{}]`, `[null]`, `{}`,
		`<diff><add sel="DocumentReference"><a/></add></diff>`, `{"parameter":[{"part":[{"name":"path","valueString":"DocumentReference.a"}]}]}`,
		`[{"op":"replace","path":"/extension","value":[` + archivedMark + `]},{"op":"add","path":"/extension/-","value":` + archivedMark + `}]`,
		`<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:DocumentReference/f:extension[@url='` + archivedURL + `']/f:valueBoolean/@value">true</replace></diff>`,
		`<diff xmlns="http://hl7.org/fhir"><add sel="DocumentReference"><extension url="` + archivedURL + `"><valueBoolean value="true"/></extension></add></diff>`,
		`{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"DocumentReference.extension('` + archivedURL + `').value"},{"name":"value","valueBoolean":true}]}]}`,
	} {
		f.Add([]byte(seed))
	}
	res, err := element.ParseJSON(spec.R4(), []byte(`{"resourceType":"DocumentReference","id":"d","status":"current","content":[{"attachment":{"url":"Binary/b"}}]}`), element.Options{})
	require.NoError(f, err)
	rules := &mhd.MetadataRules{}
	f.Fuzz(func(t *testing.T, body []byte) {
		for kind := range 4 {
			out, err := rules.BeforePatch(context.Background(), res, patch.Kind(kind+1), body)
			if err != nil {
				continue
			}
			if json.Valid(body) && kind == 0 && !json.Valid(out) {
				t.Fatalf("JSON became %q", out)
			}
			patched, err := patch.Apply(spec.R4(), res, patch.Kind(kind+1), out)
			if err == nil {
				err = rules.AfterPatch(context.Background(), res, patched)
			}
			if err == nil && len(mhd.Actions(res.Root, patched.Root)) == 0 && res.Root.ChildValue("status") != patched.Root.ChildValue("status") {
				t.Fatalf("%q changed the status by no action", body)
			}
		}
	})
}
