package embedded

import (
	"encoding/binary"
	"fmt"

	"github.com/carnet-fhir/carnet/store"
)

// A version row (C or V) is
//
//	flags version t type id [digest size] entries body
//
// flags holds the method in its low bits and blobFlag; version, t and size are uvarints; type has two bytes; id and entries
// begin with their length in bytes as a uvarint; the body goes to the end.
//
// entries is a sequence of (index uvarint, length uvarint, value), sorted by index and value.

const (
	methodMask = 0x03
	blobFlag   = 0x04
)

// header is what a version row says before its entries.
type header struct {
	method  store.Method
	version uint64
	time    store.Time
	typ     typeID
	id      []byte // points into the row
	hasBlob bool
	blob    store.BlobRef
}

func appendHeader(dst []byte, h *header, id string) []byte {
	flags := byte(h.method)
	if h.hasBlob {
		flags |= blobFlag
	}
	dst = append(dst, flags)
	dst = binary.AppendUvarint(dst, h.version)
	dst = binary.AppendUvarint(dst, uint64(h.time))
	dst = binary.BigEndian.AppendUint16(dst, uint16(h.typ))
	dst = binary.AppendUvarint(dst, uint64(len(id)))
	dst = append(dst, id...)
	if h.hasBlob {
		dst = append(dst, h.blob.Digest[:]...)
		dst = binary.AppendUvarint(dst, uint64(h.blob.Size))
	}
	return dst
}

// appendBlock puts the entries behind the header.
func appendBlock(dst, entries []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(entries))), entries...)
}

// decodeVersion splits a version row into its header, its entries and its body; the last two point into the row.
func decodeVersion(row []byte, h *header) (entries, body []byte, err error) {
	d := decoder{rest: row}
	flags := d.byte()
	h.method = store.Method(flags & methodMask)
	h.version = d.uvarint()
	h.time = store.Time(d.uvarint())
	h.typ = typeID(d.uint16())
	h.id = d.take(d.uvarint())
	h.hasBlob = flags&blobFlag != 0
	if h.hasBlob {
		copy(h.blob.Digest[:], d.take(uint64(len(h.blob.Digest))))
		h.blob.Size = int64(d.uvarint())
	}
	entries = d.take(d.uvarint())
	if d.bad || h.method < store.Created || h.version == 0 {
		return nil, nil, fmt.Errorf("%w: a version row of %d bytes", store.ErrCorrupt, len(row))
	}
	return entries, d.rest, nil
}

// decodeEntries reads the entries of a version row. Those of dropped indexes are left out. Values point into the row.
func decodeEntries(entries []byte, dropped map[store.IndexID]struct{}) ([]store.IndexEntry, error) {
	n := 0
	for d := (decoder{rest: entries}); len(d.rest) > 0; n++ {
		if d.entry(); d.bad {
			return nil, fmt.Errorf("%w: entries of %d bytes", store.ErrCorrupt, len(entries))
		}
	}
	list := make([]store.IndexEntry, 0, n)
	for d := (decoder{rest: entries}); len(d.rest) > 0; {
		e := d.entry()
		if len(dropped) > 0 {
			if _, gone := dropped[e.Index]; gone {
				continue
			}
		}
		list = append(list, e)
	}
	return list, nil
}

func appendEntry(dst []byte, index store.IndexID, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(index))
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// decoder reads the parts of a row one after the other. bad stays true after the first part that is not there.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) take(n uint64) []byte {
	if d.bad || n > uint64(len(d.rest)) {
		d.bad = true
		return nil
	}
	part := d.rest[:n:n]
	d.rest = d.rest[n:]
	return part
}

func (d *decoder) byte() byte {
	if p := d.take(1); p != nil {
		return p[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if p := d.take(2); p != nil {
		return binary.BigEndian.Uint16(p)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *decoder) entry() store.IndexEntry {
	index := d.uvarint()
	value := d.take(d.uvarint())
	return store.IndexEntry{Index: store.IndexID(index), Value: value}
}
