package extraction

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/synthetic"
)

func syntheticFile(t testing.TB, lines int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "synthetic.txt")
	f, err := os.Create(path)
	require.NoError(t, err)
	require.NoError(t, synthetic.New(1).Extraction(f, lines))
	require.NoError(t, f.Close())
	return path
}

// TestInterruptedAndResumed kills an import after each of many numbers of transactions and goes on: what is there at the end is what an import that was left alone makes, and nothing was written twice.
func TestInterruptedAndResumed(t *testing.T) {
	path := syntheticFile(t, 3000)
	whole := newDirectory(t)
	report, refused := whole.loadFile(t, Annuaire, path)
	require.Empty(t, refused)
	require.Equal(t, 3000, report.Lines)
	want := whole.content(t)
	for _, after := range []int64{1, 2, 5, 20, 57} {
		d := newDirectory(t)
		d.dieAfter = after
		o := Options{Server: d, Batch: 60, Parallel: 2, Day: testDay}
		_, err := Annuaire(t.Context(), path, o)
		require.ErrorIs(t, err, errKilled)
		require.Less(t, len(d.content(t)), len(want))
		d.dieAfter = 0
		resumed, err := Annuaire(t.Context(), path, o)
		require.NoError(t, err)
		require.Equal(t, want, sortedAs(t, d.content(t), want))
		for id, v := range d.versions(t) {
			require.EqualValues(t, 1, v, id)
		}
		require.Equal(t, 3000, resumed.Lines)
	}
}

// sortedAs orders lines as another list has them: transactions that overtake each other give resources other numbers.
func sortedAs(t testing.TB, got, want []string) []string {
	t.Helper()
	have := make(map[string]bool, len(got))
	for _, s := range got {
		have[s] = true
	}
	require.Len(t, have, len(got))
	var out []string
	for _, s := range want {
		if have[s] {
			out = append(out, s)
			delete(have, s)
		}
	}
	for s := range have {
		out = append(out, s)
	}
	return out
}

// TestCheckpointSkipsWhatWasAcknowledged looks that a resumed import does not send everything again.
func TestCheckpointSkipsWhatWasAcknowledged(t *testing.T) {
	path := syntheticFile(t, 3000)
	d := newDirectory(t)
	d.dieAfter = 50
	o := Options{Server: d, Batch: 60, Parallel: 1, Day: testDay}
	_, err := Annuaire(t.Context(), path, o)
	require.True(t, errors.Is(err, errKilled))
	// The checkpoint could not be written any more when the server was gone; it is written after the last acknowledged transaction by a client that stops by itself.
	d.dieAfter = 0
	r, err := begin(t.Context(), "annuaire", path, o)
	require.NoError(t, err)
	defer r.file.Close()
	r.at.at = position{Offset: 400_000, Line: 1063}
	require.NoError(t, r.at.save(t.Context(), d))
	d.calls.Store(0)
	resumed, err := Annuaire(t.Context(), path, o)
	require.NoError(t, err)
	assert.Equal(t, 1063, resumed.Resumed)
	assert.Less(t, d.calls.Load(), int64(75), "of about a hundred transactions two thirds were left")
}

func TestAnotherFileBeginsAnew(t *testing.T) {
	c := checkpoint{kind: "annuaire"}
	assert.Zero(t, c.resume("one"))
	c.at = position{100, 3}
	assert.Equal(t, position{100, 3}, c.resume("one"))
	assert.Zero(t, c.resume("two"), "another file begins at its beginning")
	c.at, c.complete = position{100, 3}, true
	assert.Zero(t, c.resume("two"), "a file that was read to its end is read again")
	assert.True(t, c.earlier)
}

// TestRefresh imports a new extraction over an old one.
func TestRefresh(t *testing.T) {
	d := newDirectory(t)
	a, b, c, e := rppsOf(1), rppsOf(2), rppsOf(3), rppsOf(4)
	elsewhere := map[column]string{colSIRET: "", colSIREN: "", colStructure: "R2", colName: "AUTRE CABINET", colMode: "S"}
	d.load(t, synthetic.ExtractionHeading, doctor(t, a, nil), doctor(t, a, elsewhere), doctor(t, b, nil), doctor(t, c, nil))
	was := d.versions(t)

	report, refused := d.load(t, synthetic.ExtractionHeading,
		doctor(t, a, nil), // the second activity ended
		doctor(t, b, map[column]string{colFamily: "MARTIN"}), // another name
		// c left
		doctor(t, e, nil)) // e came
	require.Empty(t, refused)
	assert.Equal(t, 4, report.Closed) // an activity of a, that of c, c, and the structure where nobody is any more
	h := newHasher()
	ended := "PractitionerRole/" + h.about("8"+a, "activity", "8"+a, "10", "C", "S", h.of("structure", "R2").id, "SA07", "", "", "GENR01").id
	now := d.versions(t)
	for id, v := range was {
		want := v
		switch id {
		case ended, "Practitioner/" + h.about("8"+b, "person", "8"+b).id, "Practitioner/" + h.about("8"+c, "person", "8"+c).id,
			"PractitionerRole/" + h.about("8"+c, "activity", "8"+c, "10", "C", "L", h.of("siret", "73282932000074").id, "SA07", "", "", "GENR01").id, "Organization/" + h.of("structure", "R2").id:
			want++
		}
		assert.Equal(t, want, now[id], id)
	}
	text := d.Server.Do("GET", "/fhir/"+ended, "").Body.String()
	assert.Contains(t, text, `"active":false`)
	assert.Contains(t, text, `"period":{"end":"2026-03-31"}`)
	history := d.Server.Do("GET", "/fhir/"+ended+"/_history", "").Body.String()
	assert.Equal(t, 2, strings.Count(history, `"fullUrl"`))

	// It comes back: the activity is open again.
	d.load(t, synthetic.ExtractionHeading, doctor(t, a, nil), doctor(t, a, elsewhere), doctor(t, b, nil), doctor(t, c, nil), doctor(t, e, nil))
	text = d.Server.Do("GET", "/fhir/"+ended, "").Body.String()
	assert.Contains(t, text, `"active":true`)
	assert.NotContains(t, text, "period")
}

// TestRefusedLinesCloseNothing: what a line that cannot be read is about is not taken for gone.
func TestRefusedLinesCloseNothing(t *testing.T) {
	d := newDirectory(t)
	a, b := rppsOf(1), rppsOf(2)
	d.load(t, synthetic.ExtractionHeading, doctor(t, a, nil), doctor(t, b, nil))
	before := d.versions(t)
	report, refused := d.load(t, synthetic.ExtractionHeading, doctor(t, a, nil), doctor(t, b, map[column]string{colSIRET: "73282932000075"}))
	require.Len(t, refused, 1)
	assert.Zero(t, report.Closed)
	assert.True(t, maps.Equal(before, d.versions(t)))
}

// TestStopping: a signal ends the import without refusing what was under way.
func TestStopping(t *testing.T) {
	path := syntheticFile(t, 2000)
	d := newDirectory(t)
	ctx, stop := context.WithCancel(t.Context())
	var refused atomic.Int64
	o := Options{Server: stopper{d, stop}, Batch: 60, Day: testDay, Refused: func(int, string) { refused.Add(1) }}
	_, err := Annuaire(ctx, path, o)
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, refused.Load())
	o.Server = d
	report, err := Annuaire(t.Context(), path, o)
	require.NoError(t, err)
	require.Positive(t, report.Resumed, "the place was noted at the stop")
	whole := newDirectory(t)
	whole.loadFile(t, Annuaire, path)
	want := whole.content(t)
	require.Equal(t, want, sortedAs(t, d.content(t), want))
}

// stopper is a server whose client is stopped at the twentieth transaction, which is answered as a handler answers a caller who left.
type stopper struct {
	*directory
	stop func()
}

func (s stopper) Do(ctx context.Context, method, path, contentType string, body []byte) (int, []byte, error) {
	if s.calls.Load() >= 20 && path != "Basic/import-annuaire" {
		s.stop()
		return statusClosed, nil, nil
	}
	return s.directory.Do(ctx, method, path, contentType, body)
}

// TestTruncated: a file that lacks most of the earlier one closes nothing, unless that is wanted.
func TestTruncated(t *testing.T) {
	d := newDirectory(t)
	lines := []string{synthetic.ExtractionHeading}
	for i := range 12 {
		lines = append(lines, doctor(t, rppsOf(i+1), nil))
	}
	d.load(t, lines...)
	before := d.versions(t)
	half := write(t, "half.txt", strings.Join(lines[:7], "\n")+"\n")
	o := Options{Server: d, Day: testDay, MuchClosed: 3}
	_, err := Annuaire(t.Context(), half, o)
	var truncated *TruncatedError
	require.ErrorAs(t, err, &truncated)
	require.Equal(t, TruncatedError{"PractitionerRole", 6, 12}, *truncated)
	require.Equal(t, before, d.versions(t))
	o.CloseAny = true
	report, err := Annuaire(t.Context(), half, o)
	require.NoError(t, err)
	require.Equal(t, 12, report.Closed)
}
