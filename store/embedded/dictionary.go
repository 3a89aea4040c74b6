package embedded

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// Kinds of dictionary rows. A number is never given twice: that of a dropped index keeps a row.
const (
	dictType    = 't'
	dictIndex   = 'i'
	dictDropped = 'd'
)

// names is one state of the dictionary. It is never changed once others can see it.
type names struct {
	types     map[string]typeID
	typeNames []string // by typeID; 0 is no type
	indexes   map[string]store.IndexID
	lastIndex store.IndexID
	dropped   map[store.IndexID]struct{}
	// drops counts how often an index was dropped since open, so that a Tx prepared before can be told.
	drops int
}

// dictionary holds the newest names. Readers load it; only the committer changes it, by putting a new one in its place.
type dictionary struct{ atomic.Pointer[names] }

func newNames() *names {
	return &names{
		types: map[string]typeID{}, typeNames: []string{""},
		indexes: map[string]store.IndexID{}, dropped: map[store.IndexID]struct{}{},
	}
}

func (n *names) clone() *names {
	return &names{
		types: maps.Clone(n.types), typeNames: slices.Clone(n.typeNames),
		indexes: maps.Clone(n.indexes), lastIndex: n.lastIndex,
		dropped: maps.Clone(n.dropped), drops: n.drops,
	}
}

func (n *names) typeName(typ typeID) (string, error) {
	if typ == 0 || int(typ) >= len(n.typeNames) {
		return "", fmt.Errorf("%w: type number %d is in no dictionary", store.ErrCorrupt, typ)
	}
	return n.typeNames[typ], nil
}

func (n *names) addType(name string) (typeID, error) {
	if len(n.typeNames) > math.MaxUint16 {
		return 0, fmt.Errorf("embedded: more than %d types", math.MaxUint16)
	}
	typ := typeID(len(n.typeNames))
	n.types[name] = typ
	n.typeNames = append(n.typeNames, name)
	return typ, nil
}

func (n *names) addIndex(name string) (store.IndexID, error) {
	if n.lastIndex == math.MaxUint32-1 {
		return 0, fmt.Errorf("embedded: no index number is left")
	}
	n.lastIndex++
	n.indexes[name] = n.lastIndex
	return n.lastIndex, nil
}

func (n *names) addIndexes(entries []store.Entry) error {
	for i := range entries {
		if _, ok := n.indexes[entries[i].Index]; ok {
			continue
		}
		if _, err := n.addIndex(entries[i].Index); err != nil {
			return err
		}
	}
	return nil
}

func appendDictKey(dst []byte, kind byte, number uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, rowDictionary, kind), number)
}

// loadNames reads the dictionary rows.
func loadNames(db *pebble.DB) (*names, error) {
	n := newNames()
	it, err := db.NewIter(iterOptions([]byte{rowDictionary}))
	if err != nil {
		return nil, err
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		key, name := it.Key(), string(it.Value())
		if len(key) != 6 {
			return nil, fmt.Errorf("%w: a dictionary key of %d bytes", store.ErrCorrupt, len(key))
		}
		number := binary.BigEndian.Uint32(key[2:])
		switch key[1] {
		case dictType:
			if int(number) != len(n.typeNames) {
				return nil, fmt.Errorf("%w: type number %d is missing", store.ErrCorrupt, len(n.typeNames))
			}
			if _, err := n.addType(name); err != nil {
				return nil, err
			}
		case dictIndex:
			n.indexes[name] = store.IndexID(number)
			n.lastIndex = max(n.lastIndex, store.IndexID(number))
		case dictDropped:
			n.dropped[store.IndexID(number)] = struct{}{}
			n.lastIndex = max(n.lastIndex, store.IndexID(number))
		default:
			return nil, fmt.Errorf("%w: a dictionary row of kind %q", store.ErrCorrupt, key[1])
		}
	}
	return n, it.Error()
}
