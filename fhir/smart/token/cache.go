package token

import (
	"crypto/sha256"
	"sync"
	"sync/atomic"
)

// entry is a token that was verified.
type entry struct {
	session     *Session
	until       int64         // second from which it is expired
	withdrawals int           // of the ring of keys that verified it
	judged      atomic.Uint64 // count of revocations at which it was found not to be revoked, plus one
	used        atomic.Bool
}

// cache keeps verified tokens by the SHA-256 of their text. It is bounded: when a shard is full, one that was not used since the hand passed last makes room (the CLOCK algorithm, which needs no
// lock to note a use). Entries of expired tokens go the same way.
type cache struct{ shards [shards]shard }

const shards = 16

type shard struct {
	mu      sync.RWMutex
	entries map[[sha256.Size]byte]*entry
	ring    [][sha256.Size]byte
	hand    int
	size    int
}

func newCache(size int) *cache {
	c := &cache{}
	for i := range c.shards {
		c.shards[i].entries = map[[sha256.Size]byte]*entry{}
		c.shards[i].size = max(1, (size+shards-1)/shards)
	}
	return c
}

func (c *cache) shard(sum *[sha256.Size]byte) *shard { return &c.shards[sum[0]%shards] }

func (c *cache) get(sum *[sha256.Size]byte) *entry {
	s := c.shard(sum)
	s.mu.RLock()
	e := s.entries[*sum]
	s.mu.RUnlock()
	if e != nil && !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

func (c *cache) put(sum *[sha256.Size]byte, e *entry) {
	s := c.shard(sum)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, there := s.entries[*sum]; there {
		s.entries[*sum] = e
		return
	}
	if len(s.ring) < s.size {
		s.ring = append(s.ring, *sum)
	} else {
		for s.entries[s.ring[s.hand]].used.Swap(false) {
			s.hand = (s.hand + 1) % len(s.ring)
		}
		delete(s.entries, s.ring[s.hand])
		s.ring[s.hand] = *sum
		s.hand = (s.hand + 1) % len(s.ring)
	}
	s.entries[*sum] = e
}
