package main

import (
	"os"
	"runtime/debug"
)

// heapFloor is address space in bytes that is asked for and never touched, so that it takes no memory: the collector counts it as alive, and waits for thrice of it. What lives in a serving process is a
// few megabytes; without it, one collection followed upon another, each of them taking one of few cores from the requests of that moment (docs/performance.md, "The collector").
const heapFloor = 64 << 20

// spareCollector lets garbage pile up to some 150 MB before it is collected, unless whoever runs the server has said otherwise by GOGC or GOMEMLIMIT. What it gives must stay reachable while the server runs.
func spareCollector() []byte {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(200)
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil // the limit would count the floor
	}
	return make([]byte, heapFloor)
}
