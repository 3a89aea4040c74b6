package balp

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

func scanned(body string, list ...string) []string {
	out := []string{}
	scan([]byte(body), paths(list...), func(_ *node, value []byte) { out = append(out, string(value)) })
	return out
}

func TestScan(t *testing.T) {
	for _, c := range []struct {
		body  string
		paths []string
		want  []string
	}{
		{`{"subject":{"reference":"Patient/a"}}`, []string{"subject.reference"}, []string{"Patient/a"}},
		{`{"x":{"subject":{"reference":"Patient/b"}},"subject":{"display":"\"}","reference":"Patient/a"}}`, []string{"subject.reference"}, []string{"Patient/a"}},
		{`{"participant":[{"actor":{"reference":"Patient/a"}},{"actor":{"reference":"Patient/b"}}]}`, []string{"participant.actor.reference"}, []string{"Patient/a", "Patient/b"}},
		{`{ "a" : [ [1,2,{"b":"x"}], true, null, -1.5e3 ], "b" : "y" }`, []string{"b", "a.b"}, []string{"x", "y"}},
		{`{"b":{"c":"no"},"n":1,"b2":"no"}`, []string{"b"}, []string{}},
		{`{"a":"unfinished`, []string{"a"}, []string{}},
		{``, []string{"a"}, []string{}},
		{`[{"a":["","b":"c"}]`, []string{"a"}, []string{"", "b"}},
	} {
		assert.Equal(t, c.want, scanned(c.body, c.paths...), c.body)
	}
}

// slow finds the same by the library's reading of JSON.
func slow(v any, root *node, out *[]string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			slow(x, root, out)
		}
	case map[string]any:
		for name, x := range v {
			for _, c := range root.inner {
				if c.name == name {
					slow(x, c, out)
				}
			}
		}
	case string:
		if root.leaf {
			*out = append(*out, v)
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{"subject":{"reference":"Patient/a"}}`, `{"participant":[{"actor":{"reference":"x"}}]}`, `[{"subject":[{"reference":["a",{"reference":"b"}]}]}]`, `{"subject":`, `{"a":"\u0022","subject":{"reference":"\\"}}`, `{"subject":{}}}`, "{\"a\"\x00:1}",
	} {
		f.Add([]byte(s))
	}
	root := paths("subject.reference", "participant.actor.reference", "meta.security.code")
	f.Fuzz(func(t *testing.T, body []byte) {
		var got []string
		scan(body, root, func(_ *node, value []byte) { got = append(got, string(value)) })
		var v any
		if json.Unmarshal(body, &v) != nil {
			return // the stored resources are JSON; for anything else it is enough not to fail
		}
		if has := slices.ContainsFunc(body, func(b byte) bool { return b == '\\' || b >= 0x80 }); has || repeats(body) {
			return // escapes are given as spelled
		}
		var want []string
		slow(v, root, &want)
		require.ElementsMatch(t, want, got)
	})
}

// repeats says that a JSON text may repeat a member, of which the library keeps the last only, or goes deeper than paths do.
func repeats(body []byte) bool {
	for _, name := range []string{`"subject"`, `"reference"`, `"participant"`, `"actor"`, `"meta"`, `"security"`, `"code"`} {
		n := 0
		for i := 0; i+len(name) <= len(body); i++ {
			if string(body[i:i+len(name)]) == name {
				n++
			}
		}
		if n > 1 {
			return true
		}
	}
	return len(body) > 2000
}

// TestSubjectsOfEveryType holds the table to R4's compartment: what belongs to patients says so by some element.
func TestSubjectsOfEveryType(t *testing.T) {
	defs := spec.R4()
	table := subjectPaths(defs)
	for typ := range defs.Compartments["Patient"].Params {
		if typ == "Patient" || len(defs.Compartments["Patient"].Params[typ]) == 0 {
			continue
		}
		assert.NotEmpty(t, table[typ].patients, typ)
	}
	for typ, path := range map[string]string{
		"Observation": "subject", "DocumentReference": "subject", "List": "subject", "Immunization": "patient", "Task": "for", "Coverage": "beneficiary", "Consent": "patient", "Communication": "subject", "Flag": "subject", "RelatedPerson": "patient",
		"AuditEvent": "entity", "Account": "subject", "Person": "link",
	} {
		assert.True(t, slices.ContainsFunc(table[typ].root.inner, func(n *node) bool { return n.name == path }), typ)
	}
}
