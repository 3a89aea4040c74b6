package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// run does what waits, group by group, until the queue is closed. Pebble ends it early when its log is broken.
func (p *packs) run() {
	defer close(p.dead)
	var group []*packing
	for r := range p.queue {
		group = p.gather(append(group[:0], r))
		err := p.append(group)
		if err != nil {
			p.abandon()
		}
		for _, r := range group {
			switch {
			case !r.what.appends():
				r.did, r.err = p.change(r)
			case err != nil:
				r.err = err
			}
			close(r.done)
		}
	}
	if p.file != nil {
		_ = p.next() // what a row does not say is read again at the next start
	}
}

// gather takes what else is waiting: while one group was synced the next one came together.
func (p *packs) gather(group []*packing) []*packing {
	for size := group[0].at.size; size < packGroup && len(group) < packQueue; {
		select {
		case r, ok := <-p.queue:
			if !ok {
				return group
			}
			group, size = append(group, r), size+r.at.size
		default:
			return group
		}
	}
	return group
}

// append writes the blobs of a group to the pack, makes them durable, and then says where each is. The rows are not synced: the log keeps its order, so a commit that points to a
// blob cannot be durable without the blob's row; and what of them is lost in a crash is found again in the pack.
func (p *packs) append(group []*packing) error {
	batch := p.b.s.db.NewBatch()
	defer batch.Close()
	for _, r := range group {
		if !r.what.appends() {
			continue
		}
		if r.what == packMove {
			at, ok, err := p.find(r.digest)
			if err != nil {
				return err
			}
			if !ok {
				continue // swept meanwhile
			}
			r.at.time = at.time
		}
		if err := p.write(r, batch); err != nil {
			return err
		}
		r.did = true
	}
	if batch.Empty() {
		return nil
	}
	if err := p.file.SyncData(); err != nil {
		return fmt.Errorf("embedded: make a pack durable: %w", err)
	}
	if err := p.b.s.db.Apply(batch, pebble.NoSync); err != nil {
		return err
	}
	if p.size >= p.b.s.packSize {
		return p.next()
	}
	return nil
}

// write appends a blob to the pack and its row to the batch.
func (p *packs) write(r *packing, batch *pebble.Batch) error {
	if p.file == nil {
		if err := p.begin(); err != nil {
			return err
		}
	}
	r.at.pack, r.at.offset = p.number.Load(), p.size+frameHeader
	size := int64(len(r.frame.bytes))
	if _, err := p.file.Write(r.frame.bytes); err != nil {
		return fmt.Errorf("embedded: write to a pack: %w", err)
	}
	p.size += size
	return batch.Set(appendPackedKey(nil, r.digest), r.at.append(nil), nil)
}

// change does what needs no pack.
func (p *packs) change(r *packing) (bool, error) {
	db := p.b.s.db
	if r.what == packSettle {
		return true, db.LogData(nil, pebble.Sync)
	}
	at, ok, err := p.find(r.digest)
	if !ok || err != nil {
		return false, err
	}
	key := appendPackedKey(nil, r.digest)
	switch r.what {
	case packTouch:
		at.time = max(at.time, r.at.time)
		return true, db.Set(key, at.append(nil), pebble.NoSync)
	case packSweep:
		if at.time > r.at.time {
			return false, nil // it came again
		}
		if used, err := p.b.used(r.digest); used || err != nil {
			return false, err
		}
	}
	return true, db.Delete(key, pebble.NoSync)
}

// begin makes the file of the next pack. A number is used once: what a failure left of a pack is not written to again.
func (p *packs) begin() error {
	f, err := p.b.fs.Create(p.path(p.number.Load()), vfs.WriteCategoryUnspecified)
	if err == nil {
		if err = syncDir(p.b.fs, p.dir); err != nil {
			err = errors.Join(err, f.Close())
			p.number.Add(1)
		}
	}
	if err != nil {
		return fmt.Errorf("embedded: begin a pack: %w", err)
	}
	p.file, p.size = f, 0
	return nil
}

// next ends the pack: all of its rows are written, so it need not be read when the store is opened.
func (p *packs) next() error {
	err := p.file.Close()
	p.file = nil
	number := p.number.Add(1)
	if err == nil {
		err = p.b.s.db.Set([]byte{rowPacked}, binary.BigEndian.AppendUint64(nil, number), pebble.NoSync)
	}
	return err
}

// abandon gives up a pack that could not be written. What was acknowledged of it stays readable.
func (p *packs) abandon() {
	if p.file != nil {
		_ = p.file.Close() // the group is refused already
		p.file = nil
		p.number.Add(1)
	}
}

// close lets the packer finish. After a failure it may never do so, and is left alone.
func (p *packs) close() {
	p.using.Lock()
	p.closed = true
	close(p.queue)
	p.using.Unlock()
	select {
	case <-p.dead:
	case <-p.b.s.breaks:
	}
}
