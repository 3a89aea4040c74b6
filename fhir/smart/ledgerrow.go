package smart

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// writeRows lays out a shard: a format byte, then rows of 56 bytes in the order of their ids. An empty shard is no setting at all.
func writeRows(rows map[grantID]live) []byte {
	if len(rows) == 0 {
		return nil
	}
	ids := slices.SortedFunc(maps.Keys(rows), func(a, b grantID) int { return bytes.Compare(a[:], b[:]) })
	out := make([]byte, 1, 1+len(rows)*ledgerRow)
	out[0] = ledgerFormat
	for _, id := range ids {
		row := rows[id]
		out = append(out, id[:]...)
		out = append(out, row.current[:]...)
		out = append(out, row.owner.subject[:]...)
		out = append(out, row.owner.client[:]...)
		out = binary.BigEndian.AppendUint64(out, uint64(row.expires))
	}
	return out
}

func readRows(text []byte) (map[grantID]live, error) {
	rows := map[grantID]live{}
	if len(text) == 0 {
		return rows, nil
	}
	if text[0] != ledgerFormat {
		return nil, fmt.Errorf("%w: the authorizations of the store have the layout %d", store.ErrFormat, text[0])
	}
	text = text[1:]
	if len(text)%ledgerRow != 0 {
		return nil, fmt.Errorf("%w: a setting with authorizations has %d bytes", store.ErrCorrupt, len(text)+1)
	}
	for ; len(text) > 0; text = text[ledgerRow:] {
		var id grantID
		var row live
		copy(id[:], text)
		copy(row.current[:], text[16:])
		copy(row.owner.subject[:], text[32:])
		copy(row.owner.client[:], text[40:])
		row.expires = int64(binary.BigEndian.Uint64(text[48:]))
		rows[id] = row
	}
	return rows, nil
}

// read takes a shard in from the store. Those that expired first stand first among an owner's afterwards, as when they were made.
func (l *ledger) read(n int, text []byte, now int64) error {
	rows, err := readRows(text)
	if err != nil {
		return err
	}
	for id, row := range rows {
		if shardOf(id) != n {
			return fmt.Errorf("%w: an authorization stands in the setting of others", store.ErrCorrupt)
		}
		if row.expires <= now {
			delete(rows, id)
			continue
		}
		l.count.Add(1)
		list := l.owners[row.owner]
		at, _ := slices.BinarySearchFunc(list, row.expires, func(other grantID, expires int64) int {
			return cmp.Compare(l.expiry(other, rows), expires)
		})
		l.owners[row.owner] = slices.Insert(list, at, id)
	}
	l.shard[n].rows = rows
	return nil
}

// expiry finds an authorization while shards are being read.
func (l *ledger) expiry(id grantID, reading map[grantID]live) int64 {
	if row, ok := reading[id]; ok {
		return row.expires
	}
	return l.shard[shardOf(id)].rows[id].expires
}

// readGrantID reads an id as String writes it.
func readGrantID(text string) (id grantID, ok bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	copy(id[:], b)
	return id, true
}
