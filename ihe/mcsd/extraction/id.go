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

// bucketLength is how many characters stand before the digest in the ids of people and activities.
const bucketLength = 5

// about is of for what belongs to a person. The digest is preceded by the person's place in the register: the type and the first six digits of the national identification, which ten thousand numbers share, as the
// extraction is sorted by it. So what is imported together stands together in the store, and looking whether it is there touches few tables.
func (h *hasher) about(national string, parts ...string) ident {
	id := h.of(parts...)
	place := uint32(0)
	for i := range 7 {
		digit := uint32(0)
		if i < len(national) && national[i] >= '0' && national[i] <= '9' {
			digit = uint32(national[i] - '0')
		}
		place = place*10 + digit
	}
	const alphabet = "234567abcdefghijklmnopqrstuvwxyz" // in the order of the bytes
	var bucket [bucketLength]byte
	for i := range bucket {
		bucket[bucketLength-1-i] = alphabet[place&31]
		place >>= 5
	}
	id.id = string(bucket[:]) + id.id
	return id
}

// digestLength is the length of 16 bytes in base 32.
const digestLength = 26

// keyOf gives the key of an id that of or about made; false for any other id.
func keyOf(id string) (uint64, bool) {
	if len(id) == bucketLength+digestLength {
		id = id[bucketLength:]
	}
	raw, err := lower.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return 0, false
	}
	return binary.LittleEndian.Uint64(raw[:8]), true
}
