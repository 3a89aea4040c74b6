package dsubm_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestARestartResumesWhereItWas(t *testing.T) {
	fs := vfs.NewMem()
	r := newReceiver(t, func(n int) int { return map[bool]int{true: 500, false: 200}[n%3 == 0] })
	s := start(t, fs, quick())
	subscribe(t, s, "s1", r.URL)
	s.active(t, "s1")
	n := 0
	for range 5 { // stopped in the middle, five times
		for range 4 {
			s.document(t, fmt.Sprintf("d%d", n), "pa")
			n++
		}
		s.stop()
		s = start(t, fs, quick())
	}
	// What came while no broker was there is told too.
	require.NoError(t, s.broker.Close())
	s.document(t, fmt.Sprintf("d%d", n), "pa")
	n++
	s.stop()
	start(t, fs, quick())
	last := fmt.Sprintf("%d DocumentReference/d%d", n, n-1)
	eventually(t, "all are told", func() bool { e := r.events(); return len(e) > 0 && e[len(e)-1] == last })
	requireInOrder(t, r.events(), n)
}

func TestItStopsWithAReason(t *testing.T) {
	const secret = "Patient/pa"
	t.Run("handshake refused", func(t *testing.T) {
		r := newReceiver(t, func(int) int { return 404 })
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL)
		eventually(t, "it fails", func() bool { status, _ := s.subscription("s1"); return status == "error" })
		_, reason := s.subscription("s1")
		assert.Contains(t, reason, "The handshake failed: the endpoint answered with the status 404.")
		assert.Len(t, r.all(), 3)
	})
	t.Run("nobody there", func(t *testing.T) {
		r := newReceiver(t, nil)
		r.Close()
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL)
		eventually(t, "it fails", func() bool { status, _ := s.subscription("s1"); return status == "error" })
		_, reason := s.subscription("s1")
		assert.Contains(t, reason, "could not be reached")
		assert.NotContains(t, reason, r.URL)
	})
	t.Run("down for too long, then resumed", func(t *testing.T) {
		down := true
		r := newReceiver(t, func(n int) int { return map[bool]int{true: 500, false: 200}[n > 1 && down] })
		o := quick()
		o.GiveUp = 60 * time.Millisecond
		s := start(t, nil, o)
		subscribe(t, s, "s1", r.URL)
		s.active(t, "s1")
		s.document(t, "d0", "pa")
		eventually(t, "it gives up", func() bool { status, _ := s.subscription("s1"); return status == "error" })
		_, reason := s.subscription("s1")
		assert.Contains(t, reason, "the endpoint answered with the status 500")
		assert.NotContains(t, reason, secret)
		s.document(t, "d1", "pa")
		r.mu.Lock()
		down = false
		r.mu.Unlock()
		require.Equal(t, http.StatusOK, subscribe(t, s, "s1", r.URL).Code)
		eventually(t, "what it missed is told", func() bool { e := r.events(); return len(e) > 0 && e[len(e)-1] == "2 DocumentReference/d1" })
		requireInOrder(t, r.events(), 2)
	})
	t.Run("gone", func(t *testing.T) {
		r := newReceiver(t, func(n int) int { return map[bool]int{true: 410, false: 200}[n > 1] })
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL)
		s.active(t, "s1")
		s.document(t, "d0", "pa")
		eventually(t, "it ends", func() bool { status, _ := s.subscription("s1"); return status == "off" })
		time.Sleep(30 * time.Millisecond)
		assert.Len(t, r.events(), 1, "no further attempt")
	})
	t.Run("its own end", func(t *testing.T) {
		r := newReceiver(t, nil)
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL, `"reason":`, fmt.Sprintf(`"end":%q,"reason":`, time.Now().Add(150*time.Millisecond).UTC().Format(time.RFC3339Nano)))
		eventually(t, "it ends", func() bool { status, _ := s.subscription("s1"); return status == "off" })
		_, reason := s.subscription("s1")
		assert.Contains(t, reason, "The end that the Subscription names was reached.")
		last := r.all()[len(r.all())-1]
		assert.Equal(t, "off", last.status, "the receiver is told")
	})
	t.Run("unsubscribed", func(t *testing.T) {
		r := newReceiver(t, nil)
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL)
		s.active(t, "s1")
		require.Equal(t, http.StatusOK, subscribe(t, s, "s1", r.URL, `"status":"requested"`, `"status":"off"`).Code)
		eventually(t, "the receiver is told", func() bool { a := r.all(); return a[len(a)-1].status == "off" })
		s.document(t, "d0", "pa")
		time.Sleep(30 * time.Millisecond)
		assert.Empty(t, r.events())
	})
	t.Run("deleted", func(t *testing.T) {
		r := newReceiver(t, nil)
		s := start(t, nil, quick())
		subscribe(t, s, "s1", r.URL)
		s.active(t, "s1")
		require.Equal(t, http.StatusNoContent, s.Do(http.MethodDelete, "/fhir/Subscription/s1", "").Code)
		time.Sleep(20 * time.Millisecond)
		s.document(t, "d0", "pa")
		time.Sleep(30 * time.Millisecond)
		assert.Empty(t, r.events())
	})
}

func TestHeartbeats(t *testing.T) {
	r := newReceiver(t, nil)
	s := start(t, nil, quick())
	w := subscribe(t, s, "s1", r.URL, `"channel":{`, `"channel":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":1}],`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	eventually(t, "it beats", func() bool { a := r.all(); return len(a) > 1 && a[len(a)-1].kind == "heartbeat" })
}

func TestUpdatesAndBatches(t *testing.T) {
	r := newReceiver(t, nil)
	s := start(t, nil, quick())
	w := subscribe(t, s, "s1", r.URL, "DocumentReference-PatientDependent", "DocReference-PatientDependent-MinUpdate",
		`"channel":{`, `"channel":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-max-count","valuePositiveInt":10}],`)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	s.active(t, "s1")
	s.document(t, "d0", "pa")
	s.Put(t, "DocumentReference/d0", `{"resourceType":"DocumentReference","id":"d0","status":"current","description":"x","subject":{"reference":"Patient/pa"},"content":[{"attachment":{"url":"Binary/b"}}]}`)
	s.Put(t, "DocumentReference/d0", `{"resourceType":"DocumentReference","id":"d0","status":"superseded","description":"x","subject":{"reference":"Patient/pa"},"content":[{"attachment":{"url":"Binary/b"}}]}`)
	eventually(t, "creation and change of status are told", func() bool { return len(r.events()) == 2 })
	time.Sleep(20 * time.Millisecond)
	assert.Equal(t, []string{"1 DocumentReference/d0", "2 DocumentReference/d0"}, r.events())
}

func TestRefusedSubscriptions(t *testing.T) {
	s := start(t, nil, quick())
	strict := quick()
	strict.Sandbox = false
	outside := start(t, nil, strict)
	for name, c := range map[string]struct {
		on    *system
		edits []string
		want  string
	}{
		"unknown topic":             {s, []string{"DocumentReference-PatientDependent", "Weather"}, "Subscription.criteria"},
		"no patient":                {s, []string{"DocumentReference?patient=Patient/pa", "DocumentReference?type=1"}, "Subscription.criteria.extension"},
		"no filter":                 {s, []string{"backport-filter-criteria", "other"}, "Subscription.criteria.extension"},
		"filter of another topic":   {s, []string{"patient=Patient/pa", "patient=Patient/pa&description=x"}, "Subscription.criteria.extension"},
		"filter of another type":    {s, []string{"DocumentReference?patient", "Patient?patient"}, "Subscription.criteria.extension"},
		"bad value":                 {s, []string{"patient=Patient/pa", "patient=Patient/pa&status:text:x=1"}, "Subscription.criteria.extension"},
		"other channel":             {s, []string{`"rest-hook"`, `"email"`}, "Subscription.channel.type"},
		"no TLS":                    {s, []string{"http://127.0.0.1:1", "http://example.org"}, "Subscription.channel.endpoint"},
		"no TLS outside a sandbox":  {outside, nil, "Subscription.channel.endpoint"},
		"not a URL":                 {s, []string{"http://127.0.0.1:1", "somewhere"}, "Subscription.channel.endpoint"},
		"credentials in the URL":    {s, []string{"http://127.0.0.1:1", "https://a:b@example.org"}, "Subscription.channel.endpoint"},
		"other payload":             {s, []string{`"application/fhir+json"`, `"text/plain"`}, "Subscription.channel.payload"},
		"other content":             {s, []string{`"id-only"`, `"everything"`}, "Subscription.channel.payload"},
		"header of the connection":  {s, []string{`"payload":"app`, `"header":["Host: example.org"],"payload":"app`}, "Subscription.channel.header"},
		"header in two lines":       {s, []string{`"payload":"app`, `"header":["A: b\r\nC: d"],"payload":"app`}, "Subscription.channel.header"},
		"header that is none":       {s, []string{`"payload":"app`, `"header":["hello"],"payload":"app`}, "Subscription.channel.header"},
		"active by its own word":    {s, []string{`"requested"`, `"active"`}, "Subscription.status"},
		"plain criteria of another": {s, []string{topics + "DocumentReference-PatientDependent", "Observation?code=1"}, "Subscription.criteria"},
		"heartbeat that is none": {s, []string{`"channel":{`, `"channel":{"extension":[{"url":"http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-heartbeat-period","valueUnsignedInt":0}],`},
			"Subscription.channel.extension"},
	} {
		t.Run(name, func(t *testing.T) {
			w := subscribe(t, c.on, "s1", "http://127.0.0.1:1", c.edits...)
			assert.Equal(t, http.StatusUnprocessableEntity, w.Code, w.Body.String())
			assert.Contains(t, w.Body.String(), `"`+c.want+`"`)
		})
	}
}

func TestTheServerDoesNotCallItsNeighbours(t *testing.T) {
	r := newReceiver(t, nil)
	o := quick()
	o.Sandbox, o.Handshakes = false, 1
	endpoint := strings.Replace(r.URL, "http://", "https://", 1)
	s := start(t, nil, o)
	w := subscribe(t, s, "s1", endpoint)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code, "an address is judged when the Subscription is stored; a name when it is called, see TestNamesAreJudgedWhenTheyAreCalled")
	assert.Contains(t, w.Body.String(), "Subscription.channel.endpoint")
	assert.Empty(t, r.all())

	o.Networks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	s = start(t, nil, o)
	require.Equal(t, http.StatusCreated, subscribe(t, s, "s1", endpoint).Code)
	eventually(t, "it fails", func() bool { status, _ := s.subscription("s1"); return status == "error" })
	_, reason := s.subscription("s1")
	assert.NotContains(t, reason, "not one that this server calls", "the operator allowed it; there is no TLS behind it")
}
