package mhd

import (
	"context"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// ending is a context that ends when it was asked a number of times: a request that times out in the middle of a judgement, without a clock.
type ending struct {
	context.Context
	left   int
	asked  int
	closed chan struct{}
}

func endingAfter(ctx context.Context, n int) *ending {
	return &ending{Context: ctx, left: n, closed: make(chan struct{})}
}

func (e *ending) Done() <-chan struct{} { return e.closed }

func (e *ending) Err() error {
	e.asked++
	if e.left--; e.left == 0 {
		close(e.closed)
	}
	if e.left <= 0 {
		return context.DeadlineExceeded
	}
	return nil
}

func submissionFixture(t *testing.T) *submission {
	t.Helper()
	raw, err := os.ReadFile("testdata/submission/pdsm.json")
	require.NoError(t, err)
	res, err := element.ParseJSON(spec.R4(), raw, element.Options{})
	require.NoError(t, err)
	var entries []repository.BundleEntry
	for e := range res.Root.Children("entry") {
		body, err := json.Marshal(json.RawMessage(element.AppendJSON(nil, e.Child("resource"))))
		require.NoError(t, err)
		one, err := element.ParseJSON(spec.R4(), body, element.Options{})
		require.NoError(t, err)
		entries = append(entries, repository.BundleEntry{FullURL: e.ChildValue("fullUrl"), Method: "POST", URL: one.Type(), Resource: one})
	}
	return newSubmission(res.Root, entries, PDSm)
}

// TestJudgementsStop ends the context at each moment at which a judgement looks at it: it stops there, and says so.
func TestJudgementsStop(t *testing.T) {
	o := Options{Records: dmp.NewRecords(ins.Sandbox), MaxDocumentBytes: 1 << 20}
	whole := endingAfter(t.Context(), 1<<30)
	require.NoError(t, submissionFixture(t).judge(whole))
	require.Greater(t, whole.asked, len(Rules()), "each rule looks whether it is still wanted")
	for n := 1; n < whole.asked; n++ {
		ctx := endingAfter(t.Context(), n)
		require.ErrorIs(t, submissionFixture(t).judge(ctx), context.DeadlineExceeded)
		assert.Equal(t, n, ctx.asked, "it stopped at once")
	}
	s := submissionFixture(t)
	require.ErrorIs(t, s.readDocuments(endingAfter(t.Context(), 1), &o), context.DeadlineExceeded)
	for e := range s.of(PartDocumentReference) {
		assert.Nil(t, e.document)
	}
}

// TestLookUpsStop: a rule that is in the middle of a large part finds nothing any more.
func TestLookUpsStop(t *testing.T) {
	s := submissionFixture(t)
	e := &s.entries[1]
	link := valueAt(e.root, "content.attachment.url")
	require.NotNil(t, s.target(e, link))
	author := e.root.Child("author")
	require.NotNil(t, s.containedOf(e.root, author))
	closed := make(chan struct{})
	close(closed)
	s.done = closed
	assert.Nil(t, s.target(e, link))
	assert.Nil(t, s.containedOf(e.root, author))
}
