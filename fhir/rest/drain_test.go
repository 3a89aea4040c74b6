package rest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRefusedBodiesAreAnswered sends bodies that are refused, far longer than the buffers of a connection: the client reads the refusal instead of a broken pipe.
func TestRefusedBodiesAreAnswered(t *testing.T) {
	g := newRig(t, func(o *Options) { o.Limits.Resource = 1 << 20 })
	server := httptest.NewServer(g.server)
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

// TestWhoIsNotLetInIsNotListenedTo: a body is not drained for who has no access, who waits for 100 Continue, or the server's own failures.
func TestWhoIsNotLetInIsNotListenedTo(t *testing.T) {
	for _, c := range []struct {
		status  int
		expect  string
		drained bool
	}{
		{http.StatusRequestEntityTooLarge, "", true}, {http.StatusUnprocessableEntity, "", true}, {http.StatusRequestEntityTooLarge, "100-continue", false},
		{http.StatusUnauthorized, "", false}, {http.StatusForbidden, "", false}, {http.StatusInternalServerError, "", false}, {http.StatusOK, "", false},
	} {
		body := strings.NewReader("text")
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/fhir", body)
		r.Header.Set("Expect", c.expect)
		x := exchange{w: httptest.NewRecorder(), r: r}
		x.drain(c.status)
		assert.Equal(t, c.drained, body.Len() == 0, "%d %s", c.status, c.expect)
	}
}

func TestDeclaredEncodings(t *testing.T) {
	for text, want := range map[string]string{
		"<a/>": "UTF-8", `<?xml version="1.0" encoding="ISO-8859-1"?><a/>`: "ISO-8859-1", "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>": "utf-8",
		"\xff\xfe<\x00": "UTF-16", "": "UTF-8", `<?xml version="1.0"?><a encoding="x"/>`: "UTF-8",
	} {
		assert.Equal(t, want, declaredEncoding([]byte(text)), text)
	}
}
