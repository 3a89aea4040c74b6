package smart

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type tokenAnswer struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Error   string `json:"error"`
}

func (w *world) ask(t testing.TB, form url.Values) tokenAnswer {
	r := w.Do(http.MethodPost, "/auth/token", form.Encode(), "Content-Type: application/x-www-form-urlencoded")
	var a tokenAnswer
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &a))
	return a
}

func codeForm(code string) url.Values {
	return url.Values{"grant_type": {GrantCode}, "client_id": {"app"}, "code": {code}, "redirect_uri": {"https://app.example/callback"}, "code_verifier": {testVerifier}}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {GrantRefresh}, "client_id": {"app"}, "refresh_token": {token}}
}

// atOnce sends one request many times at the same moment and gives what succeeded.
func (w *world) atOnce(t testing.TB, form url.Values) (won []tokenAnswer) {
	var all sync.WaitGroup
	answers := make([]tokenAnswer, 8)
	for n := range answers {
		all.Go(func() { answers[n] = w.ask(t, form) })
	}
	all.Wait()
	for _, a := range answers {
		if a.Access != "" {
			won = append(won, a)
		} else {
			assert.Equal(t, "invalid_grant", a.Error)
		}
	}
	return won
}

// TestCodeAtOnce uses a code from several places at the same moment: at most one gets an answer, and whatever it got is worth nothing.
func TestCodeAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	for range 20 {
		won := w.atOnce(t, codeForm(newWalker(t, w).code("alone")))
		require.LessOrEqual(t, len(won), 1)
		for _, a := range won {
			assert.Equal(t, "invalid_grant", w.ask(t, refreshForm(a.Refresh)).Error)
			_, err := w.smart.o.Verifier.Token(t.Context(), a.Access)
			assert.Error(t, err)
		}
	}
}

func TestRefreshAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	for range 20 {
		first := w.ask(t, codeForm(newWalker(t, w).code("alone")))
		require.NotEmpty(t, first.Refresh)
		won := w.atOnce(t, refreshForm(first.Refresh))
		require.LessOrEqual(t, len(won), 1)
		for _, a := range append(won, first) {
			assert.Equal(t, "invalid_grant", w.ask(t, refreshForm(a.Refresh)).Error)
			_, err := w.smart.o.Verifier.Token(t.Context(), a.Access)
			assert.Error(t, err)
		}
	}
}

// TestConsentAtOnce answers one screen several times: one code comes of it, and the policy is asked once.
func TestConsentAtOnce(t *testing.T) {
	w := newWorld(t, nil)
	b := newWalker(t, w)
	transaction, form := b.consentScreen("alone")
	answer := url.Values{"transaction": {transaction}, "form": {form}, "decision": {"accept"}, "scope": {"patient/DocumentReference.rs"}}
	var all sync.WaitGroup
	codes := make([]int, 8)
	for n := range codes {
		all.Go(func() {
			r := w.Do(http.MethodPost, "/auth/consent", answer.Encode(), "Content-Type: application/x-www-form-urlencoded", "Cookie: carnet-browser="+b.jar["carnet-browser"]+"; carnet-session="+b.jar["carnet-session"])
			codes[n] = r.Code
		})
	}
	all.Wait()
	won := 0
	for _, c := range codes {
		if c == http.StatusSeeOther {
			won++
		}
	}
	assert.Equal(t, 1, won)
	assert.Len(t, w.policy.granted, 1)
}

func TestRevokeOfASubject(t *testing.T) {
	w := newWorld(t, nil)
	a := w.ask(t, codeForm(newWalker(t, w).code("alone")))
	alone := people["alone"]
	n, err := w.smart.Revoke(t.Context(), w.smart.SubjectOf(&alone), "portal")
	require.NoError(t, err)
	assert.Zero(t, n)
	n, err = w.smart.Revoke(t.Context(), w.smart.SubjectOf(&alone), "app")
	require.NoError(t, err)
	assert.Equal(t, 1, n)
	assert.Equal(t, "invalid_grant", w.ask(t, refreshForm(a.Refresh)).Error)
	_, err = w.smart.Revoke(t.Context(), "", "")
	require.Error(t, err, "not everybody by mistake")
}

// TestUntracedTokensStay holds back a token of which the trace does not want to know.
func TestUntracedTokensStay(t *testing.T) {
	var told []Issuance
	var fails bool
	w := newWorld(t, func(o *Options) {
		o.Issued = func(_ context.Context, i Issuance) error {
			told = append(told, i)
			if fails {
				return assert.AnError
			}
			return nil
		}
	})
	a := w.ask(t, codeForm(newWalker(t, w).code("alone")))
	require.NotEmpty(t, a.Access)
	require.Len(t, told, 1)
	assert.Equal(t, GrantCode, told[0].GrantType)
	assert.Equal(t, "Patient/alone", told[0].Session.FHIRUser)
	fails = true
	a = w.ask(t, refreshForm(a.Refresh))
	assert.Empty(t, a.Access)
	assert.Equal(t, "server_error", a.Error)
}
