package habilitation

import "strings"

// Condition is what a note of matrix B asks beside the oui.
type Condition string

// The conditions.
const (
	ToStructure       Condition = "to-structure"        // the authorisation is given to the structure
	SameStructure     Condition = "same-structure"      // only what concerns professionals of the same structure
	NewAuthorisations Condition = "new-authorisations"  // only authorisations given since a date
	Accountable       Condition = "accountable"         // adding only, accountable to the structure
	ReferenceOnly     Condition = "reference-only"      // metadata, to find what is to be deleted
	OwnOnly           Condition = "own"                 // documents of which one is an author
	EmergencyMasked   Condition = "masked-in-emergency" // only where the person allowed masked documents in emergencies
	OwnStructureOnly  Condition = "own-structure"       // documents whose author is the structure or one of its staff
	PatientDocument   Condition = "patient-document"    // a document of the patient: only the médecin traitant, or the patient
)

func (c Condition) known() bool {
	switch c {
	case ToStructure, SameStructure, NewAuthorisations, Accountable, ReferenceOnly, OwnOnly, EmergencyMasked, OwnStructureOnly, PatientDocument:
		return true
	}
	return false
}

// RightLine is a line of matrix B.
type RightLine struct {
	Transaction Transaction
	Action      string
	Notes       []string
	Cells       map[string]Cell // by kind/mode
	conditions  []Condition
}

// anyMode is the mode of the column of an actor whom modes do not concern.
const anyMode = "sans_objet"

type matrixB struct {
	Header
	columns []string
	lines   []RightLine
	byName  map[Transaction]*RightLine
}

func readMatrixB(s *sheet, p *problems) *matrixB {
	columns, ok := s.leads(p, "transaction", "action", "notes")
	if !ok {
		return nil
	}
	for _, c := range columns {
		if !knownRightColumn(c) {
			p.add(s.File, 0, "the column %q is not KIND/MODE with a kind of actor and a mode that there are", c)
		}
	}
	m := &matrixB{Header: s.Header, columns: columns, byName: map[Transaction]*RightLine{}}
	m.lines = make([]RightLine, 0, len(s.rows))
	for _, r := range s.rows {
		l := RightLine{Transaction: Transaction(r.cells[0]), Action: r.cells[1], Notes: strings.Fields(r.cells[2]), Cells: map[string]Cell{}}
		if !l.Transaction.inMatrixB() {
			p.add(s.File, r.line, "there is no transaction %q", l.Transaction)
		}
		if m.byName[l.Transaction] != nil {
			p.add(s.File, r.line, "the transaction %s is there twice", l.Transaction)
		}
		for _, n := range l.Notes {
			if _, ok := s.Header.Notes[n]; !ok {
				p.add(s.File, r.line, "the note %q is not in the header", n)
			}
			l.conditions = append(l.conditions, s.Header.Notes[n].Condition)
		}
		for i, c := range columns {
			l.Cells[c] = readCell(&s.Header, r.line, r.cells[3+i], p)
		}
		m.lines = append(m.lines, l)
		m.byName[l.Transaction] = &m.lines[len(m.lines)-1]
	}
	for _, t := range matrixBTransactions {
		if s.Variant == "direct" && m.byName[t] == nil {
			p.add(s.File, 0, "the line of the transaction %s is missing", t)
		}
	}
	return m
}

func knownRightColumn(c string) bool {
	kind, mode, _ := strings.Cut(c, "/")
	switch kind {
	case kindPS, kindDoctor, kindOccupant, kindTreating, kindStaff, kindES:
	default:
		return false
	}
	return mode == "normal" || mode == "regulation" || mode == "bris_de_glace" || mode == anyMode
}

// cell gives the cell of a transaction for a kind of actor in a mode; ok is false where the table has none.
func (m *matrixB) cell(t Transaction, kind string, mode AccessMode) (cell Cell, line *RightLine, ok bool) {
	line = m.byName[t]
	if line == nil {
		return Cell{}, nil, false
	}
	name := string(mode)
	if mode == Centre15 {
		name = "regulation"
	}
	if cell, ok = line.Cells[kind+"/"+name]; ok {
		return cell, line, true
	}
	// The column without modes is that of normal access: nobody becomes more in an emergency than the table says.
	if mode == Normal {
		cell, ok = line.Cells[kind+"/"+anyMode]
	}
	return cell, line, ok
}
