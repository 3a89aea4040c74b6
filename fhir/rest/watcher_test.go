package rest_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// guard is a watcher that notes what it is told and may refuse.
type guard struct {
	seen   []rest.Answer
	refuse bool
}

func (g *guard) Answering(ctx context.Context, a *rest.Answer) error {
	if rest.RequestID(ctx) == "" || rest.RequestID(ctx) != a.RequestID {
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
	r := newRig(t, func(o *rest.Options) {
		o.Extensions = []rest.Extension{{
			Watchers: []rest.Watcher{g},
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
		r.Do(http.MethodGet, q, "")
	}
	r.Do(http.MethodPost, "/fhir/Patient", `{"resourceType":"Patient"}`)
	r.Do(http.MethodDelete, "/fhir/Patient/a", "")
	r.Do(http.MethodPost, "/fhir", `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient/b"}}]}`)
	r.Do(http.MethodPost, "/fhir/Binary", "x", "Content-Type: text/plain")
	r.Do(http.MethodGet, "/fhir/Binary/id-2", "")
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
		w := r.Do(http.MethodGet, q, "")
		require.Equal(t, http.StatusServiceUnavailable, w.Code, q)
		require.NotContains(t, w.Body.String(), "Léger", q)
	}
	g.refuse = false
	w := r.Do(http.MethodGet, "/fhir/Patient/b", "", "Authorization: none")
	require.Equal(t, http.StatusUnauthorized, w.Code)
	require.Equal(t, "login", outcome(t, w)[0].Code)
}
