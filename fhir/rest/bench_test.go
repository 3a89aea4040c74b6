package rest_test

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
)

// nowhere is a response writer without a network, so that the benchmarks compare handlers.
type nowhere struct {
	h      http.Header
	status int
	n      int
}

func (w *nowhere) Header() http.Header         { return w.h }
func (w *nowhere) WriteHeader(status int)      { w.status = status }
func (w *nowhere) Write(p []byte) (int, error) { w.n += len(p); return len(p), nil }

func benchmark(b *testing.B, h http.Handler, path string) {
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Accept", "application/fhir+json")
	w := &nowhere{}
	b.ReportAllocs()
	for b.Loop() {
		w.h = make(http.Header)
		h.ServeHTTP(w, req)
	}
	require.Equal(b, http.StatusOK, w.status)
	require.NotZero(b, w.n)
}

var benchPatient = `{"resourceType":"Patient","id":"1","name":[{"family":"` + strings.Repeat("x", 1200) + `"}]}`

// BenchmarkRead is a read by id, logged and measured; BenchmarkBareEcho is the limit: the same bytes from echo alone.
func BenchmarkRead(b *testing.B) {
	r := newRig(b, func(o *rest.Options) { o.AccessLog = rest.AccessLog{Sample: 100} })
	r.Put(b, "Patient/1", benchPatient)
	benchmark(b, r.REST, "/fhir/Patient/1")
}

func BenchmarkBareEcho(b *testing.B) {
	e := echo.New()
	body := []byte(benchPatient)
	e.GET("/fhir/:type/:id", func(c echo.Context) error { return c.Blob(http.StatusOK, "application/fhir+json; charset=utf-8", body) })
	benchmark(b, e, "/fhir/Patient/1")
}

func BenchmarkSearch20(b *testing.B) {
	r := newRig(b, func(o *rest.Options) { o.AccessLog = rest.AccessLog{Sample: 100} })
	for i := range 40 {
		id := strconv.Itoa(i)
		r.Put(b, "Patient/"+id, strings.Replace(benchPatient, `"id":"1"`, `"id":"`+id+`","active":true`, 1))
	}
	benchmark(b, r.REST, "/fhir/Patient?active=true")
}

// benchmarkHTTP is benchmark over loopback connections, clients included.
func benchmarkHTTP(b *testing.B, h http.Handler, path string) {
	server := httptest.NewUnstartedServer(nil)
	server.Config = rest.NewHTTPServer(h, rest.HTTPServerOptions{})
	server.Start()
	defer server.Close()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		if err != nil {
			b.Error(err)
			return
		}
		defer conn.Close()
		request := []byte("GET " + path + " HTTP/1.1\r\nHost: test\r\nAccept: application/fhir+json\r\n\r\n")
		answer := make([]byte, 16<<10)
		for pb.Next() {
			if _, err := conn.Write(request); err != nil {
				b.Error(err)
				return
			}
			for n := 0; !bytes.HasSuffix(answer[:n], []byte("}]}")); {
				k, err := conn.Read(answer[n:])
				if err != nil {
					b.Error(err)
					return
				}
				n += k
			}
		}
	})
}

func BenchmarkReadHTTP(b *testing.B) {
	r := newRig(b, func(o *rest.Options) { o.AccessLog = rest.AccessLog{Sample: 100} })
	r.Put(b, "Patient/1", benchPatient)
	benchmarkHTTP(b, r.REST, "/fhir/Patient/1")
}

func BenchmarkBareEchoHTTP(b *testing.B) {
	e := echo.New()
	body := []byte(benchPatient)
	e.GET("/fhir/:type/:id", func(c echo.Context) error {
		return c.Blob(http.StatusOK, "application/fhir+json; charset=utf-8", body)
	})
	benchmarkHTTP(b, e, "/fhir/Patient/1")
}
