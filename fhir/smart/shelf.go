package smart

import (
	"sync"
	"time"
)

// shelf keeps things for a while, all for the same time, and no more of them than it holds, by number and by weight: the oldest gives way. It is in memory; what must survive a restart is elsewhere.
type shelf[V any] struct {
	life  time.Duration
	size  int
	clock func() time.Time
	// load is the most that all together may weigh; 0: weights do not count.
	load, carried int

	mu    sync.Mutex
	items map[string]*shelved[V]
	// queue has the keys in the order in which they were put, which is the order in which they expire; next is the first that is still of interest.
	queue []*shelved[V]
}

type shelved[V any] struct {
	key     string
	value   V
	expires time.Time
	weight  int
	gone    bool
}

func newShelf[V any](life time.Duration, size int, clock func() time.Time) *shelf[V] {
	return &shelf[V]{life: life, size: size, clock: clock, items: map[string]*shelved[V]{}}
}

// put keeps a value under a key that was not there before.
func (s *shelf[V]) put(key string, value V) { s.putHeavy(key, value, 0) }

// putHeavy keeps a value of a weight.
func (s *shelf[V]) putHeavy(key string, value V, weight int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	s.sweep(now, weight)
	item := &shelved[V]{key: key, value: value, expires: now.Add(s.life), weight: weight}
	s.carried += weight
	s.items[key] = item
	s.queue = append(s.queue, item)
}

// sweep drops what expired, and makes room for one more of a weight.
func (s *shelf[V]) sweep(now time.Time, weight int) {
	n := 0
	for ; n < len(s.queue); n++ {
		item := s.queue[n]
		if !item.gone && now.Before(item.expires) && len(s.items) < s.size && (s.load == 0 || s.carried+weight <= s.load) {
			break
		}
		s.drop(item)
		s.queue[n] = nil
	}
	s.queue = s.queue[n:]
	if len(s.queue) > 2*s.size { // taken items that wait behind one that was not
		kept := make([]*shelved[V], 0, len(s.items))
		for _, item := range s.queue {
			if !item.gone {
				kept = append(kept, item)
			}
		}
		s.queue = kept
	}
}

func (s *shelf[V]) drop(item *shelved[V]) {
	if !item.gone {
		item.gone = true
		s.carried -= item.weight
		delete(s.items, item.key)
	}
}

// get gives a value that has not expired.
func (s *shelf[V]) get(key string) (value V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := s.items[key]
	if item == nil || !s.clock().Before(item.expires) {
		return value, false
	}
	return item.value, true
}

// take gives a value and removes it: of several that take it at once one gets it.
func (s *shelf[V]) take(key string) (value V, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := s.items[key]
	if item == nil {
		return value, false
	}
	s.drop(item)
	if !s.clock().Before(item.expires) {
		return value, false
	}
	return item.value, true
}
