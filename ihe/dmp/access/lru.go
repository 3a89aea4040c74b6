package access

import "container/list"

// lru is a map of bounded size that forgets what was used least recently. It is not safe for concurrent use.
type lru[K comparable, V any] struct {
	limit int
	items map[K]*list.Element
	order list.List // of *entry[K, V], the most recently used first
}

type entry[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](limit int) *lru[K, V] {
	return &lru[K, V]{limit: limit, items: map[K]*list.Element{}}
}

func (l *lru[K, V]) get(key K) (value V, ok bool) {
	e, ok := l.items[key]
	if !ok {
		return value, false
	}
	l.order.MoveToFront(e)
	return e.Value.(*entry[K, V]).value, true
}

// put gives where the value is kept, and whether another one had to go for it.
func (l *lru[K, V]) put(key K, value V) (kept *list.Element, evicted bool) {
	if e, ok := l.items[key]; ok {
		e.Value.(*entry[K, V]).value = value
		l.order.MoveToFront(e)
		return e, false
	}
	kept = l.order.PushFront(&entry[K, V]{key, value})
	l.items[key] = kept
	if len(l.items) > l.limit {
		last := l.order.Back()
		l.order.Remove(last)
		delete(l.items, last.Value.(*entry[K, V]).key)
		return kept, true
	}
	return kept, false
}

// use notes that what put gave was used.
func (l *lru[K, V]) use(kept *list.Element) { l.order.MoveToFront(kept) }

// holds says whether what put gave is still kept.
func (l *lru[K, V]) holds(kept *list.Element) bool {
	return l.items[kept.Value.(*entry[K, V]).key] == kept
}

func (l *lru[K, V]) remove(key K) {
	if e, ok := l.items[key]; ok {
		l.order.Remove(e)
		delete(l.items, key)
	}
}

// each calls with every value.
func (l *lru[K, V]) each(do func(V)) {
	for e := l.order.Front(); e != nil; e = e.Next() {
		do(e.Value.(*entry[K, V]).value)
	}
}

func (l *lru[K, V]) clear() {
	l.items = map[K]*list.Element{}
	l.order.Init()
}
