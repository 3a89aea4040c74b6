package embedded

import (
	"encoding/binary"
	"fmt"

	"github.com/carnet-fhir/carnet/store"
)

// A life tells when a record stood in an index row. Empty, it means "from the record's creation on". Otherwise it is a list of events
// in the order of time, each a uvarint t<<1 | open; a list whose first event is a close began at creation. Events are appended with
// Pebble's Merge, which concatenates, so that a writer need not read the row.

func appendOpening(dst []byte, t store.Time) []byte { return binary.AppendUvarint(dst, uint64(t)<<1|1) }
func appendClosing(dst []byte, t store.Time) []byte { return binary.AppendUvarint(dst, uint64(t)<<1) }

// livesAt says whether a life of a record that exists at t is open at t.
func livesAt(life []byte, t store.Time) (bool, error) {
	open, first := true, true
	for rest := life; len(rest) > 0; {
		event, n := binary.Uvarint(rest)
		if n <= 0 {
			return false, fmt.Errorf("%w: a life of %d bytes", store.ErrCorrupt, len(life))
		}
		rest = rest[n:]
		if first {
			open, first = event&1 == 0, false
		}
		if store.Time(event>>1) > t {
			break
		}
		open = event&1 == 1
	}
	return open, nil
}
