package dsubm_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dsubm"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// receiver is an endpoint: a real HTTP server that writes down what comes, and answers as it is told.
type receiver struct {
	*httptest.Server
	mu      sync.Mutex
	got     []notification
	answer  func(n int) int // status of the n-th request, from 1
	headers []http.Header
	paths   []string
}

type notification struct {
	kind, status string
	events       string
	numbers      []string
	focus        []string
	resources    []string
	body         string
}

func newReceiver(t *testing.T, answer func(n int) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		r.mu.Lock()
		r.got = append(r.got, readNotification(body))
		r.headers, r.paths = append(r.headers, q.Header.Clone()), append(r.paths, q.URL.String())
		n := len(r.got)
		r.mu.Unlock()
		status := http.StatusOK
		if r.answer != nil {
			status = r.answer(n)
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

func readNotification(body []byte) notification {
	n := notification{body: string(body)}
	text := body
	if strings.HasPrefix(string(body), "<") {
		res, err := element.ParseXML(spec.R4(), body, element.Options{})
		if err != nil {
			return notification{kind: "broken: " + err.Error()}
		}
		text = res.Compact()
	} else if len(body) > 0 {
		if _, err := element.ParseJSON(spec.R4(), body, element.Options{}); err != nil {
			return notification{kind: "broken: " + err.Error()}
		}
	}
	var bundle struct {
		Type  string
		Entry []struct {
			FullURL  string
			Resource struct {
				ResourceType, ID string
				Parameter        []struct {
					Name, ValueCode, ValueString string
					Part                         []struct {
						Name, ValueString string
						ValueReference    struct{ Reference string }
					}
				}
			}
		}
	}
	if json.Unmarshal(text, &bundle) != nil || bundle.Type != "history" || len(bundle.Entry) == 0 {
		return n
	}
	for _, p := range bundle.Entry[0].Resource.Parameter {
		switch p.Name {
		case "type":
			n.kind = p.ValueCode
		case "status":
			n.status = p.ValueCode
		case "events-since-subscription-start":
			n.events = p.ValueString
		case "notification-event":
			for _, part := range p.Part {
				if part.Name == "event-number" {
					n.numbers = append(n.numbers, part.ValueString)
				}
				if part.Name == "focus" {
					n.focus = append(n.focus, strings.TrimPrefix(part.ValueReference.Reference, servertest.Base+"/"))
				}
			}
		}
	}
	for _, e := range bundle.Entry[1:] {
		if e.Resource.ResourceType != "" {
			n.resources = append(n.resources, e.Resource.ResourceType+"/"+e.Resource.ID)
		}
	}
	return n
}

// all gives the notifications so far.
func (r *receiver) all() []notification {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

// events gives the numbers and documents of the event notifications so far.
func (r *receiver) events() []string {
	var out []string
	for _, n := range r.all() {
		if n.kind == "event-notification" && n.status == "active" {
			for i := range n.numbers {
				out = append(out, n.numbers[i]+" "+strings.Join(n.focus[i:i+1], ""))
			}
		}
	}
	return out
}

// quick are options with which a test does not wait.
func quick() dsubm.Options {
	return dsubm.Options{Sandbox: true, Timeout: 300 * time.Millisecond, FirstDelay: 5 * time.Millisecond, LongestDelay: 40 * time.Millisecond, GiveUp: 5 * time.Second}
}

type system struct {
	*servertest.Server
	broker *dsubm.Broker
}

// start makes a server with a broker on a file system, or takes over its data.
func start(t *testing.T, fs vfs.FS, o dsubm.Options) *system {
	t.Helper()
	sys := &system{}
	sys.Server = servertest.New(t, servertest.Options{
		FS: fs,
		Repository: func(ro *repository.Options) {
			sys.broker = dsubm.NewBroker(ro.Registry, o)
			ro.Interceptors, ro.Observers = append(ro.Interceptors, sys.broker), append(ro.Observers, sys.broker)
			made := 0
			prefix := fmt.Sprintf("n%d", time.Now().UnixNano())
			ro.NewID = func() string { made++; return fmt.Sprintf("%s-%d", prefix, made) }
		},
		Made: func(s *servertest.Server) {
			require.NoError(t, sys.broker.Start(s.Repository, s.Store, servertest.Base))
		},
		REST: func(ro *rest.Options) { ro.Extensions = append(ro.Extensions, sys.broker.Extension()) },
	})
	t.Cleanup(sys.stop)
	return sys
}

func (s *system) stop() {
	_ = s.broker.Close()
	s.Close()
}

const topics = "https://profiles.ihe.net/ITI/DSUBm/SubscriptionTopic/DSUBm-SubscriptionTopic-"

// subscribe stores a subscription; edits replace text in it.
func subscribe(t *testing.T, s *system, id, endpoint string, edits ...string) *httptest.ResponseRecorder {
	t.Helper()
	text := fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"Nouveaux documents",
		"criteria":"%sDocumentReference-PatientDependent",
		"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"DocumentReference?patient=Patient/pa"}]},
		"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json",
		"_payload":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-payload-content","valueCode":"id-only"}]}}}`, id, topics, endpoint)
	return s.Do(http.MethodPut, "/fhir/Subscription/"+id, strings.NewReplacer(edits...).Replace(text))
}

func (s *system) document(t *testing.T, id, patient string) {
	t.Helper()
	s.Put(t, "DocumentReference/"+id, fmt.Sprintf(`{"resourceType":"DocumentReference","id":%q,"status":"current","subject":{"reference":"Patient/%s"},"content":[{"attachment":{"url":"Binary/b"}}]}`, id, patient))
}

func (s *system) subscription(id string) (status, reason string) {
	var found struct{ Status, Error string }
	_ = json.Unmarshal(s.Do(http.MethodGet, "/fhir/Subscription/"+id, "").Body.Bytes(), &found)
	return found.Status, found.Error
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, 5*time.Second, 2*time.Millisecond, what)
}

func (s *system) active(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the subscription becomes active", func() bool { status, _ := s.subscription(id); return status == "active" })
}

func TestHandshakeThenEventsInOrder(t *testing.T) {
	r := newReceiver(t, nil)
	s := start(t, nil, quick())
	require.Equal(t, http.StatusCreated, subscribe(t, s, "s1", r.URL+"/hook?key=1", `"payload":"application`, `"header":["Authorization: Bearer abc"],"payload":"application`).Code)
	s.active(t, "s1")
	s.document(t, "d1", "pa")
	s.document(t, "other", "pb")
	s.document(t, "d2", "pa")
	s.document(t, "d1", "pb") // an update is no event of this topic
	eventually(t, "both are told", func() bool { return len(r.events()) >= 2 })
	time.Sleep(20 * time.Millisecond)
	assert.Equal(t, []string{"1 DocumentReference/d1", "2 DocumentReference/d2"}, r.events())
	first := r.all()[0]
	assert.Equal(t, "handshake", first.kind)
	assert.Equal(t, "requested", first.status)
	for i, n := range r.all() {
		assert.Empty(t, n.resources, "id-only")
		assert.Equal(t, "/hook?key=1", r.paths[i], "the URL is the client's and nothing else")
		assert.Equal(t, "Bearer abc", r.headers[i].Get("Authorization"))
		assert.Equal(t, "application/fhir+json", r.headers[i].Get("Content-Type"))
	}
	status := s.Do(http.MethodGet, "/fhir/Subscription/s1/$status", "")
	assert.Equal(t, http.StatusOK, status.Code)
	assert.Contains(t, status.Body.String(), `"valueString":"2"`)
	assert.Contains(t, status.Body.String(), `"query-status"`)
}

func TestContentLevelsAndFormats(t *testing.T) {
	for name, c := range map[string]struct {
		edits     []string
		focus     int
		resources int
		body      string
	}{
		"full-resource": {[]string{`"valueCode":"id-only"`, `"valueCode":"full-resource"`}, 1, 1, "{"},
		"id-only":       {nil, 1, 0, "{"},
		"empty":         {[]string{`"valueCode":"id-only"`, `"valueCode":"empty"`}, 0, 0, "{"},
		"xml":           {[]string{`"payload":"application/fhir+json"`, `"payload":"application/fhir+xml"`, `"valueCode":"id-only"`, `"valueCode":"full-resource"`}, 1, 1, "<"},
		"plain criteria": {[]string{`"criteria":"` + topics + `DocumentReference-PatientDependent"`, `"criteria":"DocumentReference?patient=Patient/pa&status=current"`,
			`"_criteria":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-filter-criteria","valueString":"DocumentReference?patient=Patient/pa"}]},`, ""}, 1, 0, "{"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, nil)
			s := start(t, nil, quick())
			w := subscribe(t, s, "s1", r.URL, c.edits...)
			require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
			s.active(t, "s1")
			s.document(t, "d1", "pa")
			eventually(t, "it is told", func() bool { return len(r.all()) == 2 })
			n := r.all()[1]
			assert.Equal(t, "event-notification", n.kind)
			assert.Len(t, n.focus, c.focus)
			assert.Len(t, n.resources, c.resources)
			assert.True(t, strings.HasPrefix(n.body, c.body))
		})
	}
}

func TestFaultsAreRetriedWithoutLossOrDisorder(t *testing.T) {
	for name, answer := range map[string]func(n int) int{
		"every second request fails": func(n int) int { return map[bool]int{true: 500, false: 200}[n%2 == 1 && n > 1] },
		"down for a while":           func(n int) int { return map[bool]int{true: 503, false: 204}[n > 2 && n < 9] },
		"slow now and then": func(n int) int {
			if n == 3 || n == 6 {
				time.Sleep(400 * time.Millisecond)
			}
			return 200
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newReceiver(t, answer)
			s := start(t, nil, quick())
			subscribe(t, s, "s1", r.URL)
			s.active(t, "s1")
			for n := range 8 {
				s.document(t, fmt.Sprintf("d%d", n), "pa")
			}
			eventually(t, "all are told", func() bool { return slices.Contains(r.events(), "8 DocumentReference/d7") })
			requireInOrder(t, r.events(), 8)
		})
	}
}

// requireInOrder holds that each event came, none before an earlier one; repetitions are allowed (at least once).
func requireInOrder(t *testing.T, events []string, count int) {
	t.Helper()
	distinct := slices.Compact(slices.Clone(events))
	var want []string
	for n := range count {
		want = append(want, fmt.Sprintf("%d DocumentReference/d%d", n+1, n))
	}
	require.Equal(t, want, distinct)
}
