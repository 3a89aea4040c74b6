package storetest

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
)

// model is the simplest store that keeps the contract: a list of every version of every record. It is the oracle of the random tests.
type model struct {
	records  map[modelKey]*modelRecord
	settings map[string]string
	head     store.Time
	times    []store.Time // of the commits
}

type modelKey struct{ typ, id string }

type modelRecord struct {
	key      modelKey
	rid      store.RID
	versions []modelVersion // oldest first
}

type modelVersion struct {
	version uint64
	time    store.Time
	method  store.Method
	body    string
	entries []modelEntry // sorted, distinct
	blob    *store.BlobRef
}

type modelEntry struct{ index, value string }

func newModel() *model {
	return &model{records: map[modelKey]*modelRecord{}, settings: map[string]string{}}
}

// verdict is what the model expects of a Tx at its newest state.
func (m *model) verdict(tx *store.Tx) (conflict *store.ConflictError, methods []store.Method) {
	for i, w := range tx.Writes {
		var found uint64
		exists, live := false, false
		if r := m.records[modelKey{w.Type, w.ID}]; r != nil {
			last := r.versions[len(r.versions)-1]
			exists, live, found = true, last.method != store.Deleted, last.version
		}
		met := map[store.ExpectKind]bool{
			store.ExpectAny: true, store.ExpectAbsent: !live, store.ExpectVersion: found == w.Expect.Version, store.ExpectLive: live,
		}[w.Expect.Kind]
		if !met {
			return &store.ConflictError{Write: i, Found: found, Deleted: exists && !live}, nil
		}
		switch {
		case w.Delete && !live:
			methods = append(methods, 0)
		case w.Delete:
			methods = append(methods, store.Deleted)
		case live:
			methods = append(methods, store.Updated)
		default:
			methods = append(methods, store.Created)
		}
	}
	return nil, methods
}

// commit takes over a Tx that the store accepted, after it held the Receipt against the contract.
func (m *model) commit(t require.TestingT, tx *store.Tx, r *store.Receipt) {
	conflict, methods := m.verdict(tx)
	require.Nil(t, conflict, "the store took a transaction whose expectation fails")
	require.Len(t, r.Writes, len(tx.Writes))
	wrote := len(tx.Meta) > 0
	before := m.head
	for i, w := range tx.Writes {
		require.Equal(t, methods[i], r.Writes[i].Method)
		if methods[i] != 0 {
			wrote = true
			m.write(t, &w, r, i, before)
		}
	}
	for name, value := range tx.Meta {
		if value == nil {
			delete(m.settings, name)
		} else {
			m.settings[name] = string(value)
		}
	}
	if !wrote {
		return
	}
	require.Greater(t, r.Time, before)
	m.head = r.Time
	m.times = append(m.times, r.Time)
}

func (m *model) write(t require.TestingT, w *store.Write, receipt *store.Receipt, i int, before store.Time) {
	key, out := modelKey{w.Type, w.ID}, receipt.Writes[i]
	rec := m.records[key]
	if rec == nil {
		require.Greater(t, out.RID, store.RID(before))
		require.LessOrEqual(t, out.RID, store.RID(receipt.Time))
		rec = &modelRecord{key: key, rid: out.RID}
		m.records[key] = rec
	}
	require.Equal(t, rec.rid, out.RID, "a record keeps its number")
	require.EqualValues(t, len(rec.versions)+1, out.Version)
	v := modelVersion{version: out.Version, time: receipt.Time, method: out.Method}
	if !w.Delete {
		v.body = string(w.Body.Append(nil, store.Stamp{Version: out.Version, Time: receipt.Time}))
		v.entries = modelEntries(nil, w.Entries)
		v.blob = w.Blob
	}
	rec.versions = append(rec.versions, v)
}

func modelEntries(had []modelEntry, more []store.Entry) []modelEntry {
	all := append([]modelEntry{}, had...)
	for _, e := range more {
		all = append(all, modelEntry{e.Index, string(e.Value)})
	}
	slices.SortFunc(all, func(a, b modelEntry) int {
		return cmp.Or(cmp.Compare(a.index, b.index), cmp.Compare(a.value, b.value))
	})
	return slices.Compact(all)
}

// sorted gives the records in the order of their creation.
func (m *model) sorted() []*modelRecord {
	return slices.SortedFunc(maps.Values(m.records), func(a, b *modelRecord) int { return cmp.Compare(a.rid, b.rid) })
}

// reindex does what Store.Reindex does.
func (m *model) reindex(batch []store.Reindex) {
	for _, b := range batch {
		for _, r := range m.records {
			last := &r.versions[len(r.versions)-1]
			if r.rid == b.RID && last.version == b.Version && last.method != store.Deleted {
				last.entries = modelEntries(last.entries, b.Entries)
			}
		}
	}
}

// dropIndex does what Store.DropIndex does.
func (m *model) dropIndex(index string) {
	for _, r := range m.records {
		for i := range r.versions {
			r.versions[i].entries = slices.DeleteFunc(slices.Clone(r.versions[i].entries), func(e modelEntry) bool { return e.index == index })
		}
	}
}

// at gives the version of a record at a time; nil when there was none.
func (r *modelRecord) at(t store.Time) *modelVersion {
	var found *modelVersion
	for i := range r.versions {
		if r.versions[i].time <= t {
			found = &r.versions[i]
		}
	}
	return found
}

// scan gives the rows of an index at a time with lo <= value < hi, in the order of a Cursor.
func (m *model) scan(t store.Time, index, lo string, hi *string, reverse bool) []row {
	all := []row{}
	for _, r := range m.records {
		v := r.at(t)
		if v == nil {
			continue
		}
		for _, e := range v.entries {
			if e.index == index && e.value >= lo && (hi == nil || e.value < *hi) {
				all = append(all, row{e.value, r.rid})
			}
		}
	}
	sortRows(all, reverse)
	return all
}

func compareRows(a, b row) int {
	return cmp.Or(strings.Compare(a.value, b.value), cmp.Compare(b.rid, a.rid))
}

func sortRows(all []row, reverse bool) {
	slices.SortFunc(all, compareRows)
	if reverse {
		slices.Reverse(all)
	}
}

// live gives the records of a type that are not deleted.
func (m *model) live(t store.Time, typ string) []row {
	all := []row{}
	for _, r := range m.records {
		if v := r.at(t); r.key.typ == typ && v != nil && v.method != store.Deleted {
			all = append(all, row{"", r.rid})
		}
	}
	sortRows(all, false)
	return all
}

// history gives the versions of a range, newest first.
func (m *model) history(t store.Time, h store.HistoryRange) []change {
	all := []change{}
	for _, r := range m.records {
		if h.Type != "" && h.Type != r.key.typ || h.ID != "" && h.ID != r.key.id {
			continue
		}
		for _, v := range r.versions {
			if v.time > t || v.time <= h.Since || h.Before != 0 && v.time >= h.Before {
				continue
			}
			if h.After != nil && (v.time > h.After.Time || v.time == h.After.Time && r.rid >= h.After.RID) {
				continue
			}
			all = append(all, change{v.time, r.rid, v.version})
		}
	}
	slices.SortFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(b.time, a.time), cmp.Compare(b.rid, a.rid)) })
	return all
}

// record holds a Record of the store against the model.
func (r *modelRecord) check(t require.TestingT, v *modelVersion, got *store.Record, numbers map[store.IndexID]string) {
	require.Equal(t, r.key, modelKey{got.Type, got.ID})
	require.Equal(t, r.rid, got.RID)
	require.Equal(t, v.version, got.Version)
	require.Equal(t, v.time, got.Time)
	require.Equal(t, v.method, got.Method)
	require.Equal(t, v.blob, got.Blob)
	if v.method == store.Deleted {
		require.Nil(t, got.Body)
		require.Nil(t, got.Index)
		return
	}
	require.Equal(t, v.body, string(got.Body))
	entries := []store.Entry{}
	for i, e := range got.Index {
		require.Contains(t, numbers, e.Index)
		entries = append(entries, store.Entry{Index: numbers[e.Index], Value: e.Value})
		if i > 0 {
			before := got.Index[i-1]
			require.Negative(t, cmp.Or(cmp.Compare(before.Index, e.Index), strings.Compare(string(before.Value), string(e.Value))))
		}
	}
	require.Equal(t, v.entries, modelEntries(nil, entries))
}

// isNotFound says whether a read found nothing; any other error ends the test.
func isNotFound(t require.TestingT, err error) bool {
	if errors.Is(err, store.ErrNotFound) {
		return true
	}
	require.NoError(t, err)
	return false
}
