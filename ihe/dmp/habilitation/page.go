package habilitation

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Describe writes the tables in force at a moment and all rules as a page in Markdown: each cell with its sources and what is known of it.
func (e *Engine) Describe(w io.Writer, at time.Time) error {
	var b strings.Builder
	ed := e.edition(at)
	b.WriteString(pageHead)
	describeTables(&b, ed)
	describeMatrixA(&b, ed.a, ed.columns)
	describeCodes(&b, ed.codes)
	b.WriteString("\n## Matrix B: who carries out which transaction\n")
	describeMatrixB(&b, ed.b)
	describeMatrixB(&b, ed.air)
	describeRules(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

const pageHead = `# The DMP's access rules, as Carnet has them

This page is made from the tables and rules of ` + "`ihe/dmp/habilitation`" + ` (` + "`go test ./ihe/dmp/habilitation -run TestPage -rewrite`" + `). An operator replaces tables with ` + "`serve --habilitation DIR`" + `.

* **official**: read in the text of an official body, or in its own source code or examples.
* **reported**: a third party's copy or summary of an official text.
* **inferred**: reasoned by Carnet, where no text was found.
`

// escape keeps a text in its cell of a Markdown table.
func escape(s string) string { return strings.ReplaceAll(s, "|", "\\|") }

func describeTables(b *strings.Builder, ed *edition) {
	b.WriteString("\n## Tables in force\n\n| table | version | since | mark | from |\n|---|---|---|---|---|\n")
	for _, h := range []*Header{&ed.columns.Header, &ed.codes.Header, &ed.a.Header, &ed.b.Header, &ed.air.Header} {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", strings.TrimSpace(h.Table+" "+h.Variant), h.Version, h.InForce.Format(time.DateOnly), h.Mark, escape(h.Address))
	}
}

func describeMatrixA(b *strings.Builder, m *matrixA, columns *columnTable) {
	b.WriteString("\n## Matrix A: who may read which type\n\n")
	fmt.Fprintf(b, "`X` may read, `·` may not. Every cell is %s, from S1. `+S2`: S2 says the same; `!S2`: S2 says the contrary. A type that no line names is read by %s (inferred); type `*` stands for the types of its class that have no line. ", m.Mark, strings.Join(m.UnknownType, ", "))
	b.WriteString("*producer*: who alone makes documents of the type (inferred).\n\n")
	for i := 1; m.Sources[fmt.Sprintf("S%d", i)] != ""; i++ {
		fmt.Fprintf(b, "* S%d: %s\n", i, m.Sources[fmt.Sprintf("S%d", i)])
	}
	b.WriteString("\n| column | identifier | sector | official wording |\n|---|---|---|---|\n")
	for _, c := range columns.columns {
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", c.Short, c.ID, c.Sector, escape(c.Label))
	}
	class := ""
	for i := range m.lines {
		l := &m.lines[i]
		if l.Class != class {
			class = l.Class
			fmt.Fprintf(b, "\n### Class %s: %s\n\n| type | label | producer |", l.Class, l.ClassLabel)
			for _, c := range m.columns {
				fmt.Fprintf(b, " %s |", columns.column(c).Short)
			}
			b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(m.columns)) + "\n")
		}
		fmt.Fprintf(b, "| %s | %s | %s |", escape(l.Type), escape(l.Label), l.Producer)
		for _, c := range m.columns {
			fmt.Fprintf(b, " %s |", l.Cells[c].mark(m.Mark))
		}
		b.WriteString("\n")
	}
}

// mark writes a cell of matrix A.
func (c Cell) mark(usual Mark) string {
	s := map[bool]string{true: "X", false: "·"}[c.Yes]
	for _, source := range c.Same {
		s += " +" + source
	}
	for _, source := range c.Contrary {
		s += " !" + source
	}
	if c.Mark != usual {
		s += " " + string(c.Mark)
	}
	return s
}

func describeCodes(b *strings.Builder, t *codeTable) {
	b.WriteString("\n## Codes of professions and functions\n\nThe first line that matches and has a column gives the column, the first that matches and has a kind the kind (PS_non_medecin where none has). `-`: known, but reads nothing by matrix A. `*`: any code of the system, and without one no right at all (X6).\n\n")
	b.WriteString("| system | code | and one of | column | kind | name | mark |\n|---|---|---|---|---|---|---|\n")
	for _, l := range t.lines {
		and := ""
		if l.WithSystem != "" {
			and = l.WithSystem + " " + strings.Join(l.WithCodes, ", ")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", l.System, l.Code, and, l.Column, l.Kind, escape(l.Name), l.Mark)
	}
}

func describeMatrixB(b *strings.Builder, m *matrixB) {
	fmt.Fprintf(b, "\n### %s (%s)\n\nEvery cell is %s unless it says otherwise.\n\n| transaction | action | notes |", m.Title, m.Version, m.Mark)
	for _, c := range m.columns {
		fmt.Fprintf(b, " %s |", strings.Replace(c, "/", " ", 1))
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(m.columns)) + "\n")
	for _, l := range m.lines {
		fmt.Fprintf(b, "| %s | %s | %s |", l.Transaction, escape(l.Action), strings.ReplaceAll(strings.Join(l.Notes, " "), "*", "\\*"))
		for _, c := range m.columns {
			cell := l.Cells[c]
			s := map[bool]string{true: "oui", false: "non"}[cell.Yes]
			if len(cell.Notes) > 0 {
				s += " (" + strings.Join(cell.Notes, ", ") + ")"
			}
			if cell.Mark != m.Mark {
				s += " *" + string(cell.Mark) + "*"
			}
			fmt.Fprintf(b, " %s |", s)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	for _, n := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "*"} {
		if note, ok := m.Notes[n]; ok {
			fmt.Fprintf(b, "* (%s) `%s`: %s\n", strings.ReplaceAll(n, "*", "\\*"), note.Condition, note.Text)
		}
	}
}

// unseen are the rules of which nothing can be seen over HTTP: when a document is due, and the CNAM's suspensions.
var unseen = []RuleID{"D16", "L5"}

func describeRules(b *strings.Builder) {
	b.WriteString("\n## Rules\n\nEach is tested by name: the engine by `TestRuleA1`..., a server over HTTP by `TestRules/A1`... of `cmd/carnet`. *Where*: the function of this package, or the package, that enforces it.\n\n| rule | says | source | mark | where | over HTTP |\n|---|---|---|---|---|---|\n")
	for _, r := range Rules() {
		over := "`TestRules/" + string(r.ID) + "`"
		if slices.Contains(unseen, r.ID) {
			over = "not seen"
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", r.ID, escape(r.Title), escape(r.Source), r.Mark, escape(r.Where), over)
	}
}
