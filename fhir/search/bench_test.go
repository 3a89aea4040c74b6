package search

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store"
)

// benchWorld is a store of n synthetic patients and some of their observations; it is made once for all benchmarks of a size.
var benchWorlds sync.Map

func benchWorld(b *testing.B, n int) *world {
	b.Helper()
	if w, ok := benchWorlds.Load(n); ok {
		return w.(*world)
	}
	w := openWorld(b)
	g := synthetic.New(1)
	var writes []store.Write
	flush := func() {
		_, err := w.store.Commit(context.Background(), &store.Tx{Writes: writes})
		require.NoError(b, err)
		writes = writes[:0]
	}
	add := func(json []byte) {
		res, err := element.ParseJSON(spec.R4(), json, element.Options{Lenient: true})
		require.NoError(b, err)
		entries, err := w.engine.Entries(res.Root)
		require.NoError(b, err)
		writes = append(writes, store.Write{Type: res.Type(), ID: res.ID(), Body: stamped{res.Stamped(res.ID())}, Entries: entries})
		if len(writes) == 500 {
			flush()
		}
	}
	for i := range n {
		add(g.Local(i).JSON)
		add(fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},
			"subject":{"reference":"Patient/p-%06d"},"effectiveDateTime":"20%02d-%02d-%02dT10:00:00Z","valueQuantity":{"value":%d,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}`,
			i, i, i%20, 1+i%12, 1+i%28, 90+i%80))
	}
	flush()
	benchWorlds.Store(n, w)
	return w
}

func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{1_000, 64_000} {
		for _, query := range []string{
			"Patient?gender=female",
			"Patient?gender=female&active=true",
			"Patient?family=martin",
			"Patient?birthdate=ge1980-01-01&birthdate=lt1980-02-01",
			"Patient?birthdate=gt1980",
			"Patient?_sort=birthdate",
			"Patient?_sort=-birthdate,family",
			"Patient?gender=female&_sort=family",
			"Patient?_sort=-_lastUpdated",
			"Observation?subject=Patient/p-000042",
			"Observation?code=http://loinc.org|8480-6&value-quantity=gt165",
			"Observation?patient.gender=female",
			"Patient?_has:Observation:patient:value-quantity=gt168",
			"Observation?code=http://loinc.org|8480-6&_include=Observation:subject",
		} {
			b.Run(fmt.Sprintf("%d/%s", n, query), func(b *testing.B) { benchSearch(b, benchWorld(b, n), query) })
		}
	}
}

func benchSearch(b *testing.B, w *world, text string) {
	w.t = b
	typ, query, _ := strings.Cut(text, "?")
	q := w.parse(typ, query)
	b.ReportAllocs()
	b.ResetTimer()
	before := cpuTime(b)
	defer func() { b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N)/1000, "cpu-µs/op") }()
	for range b.N {
		view, err := w.store.View(0)
		if err != nil {
			b.Fatal(err)
		}
		result, err := w.engine.Search(context.Background(), view, q, Page{Count: 20}, Budget{})
		if err != nil || len(result.Matches) == 0 {
			b.Fatal(err, len(result.Matches))
		}
		view.Close()
	}
}

// cpuTime is what the process has used of the processors, in nanoseconds: on a shared machine it tells more than the clock.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

func BenchmarkEntries(b *testing.B) {
	e := NewEngine(sharedRegistry(), EngineOptions{})
	res, err := element.ParseJSON(spec.R4(), synthetic.New(1).Local(1).JSON, element.Options{})
	require.NoError(b, err)
	b.Run("extract", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e.registry.Extract(res.Root)
		}
	})
	b.Run("extract and encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := e.Entries(res.Root); err != nil {
				b.Fatal(err)
			}
		}
	})
}
