package balp

import (
	"strconv"
	"sync"
	"time"
)

// Who has no identity can be refused as often as it likes, and each AuditEvent is kept for ever: so the refusals of nobody in particular are traced one by one up to a rate, and beyond it counted. The count is told with the first one of a later second.

// maxAnonymous is how many refusals without an identity are traced one by one in a second.
const maxAnonymous = 50

// refusals counts those of the second under way.
type refusals struct {
	mu      sync.Mutex
	second  int64
	traced  int
	counted int
}

// admit says whether a refusal is traced by itself, and how many were only counted before it.
func (r *refusals) admit(now time.Time) (traced bool, before int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s := now.Unix(); s != r.second {
		r.second, r.traced = s, 0
	}
	if r.traced >= maxAnonymous {
		r.counted++
		return false, 0
	}
	r.traced++
	before, r.counted = r.counted, 0
	return true, before
}

// limited leaves out what is only counted.
func (t *Trace) limited(c *caller, x *access, events []event) []event {
	if c.session != nil || x.fault == nil || len(events) == 0 {
		return events
	}
	traced, before := t.refusals.admit(t.o.Now())
	if !traced {
		return nil
	}
	if before > 0 {
		// The first entity is the request, of which a failure's detail is free.
		for i := range events[0].entities {
			if e := &events[0].entities[i]; e.role.code == "24" {
				e.details = append(e.details, detail{"refused-before-without-trace", strconv.Itoa(before)})
			}
		}
	}
	return events
}
