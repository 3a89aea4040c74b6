// Package ingest loads FHIR files into a server over its own API: what "carnet import" and the demo do. The server may run elsewhere, or be a handler in this process.
package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
)

// Target is a FHIR server.
type Target struct {
	Base   string // FHIR base URL without trailing slash
	Token  string // bearer token, "" for none
	Client *http.Client
}

// InProcess is a transport that calls a handler directly.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	p.handler.ServeHTTP(w, in)
	return w.Result(), nil
}

// Report says what was loaded.
type Report struct {
	Accepted int
	Types    map[string]int
	Refused  []string // one line each: where, and what the server said
}

func (r *Report) String() string {
	var b strings.Builder
	for _, typ := range slices.Sorted(maps.Keys(r.Types)) {
		fmt.Fprintf(&b, "%9d %s\n", r.Types[typ], typ)
	}
	fmt.Fprintf(&b, "%9d accepted, %d refused\n", r.Accepted, len(r.Refused))
	for _, line := range r.Refused {
		fmt.Fprintln(&b, "refused: "+line)
	}
	return b.String()
}

// transactionSize is how many resources go into one transaction.
const transactionSize = 500

// maxTransactionBytes keeps a transaction under the server's default limit.
const maxTransactionBytes = 32 << 20

// Loader groups resources into transactions and sends several at a time. Put, File and Wait are called from one goroutine.
type Loader struct {
	target  Target
	slots   chan struct{}
	pending []entry
	size    int
	running sync.WaitGroup

	mu     sync.Mutex
	report Report
	err    error
}

type entry struct {
	typ, id string
	body    []byte
}

// NewLoader makes a loader with as many requests under way at a time.
func NewLoader(t Target, parallel int) *Loader {
	return &Loader{target: t, slots: make(chan struct{}, parallel), report: Report{Types: map[string]int{}}}
}

// Put loads one resource of JSON at its id; with id "" it is created.
func (l *Loader) Put(ctx context.Context, typ, id string, body []byte) error {
	l.pending = append(l.pending, entry{typ, id, body})
	if l.size += len(body); len(l.pending) < transactionSize && l.size < maxTransactionBytes {
		return nil
	}
	return l.flush(ctx)
}

// Wait sends what is pending and waits for all answers; it gives the first error that kept a request from being answered.
func (l *Loader) Wait() error {
	err := l.flush(context.Background())
	l.running.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(err, l.err)
}

// Report gives what was loaded so far.
func (l *Loader) Report() *Report {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.report
	r.Types = maps.Clone(l.report.Types)
	return &r
}

func (l *Loader) flush(ctx context.Context) error {
	l.mu.Lock()
	failed := l.err
	l.mu.Unlock()
	if failed != nil || len(l.pending) == 0 {
		return failed
	}
	batch := l.pending
	l.pending, l.size = nil, 0
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	l.running.Go(func() {
		defer func() { <-l.slots }()
		l.send(ctx, batch)
	})
	return nil
}

// send posts a transaction; when the server refuses it, its resources go one by one, so that one bad resource refuses itself only.
func (l *Loader) send(ctx context.Context, batch []entry) {
	status, answer, err := l.target.do(ctx, http.MethodPost, "", transaction(batch))
	if err != nil {
		l.fail(err)
		return
	}
	if status == http.StatusOK {
		l.accept(batch...)
		return
	}
	if len(batch) == 1 {
		l.refuse(batch[0].where(), status, answer)
		return
	}
	for _, e := range batch {
		l.send(ctx, []entry{e})
	}
}

func (e entry) where() string {
	if e.id == "" {
		return e.typ
	}
	return e.typ + "/" + e.id
}

func transaction(batch []entry) []byte {
	b := []byte(`{"resourceType":"Bundle","type":"transaction","entry":[`)
	for i, e := range batch {
		if i > 0 {
			b = append(b, ',')
		}
		method := "PUT"
		if e.id == "" {
			method = "POST"
		}
		b = append(b, `{"resource":`...)
		b = append(b, e.body...)
		b = fmt.Appendf(b, `,"request":{"method":%q,"url":%q}}`, method, e.where())
	}
	return append(b, "]}"...)
}

// do sends a FHIR JSON request and gives the status and the answer's body.
func (t Target) do(ctx context.Context, method, path string, body []byte) (int, []byte, error) {
	return t.send(ctx, method, path, "application/fhir+json", body)
}

func (t Target) send(ctx context.Context, method, path, contentType string, body []byte) (int, []byte, error) {
	status, _, answer, err := t.exchange(ctx, method, path, body, http.Header{"Content-Type": {contentType}})
	return status, answer, err
}

// create posts a resource on the condition that the search finds none, and gives the Location of what is there now.
func (t Target) create(ctx context.Context, typ string, body []byte, ifNoneExist string) (status int, location string, answer []byte, err error) {
	status, header, answer, err := t.exchange(ctx, http.MethodPost, typ, body, http.Header{"Content-Type": {"application/fhir+json"}, "If-None-Exist": {ifNoneExist}})
	return status, header.Get("Location"), answer, err
}

func (t Target) exchange(ctx context.Context, method, path string, body []byte, header http.Header) (int, http.Header, []byte, error) {
	url := t.Base
	if path != "" {
		url += "/" + path
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, nil, err
	}
	req.Header = header
	req.Header.Set("Accept", "application/fhir+json")
	if method != http.MethodPost || path != "" {
		req.Header.Set("Prefer", "return=minimal")
	}
	if t.Token != "" {
		req.Header.Set("Authorization", "Bearer "+t.Token)
	}
	resp, err := t.Client.Do(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 256<<20))
	return resp.StatusCode, resp.Header, answer, err
}

func (l *Loader) accept(batch ...entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Accepted += len(batch)
	for _, e := range batch {
		l.report.Types[e.typ]++
	}
}

func (l *Loader) refuse(where string, status int, answer []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.report.Refused = append(l.report.Refused, fmt.Sprintf("%s: %d %s", where, status, firstIssue(answer)))
}

func (l *Loader) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

// firstIssue gives what an OperationOutcome says first.
func firstIssue(answer []byte) string {
	var outcome struct {
		Issue []struct {
			Diagnostics string   `json:"diagnostics"`
			Expression  []string `json:"expression"`
		} `json:"issue"`
	}
	if json.Unmarshal(answer, &outcome) != nil || len(outcome.Issue) == 0 {
		return "without an OperationOutcome"
	}
	first := outcome.Issue[0]
	if len(first.Expression) > 0 {
		return first.Expression[0] + ": " + first.Diagnostics
	}
	return first.Diagnostics
}
