package worktest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/internal/worktest"
)

// recorder counts failures.
type recorder struct{ failures int }

func (r *recorder) Helper()               {}
func (r *recorder) Errorf(string, ...any) { r.failures++ }

func TestLinearTellsTheSquare(t *testing.T) {
	var keep string
	straight, square := &recorder{}, &recorder{}
	worktest.Linear(straight, 1<<20, func(size int) { keep = strings.Repeat("x", size) })
	worktest.Linear(square, 1000, func(size int) {
		keep = ""
		for range size {
			keep += "xxxxxxxxxx"
		}
	})
	assert.Len(t, keep, 20_000)
	assert.Zero(t, straight.failures)
	assert.Equal(t, 1, square.failures)
}

func TestAllocatedCountsWhatWasFreed(t *testing.T) {
	used := worktest.Allocated(func() {
		for range 100 {
			_ = strings.Repeat("x", 1<<20)
		}
	})
	assert.InDelta(t, 100<<20, used, 1<<20)
}
