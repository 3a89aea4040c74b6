package repository

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

func dated(id, who, by, day string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"text":"x"},"subject":{"reference":"Patient/%s"},"performer":[{"reference":"Practitioner/%s"}],"effectiveDateTime":%q}`, id, who, by, day)
}

func ids(records []*store.Record) []string {
	out := []string{}
	for _, rec := range records {
		out = append(out, rec.Type+"/"+rec.ID)
	}
	return out
}

func everythingServer(t *testing.T) *server {
	s := newServer(t)
	s.put(`{"resourceType":"Organization","id":"o1","name":"x"}`)
	s.put(`{"resourceType":"Organization","id":"o2","name":"x","partOf":{"reference":"Organization/o1"}}`)
	s.put(`{"resourceType":"Practitioner","id":"d1"}`)
	s.put(`{"resourceType":"Practitioner","id":"d2"}`)
	s.put(`{"resourceType":"Patient","id":"p1","managingOrganization":{"reference":"Organization/o2"},"link":[{"other":{"reference":"Patient/p2"},"type":"seealso"}]}`)
	s.put(`{"resourceType":"Patient","id":"p2"}`)
	s.put(dated("old", "p1", "d1", "2010-05-01"))
	s.put(dated("new", "p1", "d2", "2020-05-01"))
	s.put(dated("other", "p2", "d2", "2020-05-01"))
	s.put(`{"resourceType":"Condition","id":"undated","subject":{"reference":"Patient/p1"}}`)
	return s
}

func TestEverything(t *testing.T) {
	s := everythingServer(t)
	page, err := s.Everything(ctx, "p1", EverythingQuery{})
	require.NoError(t, err)
	require.Equal(t, "Patient/p1", ids(page.Matches)[0])
	require.ElementsMatch(t, []string{"Patient/p1", "Observation/old", "Observation/new", "Condition/undated"}, ids(page.Matches))
	require.ElementsMatch(t, []string{"Practitioner/d1", "Practitioner/d2", "Organization/o1", "Organization/o2"}, ids(page.Included))
	require.Nil(t, page.Next)

	page, err = s.Everything(ctx, "p1", EverythingQuery{Start: "2015", End: "2025-01-01"})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Patient/p1", "Observation/new", "Condition/undated"}, ids(page.Matches))
	require.NotContains(t, ids(page.Included), "Practitioner/d1")

	page, err = s.Everything(ctx, "p1", EverythingQuery{Types: []string{"Observation", "Practitioner"}})
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Observation/old", "Observation/new"}, ids(page.Matches))
	require.ElementsMatch(t, []string{"Practitioner/d1", "Practitioner/d2"}, ids(page.Included))

	page, err = s.Everything(ctx, "p1", EverythingQuery{Since: time.Now().Add(time.Hour)})
	require.NoError(t, err)
	require.Empty(t, page.Matches)

	_, err = s.Everything(ctx, "nobody", EverythingQuery{})
	refused(t, err, 404)
	_, err = s.Everything(ctx, "p1", EverythingQuery{Start: "yesterday"})
	refused(t, err, 400)
	_, err = s.Everything(ctx, "p1", EverythingQuery{Types: []string{"Elephant"}})
	refused(t, err, 400)
}

// Pages of one give what one page gives, each match once, though others write meanwhile.
func TestEverythingPages(t *testing.T) {
	s := everythingServer(t)
	whole, err := s.Everything(ctx, "p1", EverythingQuery{})
	require.NoError(t, err)
	q := EverythingQuery{Count: 1}
	var got []string
	for range 20 {
		page, err := s.Everything(ctx, "p1", q)
		require.NoError(t, err)
		got = append(got, ids(page.Matches)...)
		if page.Next == nil {
			break
		}
		q.T, q.After = page.T, page.Next
		s.put(dated(fmt.Sprintf("late%d", len(got)), "p1", "d1", "2020-01-01"))
	}
	require.ElementsMatch(t, ids(whole.Matches), got)
}
