package embedded_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// The benchmarks write to disk under the temporary directory (TMPDIR chooses another disk). They go together: read
// BenchmarkCreate beside BenchmarkRawPebble, which writes the same rows, and BenchmarkSync, which is what the disk can do.

const clients = 64

// sample is a resource as the server stores it: about 1.3 KB of JSON and 15 index rows.
type sample struct {
	id      string
	body    string
	entries []store.Entry
}

var (
	familyNames = []string{"Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent", "Lefebvre", "Michel", "Garcia"}
	givenNames  = []string{"Marie", "Jeanne", "Camille", "Louise", "Jean", "Pierre", "Michel", "Lucas", "Hugo", "Manon", "Chloé", "Inès", "Gabriel", "Raphaël", "Jules"}
	cities      = []string{"Paris", "Marseille", "Lyon", "Toulouse", "Nice", "Nantes", "Strasbourg", "Montpellier", "Bordeaux", "Lille", "Rennes", "Reims", "Toulon", "Grenoble"}
)

func newSample(r *rand.Rand) sample {
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	s := sample{id: fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xffff, r.Uint64()&0xffffffffffff)}
	family, given, second, city := pick(familyNames), pick(givenNames), pick(givenNames), pick(cities)
	ins := fmt.Sprintf("%d%02d%02d%02d%03d%03d%02d", 1+r.IntN(2), r.IntN(100), 1+r.IntN(12), 1+r.IntN(95), r.IntN(1000), r.IntN(1000), r.IntN(97))
	birth := fmt.Sprintf("%d-%02d-%02d", 1930+r.IntN(90), 1+r.IntN(12), 1+r.IntN(28))
	phone := fmt.Sprintf("06%08d", r.IntN(100000000))
	postcode := fmt.Sprintf("%05d", 1000+r.IntN(94000))
	street := fmt.Sprintf("%d rue %s", 1+r.IntN(200), pick(familyNames))
	practitioner := fmt.Sprintf("Practitioner/%08x-%04x", r.Uint32(), r.IntN(1<<16))
	s.body = fmt.Sprintf(`{"resourceType":"Patient","id":"%s","meta":{"versionId":"1","lastUpdated":"2026-11-23T20:41:40.123Z","profile":["https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins"]},"identifier":[{"use":"official","type":{"coding":[{"system":"https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203","code":"INS-NIR-TEST","display":"NIR de test"}]},"system":"urn:oid:1.2.250.1.213.1.4.10","value":"%s"},{"use":"usual","type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"PI"}]},"system":"https://hopital.example/ipp","value":"%09d"}],"active":true,"name":[{"use":"official","family":"%s","given":["%s","%s"]},{"use":"usual","text":"%s %s"}],"telecom":[{"system":"phone","value":"%s","use":"mobile"},{"system":"email","value":"%s.%s@mail.example"}],"gender":"%s","birthDate":"%s","address":[{"use":"home","line":["%s"],"city":"%s","postalCode":"%s","country":"FRA"}],"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]},"contact":[{"relationship":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0131","code":"N"}]}],"name":{"family":"%s","given":["%s"]}}],"communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"fr"}]},"preferred":true}],"generalPractitioner":[{"reference":"%s"}]}`,
		s.id, ins, r.IntN(1000000000), family, given, second, given, family, phone, given, family, []string{"male", "female"}[r.IntN(2)], birth, street, city, postcode, family, second, practitioner)
	add := func(index, value string) {
		s.entries = append(s.entries, store.Entry{Index: "Patient." + index, Value: []byte(value)})
	}
	add("identifier", "\x01\x05"+ins)
	add("identifier", "\x02\x06"+fmt.Sprint(r.IntN(1000000000)))
	add("active", "true")
	add("family", family)
	add("given", given)
	add("given", second)
	add("name", family)
	add("name", given)
	add("phone", phone)
	add("gender", "\x00\x03male")
	add("birthdate", string(binary.BigEndian.AppendUint64(nil, r.Uint64N(40000)*86400000))+string(binary.BigEndian.AppendUint64(nil, r.Uint64N(40000)*86400000)))
	add("address-city", city)
	add("address-postalcode", postcode)
	add("general-practitioner", practitioner)
	add("_profile", "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins")
	return s
}

// Append implements store.Body.
func (s *sample) Append(dst []byte, _ store.Stamp) []byte { return append(dst, s.body...) }

func (s *sample) tx() *store.Tx {
	return &store.Tx{Writes: []store.Write{{
		Type: "Patient", ID: s.id, Body: s, Entries: s.entries, Expect: store.Expectation{Kind: store.ExpectAbsent},
	}}}
}

func openBench(b *testing.B) *embedded.Store {
	s, err := embedded.Open(b.TempDir(), embedded.Options{Logger: quiet()})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	return s
}

// spread runs n calls on the clients and reports the rate and the slowest percent.
func spread(b *testing.B, n int, call func(r *rand.Rand) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	times := make([]time.Duration, n)
	began, used := time.Now(), processorTime()
	for c := range clients {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), uint64(n)))
			for {
				i := next.Add(1) - 1
				if i >= int64(n) {
					return
				}
				start := time.Now()
				if err := call(r); err != nil {
					b.Error(err)
					return
				}
				times[i] = time.Since(start)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64((processorTime()-used).Nanoseconds())/1e3/float64(n), "cpu-µs/op")
	report(b, times, time.Since(began))
}

func BenchmarkCreate(b *testing.B) {
	s := openBench(b)
	b.ResetTimer()
	spread(b, b.N, func(r *rand.Rand) error {
		one := newSample(r)
		_, err := s.Commit(context.Background(), one.tx())
		return err
	})
	b.StopTimer()
	stats := s.Stats()
	b.ReportMetric(float64(stats.Commits)/float64(max(1, stats.Groups)), "commits/group")
}

// BenchmarkGuarded creates under a condition that is judged at the commit point, as others commit all the time.
func BenchmarkGuarded(b *testing.B) {
	s := openBench(b)
	b.ResetTimer()
	spread(b, b.N, func(r *rand.Rand) error {
		one := newSample(r)
		tx := one.tx()
		tx.Guard = func(v store.View) error {
			index, ok := v.Index("Patient.identifier")
			if !ok {
				return nil
			}
			c := v.Scan(store.Exactly(index, one.entries[0].Value))
			defer c.Close()
			c.Next()
			return c.Err()
		}
		_, err := s.Commit(context.Background(), tx)
		return err
	})
}

// BenchmarkRawPebble writes the rows of such a create straight to Pebble, each create a batch with a sync.
func BenchmarkRawPebble(b *testing.B) {
	db, err := pebble.Open(b.TempDir(), &pebble.Options{MemTableSize: 32 << 20, MemTableStopWritesThreshold: 4, L0StopWritesThreshold: 40, Logger: silent{}})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	b.ResetTimer()
	spread(b, b.N, func(r *rand.Rand) error {
		one := newSample(r)
		batch := db.NewBatch()
		rid := binary.BigEndian.AppendUint64(nil, r.Uint64())
		set := func(prefix, value string) {
			_ = batch.Set(append([]byte(prefix), rid...), []byte(value), nil)
		}
		for i, e := range one.entries {
			set("X000"+string(rune('a'+i))+string(e.Value), "")
		}
		set("I"+one.id, string(rid))
		set("C", one.body+fmt.Sprint(one.entries))
		for _, row := range []string{"L", "S", "T"} {
			set(row, "1")
		}
		if err := batch.Commit(pebble.Sync); err != nil {
			return err
		}
		return batch.Close()
	})
}

// BenchmarkSync appends 4 KB to one file and waits for the disk each time.
func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	require.NoError(b, err)
	defer f.Close()
	page := make([]byte, 4096)
	for b.Loop() {
		_, err := f.Write(page)
		require.NoError(b, err)
		require.NoError(b, syscall.Fdatasync(int(f.Fd())))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "syncs/s")
}

const loaded = 50_000

// load fills a store without waiting for the disk and gives the ids.
func load(b *testing.B, s *embedded.Store, n int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	ids := make([]string, 0, n)
	for len(ids) < n {
		tx := &store.Tx{}
		for range min(500, n-len(ids)) {
			one := newSample(r)
			ids = append(ids, one.id)
			tx.Writes = append(tx.Writes, one.tx().Writes...)
		}
		_, err := s.Commit(context.Background(), tx)
		require.NoError(b, err)
	}
	return ids
}

func BenchmarkRead(b *testing.B) {
	s := openBench(b)
	ids := load(b, s, loaded)
	require.NoError(b, s.Compact(context.Background()))
	b.ResetTimer()
	b.ReportAllocs()
	spread(b, b.N, func(r *rand.Rand) error {
		v, err := s.View(0)
		if err != nil {
			return err
		}
		defer v.Close()
		_, err = v.Read("Patient", ids[r.IntN(len(ids))])
		return err
	})
}

// BenchmarkPage finds a value and reads the 20 newest records that have it.
func BenchmarkPage(b *testing.B) {
	s := openBench(b)
	load(b, s, loaded)
	require.NoError(b, s.Compact(context.Background()))
	b.ResetTimer()
	b.ReportAllocs()
	spread(b, b.N, func(r *rand.Rand) error {
		v, err := s.View(0)
		if err != nil {
			return err
		}
		defer v.Close()
		index, _ := v.Index("Patient.family")
		c := v.Scan(store.Exactly(index, []byte(familyNames[r.IntN(len(familyNames))])))
		defer c.Close()
		for n := 0; n < 20 && c.Next(); n++ {
			if _, err := v.Get(c.RID()); err != nil {
				return err
			}
		}
		return c.Err()
	})
}

func BenchmarkScan(b *testing.B) {
	s := openBench(b)
	load(b, s, loaded)
	require.NoError(b, s.Compact(context.Background()))
	v, err := s.View(0)
	require.NoError(b, err)
	defer v.Close()
	index, _ := v.Index("Patient.family")
	b.ResetTimer()
	rows := 0
	for rows < b.N {
		c := v.Scan(store.Range{Index: index})
		for rows < b.N && c.Next() {
			rows++
		}
		require.NoError(b, c.Err())
		require.NoError(b, c.Close())
	}
}

// BenchmarkDisk reports what a record takes after compaction.
func BenchmarkDisk(b *testing.B) {
	for b.Loop() {
		s := openBench(b)
		load(b, s, loaded)
		require.NoError(b, s.Compact(context.Background()))
		b.ReportMetric(float64(s.Stats().DiskBytes)/loaded, "B/record")
		one := newSample(rand.New(rand.NewPCG(1, 2)))
		b.ReportMetric(float64(len(one.body)), "B/body")
	}
}

type silent struct{}

func (silent) Infof(string, ...any)      {}
func (silent) Errorf(string, ...any)     {}
func (silent) Fatalf(f string, a ...any) { panic(fmt.Sprintf(f, a...)) }
