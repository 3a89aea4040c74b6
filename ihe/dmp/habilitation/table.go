package habilitation

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of a table's file. The published ones are a few thousand cells.
const (
	maxTableBytes = 1 << 20
	maxTableRows  = 5_000
	maxProblems   = 50
)

// Problem is a fault in a table's file.
type Problem struct {
	File string
	Line int // from 1; 0: the file as a whole
	Text string
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// LoadError tells everything that is wrong with the tables of a directory; the first 50 faults of it.
type LoadError struct{ Problems []Problem }

func (e *LoadError) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return "habilitation tables: " + strings.Join(lines, "\n")
}

// problems collects faults.
type problems struct{ list []Problem }

func (p *problems) add(file string, line int, format string, args ...any) {
	if len(p.list) < maxProblems {
		p.list = append(p.list, Problem{file, line, fmt.Sprintf(format, args...)})
	}
}

func (p *problems) err() error {
	if len(p.list) == 0 {
		return nil
	}
	return &LoadError{p.list}
}

// Header is what a table's file says of itself, in lines "# key: value" before its rows.
type Header struct {
	File    string
	Table   string // columns, codes, matrix-a or matrix-b
	Variant string // of matrix-b: direct or air
	Title   string
	Version string
	InForce time.Time // from this day on, 00:00 UTC
	Address string
	Mark    Mark              // of each line or cell that does not bear its own
	Sources map[string]string // S1...: address and what it is
	Notes   map[string]Note   // of matrix-b, by number or "*"
	// UnknownType are the columns of matrix-a that read types which it does not name.
	UnknownType []string
}

// Note is a condition on cells of matrix B.
type Note struct {
	Condition Condition
	Text      string
}

// sheet is a file's header and rows, not yet understood.
type sheet struct {
	Header
	columns []string
	rows    []row
}

// row is a line of a table.
type row struct {
	line  int
	cells []string
}

// tableNames are the kinds of tables.
var tableNames = []string{"columns", "codes", "matrix-a", "matrix-b"}

// readSheet reads the form that all tables have.
func readSheet(file string, text []byte, p *problems) *sheet {
	before := len(p.list)
	if len(text) > maxTableBytes {
		p.add(file, 0, "the file has more than %d bytes", maxTableBytes)
		return nil
	}
	if !utf8.Valid(text) {
		p.add(file, 0, "the file is not UTF-8")
		return nil
	}
	s := &sheet{Header: Header{File: file, Sources: map[string]string{}, Notes: map[string]Note{}}}
	s.readHeader(string(text), p)
	s.readRows(string(text), p)
	if len(p.list) > before {
		return nil
	}
	return s
}

func (s *sheet) readHeader(text string, p *problems) {
	line := 0
	for l := range strings.Lines(text) {
		line++
		if !strings.HasPrefix(l, "#") {
			break
		}
		key, value, ok := strings.Cut(strings.TrimSpace(strings.TrimPrefix(l, "#")), ": ")
		if !ok {
			continue // a remark
		}
		s.setHeader(line, key, strings.TrimSpace(value), p)
	}
	switch {
	case !slices.Contains(tableNames, s.Table):
		p.add(s.File, 0, "the header has no line \"# table:\" with one of %s", strings.Join(tableNames, ", "))
	case s.InForce.IsZero():
		p.add(s.File, 0, "the header has no line \"# in-force:\" with the day from which the table holds")
	case s.Version == "" || s.Title == "":
		p.add(s.File, 0, "the header lacks \"# title:\" or \"# version:\"")
	case s.Mark == "":
		p.add(s.File, 0, "the header has no line \"# mark:\" with official, reported or inferred")
	case s.Table == "matrix-b" && s.Variant != "direct" && s.Variant != "air":
		p.add(s.File, 0, "the header of a matrix-b has \"# variant:\" direct or air")
	}
}

func (s *sheet) setHeader(line int, key, value string, p *problems) {
	word, number, _ := strings.Cut(key, " ")
	switch word {
	case "table":
		s.Table = value
	case "variant":
		s.Variant = value
	case "title":
		s.Title = value
	case "version":
		s.Version = value
	case "address":
		s.Address = value
	case "unknown-type":
		s.UnknownType = strings.Fields(value)
	case "mark":
		if s.Mark = Mark(value); !s.Mark.known() {
			p.add(s.File, line, "the mark is official, reported or inferred, not %q", value)
		}
	case "in-force":
		day, err := time.Parse(time.DateOnly, value)
		if err != nil {
			p.add(s.File, line, "in-force is a day, YYYY-MM-DD, not %q", value)
		}
		s.InForce = day
	case "source":
		s.Sources[number] = value
	case "note":
		condition, text, _ := strings.Cut(value, ": ")
		if !Condition(condition).known() {
			p.add(s.File, line, "the condition %q of note %s is none that Carnet can apply", condition, number)
		}
		s.Notes[number] = Note{Condition(condition), text}
	}
}

func (m Mark) known() bool { return m == Official || m == Reported || m == Inferred }

func (s *sheet) readRows(text string, p *problems) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line := 0
			var pe *csv.ParseError
			if errors.As(err, &pe) {
				line, err = pe.Line, pe.Err
			}
			p.add(s.File, line, "%v", err)
			if errors.Is(err, csv.ErrFieldCount) {
				continue
			}
			return
		}
		line, _ := r.FieldPos(0)
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if s.columns == nil {
			s.setColumns(line, cells, p)
			continue
		}
		if len(s.rows) == maxTableRows {
			p.add(s.File, line, "the table has more than %d lines", maxTableRows)
			return
		}
		s.rows = append(s.rows, row{line, cells})
	}
	if len(s.rows) == 0 {
		p.add(s.File, 0, "the table has no lines")
	}
}

func (s *sheet) setColumns(line int, cells []string, p *problems) {
	s.columns = slices.Clone(cells)
	for i, c := range cells {
		if c == "" || slices.Contains(cells[:i], c) {
			p.add(s.File, line, "the column %q is without a name or there twice", c)
		}
	}
}

// leads requires the first columns to be these, in this order, and gives the names of the others.
func (s *sheet) leads(p *problems, names ...string) ([]string, bool) {
	if len(s.columns) < len(names) || !slices.Equal(s.columns[:len(names)], names) {
		p.add(s.File, 0, "the table %s begins with the columns %s", s.Table, strings.Join(names, ","))
		return nil, false
	}
	return s.columns[len(names):], true
}
