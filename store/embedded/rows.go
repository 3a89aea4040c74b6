package embedded

import (
	"encoding/binary"

	"github.com/carnet-fhir/carnet/store"
)

// write puts the rows of one new version into the open batch. Nothing is read: ends and beginnings of lives are merged blindly.
func (c *committer) write(p *plan, id string, prep *prepared) {
	next := &current{rid: p.rid, row: p.row}
	next.entries, _, c.err = decodeVersion(p.row, &next.head)
	h := &next.head

	var old []byte
	if p.cur != nil {
		old = p.cur.entries
	}
	c.touch.wrote(h.typ, id, old, prep.entries, h.time)
	live := h.method != store.Deleted
	wasLive := p.cur != nil && !p.cur.deleted()
	switch {
	case p.cur == nil:
		c.small = binary.BigEndian.AppendUint64(c.small[:0], uint64(p.rid))
		c.set(appendIDKey(c.key[:0], h.typ, id), c.small)
		c.set(appendLiveKey(c.key[:0], h.typ, p.rid), nil)
		for i := range prep.entries {
			c.set(prep.entries[i].keyOf(p.rid), nil)
		}
		c.ids[recordKey{h.typ, id}] = p.rid
	default:
		c.set(appendOldKey(c.key[:0], p.rid, p.cur.head.version), p.cur.row)
		if live != wasLive {
			c.event(appendLiveKey(c.key[:0], h.typ, p.rid), h.time, live)
		}
		c.turn(p.rid, h.time, old, prep.entries)
	}
	c.set(appendCurrentKey(c.key[:0], p.rid), p.row)

	c.small = binary.BigEndian.AppendUint16(c.small[:0], uint16(h.typ))
	c.small = binary.AppendUvarint(append(c.small, byte(h.method)), h.version)
	c.set(appendChangeKey(c.key[:0], h.time, p.rid), c.small)
	c.set(appendTypeChangeKey(c.key[:0], h.typ, h.time, p.rid), c.small[2:])
	if h.hasBlob {
		c.set(appendBlobKey(c.key[:0], h.blob.Digest, p.rid, h.version), nil)
	}
	if live != wasLive {
		c.recount[h.typ] = struct{}{}
		if live {
			c.counts[h.typ]++
		} else {
			c.counts[h.typ]--
		}
	}
	c.recs[p.rid] = next
}

// keyOf completes the key of an entry.
func (e *entry) keyOf(rid store.RID) []byte {
	binary.BigEndian.PutUint64(e.key[len(e.key)-lenRID:], ^uint64(rid))
	return e.key
}

// turn ends the lives of old entries that a new version has not, and begins those that only it has.
func (c *committer) turn(rid store.RID, t store.Time, old []byte, entries []entry) {
	dropped := c.s.names.Load().dropped
	d := decoder{rest: old}
	for len(d.rest) > 0 {
		e := entry{}
		was := d.entry()
		e.index, e.value = was.Index, was.Value
		for len(entries) > 0 && compareEntries(entries[0], e) < 0 {
			c.event(entries[0].keyOf(rid), t, true)
			entries = entries[1:]
		}
		if len(entries) > 0 && compareEntries(entries[0], e) == 0 {
			entries = entries[1:]
			continue
		}
		if _, gone := dropped[e.index]; !gone {
			c.key = appendIndexKey(c.key[:0], e.index, e.value, rid)
			c.event(c.key, t, false)
		}
	}
	for i := range entries {
		c.event(entries[i].keyOf(rid), t, true)
	}
}

// event appends to the life of a row.
func (c *committer) event(key []byte, t store.Time, open bool) {
	if open {
		c.small = appendOpening(c.small[:0], t)
	} else {
		c.small = appendClosing(c.small[:0], t)
	}
	c.merge(key, c.small)
}
