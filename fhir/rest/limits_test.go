package rest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"
)

func TestLimits(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits = Limits{Resource: 2000, Bundle: 4000, Binary: 8000, Query: 500} })
	long := func(n int) string {
		return `{"resourceType":"Patient","name":[{"family":"` + strings.Repeat("x", n) + `"}]}`
	}
	for _, c := range []struct {
		name, method, path, body string
		headers                  []string
		status                   int
	}{
		{"resource", "POST", "/fhir/Patient", long(2000), nil, 413},
		{"resource below", "POST", "/fhir/Patient", long(1800), nil, 201},
		{"patch", "PATCH", "/fhir/Patient/x", strings.Repeat(" ", 2001), []string{"Content-Type: application/json-patch+json"}, 413},
		{"bundle", "POST", "/fhir", `{"resourceType":"Bundle","type":"batch","id":"` + strings.Repeat("x", 4000) + `"}`, nil, 413},
		{"binary", "POST", "/fhir/Binary", strings.Repeat("x", 8001), []string{"Content-Type: text/plain"}, 413},
		{"binary below", "POST", "/fhir/Binary", strings.Repeat("x", 8000), []string{"Content-Type: text/plain"}, 201},
		{"operation", "POST", "/fhir/Patient/$validate", long(2000), nil, 413},
		{"form", "POST", "/fhir/Patient/_search", "name=" + strings.Repeat("x", 500), []string{"Content-Type: application/x-www-form-urlencoded"}, 413},
		{"query", "GET", "/fhir/Patient?name=" + strings.Repeat("x", 500), "", nil, 414},
		{"gzip bomb", "POST", "/fhir/Patient", zip(long(1 << 20)), []string{"Content-Encoding: gzip", "Content-Type: application/fhir+json"}, 413},
		{"gzip", "POST", "/fhir/Patient", zip(long(100)), []string{"Content-Encoding: gzip", "Content-Type: application/fhir+json"}, 201},
		{"damaged gzip", "POST", "/fhir/Patient", zip(long(100))[:60], []string{"Content-Encoding: gzip", "Content-Type: application/fhir+json"}, 400},
	} {
		w := r.do(c.method, c.path, c.body, c.headers...)
		require.Equal(t, c.status, w.Code, "%s: %s", c.name, w.Body.String())
		if c.status == 413 || c.status == 414 {
			require.Equal(t, "too-long", outcome(t, w)[0].Code, c.name)
		}
	}
}

// TestUnannouncedLength: a chunked body has no length to refuse, only a limit to reach.
func TestUnannouncedLength(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.Resource = 1000 })
	server := httptest.NewServer(r.server)
	defer server.Close()
	res, err := server.Client().Post(server.URL+"/fhir/Patient", "application/fhir+json", io.MultiReader(strings.NewReader(strings.Repeat(" ", 2000))))
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
}

func zip(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(s))
	_ = z.Close()
	return b.String()
}

func TestTimeBudget(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.RequestTimeout = 10 * time.Millisecond
		o.Extensions = []Extension{{Operations: []Operation{{
			Code: "wait", Definition: "urn:x", Levels: SystemLevel, ReadOnly: true,
			Handle: func(ctx context.Context, _ *OperationCall) (*OperationAnswer, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}}}}
	})
	w := r.do(http.MethodGet, "/fhir/$wait", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "timeout", outcome(t, w)[0].Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

// TestSlowBody: a client that announces a body and does not send it loses its connection.
func TestSlowClients(t *testing.T) {
	r := newRig(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = NewHTTPServer(r.server, HTTPServerOptions{ReadHeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond})
	server.Start()
	defer server.Close()
	for name, sent := range map[string]string{"in the head": "GET /fhir/Patient/1 HTTP/1.1\r\nHost:", "idle": "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte(sent))
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		_, err = io.ReadAll(conn) // until the server closes
		require.NoError(t, err, name)
	}
}

// TestPacedBody: deadlines move with what arrives, and a body that stops is a fault.
func TestPacedBody(t *testing.T) {
	c := &deadlines{}
	x := &exchange{w: c, r: httptest.NewRequest(http.MethodPost, "/fhir/Binary", io.LimitReader(noise(3<<20), 3<<20))}
	body, err := x.body(10 << 20)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	require.EqualValues(t, 3<<20, n)
	require.GreaterOrEqual(t, len(c.read), 3)
	require.True(t, c.read[len(c.read)-1].IsZero(), "the deadline ends with the body")
	for i := 1; i < len(c.read)-1; i++ {
		require.True(t, c.read[i].After(c.read[i-1]))
	}

	x.r = httptest.NewRequest(http.MethodPost, "/fhir/Binary", io.MultiReader(strings.NewReader("x"), stuck{}))
	body, err = x.body(10)
	require.NoError(t, err)
	_, err = io.ReadAll(body)
	require.Equal(t, http.StatusRequestTimeout, faultOf(err).Status)
}

// deadlines is a response writer that notes the read deadlines that it is given.
type deadlines struct {
	nowhere
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

// stuck is a connection whose deadline has passed.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// TestDamagedChunks: what breaks the transfer is the client's fault, never a 500.
func TestDamagedChunks(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(r.server)
	defer server.Close()
	for _, typ := range []string{"Patient", "Binary"} {
		conn, err := net.Dial("tcp", server.Listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, "POST /fhir/"+typ+" HTTP/1.1\r\nHost: x\r\nContent-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
		require.NoError(t, err)
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(5*time.Second)))
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, answer.StatusCode, typ)
		require.NoError(t, answer.Body.Close())
	}
}

// TestAnswersOfABundleAreBounded: entries that read together no more than a bundle may be long.
func TestAnswersOfABundleAreBounded(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.Bundle = 4000 })
	r.put(t, "Patient/a", `{"resourceType":"Patient","id":"a","name":[{"family":"`+strings.Repeat("x", 1500)+`"}]}`)
	entry := `{"request":{"method":"GET","url":"Patient/a"}}`
	w := r.do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+entry+strings.Repeat(","+entry, 3)+`]}`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 2, strings.Count(w.Body.String(), `"status":"200 OK"`))
	require.Equal(t, 2, strings.Count(w.Body.String(), `"too-costly"`))
}
