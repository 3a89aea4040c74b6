package embedded_test

import (
	"slices"
	"syscall"
	"testing"
	"time"
)

// report gives the rate and the latencies of calls.
func report(b *testing.B, times []time.Duration, all time.Duration) {
	slices.Sort(times)
	b.ReportMetric(float64(len(times))/all.Seconds(), "calls/s")
	b.ReportMetric(float64(times[len(times)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds()), "p99-µs")
}

// processorTime is what the process has used so far, compactions and clients included.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
