package access_test

import (
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// bench is a repository with 1,000 people who have 20 documents each, all of whom authorised the doctor "many" and the nurse, and the first of whom authorised the doctor "one".
type bench struct {
	registry *search.Registry
	with     *repository.Repository
	without  *repository.Repository
}

const benchPeople, benchDocuments = 1000, 20

func newBench(b *testing.B) *bench {
	st, err := embedded.Open("bench", embedded.Options{FS: vfs.NewMem(), NoSync: true, CacheSize: 512 << 20, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, st.Close()) })
	defs := spec.R4()
	registry := search.NewRegistry(search.RegistryOptions{Definitions: defs, BaseURL: "http://test/fhir"})
	require.NoError(b, registry.Use(mhd.SearchProfile()))
	require.NoError(b, registry.Use(access.SearchProfile()))
	o := repository.Options{Definitions: defs, Store: st, Registry: registry, Engine: search.NewEngine(registry, search.EngineOptions{}), Validator: validate.New(defs), BaseURL: "http://test/fhir"}
	without, err := repository.New(o)
	require.NoError(b, err)
	engine, err := habilitation.New(habilitation.Options{})
	require.NoError(b, err)
	a, err := access.New(access.Options{Engine: engine, Registry: registry, Store: st})
	require.NoError(b, err)
	o.Access = a
	with, err := repository.New(o)
	require.NoError(b, err)
	a.Bind(with)
	b.Cleanup(func() { require.NoError(b, with.Close()); require.NoError(b, without.Close()) })
	w := &bench{registry: registry, with: with, without: without}
	w.fill(b)
	return w
}

func (w *bench) fill(b *testing.B) {
	var entries []repository.BundleEntry
	put := func(text string) {
		res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{})
		require.NoError(b, err, text)
		entries = append(entries, repository.BundleEntry{Method: "PUT", URL: res.Type() + "/" + res.ID(), Resource: res})
	}
	flush := func() {
		_, err := w.without.Transaction(b.Context(), entries, nil)
		require.NoError(b, err)
		entries = nil
	}
	grant := func(id, patient, who string) {
		put(consentJSON(id, patient, access.CategoryCareTeam, "permit", fmt.Sprintf(
			`,"actor":[{"role":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType","code":"IRCP"}]},"reference":{"identifier":{"system":%q,"value":%q}}}]`, rpps, who)))
	}
	types := []string{"11502-2", "96349-6", "34112-3", "11488-4", "18748-4"}
	for p := range benchPeople {
		patient := fmt.Sprintf("p%d", p)
		put(fmt.Sprintf(`{"resourceType":"Patient","id":%q,"active":true,"identifier":[{"system":%q,"value":"%015d"}],"birthDate":"1960-01-01"}`, patient, insNIR, p))
		grant("c-many-"+patient, patient, "899700000001")
		grant("c-nurse-"+patient, patient, nurseID)
		if p == 0 {
			grant("c-one", patient, "899700000002")
		}
		for d := range benchDocuments {
			label := "N"
			if d == 7 {
				label = "MASQUE_PS"
			}
			put(fmt.Sprintf(`{"resourceType":"DocumentReference","id":"d-%d-%d","status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},"category":[{"coding":[{"system":"urn:x","code":"10"}]}],`+
				`"subject":{"reference":"Patient/%s"},"date":"2024-04-%02dT10:00:00Z","author":[{"identifier":{"system":%q,"value":"899700009999"}}],"securityLabel":[{"coding":[{"system":%q,"code":%q}]}],`+
				`"content":[{"attachment":{"contentType":"text/plain","url":"Binary/b"}}]}`, p, d, types[d%len(types)], patient, 1+d, rpps, systemOf(label), label))
		}
		if len(entries) > 4000 {
			flush()
		}
	}
	flush()
}

func benchSession(value, profession, speciality string) *token.Session {
	scopes, _ := scope.Parse("user/*.rs")
	return &token.Session{Scopes: scopes, Actor: &habilitation.Actor{
		Kind: habilitation.Professional, ID: habilitation.Identifier{System: rpps, Value: value}, Profession: profession, Speciality: speciality,
	}}
}

// cpu reports the processor time of an operation, which others on the machine do not change.
func cpu(b *testing.B) func() {
	used := func() int64 {
		var u syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
			return 0
		}
		return u.Utime.Nano() + u.Stime.Nano()
	}
	before := used()
	return func() { b.ReportMetric(float64(used()-before)/float64(b.N), "cpu-ns/op") }
}

// BenchmarkAccess compares reads and ITI-67 with and without access control.
func BenchmarkAccess(b *testing.B) {
	w := newBench(b)
	time.Sleep(2 * time.Second) // the store settles
	callers := []struct {
		name    string
		repo    *repository.Repository
		session *token.Session
	}{
		{"warm", w.without, nil},
		{"off", w.without, nil},
		{"doctor-1", w.with, benchSession("899700000002", "10", "SM26")},
		{"doctor-1000", w.with, benchSession("899700000001", "10", "SM26")},
		{"nurse-1000", w.with, benchSession(nurseID, "60", "")},
	}
	query := func(text string) *search.Query {
		params, err := search.SplitQuery(text)
		require.NoError(b, err)
		q, err := search.ParseQuery(w.registry, search.Scope{Type: "DocumentReference"}, params, search.ParseOptions{})
		require.NoError(b, err)
		return q
	}
	for _, c := range callers {
		ctx := b.Context()
		if c.session != nil {
			ctx = token.NewContext(ctx, c.session)
		}
		people := benchPeople
		if c.name == "doctor-1" {
			people = 1
		}
		b.Run("read/"+c.name, func(b *testing.B) {
			defer cpu(b)()
			for i := 0; b.Loop(); i++ {
				_, err := c.repo.Read(ctx, "DocumentReference", fmt.Sprintf("d-%d-0", i%people))
				if err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, s := range []struct{ name, query string }{
			{"iti67", "patient=Patient/p%d&status=current"},
			{"iti67-ins", "patient.identifier=" + insNIR + "|%015d&status=current"},
			{"iti67-total", "patient=Patient/p%d&status=current&_total=accurate&_count=10"},
			{"iti67-date", "patient=Patient/p%d&status=current&date=ge2024-04-10&_sort=-date"},
		} {
			queries := make([]*search.Query, people)
			for i := range queries {
				queries[i] = query(fmt.Sprintf(s.query, i))
			}
			b.Run(s.name+"/"+c.name, func(b *testing.B) {
				count := 20
				if s.name == "iti67-total" {
					count = 10
				}
				defer cpu(b)()
				for i := 0; b.Loop(); i++ {
					page, err := c.repo.Search(ctx, queries[i%people], 0, search.Page{Count: count})
					if err != nil || len(page.Matches) == 0 {
						b.Fatal(err, page)
					}
				}
			})
		}
	}
}
