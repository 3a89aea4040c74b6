package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// soakPatients is how many patients a soak reads, searches and updates.
const soakPatients = 5000

// Soak keeps a server under mixed load (six reads, two searches, a create and an update in ten requests) for the duration of o, in ten equal spells, and prints
// the rate, the latency and the memory of each: what leaks or slows down shows as a trend. Any unexpected answer ends it with an error.
func Soak(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp(o.Dir, "carnet-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &suite{Options: o, ctx: ctx, dir: dir}
	srv, err := s.serve("soak")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	if _, err := s.load(srv, 0, soakPatients, 500); err != nil {
		return err
	}
	load := Load{Address: srv.Address, Clients: o.Clients, Duration: o.Duration / 10, Request: mixed(patients(0, soakPatients)),
		Accept: func(status int) bool { return status == 200 || status == 201 }}
	fmt.Fprintf(o.Out, "%s; %d clients, ten spells of %s\n\n| spell | requests/s | p50 ms | p99 ms | memory MB |\n|---|---|---|---|---|\n", Machine(), o.Clients, load.Duration)
	for spell := range 10 {
		sample, err := load.Run(ctx)
		if err != nil {
			return err
		}
		memory, err := srv.Memory()
		if err != nil {
			return err
		}
		fmt.Fprintf(o.Out, "| %d | %.0f | %.1f | %.1f | %.0f |\n", spell+1, sample.Rate(), ms(sample.P50), ms(sample.P99), float64(memory)/1e6)
	}
	return nil
}

// mixed draws requests by their number, so that every run sends the same ones.
func mixed(bodies [][]byte) func(dst []byte, c, n int) []byte {
	start := time.Now().UnixNano()
	return func(dst []byte, c, n int) []byte {
		i := (c*7919 + n*31) % soakPatients
		switch n % 10 {
		case 0:
			return Post(dst, "/fhir/Patient", bodies[i])
		case 1:
			body := fmt.Appendf(nil, `{"resourceType":"Patient","id":"p-%06d","active":true,"name":[{"family":"Roy","given":["n%d"]}],"gender":"male"}`, i, start+int64(n))
			return send(dst, "PUT", fmt.Sprintf("/fhir/Patient/p-%06d", i), body)
		case 2:
			return Get(dst, "/fhir/Patient?gender=female&_count=20")
		case 3:
			return Get(dst, "/fhir/Patient?name=mar&birthdate=ge1980&_sort=birthdate&_count=10")
		default:
			return Get(dst, fmt.Sprintf("/fhir/Patient/p-%06d", i))
		}
	}
}
