package smart

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzAuthorize reads any query as an authorization request. Whatever it is, nobody is sent anywhere but to a registered redirection of the client that is named, and what is accepted has all that protects it.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f, nil)
	f.Add(strings.TrimPrefix(askURL(), "/auth/authorize?"))
	f.Add("client_id=app&redirect_uri=https%3A%2F%2Fapp.example%2Fcallback")
	f.Add("client_id=app&client_id=portal&redirect_uri=https%3A%2F%2Fportal.example%2Fcallback")
	f.Add(strings.Repeat("a=b&", 100))
	f.Add("%zz=%zz&client_id=%00")
	f.Fuzz(func(t *testing.T, raw string) {
		a, err := w.smart.readAsk(raw)
		if a == nil {
			require.NotNil(t, err)
			return
		}
		require.True(t, slices.Contains(a.Client.RedirectURIs, a.redirect))
		u, parse := url.Parse(w.smart.replyURL(a, errorAnswer("x", "y")))
		require.NoError(t, parse)
		registered, parse := url.Parse(a.redirect)
		require.NoError(t, parse)
		require.Equal(t, registered.Host, u.Host)
		require.Equal(t, registered.Path, u.Path)
		require.Equal(t, []string{w.smart.issuer}, u.Query()["iss"])
		if err != nil {
			return
		}
		require.True(t, isDigest(a.challenge))
		require.GreaterOrEqual(t, len(a.state), minState)
		require.True(t, a.Scopes.Within(a.Client.Scopes()))
		require.False(t, a.Scopes.Empty())
	})
}

// FuzzToken sends any form to the token endpoint: an answer is JSON without tokens, as nobody has granted anything, and never the server's fault.
func FuzzToken(f *testing.F) {
	w := newWorld(f, nil)
	f.Add("grant_type=authorization_code&client_id=app&code=" + w.smart.codeOf(newGrantID(), w.Now()) + "&code_verifier=" + testVerifier)
	f.Add("grant_type=refresh_token&client_id=app&refresh_token=AAAA")
	f.Add("grant_type=client_credentials&client_assertion_type=" + url.QueryEscape(assertionType) + "&client_assertion=eyJhbGciOiJub25lIn0.eyJzdWIiOiJiYWNrZW5kIn0.")
	f.Add("grant_type=client_credentials&client_assertion_type=" + url.QueryEscape(assertionType) + "&client_assertion=eyJhbGciOiJFUzM4NCIsImtpZCI6ImVjMzg0In0.eyJzdWIiOiJiYWNrZW5kIiwiZXhwIjoxZTMwMH0.AAAA")
	f.Fuzz(func(t *testing.T, form string) {
		r := httptest.NewRequest(http.MethodPost, "/auth/token", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		out := httptest.NewRecorder()
		w.REST.ServeHTTP(out, r)
		var answer map[string]any
		require.NoError(t, json.Unmarshal(out.Body.Bytes(), &answer))
		require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized}, out.Code, out.Body.String())
		require.NotContains(t, answer, "access_token")
		require.Equal(t, "no-store", out.Header().Get("Cache-Control"))
	})
}

// FuzzAssertion reads any text as a client's assertion; none is believed.
func FuzzAssertion(f *testing.F) {
	w := newWorld(f, nil)
	c := &conversation{t: &testing.T{}, world: w, known: map[string]string{}, secrets: map[string]string{}}
	good := c.assertion(nil)
	f.Add(good[:len(good)-4])
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJiYWNrZW5kIn0.")
	f.Add("..")
	backend := w.smart.o.Clients.Find("backend")
	f.Fuzz(func(t *testing.T, text string) {
		subjectOfAssertion(text)
		if text == good {
			return
		}
		_, fault := w.smart.verifyAssertion(t.Context(), backend, text)
		require.NotNil(t, fault)
	})
}

// FuzzTokensOfOurs reads any text as a code, a refresh token and a shard of the ledger.
func FuzzTokensOfOurs(f *testing.F) {
	w := newWorld(f, nil)
	f.Add([]byte(w.smart.codeOf(newGrantID(), w.Now())))
	f.Add(append([]byte{ledgerFormat}, make([]byte, ledgerRow)...))
	f.Fuzz(func(t *testing.T, text []byte) {
		w.smart.readCode(string(text))
		_, ok := w.smart.openAgreement(string(text))
		require.False(t, ok)
		if rows, err := readRows(text); err == nil && len(rows) > 0 {
			again, err := readRows(writeRows(rows))
			require.NoError(t, err)
			require.Equal(t, rows, again)
		}
	})
}
