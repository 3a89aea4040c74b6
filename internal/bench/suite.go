package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// Options of a run.
type Options struct {
	Clients  int           // 64
	Duration time.Duration // of one measurement
	Repeats  int           // of each measurement; the median is given
	Names    []string      // empty: all
	Dir      string        // for data; a temporary directory is made in it
	// Documents are the sizes of the store in the group sharing; empty: 10,000 and 100,000.
	Documents []int
	// Extraction is how many lines the group directory imports; 0: a million.
	Extraction int
	// Keep is a directory in which the stores of the group sharing stay, and are found again by a later run: loading a million documents takes far longer than measuring them. "": they are removed.
	Keep string
	// Pprof is a loopback address on which the servers under test serve Go profiles; "": they do not.
	Pprof string
	Out   io.Writer
}

// suite is a run under way.
type suite struct {
	Options
	ctx   context.Context
	dir   string
	lines []Line
}

var groups = []struct {
	name string
	run  func(*suite) error
}{
	{"start", (*suite).start},
	{"fsync", (*suite).fsync},
	{"read", (*suite).read},
	{"create", (*suite).create},
	{"transaction", (*suite).transaction},
	{"search", (*suite).search},
	{"disk", (*suite).disk},
	{"documents", (*suite).documents},
	{"submission", (*suite).submission},
	{"sharing", (*suite).sharing},
	{"access", (*suite).access},
	{"directory", (*suite).directory},
}

// Names lists the groups of measurements.
func Names() []string {
	var names []string
	for _, g := range groups {
		names = append(names, g.name)
	}
	return names
}

// Run measures and prints.
func Run(ctx context.Context, o Options) error {
	dir, err := os.MkdirTemp(o.Dir, "carnet-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &suite{Options: o, ctx: ctx, dir: dir}
	for _, g := range groups {
		if named := slices.Contains(o.Names, g.name); !named && (len(o.Names) > 0 || g.name == "directory") { // which takes minutes, and runs only when it is named
			continue
		}
		fmt.Fprintf(o.Out, "measuring %s...\n", g.name)
		if err := g.run(s); err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
	}
	Print(o.Out, Machine()+fmt.Sprintf("; %d clients in the bench process, server in its own, loopback; median of %d runs of %s", o.Clients, o.Repeats, o.Duration), s.lines)
	return nil
}

// serve starts a server on a data directory of this run, request log off.
func (s *suite) serve(data string) (*Server, error) {
	return s.serveIn(filepath.Join(s.dir, data))
}

func (s *suite) serveIn(data string) (*Server, error) { return s.serveWith(data, "--security", "off") }

// serveWith starts a server with further arguments.
func (s *suite) serveWith(data string, more ...string) (*Server, error) {
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data", data}, more...)
	if s.Pprof != "" {
		args = append(args, "--pprof", s.Pprof)
	}
	return Start(s.ctx, args...)
}

// measure repeats a load and gives the median rate, its spread, and the worst p99.
func (s *suite) measure(l Load) (rate, spread float64, p99 time.Duration, err error) {
	var rates []float64
	for range s.Repeats {
		sample, err := l.Run(s.ctx)
		if err != nil {
			return 0, 0, 0, err
		}
		rates = append(rates, sample.Rate())
		p99 = max(p99, sample.P99)
	}
	rate, spread = median(rates)
	return rate, spread, p99, nil
}

func (s *suite) add(l Line) { s.lines = append(s.lines, l) }

func ok(status int) bool      { return status == 200 }
func created(status int) bool { return status == 201 }

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// start: time and memory of a server on an empty directory.
func (s *suite) start() error {
	var times []float64
	for i := range max(s.Repeats, 3) {
		srv, err := s.serve(fmt.Sprintf("start-%d", i))
		if err != nil {
			return err
		}
		times = append(times, ms(srv.Ready))
		time.Sleep(time.Second)
		memory, err := srv.Memory()
		if err != nil {
			return err
		}
		if err := srv.Stop(); err != nil {
			return err
		}
		if i == 0 {
			s.add(Line{Name: "idle memory, empty store", Value: float64(memory) / 1e6, Unit: "MB", Goal: 100, Below: true})
		}
	}
	mid, spread := median(times)
	s.add(Line{Name: "start on an empty directory", Value: mid, Spread: spread, Unit: "ms", Goal: 300, Below: true})
	return nil
}

func (s *suite) fsync() error {
	for _, writers := range []int{1, 16} {
		rate, err := FsyncRate(s.dir, writers, s.Duration)
		if err != nil {
			return err
		}
		s.add(Line{Name: fmt.Sprintf("fsync rate of the disk, %d writers", writers), Value: rate, Unit: "/s"})
	}
	return nil
}

// load puts n synthetic patients through transactions of the size and gives resources per second.
func (s *suite) load(srv *Server, first, n, size int) (Sample, error) {
	g := synthetic.New(1)
	var bodies [][]byte
	for i := first; i < first+n; i += size {
		b := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
		for k := i; k < min(i+size, first+n); k++ {
			if k > i {
				b = append(b, ',')
			}
			p := g.Local(k)
			b = append(append(b, `{"resource":`...), p.JSON...)
			b = fmt.Appendf(b, `,"request":{"method":"PUT","url":"Patient/%s"}}`, p.ID)
		}
		bodies = append(bodies, append(b, "]}"...))
	}
	clients := min(4, len(bodies))
	return Load{
		Address: srv.Address, Clients: clients, Duration: 10 * time.Minute, Accept: ok,
		Limit: (len(bodies) + clients - 1) / clients,
		Request: func(dst []byte, c, k int) []byte {
			return Post(dst, "/fhir", bodies[min(k*clients+c, len(bodies)-1)])
		},
	}.Run(s.ctx)
}
