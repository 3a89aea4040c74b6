package embedded

import (
	"hash/maphash"

	"github.com/carnet-fhir/carnet/store"
)

// touchedSlots is how many times the committer remembers. What shares a slot only makes a guard be asked that need not be.
const touchedSlots = 1 << 17

// touched remembers when records were last written, by their names and by those of their index entries that guards rest on (store.Reads). A guard whose reads were not touched since
// would find what its caller found, so it is not asked: asking it costs its look-ups where commits are serialised, and ends the group. It belongs to the committer.
type touched struct {
	seed  maphash.Seed
	slots []store.Time
	// noted are the times from which on the entries of an index are remembered, by its number; 0: they are not, as no guard has asked yet.
	noted []store.Time
	// blind is the time up to which writes may have gone by unseen.
	blind store.Time
}

func newTouched(now store.Time) touched {
	return touched{seed: maphash.MakeSeed(), slots: make([]store.Time, touchedSlots), blind: now}
}

func (t *touched) record(typ typeID, id string) *store.Time {
	var h maphash.Hash
	h.SetSeed(t.seed)
	_ = h.WriteByte(byte(typ >> 8))
	_ = h.WriteByte(byte(typ))
	_, _ = h.WriteString(id)
	return &t.slots[h.Sum64()%touchedSlots]
}

func (t *touched) entry(index store.IndexID, value []byte) *store.Time {
	return &t.slots[(maphash.Bytes(t.seed, value)+uint64(index)*0x9E3779B97F4A7C15)%touchedSlots]
}

func (t *touched) notes(index store.IndexID) bool {
	return int(index) < len(t.noted) && t.noted[index] != 0
}

// wrote remembers a version: what it holds, and what the version before it held.
func (t *touched) wrote(typ typeID, id string, old []byte, entries []entry, at store.Time) {
	*t.record(typ, id) = at
	for i := range entries {
		if t.notes(entries[i].index) {
			*t.entry(entries[i].index, entries[i].value) = at
		}
	}
	for d := (decoder{rest: old}); len(d.rest) > 0; {
		if was := d.entry(); t.notes(was.Index) {
			*t.entry(was.Index, was.Value) = at
		}
	}
}

// since says whether anything of the reads may have been written after a time. now is the time of the newest commit, from which on entries are remembered that were not before.
func (t *touched) since(reads *store.Reads, at, now store.Time, n *names) bool {
	is := at <= t.blind
	for i := range reads.Records {
		r := &reads.Records[i]
		if typ, ok := n.types[r.Type]; ok { // else no record of the type was ever written
			is = is || *t.record(typ, r.ID) > at
		}
	}
	for i := range reads.Entries {
		e := &reads.Entries[i]
		index, ok := n.indexes[e.Index]
		if !ok {
			continue // no record has an entry of it
		}
		if !t.notes(index) {
			for int(index) >= len(t.noted) {
				t.noted = append(t.noted, 0)
			}
			t.noted[index] = now
		}
		is = is || at < t.noted[index] || *t.entry(index, e.Value) > at
	}
	return is
}
