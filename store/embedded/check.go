package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// checker holds all rows of one state against each other.
type checker struct {
	s        *Store
	snap     *pebble.Snapshot
	names    *names
	head     store.Time
	report   func(string)
	versions int64            // of all records
	entries  int64            // of all current versions
	live     map[typeID]int64 // records
}

// Check reads the whole store and reports each row that does not fit the others; reports name rows by number, never by id. The error
// says that the check could not be done. Writers go on meanwhile.
func (s *Store) Check(ctx context.Context, report func(problem string)) (err error) {
	c := &checker{s: s, report: report, live: map[typeID]int64{}}
	err = s.do(ctx, func(at *committer) error {
		at.flushOthers()
		c.snap, c.names, c.head = s.db.NewSnapshot(), s.names.Load(), at.last
		return nil
	})
	if c.snap != nil {
		defer func() { err = errors.Join(err, c.snap.Close()) }()
	}
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{c.records, c.countChanges, c.countIndexRows, c.countLive} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// each gives all rows of a letter, the letter cut off.
func (c *checker) each(ctx context.Context, row byte, yield func(key, value []byte) error) error {
	it, err := c.snap.NewIter(iterOptions([]byte{row}))
	if err != nil {
		return err
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := yield(it.Key()[1:], value); err != nil {
			return err
		}
	}
	return it.Error()
}

// get gives a row's value; nil and false when there is none.
func (c *checker) get(key []byte) ([]byte, bool, error) {
	value, closer, err := c.snap.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, err
	}
	defer closer.Close()
	return append([]byte{}, value...), true, nil
}

func (c *checker) problem(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// records checks each record: its current version, the rows that lead to it and its old versions.
func (c *checker) records(ctx context.Context) error {
	return c.each(ctx, rowCurrent, func(key, row []byte) error {
		if len(key) != lenRID {
			c.problem("a current key of %d bytes", len(key))
			return nil
		}
		rid := store.RID(binary.BigEndian.Uint64(key))
		var h header
		block, _, bad := decodeVersion(row, &h)
		if bad != nil {
			c.problem("record %d: the current row cannot be read", rid)
			return nil //nolint:nilerr // it is reported
		}
		id, ok, err := c.get(appendIDKey(nil, h.typ, string(h.id)))
		if err != nil {
			return err
		}
		if found, wrong := decodeRID(id); !ok || wrong != nil || found != rid {
			c.problem("record %d: its id row leads elsewhere", rid)
		}
		if err := c.open(appendLiveKey(nil, h.typ, rid), h.method != store.Deleted, rid); err != nil {
			return err
		}
		entries, bad := decodeEntries(block, c.names.dropped)
		if bad != nil {
			c.problem("record %d: the entries cannot be read", rid)
			return nil //nolint:nilerr // it is reported
		}
		for _, e := range entries {
			c.entries++
			if err := c.open(appendIndexKey(nil, e.Index, e.Value, rid), true, rid); err != nil {
				return err
			}
		}
		if h.method != store.Deleted {
			c.live[h.typ]++
		}
		return c.history(rid, &h)
	})
}

// open checks that a row with a life is open, or closed.
func (c *checker) open(key []byte, want bool, rid store.RID) error {
	life, ok, err := c.get(key)
	if err != nil {
		return err
	}
	open, bad := livesAt(life, math.MaxInt64)
	if !ok || bad != nil || open != want {
		c.problem("record %d: its row of kind %c is not as its current version says", rid, key[0])
	}
	return nil
}

// history checks that versions have no gaps, that their times rise, and that each has its change rows.
func (c *checker) history(rid store.RID, h *header) error {
	next := *h
	for {
		c.versions++
		if next.time > c.head || store.Time(rid) > next.time {
			c.problem("record %d: version %d has a time out of order", rid, next.version)
		}
		for _, key := range [][]byte{appendChangeKey(nil, next.time, rid), appendTypeChangeKey(nil, h.typ, next.time, rid)} {
			if _, ok, err := c.get(key); err != nil {
				return err
			} else if !ok {
				c.problem("record %d: version %d has no change row of kind %c", rid, next.version, key[0])
			}
		}
		if next.version == 1 {
			return nil
		}
		row, ok, err := c.get(appendOldKey(nil, rid, next.version-1))
		if err != nil {
			return err
		}
		var old header
		if _, _, bad := decodeVersion(row, &old); !ok || bad != nil || old.version != next.version-1 || old.time >= next.time {
			c.problem("record %d: version %d is missing or out of order", rid, next.version-1)
			return nil //nolint:nilerr // it is reported
		}
		next = old
	}
}

// countChanges, countIndexRows and countLive find rows too many: none can be missing any more.
func (c *checker) countChanges(ctx context.Context) error {
	for _, row := range []byte{rowChange, rowTypeChange} {
		n := int64(0)
		if err := c.each(ctx, row, func(_, _ []byte) error { n++; return nil }); err != nil {
			return err
		}
		if n != c.versions {
			c.problem("there are %d change rows of kind %c and %d versions", n, row, c.versions)
		}
	}
	return nil
}

func (c *checker) countIndexRows(ctx context.Context) error {
	n := int64(0)
	err := c.each(ctx, rowIndex, func(_, life []byte) error {
		open, err := livesAt(life, math.MaxInt64)
		if err != nil {
			c.problem("an index row cannot be read")
		}
		if open {
			n++
		}
		return nil
	})
	if err == nil && n != c.entries {
		c.problem("there are %d open index rows and %d entries", n, c.entries)
	}
	return err
}

func (c *checker) countLive(ctx context.Context) error {
	kept := map[typeID]int64{}
	err := c.each(ctx, rowCount, func(key, value []byte) error {
		n, _ := binary.Uvarint(value)
		if len(key) == 2 {
			kept[typeID(binary.BigEndian.Uint16(key))] = int64(n)
		}
		return nil
	})
	for typ := range c.names.typeNames {
		if n := typeID(typ); kept[n] != c.live[n] {
			c.problem("type %d has %d live records and a count of %d", typ, c.live[n], kept[n])
		}
	}
	return err
}
