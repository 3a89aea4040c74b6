package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

// mark is what is kept of a value: 128 bits of its SHA-256. The values themselves (identifiers of tokens, of assertions) are in no memory and on no disk.
type mark [16]byte

func markOf(kind, value string) mark {
	sum := sha256.Sum256([]byte(kind + "\x00" + value))
	return mark(sum[:16])
}

// minute is the number of a minute since the Unix epoch: marks expire by whole minutes, at the end of the one in which their value does.
type minute int64

func minuteOf(t time.Time) minute { return minute(t.Unix() / 60) }

// seen is a bounded set of marks that expire. It is safe for concurrent use.
type seen struct {
	size int

	mu      sync.Mutex
	marks   map[mark]minute
	expires map[minute][]mark
	first   minute // nothing expires before
	dropped func(minute)
}

func newSeen(size int, now time.Time) *seen {
	return &seen{size: size, marks: map[mark]minute{}, expires: map[minute][]mark{}, first: minuteOf(now)}
}

// add notes a mark; ErrReplayed when it is there.
func (s *seen) add(m mark, until, now time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addLocked(m, until, now)
}

func (s *seen) addLocked(m mark, until, now time.Time) error {
	s.forget(minuteOf(now))
	if _, there := s.marks[m]; there {
		return ErrReplayed
	}
	if len(s.marks) >= s.size {
		return ErrFull
	}
	at := max(minuteOf(until), minuteOf(now))
	s.marks[m] = at
	s.expires[at] = append(s.expires[at], m)
	return nil
}

// has says whether a mark is there.
func (s *seen) has(m mark, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(minuteOf(now))
	_, there := s.marks[m]
	return there
}

// forget drops what expired before the minute. A clock that goes back drops nothing.
func (s *seen) forget(now minute) {
	if now-s.first > minute(len(s.expires)) { // after a long sleep: by what is there, not by each minute that passed
		for at := range s.expires {
			if at < now {
				s.drop(at)
			}
		}
		s.first = now
	}
	for ; s.first < now; s.first++ {
		s.drop(s.first)
	}
}

func (s *seen) drop(at minute) {
	marks, there := s.expires[at]
	if !there {
		return
	}
	for _, m := range marks {
		delete(s.marks, m)
	}
	delete(s.expires, at)
	if s.dropped != nil {
		s.dropped(at)
	}
}
