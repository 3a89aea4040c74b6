package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// settling is given to the flushes and compactions that follow a load, before reads are measured.
const settling = 2 * time.Second

// read: GET by id, beside a bare echo handler that returns the same bytes.
func (s *suite) read() error {
	const patients = 10000
	srv, err := s.serve("read")
	if err != nil {
		return err
	}
	if _, err := s.load(srv, 0, patients, 500); err != nil {
		return err
	}
	time.Sleep(settling)
	rate, spread, p99, err := s.measure(Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok,
		Request: func(dst []byte, c, n int) []byte {
			return Get(dst, fmt.Sprintf("/fhir/Patient/p-%06d", (c*7919+n*31)%patients))
		}})
	if err != nil {
		return err
	}
	if err := srv.Stop(); err != nil {
		return err
	}
	file := filepath.Join(s.dir, "body.json")
	if err := os.WriteFile(file, synthetic.New(1).Local(1).JSON, 0o600); err != nil {
		return err
	}
	bare, err := Start(s.ctx, "bench", "--bare", file)
	if err != nil {
		return err
	}
	limit, _, _, err := s.measure(Load{Address: bare.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok,
		Request: func(dst []byte, c, n int) []byte {
			return Get(dst, fmt.Sprintf("/fhir/Patient/p-%06d", (c*7919+n*31)%patients))
		}})
	if err != nil {
		return err
	}
	s.add(Line{Name: "read by id", Value: rate, Spread: spread, Unit: "/s", Limit: limit, LimitName: "bare echo handler, same bytes", Goal: 25000, GoalRatio: 0.6})
	s.add(Line{Name: "read by id, p99", Value: ms(p99), Unit: "ms", Goal: 8, Below: true})
	return bare.Stop()
}

// create: durable POST of a 1.3 KB Patient, beside the same rows written straight to Pebble with sync by as many writers.
func (s *suite) create() error {
	srv, err := s.serve("create")
	if err != nil {
		return err
	}
	bodies := patients(0, 4096)
	rate, spread, p99, err := s.measure(Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: created,
		Request: func(dst []byte, c, n int) []byte { return Post(dst, "/fhir/Patient", bodies[(c*67+n)%len(bodies)]) }})
	if err != nil {
		return err
	}
	if err := srv.Stop(); err != nil {
		return err
	}
	limit, rows, size, err := s.rawCreates()
	if err != nil {
		return err
	}
	s.add(Line{Name: "durable create, 1.3 KB, all parameters indexed", Value: rate, Spread: spread, Unit: "/s", Limit: limit,
		LimitName: fmt.Sprintf("same batch straight to Pebble, %d rows, %d bytes", rows, size), Goal: 6000, GoalRatio: 0.35})
	s.add(Line{Name: "durable create, p99", Value: ms(p99), Unit: "ms"})
	return nil
}

// patients gives the bodies of n synthetic patients, without ids.
func patients(first, n int) [][]byte {
	g := synthetic.New(1)
	out := make([][]byte, n)
	for i := range n {
		p := g.Local(first + i)
		out[i] = bytes.Replace(p.JSON, []byte(`"id":"`+p.ID+`",`), nil, 1)
	}
	return out
}

// transaction: bundles of 500 updates-as-create.
func (s *suite) transaction() error {
	var rates []float64
	for i := range s.Repeats {
		srv, err := s.serve(fmt.Sprintf("transaction-%d", i))
		if err != nil {
			return err
		}
		const n = 40000
		sample, err := s.load(srv, 0, n, 500)
		if err != nil {
			return err
		}
		rates = append(rates, n/sample.Elapsed.Seconds())
		if err := srv.Stop(); err != nil {
			return err
		}
	}
	mid, spread := median(rates)
	s.add(Line{Name: "transaction bundles of 500", Value: mid, Spread: spread, Unit: "resources/s", Goal: 10000})
	return nil
}

// search: a token search with a page of 20 among few and many patients. The sizes have a server each and are measured in turns, so that a machine that changes its
// pace changes it for all.
func (s *suite) search() error {
	sizes := []int{1000, 8000, 64000}
	servers, err := s.searchServers(sizes)
	if err != nil {
		return err
	}
	rates := make([][]float64, len(sizes))
	p99 := make([]time.Duration, len(sizes))
	for range s.Repeats {
		for i, srv := range servers {
			sample, err := Load{Address: srv.Address, Clients: s.Clients, Duration: s.Duration, Accept: ok,
				Request: func(dst []byte, c, k int) []byte {
					return Get(dst, "/fhir/Patient?gender="+[]string{"male", "female"}[(c+k)%2]+"&_count=20")
				}}.Run(s.ctx)
			if err != nil {
				return err
			}
			rates[i], p99[i] = append(rates[i], sample.Rate()), max(p99[i], sample.P99)
		}
	}
	var mids []float64
	for i, n := range sizes {
		mid, spread := median(rates[i])
		mids = append(mids, mid)
		s.add(Line{Name: fmt.Sprintf("token search, page of 20, %d patients", n), Value: mid, Spread: spread, Unit: "/s", Goal: 4000, Note: fmt.Sprintf("p99 %.1f ms", ms(p99[i]))})
	}
	s.add(Line{Name: "token search, 1,000 patients to 64,000", Value: mids[0] / mids[len(mids)-1], Unit: "times", Goal: 1.5, Below: true})
	memory, err := servers[len(servers)-1].Memory()
	if err != nil {
		return err
	}
	s.add(Line{Name: "memory after the searches, 64,000 patients", Value: float64(memory) / 1e6, Unit: "MB"})
	for _, srv := range servers {
		if err := srv.Stop(); err != nil {
			return err
		}
	}
	return nil
}

// searchServers starts a server for each number of patients and loads them.
func (s *suite) searchServers(sizes []int) ([]*Server, error) {
	var servers []*Server
	for _, n := range sizes {
		srv, err := s.serve(fmt.Sprintf("search-%d", n))
		if err != nil {
			return nil, err
		}
		servers = append(servers, srv)
		if _, err := s.load(srv, 0, n, 500); err != nil {
			return nil, err
		}
	}
	time.Sleep(settling)
	return servers, nil
}

// disk: bytes of the store directory per resource, after compaction.
func (s *suite) disk() error {
	srv, err := s.serve("disk")
	if err != nil {
		return err
	}
	const n = 64000
	if _, err := s.load(srv, 0, n, 500); err != nil {
		return err
	}
	if err := srv.Stop(); err != nil {
		return err
	}
	size, err := compactedSize(s.ctx, filepath.Join(s.dir, "disk", "store", "records"))
	if err != nil {
		return err
	}
	raw := 0
	for _, b := range patients(0, 1000) {
		raw += len(b)
	}
	s.add(Line{Name: "disk per resource with its indexes, compacted", Value: float64(size) / n, Unit: "bytes", Goal: 1200, Below: true,
		Note: fmt.Sprintf("mean resource %d bytes of JSON", raw/1000)})
	return nil
}
