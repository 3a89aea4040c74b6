package render

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Sizes in millimetres and points.
const (
	pdfMargin = 16
	pdfText   = 10
	pdfSmall  = 8.5
	pdfLine   = 5
	pdfWidth  = 210 - 2*pdfMargin
)

// PDF writes a document as a PDF of A4 pages: title, patient, sections with their tables, lists and images, people and circumstances, page numbers. The
// body of an N1 document that is a text or an image is shown; one that is a PDF itself, or another file, is only named: the file is the better copy. The same
// document gives the same bytes.
//
// Letters outside of Latin, Greek and Cyrillic have no glyph in the fonts and are shown as "?"; HTML shows them.
func PDF(out io.Writer, doc *cda.Document) (err error) {
	defer func() { // the layout library is not ours: whatever a hostile text or image makes it do ends here
		if r := recover(); r != nil {
			err = fault.New(http.StatusInternalServerError, fault.Exception, "the PDF could not be laid out; ask for HTML instead")
		}
	}()
	p := newPage(doc, Options{}.withDefaults())
	w := newPDFWriter(p, doc)
	w.title(p)
	if p.payload != nil {
		w.heading("Contenu du document", 2)
		w.attachment(p.payload)
	}
	for _, s := range p.sections {
		w.section(s, 2)
	}
	w.context(p)
	if w.pdf.Err() {
		return fault.Wrap(w.pdf.Error(), http.StatusInternalServerError, fault.Exception, "the PDF could not be laid out; ask for HTML instead")
	}
	var buffer bytes.Buffer // what cannot be finished is not begun
	if err := w.pdf.Output(&buffer); err != nil {
		return fault.Wrap(err, http.StatusInternalServerError, fault.Exception, "the PDF could not be laid out; ask for HTML instead")
	}
	if buffer.Len() > defaultMaxBytes {
		return tooCostly(defaultMaxBytes)
	}
	_, err = out.Write(buffer.Bytes())
	return err
}

type pdfWriter struct {
	pdf    *fpdf.Fpdf
	glyphs *sfnt.Font
	buffer sfnt.Buffer
	images int
}

func newPDFWriter(p *page, doc *cda.Document) *pdfWriter {
	w := &pdfWriter{pdf: fpdf.New("P", "mm", "A4", "")}
	w.glyphs, _ = sfnt.Parse(goregular.TTF)
	// Each document has its own copy: the library writes into the fonts.
	w.pdf.AddUTF8FontFromBytes("go", "", bytes.Clone(goregular.TTF))
	w.pdf.AddUTF8FontFromBytes("go", "B", bytes.Clone(gobold.TTF))
	w.pdf.AddUTF8FontFromBytes("go", "I", bytes.Clone(goitalic.TTF))
	w.pdf.AddUTF8FontFromBytes("mono", "", bytes.Clone(gomono.TTF))
	w.pdf.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	w.pdf.SetAutoPageBreak(true, pdfMargin+4)
	w.pdf.SetCatalogSort(true)
	w.pdf.SetCompression(true)
	at := time.Unix(0, 0).UTC()
	if m, err := doc.Header.EffectiveTime.Moment(); err == nil {
		at = m.Time.UTC()
	}
	w.pdf.SetCreationDate(at)
	w.pdf.SetModificationDate(at)
	w.pdf.SetTitle(p.title, true)
	w.pdf.SetLang("fr")
	w.pdf.SetProducer("Carnet", true)
	footer := w.clean(joined(" – ", p.banner.name, p.title))
	w.pdf.AliasNbPages("{nb}")
	w.pdf.SetFooterFunc(func() {
		w.pdf.SetY(-pdfMargin)
		w.font("", pdfSmall)
		w.ink(90)
		w.pdf.CellFormat(pdfWidth-25, pdfLine, shorten(footer, 100), "", 0, "L", false, 0, "")
		w.pdf.CellFormat(25, pdfLine, strconv.Itoa(w.pdf.PageNo())+" / {nb}", "", 0, "R", false, 0, "")
		w.ink(30)
	})
	w.pdf.AddPage()
	return w
}

func shorten(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// clean keeps what the fonts have glyphs for.
func (w *pdfWriter) clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r == 0xfffd || r > 0xffff:
			return '?'
		}
		if same, ok := sameGlyph[r]; ok {
			return same
		}
		if i, err := w.glyphs.GlyphIndex(&w.buffer, r); err != nil || i == 0 {
			return '?'
		}
		return r
	}, s)
}

// sameGlyph are runes that look like another one: one of each pair is written, as the library embeds a glyph under one rune.
var sameGlyph = map[rune]rune{
	'\u00a0': ' ', '\u202f': ' ', '\u2009': ' ', '\u00ad': '-', '\u2010': '-', '\u2011': '-', '\u2212': '-',
	'\u00b5': '\u03bc', '\u2126': '\u03a9', '\u2206': '\u0394', '\u2215': '/', '\u2219': '\u00b7',
}

func (w *pdfWriter) font(style string, size float64) { w.pdf.SetFont("go", style, size) }
func (w *pdfWriter) ink(grey int)                    { w.pdf.SetTextColor(grey, grey, grey) }

func (w *pdfWriter) line(s string, style string, size float64) {
	if s = w.clean(fold(s)); s == "" {
		return
	}
	w.font(style, size)
	w.pdf.MultiCell(0, size*0.5, s, "", "L", false)
}

func (w *pdfWriter) title(p *page) {
	w.pdf.SetTextColor(11, 83, 148)
	w.line(p.kind, "", pdfSmall)
	w.ink(20)
	w.line(p.title, "B", 16)
	w.ink(70)
	w.line(p.byline, "", pdfSmall)
	for _, n := range p.notices {
		w.pdf.SetTextColor(122, 62, 0)
		w.line(n, "B", pdfSmall)
	}
	w.ink(30)
	w.pdf.Ln(2)
	w.banner(&p.banner)
}

// banner draws the patient in a shaded box.
func (w *pdfWriter) banner(b *banner) {
	w.pdf.SetFillColor(232, 241, 250)
	lines := []string{b.birth}
	for _, f := range b.facts {
		lines = append(lines, f.label+" : "+strings.Join(f.values, ", "))
	}
	for _, f := range b.more {
		lines = append(lines, f.label+" : "+strings.Join(f.values, " ; "))
	}
	w.font("B", 12)
	w.pdf.MultiCell(pdfWidth, 7, w.clean("Patient : "+fold(b.name)), "", "L", true)
	w.font("", pdfSmall)
	for _, l := range lines {
		if l = w.clean(fold(l)); l != "" {
			w.pdf.MultiCell(pdfWidth, 4.4, l, "", "L", true)
		}
	}
	w.pdf.Ln(2)
}

// heading sizes by level, from the second.
var headingSizes = [...]float64{13, 11.5, 10.5, 10}

func (w *pdfWriter) heading(s string, level int) {
	w.room(18)
	w.pdf.Ln(2.5)
	w.pdf.SetTextColor(11, 83, 148)
	size := headingSizes[min(level-2, len(headingSizes)-1)]
	w.line(s, "B", size)
	if level == 2 {
		w.pdf.SetDrawColor(200, 215, 230)
		w.pdf.Line(pdfMargin, w.pdf.GetY()+0.5, pdfMargin+pdfWidth, w.pdf.GetY()+0.5)
	}
	w.ink(30)
	w.pdf.Ln(1.5)
}

// room goes to the next page when less than that many millimetres are left on this one.
func (w *pdfWriter) room(height float64) {
	if w.pdf.GetY()+height > w.bottom() {
		w.pdf.AddPage()
	}
}

func (w *pdfWriter) bottom() float64 {
	_, h := w.pdf.GetPageSize()
	return h - pdfMargin - 4
}

func (w *pdfWriter) section(s *section, level int) {
	w.heading(s.title, level)
	w.nodes(s.text.children)
	for _, a := range s.loose {
		w.attachment(a)
	}
	for _, c := range s.children {
		w.section(c, level+1)
	}
}

// context writes people, circumstances and what identifies the document.
func (w *pdfWriter) context(p *page) {
	for _, g := range p.groups {
		w.heading(g.heading, 3)
		for _, c := range g.cards {
			w.line(c.title, "B", pdfSmall)
			w.facts(c.facts)
		}
	}
	w.heading("Document", 3)
	w.facts(p.imprint)
}

func (w *pdfWriter) facts(facts []fact) {
	for _, f := range facts {
		w.line(f.label+" : "+strings.Join(f.values, " ; "), "", pdfSmall)
	}
}
