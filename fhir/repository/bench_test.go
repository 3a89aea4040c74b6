package repository

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// onDisk is a Repository on the disk, durable as a server's.
func onDisk(b *testing.B) *Repository {
	st, err := embedded.Open(b.TempDir(), embedded.Options{})
	require.NoError(b, err)
	r, err := New(options(st))
	require.NoError(b, err)
	b.Cleanup(func() {
		require.NoError(b, r.Close())
		require.NoError(b, st.Close())
	})
	return r
}

func parsed(b *testing.B, text []byte) *element.Resource {
	res, err := element.ParseJSON(spec.R4(), text, element.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return res
}

// BenchmarkCreate: parse, validate, index and durably commit one patient, 64 at a time.
func BenchmarkCreate(b *testing.B) {
	r := onDisk(b)
	g := synthetic.New(1)
	texts := make([][]byte, 1000)
	for i := range texts {
		texts[i] = g.Local(i).JSON
	}
	b.SetParallelism(32)
	b.SetBytes(int64(len(texts[0])))
	var n atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			res := parsed(b, texts[n.Add(1)%1000])
			if _, err := r.Create(ctx, "Patient", res, Conditions{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

// BenchmarkRead reads by id.
func BenchmarkRead(b *testing.B) {
	r := onDisk(b)
	g := synthetic.New(1)
	for i := range 1000 {
		p := g.Local(i)
		if _, err := r.Update(ctx, "Patient", p.ID, parsed(b, p.JSON), Conditions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := r.Read(ctx, "Patient", fmt.Sprintf("p-%06d", i%1000)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkTransaction posts 1,000 resources with references among them, parsing included.
func BenchmarkTransaction(b *testing.B) {
	r := onDisk(b)
	g := synthetic.New(1)
	var texts []synthetic.Resource
	for i := 0; len(texts) < 1000; i++ {
		texts = append(texts, g.Record(i, 10)...)
	}
	texts = texts[:1000]
	b.ReportAllocs()
	for b.Loop() {
		entries := make([]BundleEntry, len(texts))
		for i, text := range texts {
			entries[i] = BundleEntry{FullURL: testBase + "/" + text.Type + "/" + text.ID, Method: "POST", URL: text.Type, Resource: parsed(b, text.JSON)}
		}
		if _, err := r.Transaction(ctx, entries, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(texts))/b.Elapsed().Seconds(), "resources/s")
}

// BenchmarkConditionalCreate: each patient is asked for by identifier first, 64 at a time; half are there already.
func BenchmarkConditionalCreate(b *testing.B) {
	r := onDisk(b)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			name := fmt.Sprint("n", n.Add(1)/2)
			res := parsed(b, []byte(patient("", name)))
			if _, err := r.Create(ctx, "Patient", res, Conditions{IfNoneExist: "identifier=urn:test|" + name}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "creates/s")
}

// BenchmarkEverything reads the record of one patient among a thousand.
func BenchmarkEverything(b *testing.B) {
	r := onDisk(b)
	g := synthetic.New(1)
	for i := range 1000 {
		var entries []BundleEntry
		for _, x := range g.Record(i, 10) {
			entries = append(entries, BundleEntry{Method: "PUT", URL: x.Type + "/" + x.ID, Resource: parsed(b, x.JSON)})
		}
		if _, err := r.Transaction(ctx, entries, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		page, err := r.Everything(ctx, fmt.Sprintf("p-%06d", i%1000), EverythingQuery{})
		if err != nil || len(page.Matches) < 2 {
			b.Fatal(err, len(page.Matches))
		}
		i++
	}
}
