package embedded

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/carnet-fhir/carnet/store"
)

// Limits of what one commit takes.
const (
	MaxWrites  = 1 << 18  // writes of a Tx
	MaxTxBytes = 64 << 20 // bytes of a Tx: bodies, entries, ids
	maxID      = 1024     // bytes of an id, of a type's, index' or setting's name
)

// errUnnamed says that a name is not in the dictionary yet; only the committer may add it.
var errUnnamed = errors.New("embedded: name is not in the dictionary")

// entry is one index row of a write, ready but for the rid.
type entry struct {
	index store.IndexID
	value []byte
	// key is the index row's key; its last eight bytes wait for the rid.
	key []byte
}

// prepared is a Write made ready by the goroutine that calls Commit, so that the committer has little left to do.
type prepared struct {
	typ     typeID
	entries []entry // sorted by index and value, without duplicates
	block   []byte  // the entries as a version row holds them
}

// preparation holds the memory of a Tx's prepared writes.
type preparation struct {
	writes []prepared
	drops  int  // names.drops at the time
	named  bool // every name was in the dictionary
	arena  []byte
	list   []entry
}

var preparations = sync.Pool{New: func() any { return new(preparation) }}

func (p *preparation) free() {
	if cap(p.arena) > 1<<20 {
		return // one huge Tx shall not stay in memory for ever
	}
	clear(p.list)
	clear(p.writes)
	preparations.Put(p)
}

// check refuses a Tx that no state of the store could take.
func check(tx *store.Tx) error {
	if len(tx.Writes) > MaxWrites {
		return fmt.Errorf("%w: %d writes, at most %d", store.ErrTooLarge, len(tx.Writes), MaxWrites)
	}
	size := 0
	for i := range tx.Writes {
		w := &tx.Writes[i]
		if err := checkName("type", w.Type); err != nil {
			return err
		}
		if err := checkName("id", w.ID); err != nil {
			return err
		}
		size += len(w.ID)
		if w.Delete {
			continue
		}
		if w.Body == nil {
			return fmt.Errorf("embedded: write %d has no body", i)
		}
		n, err := checkEntries(w.Entries)
		if err != nil {
			return fmt.Errorf("embedded: write %d: %w", i, err)
		}
		size += n
	}
	for name, value := range tx.Meta {
		if err := checkName("setting", name); err != nil {
			return err
		}
		size += len(name) + len(value)
	}
	if size > MaxTxBytes {
		return fmt.Errorf("%w: %d bytes without bodies, at most %d", store.ErrTooLarge, size, MaxTxBytes)
	}
	return nil
}

func checkEntries(entries []store.Entry) (size int, err error) {
	for i := range entries {
		e := &entries[i]
		if err := checkName("index", e.Index); err != nil {
			return 0, err
		}
		if len(e.Value) > store.MaxValue {
			return 0, fmt.Errorf("a value of %s has %d bytes, at most %d", e.Index, len(e.Value), store.MaxValue)
		}
		size += len(e.Value)
	}
	return size, nil
}

func checkName(what, name string) error {
	if name == "" || len(name) > maxID {
		return fmt.Errorf("embedded: the name of a %s has %d bytes, not 1 to %d", what, len(name), maxID)
	}
	return nil
}

// prepare resolves names and lays out the index rows of a Tx. Names that are missing are left to the committer.
func (p *preparation) prepare(tx *store.Tx, n *names) {
	p.drops, p.named = n.drops, true
	p.arena, p.list = p.arena[:0], p.list[:0]
	p.writes = slices.Grow(p.writes[:0], len(tx.Writes))[:len(tx.Writes)]
	for i := range tx.Writes {
		w := &tx.Writes[i]
		typ, ok := n.types[w.Type]
		if !ok {
			p.named = false
			return
		}
		p.writes[i] = prepared{typ: typ}
		if w.Delete {
			continue
		}
		if err := p.layOut(&p.writes[i], w.Entries, n); err != nil {
			p.named = false
			return
		}
	}
}

// layOut sorts a write's entries and makes their rows. It returns errUnnamed when an index has no number.
func (p *preparation) layOut(out *prepared, entries []store.Entry, n *names) error {
	start := len(p.list)
	size := 0
	for i := range entries {
		e := &entries[i]
		index, ok := n.indexes[e.Index]
		if !ok {
			return errUnnamed
		}
		p.list = append(p.list, entry{index: index, value: e.Value})
		size += rowRoom(e.Value)
	}
	list := p.list[start:]
	slices.SortFunc(list, compareEntries)
	list = slices.CompactFunc(list, func(a, b entry) bool { return compareEntries(a, b) == 0 })
	p.list = p.list[:start+len(list)]

	arena := p.room(size)
	for i := range list {
		from := len(arena)
		arena = appendIndexKey(arena, list[i].index, list[i].value, 0)
		list[i].key = arena[from:len(arena):len(arena)]
	}
	from := len(arena)
	for i := range list {
		arena = appendEntry(arena, list[i].index, list[i].value)
	}
	out.block = arena[from:len(arena):len(arena)]
	out.entries = list[:len(list):len(list)]
	p.arena = arena
	return nil
}

// rowRoom is the most that a value takes as a row's key and in a block.
func rowRoom(value []byte) int {
	zeros := 0
	if bytes.IndexByte(value, 0) >= 0 {
		zeros = bytes.Count(value, []byte{0})
	}
	return lenIndex + len(value) + zeros + 2 + lenRID + 2*binary.MaxVarintLen32 + len(value)
}

// room makes sure that size bytes can be appended to the arena without moving what is in it.
func (p *preparation) room(size int) []byte {
	if cap(p.arena)-len(p.arena) < size {
		p.arena = make([]byte, 0, max(size, 4<<10))
	}
	return p.arena
}

func compareEntries(a, b entry) int {
	if c := cmp.Compare(a.index, b.index); c != 0 {
		return c
	}
	return bytes.Compare(a.value, b.value)
}
