package extraction

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// Server is a FHIR server, or a handler in this process.
type Server interface {
	// Do sends a request to a path under the FHIR base and gives the status and the answer's body.
	Do(ctx context.Context, method, path, contentType string, body []byte) (status int, answer []byte, err error)
}

// resource is what a line makes.
type resource struct {
	typ, id string
	json    []byte
	line    int
}

// position is how far a file was read: all lines before the offset are covered.
type position struct {
	Offset int64
	Line   int
}

// sender groups resources into transactions and sends several at a time. add and wait are called from one goroutine.
type sender struct {
	server  Server
	refused func(line int, reason string)
	// covered is called, in order and one at a time, when everything before a position was answered.
	covered func(context.Context, position) error

	size    int
	pending []resource
	slots   chan struct{}
	running sync.WaitGroup

	mu       sync.Mutex
	err      error
	accepted int64
	next     int              // of the next batch to be sent
	answered int              // all batches before it are answered
	done     map[int]position // answered batches behind answered
}

func newSender(server Server, size, parallel int) *sender {
	return &sender{server: server, size: size, slots: make(chan struct{}, parallel), done: map[int]position{}}
}

func (s *sender) add(r resource) { s.pending = append(s.pending, r) }

// full says that it is time for flush.
func (s *sender) full() bool { return len(s.pending) >= s.size }

// flush sends what is pending; at is the position that it completes.
func (s *sender) flush(ctx context.Context, at position) error {
	s.mu.Lock()
	err := s.err
	n := s.next
	s.next++
	s.mu.Unlock()
	if err != nil {
		return err
	}
	batch := s.pending
	s.pending = make([]resource, 0, s.size+16)
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	s.running.Go(func() {
		defer func() { <-s.slots }()
		err := s.send(ctx, batch)
		s.finish(ctx, n, at, int64(len(batch)), err)
	})
	return nil
}

// finish notes a batch as answered, and tells of the position up to which all are.
func (s *sender) finish(ctx context.Context, n int, at position, count int64, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if s.err == nil {
			s.err = err
		}
		return
	}
	s.accepted += count
	s.done[n] = at
	moved := false
	for {
		p, ok := s.done[s.answered]
		if !ok {
			break
		}
		delete(s.done, s.answered)
		s.answered++
		at, moved = p, true
	}
	if moved && s.covered != nil && s.err == nil {
		s.err = s.covered(ctx, at)
	}
}

// wait waits for all answers.
func (s *sender) wait() error {
	s.running.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sender) total() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

const fhirJSON = "application/fhir+json"

// send posts a transaction; one that the server refuses is sent resource by resource, so that each is refused for itself.
func (s *sender) send(ctx context.Context, batch []resource) error {
	if len(batch) == 0 {
		return nil
	}
	status, answer, err := request(ctx, s.server, http.MethodPost, "", transaction(batch))
	if err != nil || status == http.StatusOK {
		return err
	}
	if err := fatal(ctx, status, answer); err != nil {
		return err
	}
	for i := range batch {
		r := &batch[i]
		status, answer, err := request(ctx, s.server, http.MethodPut, r.typ+"/"+r.id, r.json)
		if err == nil {
			err = fatal(ctx, status, answer)
		}
		switch {
		case err != nil:
			return err
		case status != http.StatusOK && status != http.StatusCreated:
			s.mu.Lock()
			s.accepted--
			s.refused(r.line, fmt.Sprintf("%s: %d %s", r.typ, status, firstIssue(answer)))
			s.mu.Unlock()
		}
	}
	return nil
}

// statusClosed is what a handler in this process answers when the caller's context ended.
const statusClosed = 499

// fatal tells refusals that are not about what was sent: the import stops there, and goes on from there.
func fatal(ctx context.Context, status int, answer []byte) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case status >= 500 || status == statusClosed || status == http.StatusTooManyRequests || status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("the server answered %d: %s", status, firstIssue(answer))
	}
	return nil
}

// request repeats what the server asks to repeat.
func request(ctx context.Context, server Server, method, path string, body []byte) (int, []byte, error) {
	for attempt := 0; ; attempt++ {
		status, answer, err := server.Do(ctx, method, path, fhirJSON, body)
		if err != nil || attempt == 5 || status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			return status, answer, err
		}
		select {
		case <-time.After(time.Second << attempt):
		case <-ctx.Done():
			return 0, nil, ctx.Err()
		}
	}
}

func transaction(batch []resource) []byte {
	size := 100
	for i := range batch {
		size += len(batch[i].json) + 120
	}
	b := make([]byte, 0, size)
	b = append(b, `{"resourceType":"Bundle","type":"transaction","entry":[`...)
	for i := range batch {
		r := &batch[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"resource":`...), r.json...)
		b = append(append(append(append(append(b, `,"request":{"method":"PUT","url":"`...), r.typ...), '/'), r.id...), `"}}`...)
	}
	return append(b, "]}"...)
}

// firstIssue gives what an OperationOutcome says first.
func firstIssue(answer []byte) string {
	var outcome struct {
		Issue []struct {
			Diagnostics string   `json:"diagnostics"`
			Expression  []string `json:"expression"`
		} `json:"issue"`
	}
	if json.Unmarshal(bytes.TrimSpace(answer), &outcome) != nil || len(outcome.Issue) == 0 {
		return "without an OperationOutcome"
	}
	first := outcome.Issue[0]
	if len(first.Expression) > 0 {
		return first.Expression[0] + ": " + first.Diagnostics
	}
	return first.Diagnostics
}
