package embedded

import (
	"fmt"

	"github.com/carnet-fhir/carnet/store"
)

// plan is what a Write will do to its record.
type plan struct {
	cur     *current // nil when there never was one
	method  store.Method
	rid     store.RID // 0: the commit gives one
	version uint64
	row     []byte
}

// transact judges a Tx and writes it into the open batch: all of it or nothing.
func (c *committer) transact(r *request) (*store.Receipt, error) {
	tx := r.tx
	if c.overtaken(tx) {
		if err := c.guard(tx); err != nil {
			return nil, err
		}
	}
	if err := c.judge(tx); err != nil {
		return nil, err
	}
	created, changed := 0, len(tx.Meta) > 0
	for i := range c.plans {
		if p := &c.plans[i]; p.method != 0 {
			changed = true
			if p.rid == 0 {
				created++
			}
		}
	}
	if !changed {
		return c.receipt(c.last), nil
	}
	if n := c.s.names.Load(); !r.prep.named || r.prep.drops != n.drops {
		n, err := c.name(tx.Writes)
		if err != nil {
			return nil, err
		}
		r.prep.prepare(tx, n)
	}
	first := max(store.Time(c.s.clock().UnixMicro()), c.last+1)
	t := first + store.Time(max(created-1, 0))
	if err := c.render(tx, r.prep, store.RID(first), t); err != nil {
		return nil, err
	}
	for i := range c.plans {
		if p := &c.plans[i]; p.method != 0 {
			c.write(p, tx.Writes[i].ID, &r.prep.writes[i])
		}
	}
	if len(tx.Meta) > 0 {
		c.remember(tx.Meta)
	}
	c.last = t
	c.open()
	c.group.commits++
	return c.receipt(t), nil
}

// overtaken says whether the Guard of a Tx has to be asked.
func (c *committer) overtaken(tx *store.Tx) bool {
	switch {
	case tx.Guard == nil:
		return false
	case tx.ReadAt == 0:
		return true
	case c.last <= tx.ReadAt:
		return false
	}
	return tx.Reads == nil || c.touch.since(tx.Reads, tx.ReadAt, c.last, c.s.names.Load())
}

// guard shows the state just before the Tx to its Guard. What the group holds so far is applied first, without waiting for the disk.
func (c *committer) guard(tx *store.Tx) (err error) {
	c.flushOthers()
	v := newView(c.s, c.s.db, c.last, &state{head: c.last, counts: c.counts, meta: c.meta})
	defer v.Close()
	defer func() {
		if p := recover(); p != nil {
			c.s.log.Error("a guard panicked", "cause", blot("%v", p))
			err = fmt.Errorf("embedded: the guard of a transaction panicked: %s", blot("%v", p))
		}
	}()
	return tx.Guard(v)
}

// flushOthers applies what the group holds; the request at hand goes with the next one.
func (c *committer) flushOthers() {
	if c.group.batch == nil {
		return
	}
	last := len(c.group.acks) - 1
	own := c.group.acks[last]
	c.group.acks = c.group.acks[:last]
	c.flush()
	c.group.acks = append(c.group.acks, own)
}

// judge reads the records of a Tx, holds its expectations against them and plans what each Write does.
func (c *committer) judge(tx *store.Tx) error {
	c.plans = c.plans[:0]
	types := c.s.names.Load().types
	if err := distinct(tx.Writes); err != nil {
		return err
	}
	for i := range tx.Writes {
		w := &tx.Writes[i]
		var cur *current
		if typ, ok := types[w.Type]; ok {
			var err error
			if cur, err = c.lookup(typ, w.ID); err != nil {
				return err
			}
		}
		if conflict := expect(w.Expect, cur); conflict != nil {
			conflict.Write = i
			return conflict
		}
		c.plans = append(c.plans, planWrite(w, cur))
	}
	return nil
}

// distinct refuses a Tx that writes a record twice.
func distinct(writes []store.Write) error {
	if len(writes) < 2 {
		return nil
	}
	seen := make(map[[2]string]struct{}, len(writes))
	for i := range writes {
		seen[[2]string{writes[i].Type, writes[i].ID}] = struct{}{}
		if len(seen) <= i {
			return fmt.Errorf("embedded: write %d is the second to one record", i)
		}
	}
	return nil
}

func expect(e store.Expectation, cur *current) *store.ConflictError {
	var found uint64
	deleted := false
	if cur != nil {
		found, deleted = cur.head.version, cur.deleted()
	}
	met := false
	switch e.Kind {
	case store.ExpectAny:
		met = true
	case store.ExpectAbsent:
		met = cur == nil || deleted
	case store.ExpectVersion:
		met = found == e.Version
	case store.ExpectLive:
		met = cur != nil && !deleted
	}
	if met {
		return nil
	}
	return &store.ConflictError{Found: found, Deleted: deleted}
}

func planWrite(w *store.Write, cur *current) plan {
	p := plan{cur: cur, method: store.Created, version: 1}
	if cur != nil {
		p.rid, p.version = cur.rid, cur.head.version+1
		if !cur.deleted() {
			p.method = store.Updated
		}
	}
	if !w.Delete {
		return p
	}
	if cur == nil || cur.deleted() {
		p.method, p.version = 0, p.version-1
		return p
	}
	p.method = store.Deleted
	return p
}

// render gives the new records their rids and makes the version rows of a Tx.
func (c *committer) render(tx *store.Tx, prep *preparation, rid store.RID, t store.Time) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.s.log.Error("a body panicked", "cause", blot("%v", p))
			err = fmt.Errorf("embedded: the body of a write panicked: %s", blot("%v", p))
		}
	}()
	size := 0
	for i := range c.plans {
		p, w := &c.plans[i], &tx.Writes[i]
		if p.method == 0 {
			continue
		}
		if p.rid == 0 {
			p.rid = rid
			rid++
		}
		h := header{method: p.method, version: p.version, time: t, typ: prep.writes[i].typ}
		if w.Blob != nil && !w.Delete {
			h.hasBlob, h.blob = true, *w.Blob
		}
		start := len(c.arena)
		c.arena = appendHeader(c.arena, &h, w.ID)
		c.arena = appendBlock(c.arena, prep.writes[i].block)
		if !w.Delete {
			filled := len(c.arena)
			c.arena = w.Body.Append(c.arena, store.Stamp{Version: p.version, Time: t})
			if len(c.arena) < filled {
				return fmt.Errorf("embedded: the body of write %d took bytes away", i)
			}
		}
		p.row = c.arena[start:len(c.arena):len(c.arena)]
		if size += len(p.row); size > MaxTxBytes {
			return fmt.Errorf("%w: more than %d bytes", store.ErrTooLarge, MaxTxBytes)
		}
	}
	return nil
}

func (c *committer) receipt(t store.Time) *store.Receipt {
	r := &store.Receipt{Time: t, Writes: make([]store.Written, len(c.plans))}
	for i := range c.plans {
		p := &c.plans[i]
		r.Writes[i] = store.Written{RID: p.rid, Version: p.version, Method: p.method}
	}
	return r
}
