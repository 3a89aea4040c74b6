package extraction

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/mcsd"
	"github.com/carnet-fhir/carnet/internal/servertest"
	"github.com/carnet-fhir/carnet/store"
)

// directory is a whole server with the rules of the directory, called in this process.
type directory struct {
	*servertest.Server
	// dieAfter is the number of transactions after which nothing is answered any more; 0: never.
	dieAfter int64
	calls    atomic.Int64
}

func newDirectory(t testing.TB) *directory {
	return &directory{Server: servertest.New(t, servertest.Options{
		Registry:   func(r *search.Registry) { require.NoError(t, r.Use(mcsd.SearchProfile())) },
		Repository: func(o *repository.Options) { o.Interceptors = append(o.Interceptors, mcsd.Rules{}) },
		REST:       func(o *rest.Options) { o.Extensions = append(o.Extensions, mcsd.Extension()) },
	})}
}

var errKilled = errors.New("killed")

func (d *directory) Do(_ context.Context, method, path, contentType string, body []byte) (int, []byte, error) {
	if method == http.MethodPost || d.dieAfter > 0 && d.calls.Load() > d.dieAfter {
		if n := d.calls.Add(1); d.dieAfter > 0 && n > d.dieAfter {
			return 0, nil, errKilled
		}
	}
	url := "/fhir"
	if path != "" {
		url += "/" + path
	}
	w := d.Server.Do(method, url, string(body), "Content-Type: "+contentType)
	return w.Code, w.Body.Bytes(), nil
}

var stamps = regexp.MustCompile(`"(versionId|lastUpdated)":"[^"]*",?`)

// content gives all current resources, each on a line, without what the server stamps; bookkeeping is left out.
func (d *directory) content(t testing.TB) []string {
	t.Helper()
	var out []string
	require.NoError(t, d.Store.Walk(t.Context(), "", 0, func(r *store.Record) error {
		if r.Type != "Basic" {
			out = append(out, r.Type+"/"+r.ID+" "+stamps.ReplaceAllString(string(r.Body), ""))
		}
		return nil
	}))
	return out
}

// versions counts the versions of each resource.
func (d *directory) versions(t testing.TB) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	require.NoError(t, d.Store.Walk(t.Context(), "", 0, func(r *store.Record) error {
		if r.Type != "Basic" {
			out[r.Type+"/"+r.ID] = r.Version
		}
		return nil
	}))
	return out
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

var testDay = time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)

// load imports lines (without the heading) and gives the report and the refusals.
func (d *directory) load(t testing.TB, lines ...string) (*Report, []string) {
	t.Helper()
	return d.loadFile(t, Annuaire, write(t, "annuaire.txt", strings.Join(lines, "\n")+"\n"))
}

func (d *directory) loadFile(t testing.TB, how func(context.Context, string, Options) (*Report, error), path string) (*Report, []string) {
	t.Helper()
	var refused []string
	report, err := how(t.Context(), path, Options{Server: d, Day: testDay, Refused: func(_ int, reason string) { refused = append(refused, reason) }})
	require.NoError(t, err)
	return report, refused
}
