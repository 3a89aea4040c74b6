package rest_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/rest"
)

func TestLimits(t *testing.T) {
	r := newRig(t, func(o *rest.Options) { o.Limits = rest.Limits{Resource: 2000, Bundle: 4000, Binary: 8000, Query: 500} })
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
		w := r.Do(c.method, c.path, c.body, c.headers...)
		require.Equal(t, c.status, w.Code, "%s: %s", c.name, w.Body.String())
		if c.status == 413 || c.status == 414 {
			require.Equal(t, "too-long", outcome(t, w)[0].Code, c.name)
		}
	}
}

// TestUnannouncedLength: a chunked body has no length to refuse, only a limit to reach.
func TestUnannouncedLength(t *testing.T) {
	r := newRig(t, func(o *rest.Options) { o.Limits.Resource = 1000 })
	server := httptest.NewServer(r.REST)
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
	r := newRig(t, func(o *rest.Options) {
		o.RequestTimeout = 10 * time.Millisecond
		o.Extensions = []rest.Extension{{Operations: []rest.Operation{{
			Code: "wait", Definition: "urn:x", Levels: rest.SystemLevel, ReadOnly: true,
			Handle: func(ctx context.Context, _ *rest.OperationCall) (*rest.OperationAnswer, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			},
		}}}}
	})
	w := r.Do(http.MethodGet, "/fhir/$wait", "")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	require.Equal(t, "timeout", outcome(t, w)[0].Code)
	require.NotEmpty(t, w.Header().Get("Retry-After"))
}

// TestSlowBody: a client that announces a body and does not send it loses its connection.
func TestSlowClients(t *testing.T) {
	r := newRig(t)
	server := httptest.NewUnstartedServer(nil)
	server.Config = rest.NewHTTPServer(r.REST, rest.HTTPServerOptions{ReadHeaderTimeout: 100 * time.Millisecond, IdleTimeout: 100 * time.Millisecond})
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

// TestDamagedChunks: what breaks the transfer is the client's fault, never a 500.
func TestDamagedChunks(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(r.REST)
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
	r := newRig(t, func(o *rest.Options) { o.Limits.Bundle = 4000 })
	r.Put(t, "Patient/a", `{"resourceType":"Patient","id":"a","name":[{"family":"`+strings.Repeat("x", 1500)+`"}]}`)
	entry := `{"request":{"method":"GET","url":"Patient/a"}}`
	w := r.Do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[`+entry+strings.Repeat(","+entry, 3)+`]}`)
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 2, strings.Count(w.Body.String(), `"status":"200 OK"`))
	require.Equal(t, 2, strings.Count(w.Body.String(), `"too-costly"`))
}

// TestRefusedBodiesAreAnswered sends bodies that are refused, far longer than the buffers of a connection: the client reads the refusal instead of a broken pipe.
func TestRefusedBodiesAreAnswered(t *testing.T) {
	g := newRig(t, func(o *rest.Options) { o.Limits.Resource = 1 << 20 })
	server := httptest.NewServer(g.REST)
	defer server.Close()
	long := bytes.Repeat([]byte(" "), 48<<20)
	for name, c := range map[string]struct {
		contentType string
		body        io.Reader
		status      int
	}{
		"with a length":         {"application/fhir+json", bytes.NewReader(long), http.StatusRequestEntityTooLarge},
		"in chunks":             {"application/fhir+json", io.MultiReader(bytes.NewReader(long)), http.StatusRequestEntityTooLarge},
		"of a type not taken":   {"application/pdf", bytes.NewReader(long), http.StatusUnsupportedMediaType},
		"short, and not taken":  {"application/pdf", strings.NewReader("%PDF-"), http.StatusUnsupportedMediaType},
		"empty, and not taken":  {"application/fhir+json", strings.NewReader(""), http.StatusBadRequest},
		"not JSON, but in time": {"application/fhir+json", strings.NewReader("{"), http.StatusBadRequest},
	} {
		answer, err := http.Post(server.URL+"/fhir/Patient", c.contentType, c.body)
		require.NoError(t, err, name)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, err, name)
		require.NoError(t, answer.Body.Close())
		assert.Equal(t, c.status, answer.StatusCode, name)
		assert.Contains(t, string(body), "OperationOutcome", name)
	}
}
