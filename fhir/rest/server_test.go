package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/fhir/validate"
	"github.com/carnet-fhir/carnet/store"
)

// outcome reads an OperationOutcome and requires that it is a valid one.
func outcome(t *testing.T, w *httptest.ResponseRecorder) []struct{ Severity, Code, Diagnostics string } {
	t.Helper()
	res, err := element.ParseJSON(spec.R4(), w.Body.Bytes(), element.Options{ExpectType: "OperationOutcome"})
	require.NoError(t, err, w.Body.String())
	require.NotNil(t, res)
	var o struct {
		Issue []struct{ Severity, Code, Diagnostics string }
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &o))
	require.NotEmpty(t, o.Issue)
	return o.Issue
}

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

func TestGzipAnswers(t *testing.T) {
	r := newRig(t)
	r.put(t, "Patient/big", `{"resourceType":"Patient","id":"big","name":[{"family":"`+strings.Repeat("long ", 400)+`end"}]}`)
	r.put(t, "Patient/small", `{"resourceType":"Patient","id":"small"}`)
	for _, c := range []struct {
		path, accept string
		zipped       bool
	}{
		{"/fhir/Patient/big", "gzip", true},
		{"/fhir/Patient/big", "br, gzip;q=0.5", true},
		{"/fhir/Patient/big", "*", true},
		{"/fhir/Patient/big", "gzip;q=0", false},
		{"/fhir/Patient/big", "br", false},
		{"/fhir/Patient/big", "", false},
		{"/fhir/Patient/small", "gzip", false},
		{"/metrics", "gzip", false},
	} {
		w := r.do(http.MethodGet, c.path, "", "Accept-Encoding:"+c.accept)
		require.Equal(t, http.StatusOK, w.Code)
		if c.path == "/metrics" {
			continue
		}
		require.Equal(t, c.zipped, w.Header().Get("Content-Encoding") == "gzip", c)
		body := w.Body.Bytes()
		if c.zipped {
			require.Empty(t, w.Header().Get("Content-Length"))
			require.Less(t, len(body), 500)
			z, err := gzip.NewReader(bytes.NewReader(body))
			require.NoError(t, err)
			body, err = io.ReadAll(z)
			require.NoError(t, err)
		}
		require.JSONEq(t, r.do(http.MethodGet, c.path, "").Body.String(), string(body))
	}
}

func TestRequestIDs(t *testing.T) {
	r := newRig(t)
	for sent, want := range map[string]string{"abc-123": "abc-123", "x y": "", "é": "", strings.Repeat("x", 65): "", "<script>": ""} {
		w := r.do(http.MethodGet, "/fhir/Patient/1", "", "X-Request-Id: "+sent)
		got := w.Header().Get("X-Request-Id")
		if want == "" {
			require.Regexp(t, "^[0-9a-f]{16}$", got)
			continue
		}
		require.Equal(t, want, got)
	}
}

// TestNothingOfThePatientIsLogged plays requests full of identities and looks for them in the log and the metrics.
func TestNothingOfThePatientIsLogged(t *testing.T) {
	r := newRig(t)
	secrets := []string{"255081405602384", "Leger", "secret-id", "1980-05-01"}
	r.do(http.MethodPut, "/fhir/Patient/secret-id", `{"resourceType":"Patient","id":"secret-id","identifier":[{"value":"255081405602384"}],"birthDate":"1980-05-01","name":[{"family":"Leger"}]}`)
	for _, path := range []string{
		"/fhir/Patient/secret-id", "/fhir/Patient?identifier=255081405602384", "/fhir/Patient/secret-id/Leger", "/fhir/secret-id", "/fhir/Leger/255081405602384",
		"/Leger", "/fhir/Patient?Leger=1980-05-01", "/fhir/Patient/$Leger", "/fhir/Patient/secret-id/_history/255081405602384",
	} {
		r.do(http.MethodGet, path, "")
	}
	r.do("LEGER", "/fhir/Patient/secret-id", "")
	r.do("Leger", "/fhir/Patient/secret-id", "")
	r.do(http.MethodPost, "/fhir/Patient", `{"resourceType":"Patient","Leger":"255081405602384","birthDate":"1980-05-01x"}`)
	metrics := r.do(http.MethodGet, "/metrics", "").Body.String()
	require.NoError(t, r.server.Close())
	log := r.logs.String()
	require.Contains(t, log, `"route":"/fhir/:type/:id"`)
	require.Contains(t, log, `"interaction":"search-type"`)
	require.Contains(t, metrics, `carnet_request_duration_seconds_count{interaction="read",status="2xx",type="Patient"} 1`)
	require.Contains(t, metrics, `carnet_store_records{type="Patient"} 1`)
	for _, s := range secrets {
		require.NotContains(t, log, s)
		require.NotContains(t, metrics, s)
	}
}

func TestAccessLogSamples(t *testing.T) {
	r := newRig(t, func(o *Options) { o.AccessLog = AccessLog{Sample: 1 << 30} })
	for range 50 {
		r.do(http.MethodGet, "/fhir/Patient/1", "")
	}
	require.NoError(t, r.server.Close())
	require.LessOrEqual(t, strings.Count(r.logs.String(), `"msg":"request"`), 1)
}

func TestPanicTellsNothing(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Extensions = []Extension{{Operations: []Operation{{
			Code: "break", Definition: "urn:x", Levels: SystemLevel, ReadOnly: true,
			Handle: func(context.Context, *OperationCall) (*OperationAnswer, error) { panic("Léger 1980") },
		}}}}
	})
	w := r.do(http.MethodGet, "/fhir/$break", "")
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Equal(t, "exception", outcome(t, w)[0].Code)
	require.NotContains(t, w.Body.String(), "Léger")
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/fhir/metadata", "").Code, "the server goes on")
	require.NoError(t, r.server.Close())
	require.Contains(t, r.logs.String(), "a handler panicked")
	require.NotContains(t, r.logs.String(), "Léger")
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

func TestReadiness(t *testing.T) {
	var broken error
	r := newRig(t, func(o *Options) { o.Ready = func() error { return broken } })
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/readyz", "").Code)
	broken = errors.New("disk full")
	require.Equal(t, http.StatusServiceUnavailable, r.do(http.MethodGet, "/readyz", "").Code)
	broken = nil
	r.server.Drain()
	require.Equal(t, http.StatusServiceUnavailable, r.do(http.MethodGet, "/readyz", "").Code)
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/healthz", "").Code)
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/fhir/metadata", "").Code, "requests under way are still answered")
}

func TestCORS(t *testing.T) {
	off := newRig(t)
	require.Empty(t, off.do(http.MethodGet, "/fhir/metadata", "", "Origin: https://app.example").Header().Get("Access-Control-Allow-Origin"))
	r := newRig(t, func(o *Options) { o.CORS = []string{"https://app.example"} })
	w := r.do(http.MethodOptions, "/fhir/Patient", "", "Origin: https://app.example", "Access-Control-Request-Method: POST")
	require.Equal(t, http.StatusNoContent, w.Code)
	require.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Access-Control-Allow-Headers"), "If-Match")
	w = r.do(http.MethodGet, "/fhir/metadata", "", "Origin: https://app.example")
	require.Equal(t, "https://app.example", w.Header().Get("Access-Control-Allow-Origin"))
	require.Contains(t, w.Header().Get("Vary"), "Origin")
	w = r.do(http.MethodGet, "/fhir/metadata", "", "Origin: https://evil.example")
	require.Empty(t, w.Header().Get("Access-Control-Allow-Origin"))
}

// guard is a watcher that notes what it is told and may refuse.
type guard struct {
	seen   []Answer
	refuse bool
}

func (g *guard) Answering(ctx context.Context, a *Answer) error {
	if RequestID(ctx) == "" || RequestID(ctx) != a.RequestID {
		return errors.New("no request id")
	}
	g.seen = append(g.seen, *a)
	if g.refuse {
		return fault.New(http.StatusServiceUnavailable, fault.Transient, "The access could not be traced.")
	}
	return nil
}

func TestWatchersSeeEveryAnswer(t *testing.T) {
	g := &guard{}
	called := 0
	r := newRig(t, func(o *Options) {
		o.Extensions = []Extension{{
			Watchers: []Watcher{g},
			Middleware: []echo.MiddlewareFunc{func(next echo.HandlerFunc) echo.HandlerFunc {
				return func(c echo.Context) error {
					called++
					if c.Request().Header.Get("Authorization") == "none" {
						return fault.New(http.StatusUnauthorized, fault.Login, "Authenticate.")
					}
					return next(c)
				}
			}},
		}}
	})
	populate(t, r)
	g.seen, called = nil, 0
	for _, q := range questions {
		r.do(http.MethodGet, q, "")
	}
	r.do(http.MethodPost, "/fhir/Patient", `{"resourceType":"Patient"}`)
	r.do(http.MethodDelete, "/fhir/Patient/a", "")
	r.do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/b"}}]}`)
	r.do(http.MethodPost, "/fhir/Binary", "x", "Content-Type: text/plain")
	r.do(http.MethodGet, "/fhir/Binary/id-2", "")
	require.Len(t, g.seen, len(questions)+5, "one for each request")
	require.Equal(t, len(g.seen), called)
	first := g.seen[0]
	require.Equal(t, repository.Read, first.Interaction)
	require.Equal(t, "Patient", first.Type)
	require.Equal(t, "a", first.ID)
	require.Len(t, first.Records, 1)
	batch := g.seen[len(questions)+2]
	require.Equal(t, repository.Batch, batch.Interaction)
	require.Len(t, batch.Results, 1)

	g.refuse = true
	for _, q := range []string{"/fhir/Patient/b", "/fhir/Patient?name=leger", "/fhir/Patient/b/_history", "/fhir/Binary/id-2", "/fhir/Patient/none"} {
		w := r.do(http.MethodGet, q, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, q)
		require.NotContains(t, w.Body.String(), "Léger", q)
	}
	g.refuse = false
	w := r.do(http.MethodGet, "/fhir/Patient/b", "", "Authorization: none")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, "login", outcome(t, w)[0].Code)
}

// TestStatementIsValid holds the CapabilityStatement to R4's own rules.
func TestStatementIsValid(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Extensions = []Extension{{
			Instantiates: []string{"http://example.org/cs"}, Security: []string{"SMART-on-FHIR"}, Profiles: map[string][]string{"Patient": {"http://example.org/p"}},
			Operations: []Operation{{
				Code: "match", Definition: "http://hl7.org/fhir/OperationDefinition/Patient-match", Levels: TypeLevel, Types: []string{"Patient"},
				Handle: func(context.Context, *OperationCall) (*OperationAnswer, error) {
					return &OperationAnswer{Status: 204}, nil
				},
			}},
		}}
	})
	for _, path := range []string{"/fhir/metadata", "/fhir/metadata?mode=terminology"} {
		w := r.do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, w.Code)
		res, err := element.ParseJSON(spec.R4(), w.Body.Bytes(), element.Options{})
		require.NoError(t, err)
		for _, i := range validate.New(spec.R4()).Issues(context.Background(), res.Root, validate.Full) {
			require.NotContains(t, []fault.Severity{fault.Error, fault.Fatal}, i.Severity, "%s %s: %s", i.Expression, i.Code, i.Diagnostics)
		}
		again := r.do(http.MethodGet, path, "", "If-None-Match: "+w.Header().Get("Etag"))
		require.Equal(t, http.StatusNotModified, again.Code)
	}
	require.Equal(t, http.StatusBadRequest, r.do(http.MethodGet, "/fhir/metadata?mode=other", "").Code)
	body := r.do(http.MethodGet, "/fhir/metadata", "").Body.String()
	for _, want := range []string{`"http://example.org/cs"`, `"SMART-on-FHIR"`, `"supportedProfile":["http://example.org/p"]`, `"name":"match"`, `"name":"everything"`} {
		require.Contains(t, body, want)
	}
	require.Equal(t, http.StatusNoContent, r.do(http.MethodPost, "/fhir/Patient/$match", "").Code)
	require.Equal(t, http.StatusMethodNotAllowed, r.do(http.MethodGet, "/fhir/Patient/$match", "").Code)
	require.Equal(t, http.StatusNotFound, r.do(http.MethodPost, "/fhir/Group/$match", "").Code)
}

// TestStatementDoesNotLie tries what the statement says: each search parameter that it lists is understood, each interaction and operation is routed.
func TestStatementDoesNotLie(t *testing.T) {
	r := newRig(t)
	var st struct {
		Rest []struct {
			Resource []struct {
				Type        string
				Interaction []struct{ Code string }
				SearchParam []struct{ Name, Type string }
				Operation   []struct{ Name string }
			}
		}
	}
	require.NoError(t, json.Unmarshal(r.do(http.MethodGet, "/fhir/metadata", "").Body.Bytes(), &st))
	require.Len(t, st.Rest[0].Resource, len(spec.R4().Resources))
	for _, res := range st.Rest[0].Resource {
		require.Len(t, res.Interaction, 9, res.Type)
		for _, p := range res.SearchParam {
			w := r.do(http.MethodGet, "/fhir/"+res.Type+"?"+p.Name+":missing=true&_summary=count", "")
			if w.Code != http.StatusOK && p.Type != "special" && p.Type != "composite" {
				require.Equal(t, http.StatusOK, w.Code, "%s.%s: %s", res.Type, p.Name, w.Body.String())
			}
		}
		for _, op := range res.Operation {
			w := r.do(http.MethodPost, "/fhir/"+res.Type+"/x/$"+op.Name, "")
			require.NotContains(t, w.Body.String(), "no such operation", op.Name)
			require.NotEqual(t, http.StatusMethodNotAllowed, w.Code, op.Name)
		}
	}
}

// TestAccessLogWriter: the lines that are written many at a time say what slog's say.
func TestAccessLogWriter(t *testing.T) {
	direct := &safeBuffer{}
	ask := func(change ...func(*Options)) *rig {
		r := newRig(t, change...)
		for _, q := range append([]string{"/fhir/$none", "/other"}, questions...) {
			r.do(http.MethodGet, q, "", "X-Request-Id: id-1")
		}
		require.NoError(t, r.server.Close())
		return r
	}
	ask(func(o *Options) { o.AccessLog.Writer = direct })
	through := ask().logs
	lines := func(text string) (out []map[string]any) {
		for l := range strings.Lines(text) {
			var m map[string]any
			require.NoError(t, json.Unmarshal([]byte(l), &m), l)
			delete(m, "time")
			delete(m, "ms")
			delete(m, "bytes")
			out = append(out, m)
		}
		return out
	}
	require.Len(t, lines(direct.String()), len(questions)+2)
	require.Equal(t, lines(through.String()), lines(direct.String()))
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

// TestFullDisk: a store that takes no more is told from a fault of the server's.
func TestFullDisk(t *testing.T) {
	for err, status := range map[error]int{
		fmt.Errorf("write: %w", syscall.ENOSPC):   http.StatusInsufficientStorage,
		fmt.Errorf("commit: %w", store.ErrFailed): http.StatusServiceUnavailable,
	} {
		f := faultOf(err)
		require.Equal(t, status, statusOf(f))
		require.Equal(t, fault.NoStore, f.Issues[0].Code)
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

type failedStore struct{ store.Store }

func (failedStore) Failure() error { return store.ErrFailed }

func TestReadyTellsFailedStorage(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusOK, r.do(http.MethodGet, "/readyz", "").Code)
	r.server.o.Store = failedStore{r.store}
	require.Equal(t, http.StatusServiceUnavailable, r.do(http.MethodGet, "/readyz", "").Code)
}

func TestUnknownRangeUnitIsIgnored(t *testing.T) {
	r := newRig(t)
	require.Equal(t, http.StatusCreated, r.do(http.MethodPost, "/fhir/Binary", "hello", "Content-Type: text/plain").Code)
	for _, value := range []string{"garbage", "pages=1-2"} {
		w := r.do(http.MethodGet, "/fhir/Binary/id-1", "", "Range: "+value)
		require.Equal(t, http.StatusOK, w.Code, value)
		require.Equal(t, "hello", w.Body.String())
	}
}
