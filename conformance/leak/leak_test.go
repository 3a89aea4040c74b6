package leak

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func world() *World {
	doc := func(n string) Document {
		return Document{ID: "d" + n, Unique: "urn:oid:1.2.3." + n, Binary: "b" + n, List: "l" + n, Data: "o" + n, Type: "http://loinc.org|11506-" + n, Category: "urn:oid:1.2.3|10", Title: "Title " + n}
	}
	return &World{Patient: "p", INS: "urn:oid:1.2.250.1.213.1.4.10|1", Author: "urn:oid:1|2", Visible: []Document{doc("1")}, Hidden: []Document{doc("2"), doc("3")}}
}

func TestShapesAreManyAndDiffer(t *testing.T) {
	shapes := world().Shapes()
	seen := map[string]bool{}
	for i := range shapes {
		s := &shapes[i]
		key := s.Method + " " + s.Path + s.Body
		for name := range s.Header {
			key += name + s.Header.Get(name)
		}
		seen[key] = true
	}
	t.Logf("%d shapes, %d differ", len(shapes), len(seen))
	require.GreaterOrEqual(t, len(seen), 500)
}

func TestNormaliseKeepsWhatTells(t *testing.T) {
	a := Answer{Status: 404, Header: http.Header{"Last-Modified": {"Fri, 27 Nov 2026 03:00:00 GMT"}}, Body: `{"id":"0190b1a8-0000-7000-8000-000000000000","total":3,"at":"2026-11-27T03:00:00.123Z"}`}
	b := a
	b.Body = `{"id":"0190b1a8-0000-7000-8000-000000000001","total":3,"at":"2026-11-27T03:00:01Z"}`
	assert.Equal(t, Normalise(&a), Normalise(&b))
	b.Body = `{"id":"0190b1a8-0000-7000-8000-000000000001","total":4,"at":"2026-11-27T03:00:01Z"}`
	assert.NotEqual(t, Normalise(&a), Normalise(&b))
	b = a
	b.Status = 403
	assert.NotEqual(t, Normalise(&a), Normalise(&b))
}
