package habilitation

import (
	"embed"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"time"
)

//go:embed data/*.csv
var builtIn embed.FS

// maxTables is how many files a directory of tables may have.
const maxTables = 64

// tables are all versions of all tables.
type tables struct {
	columns []*columnTable
	codes   []*codeTable
	a       []*matrixA
	b, air  []*matrixB
}

// edition is the set of tables in force from a day on.
type edition struct {
	columns *columnTable
	codes   *codeTable
	a       *matrixA
	b, air  *matrixB
	// everything is the set of all documents, kinds what each column of matrix A reads.
	everything Kinds
	kinds      map[string]columnKinds
}

// readTables reads every *.csv of a directory into the tables.
func (t *tables) read(dir fs.FS, p *problems) {
	names, err := fs.Glob(dir, "*.csv")
	if err != nil || len(names) > maxTables {
		p.add(".", 0, "a directory of tables has at most %d files *.csv", maxTables)
		return
	}
	if len(names) == 0 {
		if _, err := fs.Stat(dir, ParametersFile); err == nil {
			return // parameters alone
		}
		p.add(".", 0, "there are neither tables (*.csv) nor "+ParametersFile)
	}
	seen := map[string]string{}
	for _, name := range names {
		text, err := readBounded(dir, name)
		if err != nil {
			p.add(name, 0, "%v", err)
			continue
		}
		h := t.add(name, text, p)
		if h == nil {
			continue
		}
		key := h.Table + " " + h.Variant + " " + h.InForce.Format(time.DateOnly)
		if other := seen[key]; other != "" {
			p.add(h.File, 0, "the table %s is also in %s", key, other)
		}
		seen[key] = h.File
	}
}

func readBounded(dir fs.FS, name string) ([]byte, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxTableBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return text, nil
}

// add reads one file. A table of the same day takes the place of the one before.
func (t *tables) add(name string, text []byte, p *problems) *Header {
	s := readSheet(path.Base(name), text, p)
	if s == nil {
		return nil
	}
	switch s.Table {
	case "columns":
		t.columns = put(t.columns, readColumns(s, p))
	case "codes":
		t.codes = put(t.codes, readCodes(s, p))
	case "matrix-a":
		t.a = put(t.a, readMatrixA(s, p))
	case "matrix-b":
		if s.Variant == "air" {
			t.air = put(t.air, readMatrixB(s, p))
		} else {
			t.b = put(t.b, readMatrixB(s, p))
		}
	}
	return &s.Header
}

// dated is a table with the day from which it holds.
type dated interface {
	comparable
	begins() time.Time
}

func (h *Header) begins() time.Time { return h.InForce }

// put keeps the versions of a table in the order of their days.
func put[T dated](versions []T, table T) []T {
	var none T
	if table == none {
		return versions
	}
	i, found := slices.BinarySearchFunc(versions, table.begins(), func(v T, at time.Time) int { return v.begins().Compare(at) })
	if found {
		versions[i] = table
		return versions
	}
	return slices.Insert(versions, i, table)
}

// inForce gives the version that holds at a moment: the last that has begun, or the first of all where none has.
func inForce[T dated](versions []T, at time.Time) T {
	var found T
	for i, v := range versions {
		if i == 0 || !v.begins().After(at) {
			found = v
		}
	}
	return found
}

// days gives the days at which a table begins.
func (t *tables) days() []time.Time {
	var days []time.Time
	for _, v := range t.columns {
		days = append(days, v.InForce)
	}
	for _, v := range t.codes {
		days = append(days, v.InForce)
	}
	for _, v := range t.a {
		days = append(days, v.InForce)
	}
	for _, v := range append(slices.Clone(t.b), t.air...) {
		days = append(days, v.InForce)
	}
	slices.SortFunc(days, time.Time.Compare)
	return slices.CompactFunc(days, time.Time.Equal)
}

// at puts together what holds at a moment and checks that its parts fit.
func (t *tables) at(day time.Time, p *problems) *edition {
	e := &edition{
		columns: inForce(t.columns, day), codes: inForce(t.codes, day), a: inForce(t.a, day),
		b: inForce(t.b, day), air: inForce(t.air, day),
	}
	if e.columns == nil || e.codes == nil || e.a == nil || e.b == nil || e.air == nil {
		p.add(".", 0, "a set of tables has columns, codes, matrix-a and matrix-b in both variants")
		return nil
	}
	for _, c := range e.a.columns {
		if !e.columns.has(c) {
			p.add(e.a.File, 0, "the column %q is not in %s", c, e.columns.File)
		}
	}
	for _, c := range e.columns.columns {
		if !slices.Contains(e.a.columns, c.ID) {
			p.add(e.a.File, 0, "the column %q of %s is missing", c.ID, e.columns.File)
		}
	}
	for _, c := range e.a.UnknownType {
		if !e.columns.has(c) {
			p.add(e.a.File, 0, "unknown-type names the column %q, which is not in %s", c, e.columns.File)
		}
	}
	for _, l := range e.codes.lines {
		if l.Column != "" && l.Column != noColumn && !e.columns.has(l.Column) {
			p.add(e.codes.File, 0, "the code %s of %s leads to the column %q, which is not in %s", l.Code, l.System, l.Column, e.columns.File)
		}
	}
	return e
}
