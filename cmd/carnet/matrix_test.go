package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
)

const tablesDir = "../../ihe/dmp/habilitation/data"

func oracle(t testing.TB) *habilitation.Tables {
	t.Helper()
	a, err := os.Open(filepath.Join(tablesDir, "matrix-a-2024-09-25.csv"))
	require.NoError(t, err)
	defer a.Close()
	b, err := os.Open(filepath.Join(tablesDir, "matrix-b-2024-09-25.csv"))
	require.NoError(t, err)
	defer b.Close()
	tables, err := habilitation.ReadTables(a, b)
	require.NoError(t, err)
	return tables
}

var modes = []habilitation.Mode{habilitation.Usual, habilitation.BreakGlass, habilitation.Centre15}

// matrix is the world of the exhaustive test: records with a document of every type under every marking, and professionals of every situation of exercise with every relation to them.
type matrix struct {
	*securedServer
	tables  *habilitation.Tables
	records []*habilitation.Record
	people  []habilitation.Professional
}

func newMatrix(t *testing.T) *matrix {
	m := &matrix{securedServer: startSecured(t, securityOptions{untraced: true}), tables: oracle(t), people: habilitation.Professionals()}
	all := m.tables.Documents("a", "81099999990")
	m.records = []*habilitation.Record{
		{Patient: "usual", Documents: all},
		{Patient: "lenient", Documents: m.tables.Documents("b", "81099999990"), MaskedAllowed: true},
		{Patient: "opposed", Documents: m.tables.Documents("c", "81099999990")[:12], OpposedBreakGlass: true, OpposedCentre15: true},
		{Patient: "nocentre", Documents: m.tables.Documents("d", "81099999990")[:12], OpposedCentre15: true},
		{Patient: "noglass", Documents: m.tables.Documents("e", "81099999990")[:12], OpposedBreakGlass: true},
	}
	var bodies [][]byte
	for n, r := range m.records {
		m.person(r.Patient, 10*n)
		for i := range r.Documents {
			bodies = append(bodies, r.Documents[i].Body(r.Patient))
		}
		bodies = append(bodies, m.decisions(r)...)
		for i := range m.people {
			bodies = append(bodies, m.relations(r, &m.people[i])...)
		}
	}
	m.put(bodies...)
	return m
}

// decisions are what the holder decided for emergencies.
func (m *matrix) decisions(r *habilitation.Record) (bodies [][]byte) {
	for category, deny := range map[consent.Category]*bool{consent.BreakGlass: &r.OpposedBreakGlass, consent.Centre15: &r.OpposedCentre15} {
		if *deny {
			bodies = append(bodies, said(m.t, category, r.Patient, "", true))
		}
	}
	if r.MaskedAllowed {
		bodies = append(bodies, said(m.t, consent.MaskedInEmergency, r.Patient, "", false))
	}
	return bodies
}

func (m *matrix) relations(r *habilitation.Record, p *habilitation.Professional) (bodies [][]byte) {
	switch p.Relation {
	case habilitation.Team:
		bodies = append(bodies, said(m.t, consent.CareTeam, r.Patient, p.RPPS, false))
	case habilitation.Moment:
		bodies = append(bodies, said(m.t, consent.Moment, r.Patient, p.RPPS, false))
	case habilitation.None:
	}
	if p.Treating {
		bodies = append(bodies, said(m.t, consent.TreatingDoctor, r.Patient, p.RPPS, false))
	}
	if p.Blocked {
		bodies = append(bodies, said(m.t, consent.Block, r.Patient, p.RPPS, true))
	}
	return bodies
}

// caller is one professional in one mode on one record.
type caller struct {
	record *habilitation.Record
	who    *habilitation.Professional
	mode   habilitation.Mode
	client *habilitation.Client
}

func (c *caller) String() string {
	return fmt.Sprintf("%s on %s, %s, blocked %t, treating %t, %s", c.who.Name, c.record.Patient, c.who.Relation, c.who.Blocked, c.who.Treating, c.mode)
}

func (m *matrix) callers() (list []*caller) {
	for _, r := range m.records {
		for i := range m.people {
			for _, mode := range modes {
				c := &caller{record: r, who: &m.people[i], mode: mode}
				patient := ""
				if mode == habilitation.BreakGlass {
					patient = r.Patient // the glass is broken for one person
				}
				c.client = m.as(professional(c.who, mode), "user/*.rs", patient, "")
				list = append(list, c)
			}
		}
	}
	return list
}

// TestMatrices asks the server, over HTTP, about every cell of matrix A for every situation of exercise, crossed with {care team, consent of the moment, none}, {normal, masked, hidden from the patient, hidden from
// representatives}, {blocked, not} and {normal, bris de glace, Centre 15}, and what the holder decided for emergencies: by searches, whose results and totals must be those of the oracle, and by a read of every document of one
// record for one situation of exercise of each column.
func TestMatrices(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of thousands of requests")
	}
	m := newMatrix(t)
	var searched, read, wrong, permitted atomic.Int64
	complain := func(c *caller, d *habilitation.Document, how string, got, want bool) {
		if wrong.Add(1) <= 20 {
			t.Errorf("%s: %s %s %q by %s: %t, the oracle says %t", c, d.Code, d.Class, d.Marking, how, got, want)
		}
	}
	work := make(chan *caller)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for c := range work {
				permitted.Add(m.search(t, c, &searched, complain))
				if c.record.Patient == "usual" && m.principal(c) {
					m.read(t, c, &read, complain)
				}
			}
		})
	}
	for _, c := range m.callers() {
		work <- c
	}
	close(work)
	wg.Wait()
	t.Logf("%d answers compared with the oracle: %d by search (%d of them permit), %d by read; %d differ; none skipped",
		searched.Load()+read.Load(), searched.Load(), permitted.Load(), read.Load(), wrong.Load())
}

// principal says whether every document is read one by one: for the first situation of exercise of each column, those without a column and médecins traitants.
func (m *matrix) principal(c *caller) bool {
	for _, e := range habilitation.Exercises() {
		if e.Column == c.who.Column {
			return e.Name == c.who.Name
		}
	}
	return false
}

func (m *matrix) search(t *testing.T, c *caller, n *atomic.Int64, complain func(*caller, *habilitation.Document, string, bool, bool)) (permitted int64) {
	found, total, err := c.client.Find(context.Background(), c.record.Patient, 500)
	if err != nil {
		t.Errorf("%s: %v", c, err)
		return 0
	}
	expected := 0
	for i := range c.record.Documents {
		d := &c.record.Documents[i]
		q := c.record.Question(d, c.who, c.mode)
		want := m.tables.MayRead(&q)
		if want {
			expected++
		}
		if found[d.ID] != want {
			complain(c, d, "search", found[d.ID], want)
		}
		n.Add(1)
	}
	if total != expected {
		t.Errorf("%s: the total is %d, the oracle counts %d", c, total, expected)
	}
	return int64(expected)
}

func (m *matrix) read(t *testing.T, c *caller, n *atomic.Int64, complain func(*caller, *habilitation.Document, string, bool, bool)) {
	for i := range c.record.Documents {
		d := &c.record.Documents[i]
		status, _, err := c.client.Do(context.Background(), http.MethodGet, "DocumentReference/"+d.ID, nil)
		if err != nil || status != http.StatusOK && status != http.StatusNotFound {
			t.Errorf("%s: a read answers %d, %v", c, status, err)
			return
		}
		q := c.record.Question(d, c.who, c.mode)
		if want := m.tables.MayRead(&q); (status == http.StatusOK) != want {
			complain(c, d, "read", status == http.StatusOK, want)
		}
		n.Add(1)
	}
}
