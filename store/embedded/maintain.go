package embedded

import (
	"context"
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// iterOptions bounds an iterator to a prefix.
func iterOptions(prefix []byte) *pebble.IterOptions {
	return &pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)}
}

// Reindex implements store.Store.
func (s *Store) Reindex(ctx context.Context, batch []store.Reindex) error {
	for i := range batch {
		if _, err := checkEntries(batch[i].Entries); err != nil {
			return err
		}
	}
	return s.do(ctx, func(c *committer) error { return c.reindex(batch) })
}

func (c *committer) reindex(batch []store.Reindex) error {
	n := c.s.names.Load().clone()
	for i := range batch {
		if err := n.addIndexes(batch[i].Entries); err != nil {
			return err
		}
	}
	currents := make([]*current, len(batch))
	for i := range batch {
		cur, err := c.byRID(batch[i].RID)
		if err != nil {
			return err
		}
		if cur != nil && cur.head.version == batch[i].Version && !cur.deleted() {
			currents[i] = cur
		}
	}
	c.publishNames(n)
	for i, cur := range currents {
		if cur == nil {
			continue
		}
		if latest, ok := c.recs[cur.rid]; ok {
			cur = latest // the batch names the record twice
		}
		if err := c.addEntries(cur, batch[i].Entries, n); err != nil {
			return err
		}
	}
	return nil
}

// addEntries puts a record into more index rows, dated back to its current version.
func (c *committer) addEntries(cur *current, more []store.Entry, n *names) error {
	old, err := decodeEntries(cur.entries, n.dropped)
	if err != nil {
		return err
	}
	prep := &preparation{}
	var add prepared
	if err := prep.layOut(&add, more, n); err != nil {
		return err
	}
	all := make([]entry, 0, len(old)+len(add.entries))
	for _, e := range old {
		all = append(all, entry{index: e.Index, value: e.Value})
	}
	for i := range add.entries {
		e := &add.entries[i]
		if slices.ContainsFunc(old, func(o store.IndexEntry) bool {
			return compareEntries(entry{index: o.Index, value: o.Value}, *e) == 0
		}) {
			continue
		}
		all = append(all, *e)
		if cur.head.version == 1 {
			c.set(e.keyOf(cur.rid), nil)
		} else {
			c.event(e.keyOf(cur.rid), cur.head.time, true)
		}
	}
	if len(all) == len(old) {
		return nil
	}
	slices.SortFunc(all, compareEntries)
	c.rewrite(cur, all)
	return nil
}

// rewrite replaces the current row of a record by one with other entries.
func (c *committer) rewrite(cur *current, entries []entry) {
	var h header
	_, body, err := decodeVersion(cur.row, &h)
	c.note(err)
	var block []byte
	for i := range entries {
		block = appendEntry(block, entries[i].index, entries[i].value)
	}
	row := appendHeader(nil, &h, string(h.id))
	row = appendBlock(row, block)
	row = append(row, body...)
	next := &current{rid: cur.rid, row: row}
	next.entries, _, err = decodeVersion(row, &next.head)
	c.note(err)
	c.set(appendCurrentKey(c.key[:0], cur.rid), row)
	c.recs[cur.rid] = next
}

// DropIndex implements store.Store. The index' number is not used again, so that entries of it that are left in records mean nothing.
func (s *Store) DropIndex(ctx context.Context, index string) error {
	return s.do(ctx, func(c *committer) error {
		old := s.names.Load()
		number, ok := old.indexes[index]
		if !ok {
			return store.ErrNotFound
		}
		n := old.clone()
		delete(n.indexes, index)
		n.dropped[number] = struct{}{}
		n.drops++
		prefix := appendIndexPrefix(nil, number)
		c.note(c.open().DeleteRange(prefix, after(prefix), nil))
		c.note(c.open().Delete(appendDictKey(nil, dictIndex, uint32(number)), nil))
		c.set(appendDictKey(nil, dictDropped, uint32(number)), []byte(index))
		s.names.Store(n)
		return nil
	})
}

// walkPart is how many records Walk gives from one iterator, so that a long walk does not keep old files alive.
const walkPart = 4096

// Walk implements store.Store.
func (s *Store) Walk(ctx context.Context, typ string, after store.RID, yield func(*store.Record) error) error {
	types := []string{typ}
	if typ == "" {
		types = slices.Clone(s.names.Load().typeNames[1:])
		slices.Sort(types)
	}
	for _, typ := range types {
		last := after
		for {
			n, next, err := s.walkPart(ctx, typ, last, yield)
			if err != nil {
				return err
			}
			if n < walkPart {
				break
			}
			last = next
		}
	}
	return nil
}

func (s *Store) walkPart(ctx context.Context, typ string, last store.RID, yield func(*store.Record) error) (n int, next store.RID, err error) {
	st := s.state.Load()
	v := newView(s, s.db, st.head, st)
	defer v.Close()
	c := v.liveAfter(typ, last)
	defer c.Close()
	for n < walkPart && c.Next() {
		if err := ctx.Err(); err != nil {
			return n, 0, err
		}
		n, next = n+1, c.RID()
		rec, err := v.Get(next)
		if err != nil {
			return n, 0, err
		}
		if err := yield(rec); err != nil {
			return n, 0, err
		}
	}
	return n, next, c.Err()
}

// liveAfter walks the live records of a type in the order of rid, beginning after one.
func (v *view) liveAfter(typ string, last store.RID) store.Cursor {
	c := &cursor{v: v, reverse: true}
	number, ok := v.s.names.Load().types[typ]
	if !ok {
		return c
	}
	c.prefix = appendTypePrefix(nil, rowLive, number)
	return c.open(c.prefix, appendLiveKey(nil, number, last))
}

// Stats implements store.Store.
func (s *Store) Stats() store.Stats {
	n, st := s.names.Load(), s.state.Load()
	stats := store.Stats{
		Format: Format, DiskBytes: s.diskBytes(),
		Records: map[string]int64{}, Commits: s.commits.Load(), Groups: s.groups.Load(), BlobBytes: -1,
	}
	for typ, count := range st.counts {
		if count != 0 {
			stats.Records[n.typeNames[typ]] = count
		}
	}
	return stats
}

// Compact flushes and compacts everything, for a backup, for measurements, or after a large import.
func (s *Store) Compact(ctx context.Context) error {
	if err := s.db.Flush(); err != nil {
		return err
	}
	return s.db.Compact(ctx, []byte{0}, []byte{0xff}, true)
}

// clearImport removes what an import left that did not come to its end.
func (s *Store) clearImport() error {
	_, closer, err := s.db.Get([]byte{rowImport})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	closer.Close()
	return s.clearRows()
}

// clearRows removes all rows but those of blobs, which nothing points to then.
func (s *Store) clearRows() error {
	b := s.db.NewBatch()
	defer b.Close()
	for _, part := range [][2]byte{{0, rowPacked}, {rowPacked + 1, 0xff}} {
		if err := b.DeleteRange(part[:1], part[1:], nil); err != nil {
			return err
		}
	}
	return b.Commit(pebble.Sync)
}

// diskBytes is the size of the tables and of the logs that are not in tables yet. Logs that wait to be used again are not counted.
func (s *Store) diskBytes() int64 {
	m := s.db.Metrics()
	return m.Total().TablesSize + int64(m.WAL.Size)
}
