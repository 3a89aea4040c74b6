package search

import (
	"bytes"
	"strings"

	"github.com/carnet-fhir/carnet/store"
)

// sortKey is one part of _sort for one resource type. Its values are bytes in the order of the meaning; where an index has them they are the start of its rows'
// values.
type sortKey struct {
	code       string
	typ        ParamType // "" for _id and _lastUpdated
	indexes    []scan    // that hold the values; none for _id, _lastUpdated and what cannot be sorted by
	descending bool
	near       *Operand // order by the distance to it
	reach      scan     // of the positions within reach of near
}

const (
	sortID      = "_id"
	sortUpdated = "_lastUpdated"
)

// sortKeys prepares _sort for a type.
func (r *run) sortKeys(typ string, keys []SortKey) []sortKey {
	all := make([]sortKey, len(keys))
	for i, k := range keys {
		all[i] = sortKey{code: k.Code, descending: k.Descending}
		if k.Near != nil {
			all[i] = r.nearKey(typ, k.Near)
			continue
		}
		p := k.Params[typ]
		if k.Code == sortID || k.Code == sortUpdated || p == nil || p.Type == Composite || p.Type == Special || !p.indexed() {
			continue
		}
		all[i].typ = p.Type
		a := r.e.presence(p)
		r.bind(a)
		all[i].indexes = a.scans
	}
	return all
}

// of gives the part of a row's value that is the sort key.
func (k *sortKey) of(value []byte) []byte {
	if k.typ != Quantity {
		return value
	}
	if _, _, unit, ok := cutRange(value, false); ok {
		return value[:len(value)-len(unit)]
	}
	return value
}

// behind gives the bound of all values whose key is the one given.
func (k *sortKey) behind(key []byte) []byte {
	if k.typ == Quantity {
		return after(key)
	}
	return next(key)
}

// keyOf gives a candidate's key: of several values the one that comes first in the direction asked; nil when it has none. The candidate must be ready.
func (k *sortKey) keyOf(c *candidate) []byte {
	switch k.code {
	case sortID:
		return []byte(c.id)
	case sortUpdated:
		return updatedKey(c.rec.Time)
	}
	if k.near != nil {
		return k.keyOfPosition(c)
	}
	var first []byte
	found := false
	for i := range k.indexes {
		c.values(&k.indexes[i], func(value []byte) bool {
			if key := present(k.of(value)); !found || k.compare(key, first) < 0 {
				first, found = key, true
			}
			return true
		})
	}
	return bytes.Clone(first)
}

// present makes an empty key one that is there: a value without anything to search by (a reference with only a display) sorts first, no value last.
func present(key []byte) []byte {
	if key == nil {
		return []byte{}
	}
	return key
}

// updatedKey is the instant that meta.lastUpdated shows.
func updatedKey(t store.Time) []byte { return appendTime(nil, t.Wall().UnixMicro()) }

// compare orders two keys; a missing one is last in both directions.
func (k *sortKey) compare(a, b []byte) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	case k.descending:
		return bytes.Compare(b, a)
	}
	return bytes.Compare(a, b)
}

// sortedItem is a match with its keys.
type sortedItem struct {
	rid  store.RID
	keys [][]byte
}

// compareItems orders matches by their keys from a level on, then newest first.
func compareItems(keys []sortKey, level int, a, b *sortedItem) int {
	for i := level; i < len(keys); i++ {
		if order := keys[i].compare(a.keys[i], b.keys[i]); order != 0 {
			return order
		}
	}
	switch {
	case a.rid > b.rid:
		return -1
	case a.rid < b.rid:
		return 1
	}
	return 0
}

func describeSort(keys []sortKey) string {
	parts := make([]string, len(keys))
	for i := range keys {
		parts[i] = keys[i].code
		if keys[i].descending {
			parts[i] = "-" + parts[i]
		}
	}
	return strings.Join(parts, ",")
}
