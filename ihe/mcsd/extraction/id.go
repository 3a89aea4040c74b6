package extraction

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"hash"
)

// ident is the identity of a resource that follows from a business identifier: an id that says nothing by itself (ids stand in URLs and logs), and a key for sets.
type ident struct {
	id  string
	key uint64
}

var lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// hasher makes idents; it is not safe for concurrent use.
type hasher struct {
	h   hash.Hash
	buf []byte
}

func newHasher() *hasher { return &hasher{h: sha256.New()} }

// of digests parts; each is ended, so that ("ab","c") is not ("a","bc").
func (h *hasher) of(parts ...string) ident {
	h.h.Reset()
	h.buf = h.buf[:0]
	for _, p := range parts {
		h.buf = append(append(h.buf, p...), 0)
	}
	h.h.Write(h.buf)
	var sum [sha256.Size]byte
	h.h.Sum(sum[:0])
	return ident{id: lower.EncodeToString(sum[:16]), key: binary.LittleEndian.Uint64(sum[:8])}
}

// keyOf gives the key of an id that of made; false for any other id.
func keyOf(id string) (uint64, bool) {
	raw, err := lower.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(raw[:8]), true
}
