package repository

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sort"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

const (
	uuid1 = "urn:uuid:11111111-1111-4111-8111-111111111111"
	uuid2 = "urn:uuid:22222222-2222-4222-8222-222222222222"
)

func (s *server) entry(method, url, text string) BundleEntry {
	s.t.Helper()
	e := BundleEntry{Method: method, URL: url}
	if text != "" {
		e.Resource = parse(s.t, text)
	}
	return e
}

func (s *server) named(fullURL, method, url, text string) BundleEntry {
	s.t.Helper()
	e := s.entry(method, url, text)
	e.FullURL = fullURL
	return e
}

func subject(t testing.TB, rec *store.Record) string {
	t.Helper()
	return body(t, rec)["subject"].(map[string]any)["reference"].(string)
}

func TestTransactionResolvesLinks(t *testing.T) {
	s := newServer(t)
	s.put(patient("known", "known"))
	narrative := `{"resourceType":"DocumentReference","status":"current","subject":{"reference":"Patient?identifier=urn:test|known"},
		"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"` + uuid1 + `\">see</a> <b>1.0</b></div>"},
		"relatesTo":[{"code":"replaces","target":{"reference":"` + uuid2 + `"}}],
		"content":[{"attachment":{"url":"` + uuid1 + `"}}]}`
	results, err := s.Transaction(ctx, []BundleEntry{
		s.named("https://other.test/fhir/Observation/7", "POST", "Observation", observation(uuid1)),
		s.named("https://other.test/fhir/Observation/8", "POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"hasMember":[{"reference":"Observation/7"}],"subject":{"reference":"https://other.test/fhir/Observation/7"}}`),
		s.named(uuid2, "POST", "DocumentReference", strings.ReplaceAll(narrative, uuid2, "#self")),
		s.named("urn:oid:1.2.3", "POST", "DocumentReference", narrative),
		s.named(uuid1, "PUT", "Patient/p1", patient("p1", "new")),
	}, nil)
	// "https://other.test/fhir/Observation/7" as a subject is an Observation: reference targets are judged on what links become.
	require.Error(t, err)
	require.Empty(t, results)
	require.Contains(t, err.Error(), "Bundle.entry[1].resource.subject")

	results, err = s.Transaction(ctx, []BundleEntry{
		s.named("https://other.test/fhir/Observation/7", "POST", "Observation", observation(uuid1)),
		s.named("https://other.test/fhir/Observation/8", "POST", "Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"hasMember":[{"reference":"Observation/7"}],"derivedFrom":[{"reference":"https://other.test/fhir/Observation/7"}]}`),
		s.named(uuid2, "POST", "DocumentReference", strings.Replace(narrative, `"relatesTo":[{"code":"replaces","target":{"reference":"`+uuid2+`"}}],`, "", 1)),
		s.named("urn:oid:1.2.3", "POST", "DocumentReference", narrative),
		s.named(uuid1, "PUT", "Patient/p1", patient("p1", "new")),
	}, nil)
	require.NoError(t, err)
	for i, r := range results {
		require.Equal(t, 201, r.Status, i)
		require.Equal(t, fmt.Sprintf("%s/%s/_history/1", r.Record.Type, r.Record.ID), r.Location)
		require.Equal(t, results[0].LastModified, r.LastModified, "one commit")
	}
	require.Equal(t, "Patient/p1", subject(t, results[0].Record))
	second := string(results[1].Record.Body)
	require.Equal(t, 2, strings.Count(second, `"Observation/`+results[0].Record.ID+`"`), second)
	fourth := string(results[3].Record.Body)
	require.Contains(t, fourth, `<a href=\"Patient/p1\">see</a> <b>1.0</b>`)
	require.Contains(t, fourth, `"url":"Patient/p1"`)
	require.Contains(t, fourth, `"reference":"Patient/known"`)
	require.Contains(t, fourth, `"reference":"DocumentReference/`+results[2].Record.ID+`"`)
	require.Contains(t, string(results[0].Record.Body), "61.50")
	require.Equal(t, []string{results[0].Record.ID}, s.search("Observation", "subject=Patient/p1"))
}

// Interactions take effect in the order of the rules, whatever their order in the bundle; results come in the order of the bundle.
func TestTransactionOrder(t *testing.T) {
	s := newServer(t)
	s.put(patient("old", "one"))
	var readAt atomic.Int64
	get := func(_ context.Context, e *BundleEntry, at store.Time) (*EntryResult, error) {
		readAt.Store(int64(at))
		rec, err := s.ReadAt(ctx, "Patient", strings.TrimPrefix(e.URL, "Patient/"), at)
		if err != nil {
			return nil, err
		}
		return &EntryResult{Status: 200, Payload: rec.Body}, nil
	}
	create := s.entry("POST", "Patient", patient("", "one"))
	create.IfNoneExist = "identifier=urn:test|one"
	results, err := s.Transaction(ctx, []BundleEntry{
		s.entry("GET", "Patient/fresh", ""),
		s.entry("GET", "Patient/nobody", ""),
		s.entry("PUT", "Patient/fresh", patient("fresh", "two")),
		create,
		s.entry("DELETE", "Patient/old", ""),
		s.entry("DELETE", "Patient/never", ""),
	}, get)
	require.NoError(t, err)
	var statuses []int
	for _, r := range results {
		statuses = append(statuses, r.Status)
	}
	require.Equal(t, []int{200, 404, 201, 201, 204, 204}, statuses, "the deletion made the condition of the create true")
	require.Contains(t, string(results[0].Payload), `"two"`)
	require.EqualValues(t, results[2].Record.Time, readAt.Load())
	require.Len(t, s.search("Patient", ""), 2)
}

func TestTransactionRefusals(t *testing.T) {
	conditional := func(e BundleEntry, query string) BundleEntry {
		e.IfNoneExist = query
		return e
	}
	for name, c := range map[string]struct {
		entries func(s *server) []BundleEntry
		status  int
		at      string
	}{
		"same resource twice": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("PUT", "Patient/p1", patient("p1", "a")), s.entry("PUT", "Patient/p1", patient("p1", "b"))}
		}, 400, "Bundle.entry[1].request.url"},
		"same resource by condition": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("DELETE", "Patient/one", ""), s.entry("PUT", "Patient/one", patient("one", "b"))}
		}, 400, "Bundle.entry[1].request.url"},
		"update of what the transaction creates": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("PUT", "Patient?identifier=urn:test|new", patient("", "new")), s.entry("POST", "Patient", patient("", "new"))}
		}, 400, "Bundle.entry[0].request.url"},
		"several matches": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Patient", patient("", "x")), conditional(s.entry("POST", "Patient", patient("", "b")), "identifier=urn:test|")}
		}, 412, "Bundle.entry[1]"},
		"conditional reference to nothing": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Observation", observation("Patient?identifier=urn:test|nobody"))}
		}, 412, "Bundle.entry[0].resource.subject.reference"},
		"conditional reference to several": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Observation", observation("Patient?identifier=urn:test|one")), s.entry("POST", "Patient", patient("", "one"))}
		}, 412, "Bundle.entry[0].resource.subject.reference"},
		"conditional reference to what is deleted": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Observation", observation("Patient?identifier=urn:test|one")), s.entry("DELETE", "Patient/one", "")}
		}, 412, "Bundle.entry[0].resource.subject.reference"},
		"last entry invalid": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Patient", patient("", "x")), s.entry("DELETE", "Patient/one", ""), s.entry("POST", "Patient", `{"resourceType":"Patient","gender":"none"}`)}
		}, 422, "Bundle.entry[2].resource.gender"},
		"last entry's version": {func(s *server) []BundleEntry {
			e := s.entry("PUT", "Patient/one", patient("one", "x"))
			e.IfMatch = `W/"9"`
			return []BundleEntry{s.entry("POST", "Patient", patient("", "x")), e}
		}, 412, "Bundle.entry[1]"},
		"patch of nothing": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "Patient", patient("", "x")), s.entry("PATCH", "Patient/nobody", `{"resourceType":"Parameters"}`)}
		}, 404, "Bundle.entry[1]"},
		"same fullUrl": {func(s *server) []BundleEntry {
			return []BundleEntry{s.named(uuid1, "POST", "Patient", patient("", "x")), s.named(uuid1, "POST", "Patient", patient("", "y"))}
		}, 400, "Bundle.entry[1].fullUrl"},
		"foreign URL": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("POST", "https://other.test/fhir/Patient", patient("", "x"))}
		}, 400, "Bundle.entry[0].request.url"},
		"unknown method": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("TRACE", "Patient", patient("", "x"))}
		}, 400, "Bundle.entry[0].request.method"},
		"bad If-Match": {func(s *server) []BundleEntry {
			e := s.entry("PUT", "Patient/one", patient("one", "x"))
			e.IfMatch = `W/"a"`
			return []BundleEntry{e}
		}, 400, "Bundle.entry[0].request.ifMatch"},
		"no resource": {func(s *server) []BundleEntry {
			return []BundleEntry{s.entry("PUT", "Patient/one", "")}
		}, 400, "Bundle.entry[0].resource"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t)
			s.put(patient("one", "one"))
			before := s.st.Head()
			_, err := s.Transaction(ctx, c.entries(s), nil)
			require.Equal(t, c.at, refused(t, err, c.status).Issues[0].Expression)
			require.Equal(t, before, s.st.Head(), "nothing was committed")
			require.Equal(t, []string{"one"}, s.search("Patient", ""))
			require.Empty(t, s.search("Observation", ""))
		})
	}
}

func TestTransactionConditions(t *testing.T) {
	s := newServer(t)
	s.put(patient("one", "one"))
	conditional := func(fullURL, name string) BundleEntry {
		e := s.named(fullURL, "POST", "Patient", patient("", name))
		e.IfNoneExist = "identifier=urn:test|" + name
		return e
	}
	results, err := s.Transaction(ctx, []BundleEntry{
		conditional(uuid1, "one"),
		conditional(uuid2, "two"),
		conditional("urn:oid:1.2.3", "two"),
		s.entry("POST", "Observation", observation(uuid1)),
		s.entry("POST", "Observation", observation(uuid2)),
		s.entry("POST", "Observation", observation("urn:oid:1.2.3")),
		s.entry("POST", "Observation", observation("Patient?identifier=urn:test|two")),
		s.entry("PUT", "Patient?identifier=urn:test|three", patient("", "three")),
		s.entry("DELETE", "Patient?identifier=urn:test|nobody", ""),
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 200, results[0].Status)
	require.Equal(t, "one", results[0].Record.ID)
	require.Equal(t, 201, results[1].Status)
	require.Equal(t, 200, results[2].Status, "the transaction's own creation matches")
	require.Equal(t, results[1].Location, results[2].Location)
	require.Equal(t, "Patient/one", subject(t, results[3].Record))
	for i := 4; i < 7; i++ {
		require.Equal(t, "Patient/"+results[1].Record.ID, subject(t, results[i].Record))
	}
	require.Equal(t, 201, results[7].Status)
	require.Equal(t, 204, results[8].Status)
	require.Len(t, s.search("Patient", ""), 3)
}

func TestTransactionPatch(t *testing.T) {
	s := newServer(t)
	s.put(patient("one", "one"))
	results, err := s.Transaction(ctx, []BundleEntry{
		s.entry("PATCH", "Patient/one", `{"resourceType":"Binary","contentType":"application/json-patch+json","data":"W3sib3AiOiJyZXBsYWNlIiwicGF0aCI6Ii9uYW1lLzAvZmFtaWx5IiwidmFsdWUiOiJ0d28ifV0="}`),
		s.entry("PUT", "Patient/two", patient("two", "two")),
	}, nil)
	require.NoError(t, err)
	require.Equal(t, 200, results[0].Status)
	require.EqualValues(t, 2, results[0].Version)
	require.Equal(t, []string{"two", "one"}, s.search("Patient", "family=two"))
}

func TestTransactionOfIdenticalUpdates(t *testing.T) {
	s := newServer(t)
	s.put(patient("one", "one"))
	head := s.st.Head()
	results, err := s.Transaction(ctx, []BundleEntry{s.entry("PUT", "Patient/one", patient("one", "one"))}, nil)
	require.NoError(t, err)
	require.Equal(t, 200, results[0].Status)
	require.EqualValues(t, 1, results[0].Version)
	require.Equal(t, head, s.st.Head())
}

func TestBatchGivesEachItsOwn(t *testing.T) {
	s := newServer(t)
	s.put(patient("one", "one"))
	results, err := s.Batch(ctx, []BundleEntry{
		s.entry("POST", "Patient", patient("", "x")),
		s.entry("POST", "Patient", `{"resourceType":"Patient","gender":"none"}`),
		s.entry("DELETE", "Patient/one", ""),
		s.entry("PUT", "Elephant/one", patient("one", "x")),
		s.entry("GET", "Patient/one", ""),
	}, func(context.Context, *BundleEntry, store.Time) (*EntryResult, error) {
		return nil, fault.New(http.StatusGone, fault.Deleted, "Gone.")
	})
	require.NoError(t, err)
	var statuses []int
	for _, r := range results {
		statuses = append(statuses, r.Status)
	}
	require.Equal(t, []int{201, 422, 204, 404, 410}, statuses)
	require.Equal(t, "Bundle.entry[1].resource.gender", results[1].Fault.Issues[0].Expression)
	require.Len(t, s.search("Patient", ""), 1)
}

// One bundle is many requests: the same random independent interactions leave the same resources, done one by one, as a batch or as a transaction.
func TestOneBundleIsManyRequests(t *testing.T) {
	for seed := range uint64(10) {
		counter := func() func(*Options) {
			return func(o *Options) {
				// Ids by content would hide a lost create, so they are given in sequence and left out of the comparison.
				n := 0
				o.NewID = func() string { n++; return fmt.Sprintf("new-%d", n) }
			}
		}
		single, batch, transaction := newServer(t), newServer(t), newServer(t, counter())
		for _, s := range []*server{single, batch, transaction} {
			for i := range 6 {
				s.put(patient(fmt.Sprintf("p%d", i), fmt.Sprintf("f%d", i)))
			}
		}
		var alone []int
		for _, e := range randomEntries(single, seed) {
			o, err := single.understand(ctx, 0, &e)
			require.NoError(t, err)
			w, err := single.alone(ctx, o)
			require.NoError(t, err)
			alone = append(alone, w.Status)
		}
		viaBatch, err := batch.Batch(ctx, randomEntries(batch, seed), nil)
		require.NoError(t, err)
		for i, r := range viaBatch {
			if r.Fault != nil {
				require.NotEqual(t, 500, r.Status, "entry %d: %v", i, r.Fault.Cause)
			}
		}
		viaTx, err := transaction.Transaction(ctx, randomEntries(transaction, seed), nil)
		require.NoError(t, err)
		for i := range alone {
			require.Equal(t, alone[i], viaBatch[i].Status, "seed %d entry %d", seed, i)
			require.Equal(t, alone[i], viaTx[i].Status, "seed %d entry %d", seed, i)
		}
		want := single.contents()
		require.Equal(t, want, batch.contents(), "seed %d", seed)
		require.Equal(t, want, transaction.contents(), "seed %d", seed)
	}
}

// randomEntries makes interactions that do not depend on each other: each is about its own patient.
func randomEntries(s *server, seed uint64) []BundleEntry {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var out []BundleEntry
	for i := range 8 {
		id, old, name := fmt.Sprintf("p%d", i), fmt.Sprintf("f%d", i), fmt.Sprintf("g%d-%d", i, seed)
		switch rnd.IntN(7) {
		case 0:
			out = append(out, s.entry("PUT", "Patient/"+id, patient(id, name)))
		case 1:
			out = append(out, s.entry("DELETE", "Patient/"+id, ""))
		case 2:
			out = append(out, s.entry("POST", "Patient", patient("", name)))
		case 3:
			e := s.entry("POST", "Patient", patient("", old))
			e.IfNoneExist = "identifier=urn:test|" + old
			out = append(out, e)
		case 4:
			out = append(out, s.entry("PUT", "Patient?identifier=urn:test|"+old, strings.Replace(patient("", old), `{"family"`, `{"use":"old","family"`, 1)))
		case 5:
			out = append(out, s.entry("DELETE", "Patient?identifier=urn:test|"+old, ""))
		case 6:
			out = append(out, s.entry("PUT", "Patient/"+id, patient(id, old)))
		}
	}
	return out
}

// contents gives all resources without what the server decides, sorted.
func (s *server) contents() []string {
	s.t.Helper()
	page, err := s.Search(ctx, s.query("Patient", ""), 0, search.Page{Count: 1000})
	require.NoError(s.t, err)
	var out []string
	for _, rec := range page.Matches {
		m := body(s.t, rec)
		version := m["meta"].(map[string]any)["versionId"]
		delete(m, "meta")
		if id := m["id"].(string); len(id) > 3 {
			delete(m, "id")
		}
		text, err := json.Marshal(m)
		require.NoError(s.t, err)
		out = append(out, fmt.Sprint(version, " ", string(text)))
	}
	sort.Strings(out)
	return out
}
