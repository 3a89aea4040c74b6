package habilitation

import (
	"slices"
	"strings"
)

// Column is a column of matrix A.
type Column struct {
	ID, Short, Sector, Label string
	Mark                     Mark
}

// CodeLine leads from a code of the national nomenclatures to a column of matrix A and a kind of actor of matrix B.
type CodeLine struct {
	System, Code string
	WithSystem   string   // a further code that the actor must have
	WithCodes    []string // one of these; "*": any
	Column       string   // "-": reads nothing by the matrix; "": says nothing
	Kind         string   // "": says nothing
	Name         string
	Mark         Mark
}

// noColumn is the column of who is known but has none.
const noColumn = "-"

// The kinds of actors of matrix B.
const (
	kindPS        = "PS_non_medecin"
	kindDoctor    = "medecin_non_MT"
	kindOccupant  = "medecin_du_travail"
	kindTreating  = "medecin_traitant"
	kindStaff     = "CPE_non_PS"
	kindES        = "certificat_ES"
	codeDoctor    = "medecin" // in the table of codes: medecin_traitant or medecin_non_MT, by record
	sectorHealth  = "health"
	sectorSocial  = "social"
	sectorMixed   = "mixed"
	maxLineValues = 64
)

// codeSystems are the nomenclatures that an Actor has codes of.
var codeSystems = []string{"TRE_G15", "TRE_G16", "TRE_R01", "TRE_G05", "TRE_R85", "TRE_R22", "TRE_R94", "TRE_R95"}

type columnTable struct {
	Header
	columns []Column
}

type codeTable struct {
	Header
	lines []CodeLine
	known map[[2]string]bool
}

func readColumns(s *sheet, p *problems) *columnTable {
	if rest, ok := s.leads(p, "column", "short", "sector", "label"); !ok || len(rest) > 0 {
		p.add(s.File, 0, "the table columns has the columns column,short,sector,label")
		return nil
	}
	t := &columnTable{Header: s.Header}
	for _, r := range s.rows {
		c := Column{ID: r.cells[0], Short: r.cells[1], Sector: r.cells[2], Label: r.cells[3], Mark: s.Mark}
		switch {
		case c.ID == "" || c.ID == noColumn || strings.ContainsAny(c.ID, " ,"):
			p.add(s.File, r.line, "a column has an identifier of one word")
		case t.has(c.ID):
			p.add(s.File, r.line, "the column %s is there twice", c.ID)
		case c.Sector != sectorHealth && c.Sector != sectorSocial && c.Sector != sectorMixed:
			p.add(s.File, r.line, "the sector is health, social or mixed, not %q", c.Sector)
		}
		t.columns = append(t.columns, c)
	}
	return t
}

func (t *columnTable) has(id string) bool { return t.column(id) != nil }

func (t *columnTable) column(id string) *Column {
	for i := range t.columns {
		if t.columns[i].ID == id {
			return &t.columns[i]
		}
	}
	return nil
}

func readCodes(s *sheet, p *problems) *codeTable {
	if rest, ok := s.leads(p, "system", "code", "with", "column", "kind", "name", "mark"); !ok || len(rest) > 0 {
		p.add(s.File, 0, "the table codes has the columns system,code,with,column,kind,name,mark")
		return nil
	}
	t := &codeTable{Header: s.Header, known: map[[2]string]bool{}}
	seen := map[string]bool{}
	for _, r := range s.rows {
		l := CodeLine{System: r.cells[0], Code: strings.ToUpper(r.cells[1]), Column: r.cells[3], Kind: r.cells[4], Name: r.cells[5], Mark: Mark(r.cells[6])}
		if with := r.cells[2]; with != "" {
			system, codes, _ := strings.Cut(with, "=")
			l.WithSystem, l.WithCodes = system, strings.Fields(strings.ToUpper(codes))
		}
		if l.Mark == "" {
			l.Mark = s.Mark
		}
		l.check(s.File, r.line, p)
		if key := l.System + "|" + l.Code + "|" + r.cells[2]; seen[key] {
			p.add(s.File, r.line, "the code %s of %s is there twice", l.Code, l.System)
		} else {
			seen[key] = true
		}
		t.known[[2]string{l.System, l.Code}] = true
		t.lines = append(t.lines, l)
	}
	return t
}

func (l *CodeLine) check(file string, line int, p *problems) {
	if !slices.Contains(codeSystems, l.System) {
		p.add(file, line, "the system %q is none of %s", l.System, strings.Join(codeSystems, ", "))
	}
	if l.Code == "" {
		p.add(file, line, "the code is missing")
	}
	if (l.WithSystem != "" || len(l.WithCodes) > 0) && (!slices.Contains(codeSystems, l.WithSystem) || len(l.WithCodes) == 0 || len(l.WithCodes) > maxLineValues) {
		p.add(file, line, "with is SYSTEM=CODE CODE...")
	}
	if !slices.Contains([]string{"", kindPS, codeDoctor, kindOccupant}, l.Kind) {
		p.add(file, line, "the kind %q is none of %s, %s, %s", l.Kind, kindPS, codeDoctor, kindOccupant)
	}
	if !l.Mark.known() {
		p.add(file, line, "the mark is official, reported or inferred, not %q", l.Mark)
	}
}

// anyCode asks for a further code, whichever it is.
const anyCode = "*"

// lacks says whether an actor has the line's code, but not the further one that its bearers have (X6).
func (l *CodeLine) lacks(a *Actor) bool {
	return l.asksAny() && a.code(l.System) == l.Code && a.code(l.WithSystem) == ""
}

func (l *CodeLine) asksAny() bool { return len(l.WithCodes) == 1 && l.WithCodes[0] == anyCode }

// matches says whether an actor has the line's codes.
func (l *CodeLine) matches(a *Actor) bool {
	return a.code(l.System) == l.Code && (l.WithSystem == "" || l.asksAny() || slices.Contains(l.WithCodes, a.code(l.WithSystem)))
}

// code gives an actor's code of a nomenclature, in capitals: these nomenclatures are not case-sensitive.
func (a *Actor) code(system string) string {
	switch system {
	case "TRE_G15":
		return strings.ToUpper(a.Profession)
	case "TRE_G16":
		return strings.ToUpper(a.TrainingProfession)
	case "TRE_R01":
		return strings.ToUpper(a.Speciality)
	case "TRE_G05":
		return strings.ToUpper(a.Section)
	case "TRE_R85":
		return strings.ToUpper(a.Role)
	case "TRE_R22":
		return strings.ToUpper(a.Activity)
	case "TRE_R94":
		return strings.ToUpper(a.SocialProfession)
	case "TRE_R95":
		return strings.ToUpper(a.Title)
	}
	return ""
}
