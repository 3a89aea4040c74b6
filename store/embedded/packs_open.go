package embedded

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// recover finds the blobs of packs whose rows a crash may have taken back: those from the number on that the last row of its kind says. Then the packer starts, in a new pack.
func (p *packs) recover() error {
	db := p.b.s.db
	from, err := p.firstUnsure()
	if err != nil {
		return err
	}
	numbers, err := p.numbers()
	if err != nil {
		return err
	}
	next := max(from, 1)
	for _, n := range numbers {
		next = max(next, n+1)
		if n < from {
			continue
		}
		if err := p.reread(n); err != nil {
			return fmt.Errorf("embedded: read pack %d: %w", n, err)
		}
	}
	p.number.Store(next)
	if next > 1 && next != from {
		if err := db.Set([]byte{rowPacked}, binary.BigEndian.AppendUint64(nil, next), pebble.NoSync); err != nil {
			return err
		}
	}
	go p.run()
	return nil
}

// firstUnsure is the number of the first pack that may hold blobs without a row.
func (p *packs) firstUnsure() (uint64, error) {
	row, closer, err := p.b.s.db.Get([]byte{rowPacked})
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer closer.Close()
	if len(row) != 8 {
		return 0, fmt.Errorf("%w: the row of the packs", store.ErrCorrupt)
	}
	return binary.BigEndian.Uint64(row), nil
}

// reread writes the rows that blobs of a pack lack. It ends at the first frame that is not whole: what a crash cut was not acknowledged, nor was anything behind it.
func (p *packs) reread(number uint64) error {
	f, err := p.b.fs.Open(p.path(number))
	if err != nil {
		return err
	}
	defer f.Close()
	var header [frameHeader]byte
	var content []byte
	for offset := int64(0); ; {
		if n, err := f.ReadAt(header[:], offset); n < frameHeader {
			return unlessEnd(err)
		}
		d, size, time, ok := readHeader(header[:])
		if !ok {
			return nil
		}
		at := place{pack: number, offset: offset + frameHeader, size: size, time: time}
		offset = at.offset + size
		if _, known, err := p.find(d); err != nil {
			return err
		} else if known {
			continue
		}
		content = append(content[:0], make([]byte, size)...)
		if n, err := f.ReadAt(content, at.offset); n < int(size) {
			return unlessEnd(err)
		}
		if sha256.Sum256(content) != d {
			return nil
		}
		if err := p.b.s.db.Set(appendPackedKey(nil, d), at.append(nil), pebble.NoSync); err != nil {
			return err
		}
	}
}

func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
