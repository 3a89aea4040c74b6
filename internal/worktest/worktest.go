// Package worktest counts the work that hostile content makes, for tests that must not depend on how fast the machine is.
package worktest

import (
	"runtime"

	"github.com/stretchr/testify/assert"
)

// Allocated gives how many bytes are allocated while the work is done, freed or not. Other goroutines' are among them, so tests that run in parallel cannot be told apart.
func Allocated(work func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// T is what Linear needs of a testing.T.
type T interface {
	assert.TestingT
	Helper()
}

// slack is what may be allocated beside the work: by the runtime, by pools that were emptied.
const slack = 1 << 20

// Linear asserts that work on twice the size allocates no more than about twice as much. What is quadratic allocates four times as much.
func Linear(t T, size int, work func(size int)) {
	t.Helper()
	work(size) // what is made once is made now
	one, two := Allocated(func() { work(size) }), Allocated(func() { work(2 * size) })
	assert.LessOrEqual(t, two, 3*one+slack, "bytes allocated for size %d and for twice the size: %d, %d", size, one, two)
}
