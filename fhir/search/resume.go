package search

import (
	"encoding/binary"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// A resume key says behind which match the next page begins. It holds no more than the plan's order needs, and is checked against the query's plan when it comes
// back: whoever hands it out should seal it, but a forged one gives a fault at worst.

// placeMode is the order in which a page was given.
type placeMode byte

const (
	placeNewest placeMode = iota + 1 // by RID, newest first
	placeWalk                        // by the rows of one conjunct
	placeSorted                      // by sort keys, then newest first
)

// place is where a page ended.
type place struct {
	mode   placeMode
	typ    int // position in Query.Types, but for placeSorted
	rid    store.RID
	driver int      // placeWalk
	row    row      // placeWalk
	keys   [][]byte // placeSorted; nil elements are missing
}

const resumeVersion = 1

func (p *place) encode() []byte {
	b := []byte{resumeVersion, byte(p.mode)}
	switch p.mode {
	case placeWalk:
		b = binary.AppendUvarint(b, uint64(p.typ))
		b = binary.AppendUvarint(b, uint64(p.driver))
		b = binary.AppendUvarint(b, uint64(p.row.part))
		b = binary.AppendUvarint(b, uint64(p.row.rid))
		b = binary.AppendUvarint(b, uint64(len(p.row.value)))
		return append(b, p.row.value...)
	case placeSorted:
		b = binary.AppendUvarint(b, uint64(p.rid))
		b = append(b, byte(len(p.keys)))
		for _, key := range p.keys {
			if key == nil {
				b = append(b, 0)
				continue
			}
			b = binary.AppendUvarint(b, uint64(len(key))+1)
			b = append(b, key...)
		}
		return b
	default:
		b = binary.AppendUvarint(b, uint64(p.typ))
		return binary.AppendUvarint(b, uint64(p.rid))
	}
}

func badPlace() error {
	return fault.New(http.StatusBadRequest, fault.Invalid, "The page link does not belong to this search.")
}

// readPlace reads a resume key.
func readPlace(b []byte) (*place, error) {
	if len(b) < 2 || b[0] != resumeVersion {
		return nil, badPlace()
	}
	p := &place{mode: placeMode(b[1])}
	r := placeReader{rest: b[2:], ok: true}
	switch p.mode {
	case placeNewest:
		p.typ, p.rid = r.number(), r.rid()
	case placeWalk:
		p.typ, p.driver, p.row.part, p.row.rid = r.number(), r.number(), r.number(), r.rid()
		p.row.value = r.bytes(r.number())
	case placeSorted:
		p.rid = r.rid()
		for range min(r.byte(), maxSortKeys) {
			p.keys = append(p.keys, r.key())
		}
	default:
		return nil, badPlace()
	}
	if !r.ok || len(r.rest) > 0 {
		return nil, badPlace()
	}
	return p, nil
}

type placeReader struct {
	rest []byte
	ok   bool
}

func (r *placeReader) uvarint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.ok, r.rest = false, nil
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

// number reads a small count or position.
func (r *placeReader) number() int {
	n := r.uvarint()
	if n > 1<<20 {
		r.ok = false
		return 0
	}
	return int(n)
}

func (r *placeReader) rid() store.RID {
	n := r.uvarint()
	r.ok = r.ok && n > 0 && n < 1<<63
	return store.RID(n)
}

func (r *placeReader) byte() int {
	if len(r.rest) == 0 {
		r.ok = false
		return 0
	}
	c := r.rest[0]
	r.rest = r.rest[1:]
	return int(c)
}

func (r *placeReader) bytes(n int) []byte {
	if n > len(r.rest) || n > store.MaxValue {
		r.ok = false
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *placeReader) key() []byte {
	n := r.number()
	if n == 0 {
		return nil
	}
	return present(r.bytes(n - 1))
}
