package bench

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// lookupClients is how many clients look professionals up at a time: the figure is about latency, not about how many fit.
const lookupClients = 4

// directory: an extraction of synthetic lines imported by a process of its own, then look-ups by RPPS number, then the same extraction again.
func (s *suite) directory() error {
	lines := s.Extraction
	if lines == 0 {
		lines = 1_000_000
	}
	file := filepath.Join(s.dir, "annuaire.txt")
	if err := writeExtraction(file, lines); err != nil {
		return err
	}
	first, memory, err := s.importDirectory(file)
	if err != nil {
		return err
	}
	size := fmt.Sprintf("%d lines", lines)
	s.add(Line{Name: "directory import, " + size, Value: first.Seconds(), Unit: "s", Goal: 300, Below: true, Note: fmt.Sprintf("%.0f lines/s", float64(lines)/first.Seconds())})
	s.add(Line{Name: "directory import, greatest resident memory", Value: float64(memory) / 1e6, Unit: "MB", Goal: 300, Below: true})
	if err := s.lookups(lines); err != nil {
		return err
	}
	again, _, err := s.importDirectory(file)
	if err != nil {
		return err
	}
	s.add(Line{Name: "directory import of the same extraction", Value: again.Seconds(), Unit: "s", Note: "writes nothing"})
	return nil
}

func writeExtraction(path string, lines int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(synthetic.New(1).Extraction(f, lines), f.Close())
}

// importDirectory runs "carnet import --directory" and gives its time and greatest resident set in bytes, sampled four times a second.
func (s *suite) importDirectory(file string) (time.Duration, int64, error) {
	exe, err := os.Executable()
	if err != nil {
		return 0, 0, err
	}
	out := &strings.Builder{}
	cmd := exec.CommandContext(s.ctx, exe, "import", "--directory", file, "--data", filepath.Join(s.dir, "directory"))
	cmd.Stdout, cmd.Stderr = out, out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, 0, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var most int64
	for {
		select {
		case err := <-done:
			if err != nil {
				err = fmt.Errorf("%w: %s", err, out)
			}
			return time.Since(began), most, err
		case <-time.After(250 * time.Millisecond):
			if m, err := residentSet(cmd.Process.Pid); err == nil {
				most = max(most, m)
			}
		}
	}
}

// lookups: GET Practitioner by RPPS number, spread over all lines.
func (s *suite) lookups(lines int) error {
	srv, err := s.serve("directory")
	if err != nil {
		return err
	}
	load := Load{Address: srv.Address, Clients: lookupClients, Duration: s.Duration, Accept: ok,
		Request: func(dst []byte, c, n int) []byte {
			return Get(dst, "/fhir/Practitioner?identifier=https%3A%2F%2Frpps.esante.gouv.fr%7C"+synthetic.ExtractionRPPS((c*7919+n*104729)%lines))
		}}
	if _, err := load.Run(s.ctx); err != nil { // a cold cache is not the question
		return err
	}
	rate, spread, p99, err := s.measure(load)
	if err != nil {
		return err
	}
	s.add(Line{Name: "look-up by RPPS, p99", Value: ms(p99), Unit: "ms", Goal: 2, Below: true, Note: fmt.Sprintf("%d clients", lookupClients)})
	s.add(Line{Name: "look-up by RPPS", Value: rate, Spread: spread, Unit: "/s"})
	near := load
	near.Request = func(dst []byte, c, n int) []byte {
		return Get(dst, fmt.Sprintf("/fhir/PractitionerRole?organization.address-insee=44109&role=%d&_count=20", []int{10, 21, 60}[(c+n)%3]))
	}
	rate, spread, p99, err = s.measure(near)
	if err != nil {
		return err
	}
	s.add(Line{Name: "professionals of a profession in a commune, page of 20", Value: rate, Spread: spread, Unit: "/s", Note: fmt.Sprintf("p99 %.1f ms", ms(p99))})
	return srv.Stop()
}
