package embedded

import (
	"encoding/binary"
	"hash/crc32"
	"sync"

	"github.com/carnet-fhir/carnet/store"
)

// frame is a blob as it stands in a pack: a header, then its bytes.
//
//	0   magic "CBLB"
//	4   CRC-32C of the header from byte 8 on
//	8   size of the bytes
//	16  time in microseconds since the Unix epoch
//	24  SHA-256 of the bytes
//	56  zeros
type frame struct{ bytes []byte }

const (
	frameHeader = 64
	frameMagic  = "CBLB"
)

var (
	frames   = sync.Pool{New: func() any { return &frame{bytes: make([]byte, frameHeader)} }}
	crcTable = crc32.MakeTable(crc32.Castagnoli)
)

// size is that of the blob.
func (f *frame) size() int { return len(f.bytes) - frameHeader }

func (f *frame) reset() { f.bytes = f.bytes[:frameHeader] }

// free gives the frame to the next writer.
func (f *frame) free() {
	f.reset()
	frames.Put(f)
}

// seal writes the header.
func (f *frame) seal(d store.Digest, time int64) {
	h := append(f.bytes[:0], frameMagic...)
	h = append(h, 0, 0, 0, 0)
	h = binary.BigEndian.AppendUint64(h, uint64(f.size()))
	h = binary.BigEndian.AppendUint64(h, uint64(time))
	h = append(h, d[:]...)
	clear(h[len(h):frameHeader])
	binary.BigEndian.PutUint32(h[4:], crc32.Checksum(h[8:frameHeader], crcTable))
}

// readHeader reads a frame's header; ok is false when it is none.
func readHeader(h []byte) (d store.Digest, size, time int64, ok bool) {
	if len(h) < frameHeader || string(h[:4]) != frameMagic || binary.BigEndian.Uint32(h[4:]) != crc32.Checksum(h[8:frameHeader], crcTable) {
		return d, 0, 0, false
	}
	size, time = int64(binary.BigEndian.Uint64(h[8:])), int64(binary.BigEndian.Uint64(h[16:]))
	return store.Digest(h[24:56]), size, time, size >= 0 && size <= packLimit
}
