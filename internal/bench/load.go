// Package bench measures Carnet on the machine it runs on: throughput, latency and disk, each beside the physical limit taken in the same run (a bare
// echo handler that returns the same bytes, the same batches written straight to Pebble with sync, the disk's fsync rate), and their ratio.
//
// Placement: the server under test runs in a process of its own; the load generator (raw HTTP/1.1 over kept-alive loopback connections) runs in
// the bench process on the same machine, so it shares the cores with the server. Bare handlers are measured the same way.
package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Load is a run of requests from a number of concurrent clients.
type Load struct {
	Address  string
	Clients  int
	Duration time.Duration
	// Request appends the raw bytes of client c's n-th request.
	Request func(dst []byte, c, n int) []byte
	// Accept says whether a status is what the request should get.
	Accept func(status int) bool
	// Limit stops each client after as many requests; 0: only Duration stops it.
	Limit int
	// Think is the mean of a client's pause between an answer and its next request, which lasts half of it at least and one and a half at most; 0: none.
	Think time.Duration
}

// Sample is what a Load measured.
type Sample struct {
	Requests int
	Elapsed  time.Duration
	P50, P99 time.Duration
	Bytes    int64
}

// Rate is requests per second.
func (s Sample) Rate() float64 { return float64(s.Requests) / s.Elapsed.Seconds() }

// Run drives the load; any unexpected answer ends it with an error.
func (l Load) Run(ctx context.Context) (Sample, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Duration)
	defer cancel()
	results := make([]clientResult, l.Clients)
	var wg sync.WaitGroup
	start := time.Now()
	for c := range l.Clients {
		wg.Go(func() { results[c] = l.client(ctx, c) })
	}
	wg.Wait()
	return merge(results, time.Since(start))
}

type clientResult struct {
	latencies []time.Duration
	bytes     int64
	err       error
}

func merge(results []clientResult, elapsed time.Duration) (Sample, error) {
	s := Sample{Elapsed: elapsed}
	var all []time.Duration
	for _, r := range results {
		if r.err != nil {
			return s, r.err
		}
		all = append(all, r.latencies...)
		s.Bytes += r.bytes
	}
	if len(all) == 0 {
		return s, errors.New("no request was answered")
	}
	slices.Sort(all)
	s.Requests, s.P50, s.P99 = len(all), all[len(all)/2], all[len(all)*99/100]
	return s, nil
}

func (l Load) client(ctx context.Context, c int) (r clientResult) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", l.Address)
	if err != nil {
		r.err = err
		return r
	}
	defer conn.Close()
	in := bufio.NewReaderSize(conn, 64<<10)
	var req []byte
	if l.Think > 0 { // or all would come at once
		time.Sleep(l.Think * time.Duration(c) / time.Duration(l.Clients))
	}
	for n := 0; ctx.Err() == nil && (l.Limit == 0 || n < l.Limit); n++ {
		req = l.Request(req[:0], c, n)
		begin := time.Now()
		if _, err = conn.Write(req); err != nil {
			r.err = err
			return r
		}
		status, size, err := readResponse(in)
		if err != nil {
			r.err = err
			return r
		}
		if !l.Accept(status) {
			r.err = fmt.Errorf("answer %d to request %d of client %d: %.200s", status, n, c, req)
			return r
		}
		r.latencies = append(r.latencies, time.Since(begin))
		r.bytes += size
		if l.Think > 0 { // of varying length, or clients that once waited together would come together for ever
			time.Sleep(l.Think/2 + rand.N(l.Think))
		}
	}
	return r
}

// readResponse reads one HTTP/1.1 response with Content-Length or chunks and drops its body.
func readResponse(in *bufio.Reader) (status int, size int64, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 {
		return 0, 0, errors.New("short status line")
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, err
	}
	length, chunked := int64(0), false
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return status, 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if v, ok := header(line, "Content-Length:"); ok {
			if length, err = strconv.ParseInt(v, 10, 64); err != nil {
				return status, 0, err
			}
		} else if v, ok := header(line, "Transfer-Encoding:"); ok && v == "chunked" {
			chunked = true
		}
	}
	if chunked {
		size, err = dropChunks(in)
		return status, size, err
	}
	_, err = io.CopyN(io.Discard, in, length)
	return status, length, err
}

func header(line []byte, name string) (string, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return "", false
	}
	return string(bytes.TrimSpace(line[len(name):])), true
}

func dropChunks(in *bufio.Reader) (size int64, err error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return size, err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return size, err
		}
		if _, err := io.CopyN(io.Discard, in, n+2); err != nil {
			return size, err
		}
		if n == 0 {
			return size, nil
		}
		size += n
	}
}

// Get appends a GET request.
func Get(dst []byte, path string) []byte { return GetWith(dst, path, "") }

// GetWith is Get with a bearer token, "" for none.
func GetWith(dst []byte, path, bearer string) []byte {
	dst = append(append(dst, "GET "...), path...)
	dst = append(dst, " HTTP/1.1\r\nHost: localhost\r\nAccept: application/fhir+json\r\n"...)
	if bearer != "" {
		dst = append(append(append(dst, "Authorization: Bearer "...), bearer...), "\r\n"...)
	}
	return append(dst, "\r\n"...)
}

// Post appends a POST request with a FHIR JSON body.
func Post(dst []byte, path string, body []byte) []byte { return send(dst, "POST", path, body) }

func send(dst []byte, method, path string, body []byte) []byte {
	dst = append(append(append(dst, method...), ' '), path...)
	dst = append(dst, " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/fhir+json\r\nPrefer: return=minimal\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(body)), 10)
	return append(append(dst, "\r\n\r\n"...), body...)
}
