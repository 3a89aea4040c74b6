package habilitation

import (
	"slices"
	"strings"
)

// Cell is a cell of a matrix with what is known of it.
type Cell struct {
	Yes        bool
	Notes      []string // of matrix B: the numbers of its conditions
	Same       []string // sources that say the same
	Contrary   []string // sources that say the contrary: a conflict
	Mark       Mark
	conditions []Condition
}

// readCell reads "oui", "non", "oui(6)", each perhaps followed by +S2, !S3 or a mark.
func readCell(h *Header, line int, text string, p *problems) Cell {
	words := strings.Fields(text)
	c := Cell{Mark: h.Mark}
	if len(words) == 0 {
		p.add(h.File, line, "a cell is empty; it is oui or non")
		return c
	}
	value, notes, hasNotes := strings.Cut(words[0], "(")
	switch {
	case value != "oui" && value != "non":
		p.add(h.File, line, "a cell is oui or non, not %q", text)
	case hasNotes && (value != "oui" || !strings.HasSuffix(notes, ")")):
		p.add(h.File, line, "a cell with conditions is written oui(6), not %q", words[0])
	case hasNotes:
		c.Notes = strings.Split(strings.TrimSuffix(notes, ")"), ",")
	}
	c.Yes = value == "oui"
	for _, n := range c.Notes {
		note, ok := h.Notes[n]
		if !ok {
			p.add(h.File, line, "the note %q is not in the header", n)
		}
		c.conditions = append(c.conditions, note.Condition)
	}
	for _, word := range words[1:] {
		c.remark(h, line, word, p)
	}
	return c
}

func (c *Cell) remark(h *Header, line int, word string, p *problems) {
	switch {
	case Mark(word).known():
		c.Mark = Mark(word)
	case h.Sources[word[1:]] == "":
		p.add(h.File, line, "%q is neither a mark nor +SOURCE or !SOURCE with a source of the header", word)
	case word[0] == '+':
		c.Same = append(c.Same, word[1:])
	case word[0] == '!':
		c.Contrary = append(c.Contrary, word[1:])
	default:
		p.add(h.File, line, "%q is neither a mark nor +SOURCE or !SOURCE", word)
	}
}

// Who alone makes the documents of a type (column producer of matrix A).
const (
	producerPatient   = "patient"
	producerBoth      = "patient with-professional" // a professional may help
	producerInsurance = "insurance"
)

// TypeLine is a line of matrix A.
type TypeLine struct {
	Class, ClassLabel string
	Type, System      string // Type "*": the types of the class that have no line of their own
	Label             string
	Producer          string
	Cells             map[string]Cell // by column

}

// anyType stands for the types of a class that have no line.
const anyType = "*"

type matrixA struct {
	Header
	columns []string
	lines   []TypeLine
	byType  map[string]*TypeLine
	ofClass map[string]*TypeLine // the lines *
	types   []string             // with a line of their own, sorted
}

func readMatrixA(s *sheet, p *problems) *matrixA {
	columns, ok := s.leads(p, "class", "class_label", "type", "system", "label", "producer")
	if !ok {
		return nil
	}
	m := &matrixA{Header: s.Header, columns: columns, byType: map[string]*TypeLine{}, ofClass: map[string]*TypeLine{}}
	m.lines = make([]TypeLine, 0, len(s.rows)) // so that pointers into it hold
	for _, r := range s.rows {
		l := TypeLine{Class: r.cells[0], ClassLabel: r.cells[1], Type: r.cells[2], System: r.cells[3], Label: r.cells[4], Producer: r.cells[5], Cells: map[string]Cell{}}
		if l.Class == "" || l.Type == "" || l.Label == "" {
			p.add(s.File, r.line, "a line has a class, a type and a label")
		}
		if !slices.Contains([]string{"", producerPatient, producerBoth, producerInsurance}, l.Producer) {
			p.add(s.File, r.line, "the producer is empty, %s, %s or %s", producerPatient, producerBoth, producerInsurance)
		}
		for i, c := range columns {
			cell := readCell(&s.Header, r.line, r.cells[6+i], p)
			if len(cell.Notes) > 0 {
				p.add(s.File, r.line, "the cells of matrix-a have no conditions")
			}
			l.Cells[c] = cell
		}
		m.lines = append(m.lines, l)
		m.index(r.line, &m.lines[len(m.lines)-1], p)
	}
	slices.Sort(m.types)
	return m
}

func (m *matrixA) index(line int, l *TypeLine, p *problems) {
	into, key := m.byType, l.Type
	if l.Type == anyType {
		into, key = m.ofClass, l.Class
	}
	if into[key] != nil {
		p.add(m.File, line, "the type %s of class %s is there twice", l.Type, l.Class)
	}
	into[key] = l
	if l.Type != anyType {
		m.types = append(m.types, l.Type)
	}
}

// class gives the class of a type that the table knows, the other as it is given.
func (m *matrixA) class(typ, class string) string {
	if l := m.byType[typ]; l != nil {
		return l.Class
	}
	return class
}
