package embedded

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// patience is how many rows of records that are too new a cursor steps over before it seeks behind them.
const patience = 4

// cursor walks the rows of a range of an index, or the live rows of a type, whose keys have no value.
type cursor struct {
	v       *view
	it      *pebble.Iterator
	t       store.Time
	prefix  []byte // of all keys, before the value
	valued  bool   // keys hold a value
	reverse bool
	started bool
	valid   bool
	steps   int
	rid     store.RID
	row     []byte // key of the current row
	value   []byte // room for a value that has to be decoded
	key     []byte // room for a key to seek
	err     error
}

// Scan implements store.View.
func (v *view) Scan(r store.Range) store.Cursor {
	c := &cursor{v: v, valued: true, reverse: r.Reverse}
	c.prefix = appendIndexPrefix(nil, r.Index)
	lower := appendIndexValue(nil, r.Index, r.Lo)
	upper := after(c.prefix)
	if r.Hi != nil {
		upper = appendIndexValue(nil, r.Index, r.Hi)
	}
	return c.open(lower, upper)
}

// Live implements store.View.
func (v *view) Live(typ string) store.Cursor {
	c := &cursor{v: v}
	number, ok := v.s.names.Load().types[typ]
	if !ok {
		return c
	}
	c.prefix = appendTypePrefix(nil, rowLive, number)
	return c.open(c.prefix, after(c.prefix))
}

func (c *cursor) open(lower, upper []byte) store.Cursor {
	if bytes.Compare(lower, upper) >= 0 {
		return c
	}
	if c.t, c.err = c.v.commitTime(); c.err == nil {
		c.it, c.err = c.v.iterator(lower, upper)
	}
	return c
}

// Next implements store.Cursor.
func (c *cursor) Next() bool {
	if c.it == nil || c.err != nil {
		return false
	}
	switch {
	case !c.started && c.reverse:
		c.it.Last()
	case !c.started:
		c.it.First()
	case !c.valid:
		return false
	case c.reverse:
		c.it.Prev()
	default:
		c.it.Next()
	}
	c.started = true
	return c.settle()
}

// Seek implements store.Cursor.
func (c *cursor) Seek(value []byte, rid store.RID) bool {
	if c.it == nil || c.err != nil || (c.started && !c.valid) {
		return false
	}
	c.key = c.keyOf(c.key[:0], value, rid)
	if c.started {
		if order := bytes.Compare(c.row, c.key); order == 0 || (order > 0) != c.reverse {
			return true
		}
	}
	c.started = true
	if c.reverse {
		c.it.SeekLT(append(c.key, 0)) // keys at or below
	} else {
		c.it.SeekGE(c.key)
	}
	return c.settle()
}

// keyOf makes the key of a row of this walk.
func (c *cursor) keyOf(dst, value []byte, rid store.RID) []byte {
	dst = append(dst, c.prefix...)
	if c.valued {
		dst = appendValue(dst, value)
	}
	return binary.BigEndian.AppendUint64(dst, ^uint64(rid))
}

// settle moves on to the first visible row, from where the iterator stands.
func (c *cursor) settle() bool {
	c.valid = false
	for young := 0; c.it.Valid(); {
		c.steps++
		c.row = c.it.Key()
		if len(c.row) < len(c.prefix)+lenRID {
			c.err = fmt.Errorf("%w: an index key of %d bytes", store.ErrCorrupt, len(c.row))
			return false
		}
		c.rid = ridOfKey(c.row)
		if store.Time(c.rid) > c.t {
			if young++; young > patience {
				young = 0
				c.skipYoung()
				continue
			}
		} else {
			life, err := c.it.ValueAndErr()
			if err == nil {
				c.valid, err = livesAt(life, c.t)
			}
			if err != nil {
				c.valid, c.err = false, err
			}
			if c.valid || err != nil {
				return c.valid
			}
		}
		if c.reverse {
			c.it.Prev()
		} else {
			c.it.Next()
		}
	}
	c.err = c.it.Error()
	return false
}

// skipYoung leaves the rows of a value whose records came after the view: forward they are the first, in reverse the last.
func (c *cursor) skipYoung() {
	c.key = append(c.key[:0], c.row[:len(c.row)-lenRID]...)
	c.key = binary.BigEndian.AppendUint64(c.key, ^uint64(c.t))
	if c.reverse {
		c.it.SeekLT(c.key[:len(c.key)-lenRID])
	} else {
		c.it.SeekGE(c.key)
	}
}

// Value implements store.Cursor.
func (c *cursor) Value() []byte {
	if !c.valid || !c.valued {
		return nil
	}
	value, ok := decodeValue(c.value, c.row[len(c.prefix):len(c.row)-lenRID])
	if !ok {
		c.err = fmt.Errorf("%w: a value in an index key", store.ErrCorrupt)
	}
	return value
}

// RID implements store.Cursor.
func (c *cursor) RID() store.RID { return c.rid }

// Steps implements store.Cursor.
func (c *cursor) Steps() int { return c.steps }

// Err implements store.Cursor.
func (c *cursor) Err() error { return c.err }

// Close implements store.Cursor.
func (c *cursor) Close() error {
	if c.it == nil {
		return nil
	}
	it := c.it
	c.it, c.valid = nil, false
	return c.v.release(it)
}
