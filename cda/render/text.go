package render

import (
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
)

// Text gives a document as plain text in French: title, patient, sections with their narratives (cells of a table row parted by " | ", items by "- "), the
// text of a text payload, people and circumstances. Images and files are named. Lines are not wrapped.
func Text(doc *cda.Document) string {
	p := newPage(doc, Options{}.withDefaults())
	t := &textWriter{}
	t.line(p.title)
	t.line(strings.Repeat("=", min(len([]rune(p.title)), 80)))
	if p.kind != p.title {
		t.line(p.kind)
	}
	t.line(p.byline)
	for _, n := range p.notices {
		t.line("/!\\ " + n)
	}
	t.heading("Patient : "+p.banner.name, 2)
	t.line(p.banner.birth)
	t.facts(p.banner.facts)
	t.facts(p.banner.more)
	if p.payload != nil {
		t.heading("Contenu du document", 2)
		t.attachment(p.payload)
	}
	for _, s := range p.sections {
		t.section(s, 2)
	}
	for _, g := range p.groups {
		t.heading(g.heading, 2)
		for _, c := range g.cards {
			t.line(c.title)
			t.facts(c.facts)
		}
	}
	t.heading("Document", 2)
	t.facts(p.imprint)
	return t.String()
}

// textWriter gathers lines. Blanks are folded but in texts that come in lines of their own.
type textWriter struct {
	strings.Builder
	current strings.Builder
}

func (t *textWriter) line(s string) {
	t.end()
	if s = fold(s); s != "" {
		t.WriteString(s + "\n")
	}
}

func fold(s string) string { return strings.Join(strings.Fields(s), " ") }

// end ends the line that is being made of inline nodes.
func (t *textWriter) end() {
	s := fold(t.current.String())
	t.current.Reset()
	if s != "" {
		t.WriteString(s + "\n")
	}
}

func (t *textWriter) heading(s string, level int) {
	t.end()
	s = fold(s)
	t.WriteString("\n" + s + "\n")
	if level <= 2 {
		t.WriteString(strings.Repeat("-", min(len([]rune(s)), 80)) + "\n")
	}
}

func (t *textWriter) facts(facts []fact) {
	for _, f := range facts {
		t.line(f.label + " : " + strings.Join(f.values, " ; "))
	}
}

func (t *textWriter) section(s *section, level int) {
	t.heading(s.title, level)
	t.nodes(s.text.children)
	t.end()
	for _, a := range s.loose {
		t.attachment(a)
	}
	for _, c := range s.children {
		t.section(c, level+1)
	}
}

func (t *textWriter) attachment(a *attachment) {
	t.end()
	if a.state == present && a.shape == asText {
		t.WriteString(strings.TrimRight(strings.ReplaceAll(a.text, "\r\n", "\n"), "\n") + "\n")
		return
	}
	t.line("[" + joined(" : ", a.describe(), a.trouble()) + "]")
}

func (t *textWriter) nodes(nodes []*node) {
	for _, n := range nodes {
		t.node(n)
	}
}

func (t *textWriter) node(n *node) {
	switch n.kind {
	case textNode:
		t.current.WriteString(n.text)
	case lineBreak:
		t.end()
	case paragraph, caption, footnote:
		t.end()
		if n.kind == footnote {
			t.current.WriteString("(" + strconv.Itoa(n.number) + ") ")
		}
		t.nodes(n.children)
		t.end()
	case footnoteRef:
		t.current.WriteString("(" + strconv.Itoa(n.number) + ")")
	case superscript:
		t.superscript(n)
	case deleted, inserted: // where nothing is struck through, words must say it
		t.current.WriteString(map[kind]string{deleted: "[supprimé : ", inserted: "[ajouté : "}[n.kind])
		t.nodes(n.children)
		t.current.WriteString("]")
	case media:
		t.attachment(n.media)
	case list:
		t.end()
		for i, c := range n.children {
			bullet := "- "
			if n.ordered {
				bullet = strconv.Itoa(i+1) + ". "
			}
			t.current.WriteString(bullet)
			t.nodes(c.children)
			t.end()
		}
	case table:
		t.end()
		for _, c := range n.children {
			t.tablePart(c)
		}
	default:
		t.nodes(n.children)
	}
}

// superscript sets exponents apart: 10^9 is not 109.
func (t *textWriter) superscript(n *node) {
	inner := textOf(n)
	if inner != "" && strings.Trim(inner, "0123456789+-−") == "" {
		t.current.WriteString("^")
	}
	t.nodes(n.children)
}

func (t *textWriter) tablePart(n *node) {
	if n.kind != row {
		for _, c := range n.children {
			if n.kind == caption {
				t.node(c)
			} else {
				t.tablePart(c)
			}
		}
		t.end()
		return
	}
	cells := make([]string, 0, len(n.children))
	for _, c := range n.children {
		inner := &textWriter{}
		inner.nodes(c.children)
		inner.end()
		cells = append(cells, strings.ReplaceAll(strings.TrimSpace(inner.String()), "\n", " / "))
	}
	t.line(strings.Join(cells, " | "))
}
