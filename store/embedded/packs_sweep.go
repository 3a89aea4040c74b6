package embedded

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// sweep drops the rows of packed blobs to which nothing points and that are older than the limit, and then gives back the room of packs of which less than a half is left.
func (p *packs) sweep(ctx context.Context, limit time.Time) (removed int, err error) {
	ended := p.number.Load() // all rows of packs before it are written
	left := map[uint64]int64{}
	err = p.each(ctx, func(d store.Digest, at place) error {
		gone, err := p.sweepOne(d, at, limit)
		if gone {
			removed++
		} else {
			left[at.pack] += frameHeader + at.size
		}
		return err
	})
	if err != nil {
		return removed, err
	}
	return removed, p.compact(ctx, ended, left)
}

// sweepOne removes one blob when nothing points to it and it is older than the limit.
func (p *packs) sweepOne(d store.Digest, at place, limit time.Time) (bool, error) {
	if at.time > limit.UnixMicro() {
		return false, nil
	}
	if used, err := p.b.used(d); used || err != nil {
		return false, err
	}
	// The packer asks again: it may have come again since, or a Tx been committed whose caller found it in place.
	return p.ask(&packing{what: packSweep, digest: d, at: place{time: limit.UnixMicro()}})
}

// compact moves what is left of packs of which less than a half is left to the newest one, and removes those packs. Readers that have one open read on.
func (p *packs) compact(ctx context.Context, ended uint64, left map[uint64]int64) error {
	numbers, err := p.numbers()
	if err != nil {
		return err
	}
	sparse := map[uint64]bool{}
	for _, n := range numbers {
		if n >= ended {
			continue
		}
		info, err := p.b.fs.Stat(p.path(n))
		if err != nil {
			return err
		}
		if left[n]*2 < info.Size() {
			sparse[n] = true
		}
	}
	if len(sparse) == 0 {
		return nil
	}
	err = p.each(ctx, func(d store.Digest, at place) error {
		if !sparse[at.pack] {
			return nil
		}
		return p.move(d, at)
	})
	if err != nil {
		return err
	}
	// The rows that name the new places must be durable before the old ones go.
	if _, err := p.ask(&packing{what: packSettle}); err != nil {
		return err
	}
	for n := range sparse {
		err = errors.Join(err, p.b.fs.Remove(p.path(n)))
	}
	return err
}

// move packs a blob once more.
func (p *packs) move(d store.Digest, at place) error {
	file, err := p.b.fs.Open(p.path(at.pack))
	if err != nil {
		return err
	}
	defer file.Close()
	f := frames.Get().(*frame)
	f.bytes = append(f.bytes, make([]byte, at.size)...)
	if n, err := file.ReadAt(f.bytes[frameHeader:], at.offset); n < f.size() {
		f.free()
		return fmt.Errorf("embedded: read a packed blob: %w", err)
	}
	f.seal(d, at.time)
	_, err = p.ask(&packing{what: packMove, frame: f, digest: d, at: place{size: at.size, time: at.time}})
	return err
}

// each gives every packed blob, in the order of digests.
func (p *packs) each(ctx context.Context, yield func(d store.Digest, at place) error) error {
	it, err := p.b.s.db.NewIter(iterOptions([]byte{rowPacked}))
	if err != nil {
		return err
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(it.Key()) != 1+len(store.Digest{}) {
			continue // the row that numbers packs
		}
		row, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		at, err := decodePlace(row)
		if err != nil {
			return err
		}
		if err := yield(store.Digest(it.Key()[1:]), at); err != nil {
			return err
		}
	}
	return it.Error()
}
