// Package storetest holds a store to the contract of package store. A back-end's own test is a Harness and a call of Run.
package storetest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// Harness is one store of a back-end, empty at first.
type Harness struct {
	// Open opens the store. After it was closed, Open gives the same data again.
	Open func(t testing.TB) store.Store
}

// Run runs the whole suite; fresh makes a Harness with no data.
func Run(t *testing.T, fresh func(t testing.TB) Harness) {
	suites := []struct {
		name string
		run  func(t *testing.T, fresh func(t testing.TB) Harness)
	}{
		{"Records", testRecords},
		{"Expectations", testExpectations},
		{"Transactions", testTransactions},
		{"Guards", testGuards},
		{"Reads", testReads},
		{"ManyGets", testManyGets},
		{"Times", testTimes},
		{"Indexes", testIndexes},
		{"History", testHistory},
		{"Settings", testSettings},
		{"Walk", testWalk},
		{"Limits", testLimits},
		{"Closing", testClosing},
		{"Blobs", testBlobs},
		{"Transfer", testTransfer},
		{"Model", testModel},
		{"Concurrent", testConcurrent},
	}
	for _, suite := range suites {
		t.Run(suite.name, func(t *testing.T) { suite.run(t, fresh) })
	}
}

// open opens a fresh store for one test.
func open(t *testing.T, fresh func(t testing.TB) Harness) store.Store { return reopen(t, fresh(t)) }

// reopen opens a store for one test. The test may close it; if not it is closed at the end, after its views.
func reopen(t *testing.T, h Harness) store.Store {
	s := h.Open(t)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			require.ErrorIs(t, err, store.ErrClosed)
		}
	})
	return s
}

// viewAt opens a view for one test.
func viewAt(t *testing.T, s store.Store, at store.Time) store.View {
	v, err := s.View(at)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, v.Close()) })
	return v
}
