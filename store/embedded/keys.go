package embedded

import (
	"bytes"
	"encoding/binary"

	"github.com/carnet-fhir/carnet/store"
)

// The first byte of a key tells what the row is. docs/design/storage.md has the table.
const (
	rowBlob       = 'B' // digest rid version -> empty
	rowCurrent    = 'C' // rid -> version
	rowDictionary = 'D' // kind number -> name
	rowHead       = 'H' // -> t
	rowID         = 'I' // type id -> rid
	rowImport     = 'J' // there while an import is unfinished
	rowLive       = 'L' // type ^rid -> life
	rowSetting    = 'M' // name -> bytes
	rowCount      = 'N' // type -> live records
	rowPacked     = 'P' // digest -> pack, offset, size, time; without a digest: number of the first pack that may hold blobs without a row
	rowChange     = 'S' // ^t ^rid -> type, method, version
	rowTypeChange = 'T' // type ^t ^rid -> method, version
	rowOld        = 'V' // rid ^version -> version
	rowIndex      = 'X' // index value ^rid -> life
)

// typeID is the number of a resource type.
type typeID uint16

// Lengths of keys and of their parts in bytes.
const (
	lenRID        = 8
	lenTime       = 8
	lenTypePrefix = 1 + 2
	lenIndex      = 1 + 4
	// maxKey is not less than any key: an index row whose value is all zeros.
	maxKey = lenIndex + 2*store.MaxValue + 2 + lenRID
)

func appendCurrentKey(dst []byte, rid store.RID) []byte {
	return binary.BigEndian.AppendUint64(append(dst, rowCurrent), uint64(rid))
}

func appendOldPrefix(dst []byte, rid store.RID) []byte {
	return binary.BigEndian.AppendUint64(append(dst, rowOld), uint64(rid))
}

func appendOldKey(dst []byte, rid store.RID, version uint64) []byte {
	return binary.BigEndian.AppendUint64(appendOldPrefix(dst, rid), ^version)
}

func appendIDKey(dst []byte, typ typeID, id string) []byte {
	return append(appendTypePrefix(dst, rowID, typ), id...)
}

// appendTypePrefix begins the key of a row that is sorted by type.
func appendTypePrefix(dst []byte, row byte, typ typeID) []byte {
	return binary.BigEndian.AppendUint16(append(dst, row), uint16(typ))
}

func appendLiveKey(dst []byte, typ typeID, rid store.RID) []byte {
	return binary.BigEndian.AppendUint64(appendTypePrefix(dst, rowLive, typ), ^uint64(rid))
}

func appendChangeKey(dst []byte, t store.Time, rid store.RID) []byte {
	dst = binary.BigEndian.AppendUint64(append(dst, rowChange), ^uint64(t))
	return binary.BigEndian.AppendUint64(dst, ^uint64(rid))
}

func appendTypeChangeKey(dst []byte, typ typeID, t store.Time, rid store.RID) []byte {
	dst = binary.BigEndian.AppendUint64(appendTypePrefix(dst, rowTypeChange, typ), ^uint64(t))
	return binary.BigEndian.AppendUint64(dst, ^uint64(rid))
}

func appendBlobPrefix(dst []byte, d store.Digest) []byte {
	return append(append(dst, rowBlob), d[:]...)
}

func appendBlobKey(dst []byte, d store.Digest, rid store.RID, version uint64) []byte {
	dst = binary.BigEndian.AppendUint64(appendBlobPrefix(dst, d), uint64(rid))
	return binary.BigEndian.AppendUint64(dst, version)
}

func appendPackedKey(dst []byte, d store.Digest) []byte {
	return append(append(dst, rowPacked), d[:]...)
}

func appendSettingKey(dst []byte, name string) []byte {
	return append(append(dst, rowSetting), name...)
}

// appendIndexPrefix begins the keys of all rows of an index.
func appendIndexPrefix(dst []byte, index store.IndexID) []byte {
	return binary.BigEndian.AppendUint32(append(dst, rowIndex), uint32(index))
}

// appendIndexValue begins the keys of all rows of one value of an index.
func appendIndexValue(dst []byte, index store.IndexID, value []byte) []byte {
	return appendValue(appendIndexPrefix(dst, index), value)
}

func appendIndexKey(dst []byte, index store.IndexID, value []byte, rid store.RID) []byte {
	return binary.BigEndian.AppendUint64(appendIndexValue(dst, index, value), ^uint64(rid))
}

// Bytes of the encoding of values: 00 becomes 00 FF, and 00 01 ends the value, so that order is kept and no value is a prefix of another.
const (
	valueZero = 0xff
	valueEnd  = 0x01
)

func appendValue(dst, value []byte) []byte {
	for {
		i := bytes.IndexByte(value, 0)
		if i < 0 {
			break
		}
		dst = append(append(dst, value[:i+1]...), valueZero)
		value = value[i+1:]
	}
	return append(append(dst, value...), 0, valueEnd)
}

// decodeValue undoes appendValue, the end included. It appends to dst only when it must; ok is false when enc was not written by appendValue.
func decodeValue(dst, enc []byte) (value []byte, ok bool) {
	n := len(enc) - 2
	if n < 0 || enc[n] != 0 || enc[n+1] != valueEnd {
		return nil, false
	}
	enc = enc[:n]
	if bytes.IndexByte(enc, 0) < 0 {
		return enc, true
	}
	dst = dst[:0]
	for {
		i := bytes.IndexByte(enc, 0)
		if i < 0 {
			return append(dst, enc...), true
		}
		if i+1 >= len(enc) || enc[i+1] != valueZero {
			return nil, false
		}
		dst = append(dst, enc[:i+1]...)
		enc = enc[i+2:]
	}
}

// ridOfKey reads the complemented rid that ends a key.
func ridOfKey(key []byte) store.RID {
	return store.RID(^binary.BigEndian.Uint64(key[len(key)-lenRID:]))
}

// after gives the least key that is greater than all keys with the prefix; prefixes of rows never consist of FF alone, as they begin with a letter.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}
