package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

const (
	// groupBytes is the size of a batch from which the committer lets no more transactions join the group.
	groupBytes = 1 << 20
	// arenaKept is the largest arena that outlives its group.
	arenaKept = 4 << 20
)

// committer is the one goroutine that writes. It puts the transactions that wait into one batch, a group, applies the batch without
// waiting for the disk, and hands the group to the syncer.
//
// Transactions of a group see each other: what the open batch changes is in ids and recs until the batch is applied. Two maps cost less
// than a batch with an index of its own.
type committer struct {
	s       *Store
	last    store.Time // of the newest commit, durable or not
	counts  []int64    // live records by typeID
	recount map[typeID]struct{}
	meta    map[string][]byte

	group *group
	ids   map[recordKey]store.RID
	recs  map[store.RID]*current
	arena []byte // rows that the open batch writes or replaces
	key   []byte // room for any key
	small []byte // for values of a few bytes
	touch touched
	plans []plan
	// idRows reads id rows as they were when the group began.
	idRows *pebble.Iterator
	err    error // first error of the open batch
}

// recordKey is what a client calls a record by.
type recordKey struct {
	typ typeID
	id  string
}

// current is the newest version of a record.
type current struct {
	rid     store.RID
	head    header
	row     []byte // its C row
	entries []byte // part of row
}

func (c *current) deleted() bool { return c.head.method == store.Deleted }

// group is what one batch commits.
type group struct {
	batch   *pebble.Batch
	state   *state // what becomes visible when the batch is durable; nil when nothing changes
	commits int64
	acks    []*request
}

// state is what readers know of the newest durable commit.
type state struct {
	head   store.Time
	counts []int64 // live records by typeID
	meta   map[string][]byte
}

func newCommitter(s *Store, from *state) *committer {
	return &committer{
		s: s, last: from.head, counts: slices.Clone(from.counts), meta: from.meta,
		recount: map[typeID]struct{}{}, group: &group{}, key: make([]byte, 0, maxKey),
		ids: map[recordKey]store.RID{}, recs: map[store.RID]*current{}, touch: newTouched(from.head),
	}
}

// run commits until the queue is closed. Whatever ends it early (Pebble panics when the log is broken) fails the store.
func (c *committer) run() {
	finished := false
	defer func() {
		p := recover()
		if !finished {
			c.abandon(p)
		}
		close(c.s.inflight)
	}()
	for r := range c.s.queue {
		c.take(r)
		c.gather()
		c.flush()
	}
	finished = true
}

// gather takes what else is waiting while the group is not too big. When the disk is busy with groups already it goes on until one is
// through: the group can only gain.
func (c *committer) gather() {
	for c.group.batch == nil || c.group.batch.Len() < groupBytes {
		select {
		case r, ok := <-c.s.queue:
			if !ok {
				return
			}
			c.take(r)
			continue
		default:
		}
		if c.s.underway.Load() < gatherFrom {
			return
		}
		select {
		case r, ok := <-c.s.queue:
			if !ok {
				return
			}
			c.take(r)
		case <-c.s.freed:
		}
	}
}

// abandon answers everything that waits, and will wait, after the committer broke.
func (c *committer) abandon(cause any) {
	c.s.fail(errors.New("embedded: the committer stopped: " + blot("%v", cause)))
	c.s.log.Error("the committer stopped", "cause", blot("%v", cause), "stack", string(debug.Stack()))
	for _, r := range c.group.acks {
		r.finish(c.s.failure())
	}
	for r := range c.s.queue {
		if r.take() {
			r.finish(c.s.failure())
		}
	}
}

// take carries one request into the open group. Every answer, refusals too, waits for the group: a refusal may rest on
// what the group wrote, and the caller must find that when it looks.
func (c *committer) take(r *request) {
	if !r.take() {
		return
	}
	c.group.acks = append(c.group.acks, r)
	if c.s.failed() {
		r.err = c.s.failure()
		return
	}
	if r.exec != nil {
		r.err = r.exec(c)
		c.touch.blind = c.last // it may have written anything
	} else {
		r.receipt, r.err = c.transact(r)
	}
	if c.err != nil {
		panic(c.err) // the batch holds half a transaction
	}
}

// open gives the batch of the group.
func (c *committer) open() *pebble.Batch {
	if c.group.batch == nil {
		c.group.batch = c.s.db.NewBatch()
	}
	return c.group.batch
}

// flush applies the open batch and hands the group to the syncer.
func (c *committer) flush() {
	g := c.group
	if g.batch != nil {
		c.finishBatch()
		if err := c.apply(g.batch); err != nil {
			panic(err)
		}
	}
	if g.batch == nil && len(g.acks) == 0 {
		return
	}
	c.group = &group{acks: make([]*request, 0, len(g.acks)+8)}
	c.forget()
	c.s.underway.Add(1)
	c.s.inflight <- g
}

// forget drops what is known of the open batch, once it is applied.
func (c *committer) forget() {
	if c.idRows != nil {
		c.note(c.idRows.Close())
		c.idRows = nil
	}
	clear(c.ids)
	clear(c.recs)
	if cap(c.arena) > arenaKept {
		c.arena = nil
	}
	c.arena = c.arena[:0]
}

func (c *committer) apply(b *pebble.Batch) error {
	if c.s.noSync {
		return c.s.db.Apply(b, pebble.NoSync)
	}
	return c.s.db.ApplyNoSyncWait(b, pebble.Sync)
}

// finishBatch writes the rows that a group has once, the head last.
func (c *committer) finishBatch() {
	for typ := range c.recount {
		c.small = binary.AppendUvarint(c.small[:0], uint64(c.counts[typ]))
		c.set(appendTypePrefix(c.key[:0], rowCount, typ), c.small)
	}
	c.group.state = &state{head: c.last, counts: slices.Clone(c.counts), meta: c.meta}
	clear(c.recount)
	c.small = binary.BigEndian.AppendUint64(c.small[:0], uint64(c.last))
	c.set(append(c.key[:0], rowHead), c.small)
	if c.err != nil {
		panic(c.err)
	}
}

// set, merge and remove keep the batch's first error for take to find.
func (c *committer) set(key, value []byte) {
	c.note(c.open().Set(key, value, nil))
}

func (c *committer) merge(key, value []byte) {
	c.note(c.open().Merge(key, value, nil))
}

func (c *committer) note(err error) {
	if err != nil && c.err == nil {
		c.err = err
	}
}

// lookup gives the current version of a record, rows of the open batch included; nil when there never was one.
func (c *committer) lookup(typ typeID, id string) (*current, error) {
	if len(c.ids) > 0 {
		if rid, ok := c.ids[recordKey{typ, id}]; ok {
			return c.recs[rid], nil
		}
	}
	rid, err := c.findID(typ, id)
	if err != nil || rid == 0 {
		return nil, err
	}
	return c.byRID(rid)
}

// findID looks for an id row, mostly in vain: creations are the rule. Get would read the last level each time, as it does not use the
// filters there; an iterator can. One serves a group: rows that were applied since it was made belong to the group, so they are in ids.
func (c *committer) findID(typ typeID, id string) (store.RID, error) {
	if c.idRows == nil {
		opts := iterOptions([]byte{rowID})
		opts.UseL6Filters = true
		var err error
		if c.idRows, err = c.s.db.NewIter(opts); err != nil {
			return 0, err
		}
	}
	c.key = appendIDKey(c.key[:0], typ, id)
	if !c.idRows.SeekPrefixGE(c.key) {
		return 0, c.idRows.Error()
	}
	row, err := c.idRows.ValueAndErr()
	if err != nil || !bytes.Equal(c.idRows.Key(), c.key) {
		return 0, err
	}
	return decodeRID(row)
}

func (c *committer) byRID(rid store.RID) (*current, error) {
	if cur, ok := c.recs[rid]; ok {
		return cur, nil
	}
	c.key = appendCurrentKey(c.key[:0], rid)
	row, closer, err := c.s.db.Get(c.key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	start := len(c.arena)
	c.arena = append(c.arena, row...)
	closer.Close()
	cur := &current{rid: rid, row: c.arena[start:len(c.arena):len(c.arena)]}
	cur.entries, _, err = decodeVersion(cur.row, &cur.head)
	return cur, err
}

func decodeRID(row []byte) (store.RID, error) {
	if len(row) != lenRID {
		return 0, fmt.Errorf("%w: an id row of %d bytes", store.ErrCorrupt, len(row))
	}
	return store.RID(binary.BigEndian.Uint64(row)), nil
}

// name puts the names of a Tx that are new into the dictionary.
func (c *committer) name(writes []store.Write) (*names, error) {
	n := c.s.names.Load().clone()
	for i := range writes {
		w := &writes[i]
		if _, ok := n.types[w.Type]; !ok {
			if _, err := n.addType(w.Type); err != nil {
				return nil, err
			}
		}
		if w.Delete {
			continue
		}
		if err := n.addIndexes(w.Entries); err != nil {
			return nil, err
		}
	}
	c.publishNames(n)
	return n, nil
}

// publishNames writes the rows of new names and lets readers use them. A name whose rows a crash takes back had no records.
func (c *committer) publishNames(n *names) {
	old := c.s.names.Load()
	for typ := len(old.typeNames); typ < len(n.typeNames); typ++ {
		c.set(appendDictKey(c.key[:0], dictType, uint32(typ)), []byte(n.typeNames[typ]))
	}
	for name, index := range n.indexes {
		if index > old.lastIndex {
			c.set(appendDictKey(c.key[:0], dictIndex, uint32(index)), []byte(name))
		}
	}
	c.s.names.Store(n)
	c.counts = append(c.counts, make([]int64, len(n.typeNames)-len(c.counts))...)
}

// remember sets or removes settings.
func (c *committer) remember(meta map[string][]byte) {
	c.meta = maps.Clone(c.meta)
	for name, value := range meta {
		key := appendSettingKey(c.key[:0], name)
		if value == nil {
			delete(c.meta, name)
			c.note(c.open().Delete(key, nil))
			continue
		}
		c.meta[name] = slices.Clone(value)
		c.set(key, value)
	}
}
