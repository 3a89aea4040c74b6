package scope

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store/embedded"
)

var interactions = []repository.Interaction{
	repository.Read, repository.VRead, repository.Create, repository.Update, repository.Patch, repository.Delete, repository.HistoryInstance, repository.HistoryType,
	repository.HistorySystem, repository.SearchType, repository.SearchSystem, repository.Transaction, repository.Batch, repository.Operation,
}

func TestPermits(t *testing.T) {
	for _, c := range []struct {
		scopes, typ string
		what        string // those permitted, in the order of interactions
	}{
		{"", "Observation", "transaction batch"},
		{"openid launch/patient", "", "transaction batch"},
		{"user/Observation.c", "Observation", "create transaction batch"},
		{"user/Observation.r", "Observation", "read vread history-instance transaction batch operation"},
		{"user/Observation.u", "Observation", "update patch transaction batch"},
		{"user/Observation.d", "Observation", "delete transaction batch"},
		{"user/Observation.s", "Observation", "history-type history-system search-type search-system transaction batch"},
		{"user/Observation.cruds", "Patient", "transaction batch"},
		{"user/Observation.r", "", "read vread history-instance transaction batch operation"},
		{"user/*.rs", "Patient", "read vread history-instance history-type history-system search-type search-system transaction batch operation"},
		{"patient/*.cruds", "Organization", "read vread history-instance history-type history-system search-type search-system transaction batch operation"},
		{"system/*.c patient/*.rs", "Organization", "read vread create history-instance history-type history-system search-type search-system transaction batch operation"},
		{"patient/Observation.rd", "Observation", "read vread delete history-instance transaction batch operation"},
	} {
		var permitted []string
		for _, what := range interactions {
			if parse(t, c.scopes).Permits(what, c.typ) {
				permitted = append(permitted, string(what))
			}
		}
		require.Equal(t, c.what, strings.Join(permitted, " "), "%s on %s", c.scopes, c.typ)
	}
	require.False(t, parse(t, "system/*.cruds").Permits("an interaction of tomorrow", "Patient"))
}

// world is a repository on the real store, with resources of two patients and of nobody.
type world struct {
	repo     *repository.Repository
	store    *embedded.Store
	registry *search.Registry
	engine   *search.Engine
	all      []*element.Resource
}

const resources = `
{"resourceType":"Patient","id":"a"}
{"resourceType":"Patient","id":"b","link":[{"other":{"reference":"Patient/a"},"type":"seealso"}]}
{"resourceType":"Practitioner","id":"dr"}
{"resourceType":"Organization","id":"org","name":"Org"}
{"resourceType":"Observation","id":"a-lab","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"urn:cat","code":"lab"}]}],"subject":{"reference":"Patient/a"}}
{"resourceType":"Observation","id":"a-vital","status":"preliminary","code":{"text":"x"},"category":[{"coding":[{"system":"urn:cat","code":"vital"}]}],"subject":{"reference":"Patient/a"}}
{"resourceType":"Observation","id":"b-lab","status":"final","code":{"text":"x"},"category":[{"coding":[{"system":"urn:cat","code":"lab"}]}],"subject":{"reference":"Patient/b"},"performer":[{"reference":"Patient/a"}]}
{"resourceType":"Observation","id":"none","status":"final","code":{"text":"x"}}
{"resourceType":"Task","id":"a-task","status":"draft","intent":"order","for":{"reference":"Patient/a"}}
{"resourceType":"Task","id":"b-task","status":"draft","intent":"order","for":{"reference":"Patient/b"},"requester":{"reference":"Patient/a"}}
{"resourceType":"Device","id":"a-device","patient":{"reference":"Patient/a"}}
{"resourceType":"Device","id":"b-device","patient":{"reference":"Patient/b"}}
{"resourceType":"Device","id":"no-device"}
{"resourceType":"Binary","id":"a-binary","contentType":"text/plain","securityContext":{"reference":"Patient/a"}}
{"resourceType":"Binary","id":"b-binary","contentType":"text/plain","securityContext":{"reference":"Patient/b"}}
{"resourceType":"Binary","id":"free","contentType":"text/plain"}
{"resourceType":"Appointment","id":"a-visit","status":"proposed","participant":[{"status":"accepted","actor":{"reference":"Patient/a"}}]}
{"resourceType":"Bundle","id":"bundle","type":"collection"}
`

func newWorld(t testing.TB) *world {
	t.Helper()
	st, err := embedded.Open("data", embedded.Options{FS: vfs.NewMem(), NoSync: true})
	require.NoError(t, err)
	w := &world{store: st, registry: search.NewRegistry(search.RegistryOptions{BaseURL: "http://test/fhir"})}
	w.engine = search.NewEngine(w.registry, search.EngineOptions{})
	w.repo, err = repository.New(repository.Options{
		Definitions: spec.R4(), Store: st, Registry: w.registry, Engine: w.engine, Validator: validate.New(spec.R4()), BaseURL: "http://test/fhir",
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.repo.Close()); require.NoError(t, st.Close()) })
	for _, line := range strings.Split(strings.TrimSpace(resources), "\n") {
		res, err := element.ParseJSON(spec.R4(), []byte(line), element.Options{})
		require.NoError(t, err)
		w.all = append(w.all, res)
		kept, err := element.ParseJSON(spec.R4(), []byte(line), element.Options{})
		require.NoError(t, err)
		_, err = w.repo.Update(context.Background(), kept.Type(), kept.ID(), kept, repository.Conditions{})
		require.NoError(t, err)
	}
	return w
}

// of gives the ids that the condition leaves, by the engine over its index.
func (w *world) of(t testing.TB, typ string, condition search.Expr) []string {
	t.Helper()
	if condition == nil {
		condition = search.And{}
	}
	view, err := w.store.View(0)
	require.NoError(t, err)
	defer view.Close()
	found, err := w.engine.Find(context.Background(), view, typ, condition, 100, search.Budget{})
	require.NoError(t, err)
	ids := []string{}
	for _, rec := range found {
		ids = append(ids, rec.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestRestrict(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		scopes, typ string
		what        repository.Interaction
		ids         string
	}{
		{"patient/*.rs", "Patient", repository.Read, "a"}, // b, which links to a, is another record
		{"patient/*.rs", "Observation", repository.SearchType, "a-lab a-vital b-lab"},
		{"patient/*.rs", "Practitioner", repository.Read, "dr"},
		{"patient/*.rs", "Task", repository.Read, "a-task"},
		{"patient/*.rs", "Device", repository.Read, "a-device no-device"},
		{"patient/*.rs", "Appointment", repository.Read, "a-visit"},
		{"patient/*.rs", "Bundle", repository.Read, ""},
		{"patient/*.cruds", "Observation", repository.Update, "a-lab a-vital"}, // b-lab is in the compartment, by its performer, and about b
		{"patient/*.cruds", "Device", repository.Delete, "a-device"},
		{"patient/*.cruds", "Organization", repository.Update, ""},
		{"patient/*.cruds", "Appointment", repository.Update, "a-visit"},
		{"patient/*.rs", "Observation", repository.Update, ""},
		{"patient/Observation.s", "Observation", repository.Read, ""},
		{"patient/Observation.rs?category=urn:cat|lab", "Observation", repository.Read, "a-lab b-lab"},
		{"patient/Observation.rs?category=urn:cat|lab&status=preliminary", "Observation", repository.Read, ""},
		{"patient/Observation.rs?category=lab,vital", "Observation", repository.Read, "a-lab a-vital b-lab"},
		{"patient/Observation.rs?category=urn:cat|vital user/Observation.r?status=final", "Observation", repository.Read, "a-lab a-vital b-lab none"},
		{"patient/Observation.rs?category=urn:cat|vital user/Observation.r?status=final", "Observation", repository.SearchType, "a-vital"},
		{"user/Observation.rs?status:not=final", "Observation", repository.Read, "a-vital"},
		{"user/Observation.rs", "Observation", repository.Read, "a-lab a-vital b-lab none"},
		{"system/*.rs?_id=none", "Observation", repository.Read, "none"},
		{"user/Observation.rs?no-such=x", "Observation", repository.Read, ""},                                          // never widened
		{"user/Observation.rs?patient.name=x", "Observation", repository.Read, ""},                                     // a chain
		{"user/Observation.rs?_has:Provenance:target:agent=x", "Observation", repository.Read, ""},                     // resources beyond
		{"user/Observation.rs?_count=5", "Observation", repository.Read, ""},                                           // no criterion
		{"user/Observation.rs?no-such=x patient/Observation.r", "Observation", repository.Read, "a-lab a-vital b-lab"}, // others stand
		{"", "Observation", repository.Read, ""},
	} {
		condition, err := parse(t, c.scopes).Restrict(w.registry, c.typ, "a", c.what)
		require.NoError(t, err)
		require.Equal(t, c.ids, strings.Join(w.of(t, c.typ, condition), " "), "%s %s %s", c.scopes, c.what, c.typ)
	}
	for _, patient := range []string{"", "a,b", "a b", "../b", strings.Repeat("a", 65)} {
		condition, err := parse(t, "patient/*.cruds").Restrict(w.registry, "Organization", patient, repository.Read)
		require.NoError(t, err)
		require.Equal(t, search.Or{}, condition, "scopes of patient/ permit nothing without a patient")
	}
	condition, err := parse(t, "user/*.rs patient/*.rs").Restrict(w.registry, "Observation", "", repository.Read)
	require.NoError(t, err)
	require.Nil(t, condition)
	_, err = parse(t, "user/*.rs").Restrict(w.registry, "Car", "", repository.Read)
	require.Equal(t, 404, fault.From(err).Status)
}

// What a write is judged by is what a search finds: the matcher and the engine agree on every condition that scopes set.
func TestChangeAgreesWithTheEngine(t *testing.T) {
	w := newWorld(t)
	queries := []string{"", "?_id=a-lab", "?_lastUpdated=gt2020", "?_tag=urn:none"}
	rapid.Check(t, func(rt *rapid.T) {
		var words []string
		for range rapid.IntRange(1, 3).Draw(rt, "n") {
			words = append(words, fmt.Sprintf("%s/%s.%s%s", rapid.SampledFrom(contexts).Draw(rt, "context"), rapid.SampledFrom([]string{Any, "Observation", "Task", "Device"}).Draw(rt, "type"),
				rapid.SampledFrom([]string{"cud", "u", "rs", "d"}).Draw(rt, "letters"), rapid.SampledFrom(queries[:2]).Draw(rt, "query")))
		}
		s := parse(t, strings.Join(words, " "))
		what := rapid.SampledFrom([]repository.Interaction{repository.Create, repository.Update, repository.Patch, repository.Delete}).Draw(rt, "what")
		res := rapid.SampledFrom(w.all).Draw(rt, "resource")
		if res.Type() == "Binary" {
			return // judged by its securityContext: see TestChange
		}
		condition, err := s.Restrict(w.registry, res.Type(), "a", what)
		require.NoError(rt, err)
		found := slices.Contains(w.of(t, res.Type(), condition), res.ID())
		err = s.Change(w.registry, "a", what, nil, res.Root)
		require.Equal(rt, found, err == nil, "%s %s %s/%s", s, what, res.Type(), res.ID())
		require.Equal(rt, err == nil, s.Change(w.registry, "a", what, res.Root, nil) == nil)
	})
}

func TestChange(t *testing.T) {
	w := newWorld(t)
	get := func(id string) *element.Element {
		for _, res := range w.all {
			if res.ID() == id {
				return res.Root
			}
		}
		t.Fatal(id)
		return nil
	}
	for _, c := range []struct {
		scopes        string
		what          repository.Interaction
		before, after string
		permitted     bool
	}{
		{"patient/Observation.cud", repository.Create, "", "a-lab", true},
		{"patient/Observation.cud", repository.Create, "", "b-lab", false},
		{"patient/Observation.cud", repository.Create, "", "none", false},
		{"patient/Observation.u", repository.Create, "", "a-lab", false},
		{"patient/Observation.u", repository.Update, "", "a-lab", true}, // an update that creates
		{"patient/Observation.u", repository.Update, "a-lab", "b-lab", false},
		{"patient/Observation.u", repository.Update, "b-lab", "a-lab", false}, // taking somebody else's
		{"patient/Observation.u", repository.Delete, "a-lab", "", false},
		{"patient/Observation.d", repository.Delete, "a-lab", "", true},
		{"user/Observation.u?status=preliminary", repository.Update, "a-vital", "a-lab", false}, // out of what the scope is about
		{"user/Observation.u?status=preliminary", repository.Update, "a-lab", "a-vital", false}, // into it
		{"user/Observation.u?status=preliminary", repository.Patch, "a-vital", "a-vital", true},
		{"patient/*.cud", repository.Create, "", "b", false}, // a new Patient is never the launch patient
		{"patient/*.cud", repository.Update, "a", "a", true},
		{"patient/*.cud", repository.Create, "", "org", false},
		{"patient/*.cud", repository.Create, "", "a-binary", true},
		{"patient/*.cud", repository.Create, "", "b-binary", false},
		{"patient/*.cud", repository.Create, "", "free", false},
		{"user/Binary.c", repository.Create, "", "free", true},
		{"patient/Binary.rs", repository.Create, "", "a-binary", false},
	} {
		var before, after *element.Element
		if c.before != "" {
			before = get(c.before)
		}
		if c.after != "" {
			after = get(c.after)
		}
		err := parse(t, c.scopes).Change(w.registry, "a", c.what, before, after)
		require.Equal(t, c.permitted, err == nil, "%+v", c)
		if err != nil {
			require.Equal(t, 403, fault.From(err).Status)
		}
	}
}

func TestSupported(t *testing.T) {
	w := newWorld(t)
	s, refused := parse(t, "patient/Observation.rs?category=lab patient/Observation.rs?colour=red user/Car.read system/*.rs?_tag=urn:x|y system/*.rs?category=lab user/Observation.r?patient.name=x openid email").Supported(w.registry)
	require.Equal(t, "patient/Observation.rs?category=lab system/*.rs?_tag=urn:x|y openid", s.String())
	require.Equal(t, []string{"email", "patient/Observation.rs?colour=red", "user/Car.read", "user/Observation.r?patient.name=x", "system/*.rs?category=lab"}, sortedAs(refused,
		"email", "patient/Observation.rs?colour=red", "user/Car.read", "user/Observation.r?patient.name=x", "system/*.rs?category=lab"))
}

// sortedAs puts the words into the order given; words that it does not name stay at the end.
func sortedAs(words []string, order ...string) []string {
	out := slices.Clone(words)
	place := func(w string) int {
		if i := slices.Index(order, w); i >= 0 {
			return i
		}
		return len(order)
	}
	slices.SortStableFunc(out, func(a, b string) int { return place(a) - place(b) })
	return out
}

func BenchmarkRestrict(b *testing.B) {
	registry := search.NewRegistry(search.RegistryOptions{BaseURL: "http://test/fhir"})
	for name, text := range map[string]string{"plain": "patient/*.rs launch/patient", "query": "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory"} {
		s := parse(b, text)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Restrict(registry, "Observation", "a", repository.Read); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
