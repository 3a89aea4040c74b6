package rest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

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
