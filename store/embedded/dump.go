package embedded

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/store"
)

// Dump writes every row as text in the order of the keys, as docs/design/storage.md shows them. It is for people who look for a fault:
// the output holds health data.
func (s *Store) Dump(w io.Writer) error {
	it, err := s.db.NewIter(nil)
	if err != nil {
		return err
	}
	defer it.Close()
	n := s.names.Load()
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		key, text, ok := describe(it.Key(), value, n)
		if !ok {
			return fmt.Errorf("%w: row %x", store.ErrCorrupt, it.Key())
		}
		if _, err := fmt.Fprintf(w, "%-34s -> %s\n", key, text); err != nil {
			return err
		}
	}
	return it.Error()
}

// describe decodes one row; ok is false when it is not one of ours.
func describe(key, value []byte, n *names) (k, v string, ok bool) {
	d := decoder{rest: key[1:]}
	row := string(key[:1])
	switch key[0] {
	case rowHead:
		return row, number(value), len(value) == lenTime
	case rowImport:
		return row, "", true
	case rowSetting:
		return row + " " + strconv.Quote(string(d.rest)), strconv.Quote(string(value)), true
	case rowDictionary:
		kind := string([]byte{d.byte()})
		return row + " " + kind + " " + number(d.take(4)), strconv.Quote(string(value)), !d.bad
	case rowCount:
		count, size := binary.Uvarint(value)
		return row + " " + number(d.take(2)), strconv.FormatUint(count, 10), size > 0 && !d.bad
	case rowID:
		k = row + " " + number(d.take(2))
		return k + " " + strconv.Quote(string(d.rest)), "rid " + number(value), !d.bad
	case rowCurrent:
		k = row + " " + number(d.take(lenRID))
	case rowOld:
		k = row + " " + number(d.take(lenRID)) + " ^" + complement(d.take(8))
	case rowLive:
		k = row + " " + number(d.take(2)) + " ^" + complement(d.take(lenRID))
		v, ok = describeLife(value)
		return k, v, ok && !d.bad
	case rowIndex:
		return describeIndex(key, value)
	case rowChange:
		k = row + " ^" + complement(d.take(lenTime)) + " ^" + complement(d.take(lenRID))
		typ, method, version, err := decodeChange(value)
		return k, fmt.Sprintf("%d v%d %s", typ, version, methodNames[method]), err == nil && !d.bad
	case rowTypeChange:
		k = row + " " + number(d.take(2)) + " ^" + complement(d.take(lenTime)) + " ^" + complement(d.take(lenRID))
		method, version, err := decodeTypeChange(value)
		return k, fmt.Sprintf("v%d %s", version, methodNames[method]), err == nil && !d.bad
	case rowBlob:
		k = row + " " + fmt.Sprintf("%.4x…", d.take(32)) + " " + number(d.take(lenRID)) + " " + number(d.take(8))
		return k, "", !d.bad
	case rowPacked:
		return describePacked(row, &d, value)
	default:
		return "", "", false
	}
	v, err := describeVersion(value, n)
	return k, v, err == nil && !d.bad
}

func describePacked(row string, d *decoder, value []byte) (k, v string, ok bool) {
	if len(d.rest) == 0 {
		return row, number(value), len(value) == 8
	}
	at, err := decodePlace(value)
	k = row + " " + fmt.Sprintf("%.4x…", d.take(32))
	return k, fmt.Sprintf("pack %d at %d, %d bytes, t=%d", at.pack, at.offset, at.size, at.time), err == nil && !d.bad
}

func describeVersion(row []byte, n *names) (string, error) {
	var h header
	block, body, err := decodeVersion(row, &h)
	if err != nil {
		return "", err
	}
	entries, err := decodeEntries(block, n.dropped)
	if err != nil {
		return "", err
	}
	list := make([]string, len(entries))
	for i, e := range entries {
		list[i] = fmt.Sprintf("%d:%s", e.Index, strconv.Quote(string(e.Value)))
	}
	blob := ""
	if h.hasBlob {
		blob = fmt.Sprintf(" blob %.4x… %d", h.blob.Digest[:], h.blob.Size)
	}
	return fmt.Sprintf("v%d t=%d %s %d %q%s [%s] %s", h.version, h.time, methodNames[h.method], h.typ, h.id, blob, strings.Join(list, "|"), body), nil
}

func describeIndex(key, life []byte) (k, v string, ok bool) {
	if len(key) < lenIndex+2+lenRID {
		return "", "", false
	}
	value, ok := decodeValue(nil, key[lenIndex:len(key)-lenRID])
	if !ok {
		return "", "", false
	}
	k = fmt.Sprintf("X %s %s ^%s", number(key[1:lenIndex]), strconv.Quote(string(value)), complement(key[len(key)-lenRID:]))
	v, ok = describeLife(life)
	return k, v, ok
}

func describeLife(life []byte) (string, bool) {
	var events []string
	for len(life) > 0 {
		event, size := binary.Uvarint(life)
		if size <= 0 {
			return "", false
		}
		life = life[size:]
		word := "close"
		if event&1 == 1 {
			word = "open"
		}
		events = append(events, fmt.Sprintf("%s@%d", word, event>>1))
	}
	if events == nil {
		return "(empty)", true
	}
	return strings.Join(events, " "), true
}

// number reads a big-endian integer of up to eight bytes.
func number(b []byte) string {
	var wide [8]byte
	if len(b) > len(wide) {
		return "?"
	}
	copy(wide[len(wide)-len(b):], b)
	return strconv.FormatUint(binary.BigEndian.Uint64(wide[:]), 10)
}

func complement(b []byte) string {
	b = bytes.Clone(b)
	for i := range b {
		b[i] = ^b[i]
	}
	return number(b)
}
