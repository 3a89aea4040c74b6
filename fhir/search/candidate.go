package search

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/store"
)

// candidate is a record that may match, with what is known of it: its entries as stored, or made again from the content where the store keeps none (older versions), and the content's tree, each
// only when somebody asks.
type candidate struct {
	typ, id string
	rec     *store.Record // nil for a resource that is not stored
	root    *element.Element
	own     []store.Entry // entries made from the content, by index and value
	made    bool
	keys    [][]byte // sort keys; nil elements are missing
	place   place    // where the search met it
}

func newCandidate(rec *store.Record) *candidate {
	return &candidate{typ: rec.Type, id: rec.ID, rec: rec}
}

// tree gives the content.
func (c *candidate) tree(r *run) (*element.Element, error) {
	if c.root != nil {
		return c.root, nil
	}
	res, err := element.ParseJSON(r.e.registry.Definitions(), c.rec.Body, element.Options{ExpectType: c.typ, Trusted: true})
	if err != nil {
		return nil, err
	}
	c.root = res.Root
	return c.root, nil
}

// stored says whether the record carries its entries.
func (c *candidate) stored() bool { return c.rec != nil && c.rec.Index != nil }

// ready makes the entries of a record that carries none.
func (c *candidate) ready(r *run) error {
	if c.made || c.stored() {
		return nil
	}
	root, err := c.tree(r)
	if err != nil {
		return err
	}
	c.own = r.e.EntriesAt(r.snapshot, root)
	slices.SortFunc(c.own, compareEntries)
	c.made = true
	return nil
}

func compareEntries(a, b store.Entry) int {
	if n := strings.Compare(a.Index, b.Index); n != 0 {
		return n
	}
	return bytes.Compare(a.Value, b.Value)
}

// values calls yield with the record's values in the range of the scan, ascending, until it gives false. The candidate must be ready.
func (c *candidate) values(s *scan, yield func(value []byte) bool) {
	if c.stored() {
		c.storedValues(s, yield)
		return
	}
	i := sort.Search(len(c.own), func(i int) bool {
		e := &c.own[i]
		return e.Index > s.index || e.Index == s.index && bytes.Compare(e.Value, s.lo) >= 0
	})
	for ; i < len(c.own) && c.own[i].Index == s.index; i++ {
		if s.hi != nil && bytes.Compare(c.own[i].Value, s.hi) >= 0 || !yield(c.own[i].Value) {
			return
		}
	}
}

func (c *candidate) storedValues(s *scan, yield func(value []byte) bool) {
	if !s.known {
		return
	}
	entries := c.rec.Index
	i := sort.Search(len(entries), func(i int) bool {
		e := &entries[i]
		return e.Index > s.id || e.Index == s.id && bytes.Compare(e.Value, s.lo) >= 0
	})
	for ; i < len(entries) && entries[i].Index == s.id; i++ {
		if s.hi != nil && bytes.Compare(entries[i].Value, s.hi) >= 0 || !yield(entries[i].Value) {
			return
		}
	}
}

// stands gives the best verdict of a scan on the record's values.
func (c *candidate) stands(s *scan) verdict {
	best := no
	c.values(s, func(value []byte) bool {
		best = max(best, s.judge(value))
		return best != yes
	})
	return best
}

// standsBefore says whether a value of the record that comes before the given one would be met by the scan.
func (c *candidate) standsBefore(s *scan, value []byte) bool {
	found := false
	c.values(s, func(v []byte) bool {
		if bytes.Compare(v, value) >= 0 {
			return false
		}
		found = s.judge(v) != no
		return !found
	})
	return found
}

// judge gives the best verdict of the access path on the record.
func (a *access) judge(c *candidate) verdict {
	best := no
	for i := range a.scans {
		if best = max(best, c.stands(&a.scans[i])); best == yes {
			break
		}
	}
	return best
}
