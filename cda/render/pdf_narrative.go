package render

import (
	"bytes"
	"image"
	_ "image/gif" // decoders of the images that documents carry
	_ "image/jpeg"
	"image/png"
	"strconv"
	"strings"

	"github.com/go-pdf/fpdf"
	_ "golang.org/x/image/webp"
)

// nodes lays out the nodes of a narrative: runs of inline nodes as lines, the others each on its own.
func (w *pdfWriter) nodes(nodes []*node) {
	var run textWriter
	flush := func() {
		run.end()
		for _, l := range strings.Split(strings.TrimSpace(run.String()), "\n") {
			w.line(l, "", pdfText)
		}
		run = textWriter{}
	}
	for _, n := range nodes {
		if !n.isBlock() {
			run.node(n)
			continue
		}
		flush()
		w.block(n)
	}
	flush()
}

func (w *pdfWriter) block(n *node) {
	switch n.kind {
	case table:
		w.table(n)
	case list:
		for i, c := range n.children {
			bullet := "•  "
			if n.ordered {
				bullet = strconv.Itoa(i+1) + ".  "
			}
			w.listItem(bullet, c)
		}
		w.pdf.Ln(1)
	case media:
		w.attachment(n.media)
	case paragraph:
		if !n.hasBlock() {
			w.line(textOf(n), map[bool]string{true: "B"}[n.style&bold != 0], pdfText)
			w.pdf.Ln(1)
			return
		}
		w.nodes(n.children)
	case footnote:
		w.line(strconv.Itoa(n.number)+". "+textOf(n), "I", pdfSmall)
	default:
		w.nodes(n.children)
	}
}

// textOf is what a node says in one line.
func textOf(n *node) string {
	var t textWriter
	t.nodes(n.children)
	t.end()
	return strings.ReplaceAll(strings.TrimSpace(t.String()), "\n", " ")
}

// listItem writes an item behind its bullet; blocks inside it follow, indented.
func (w *pdfWriter) listItem(bullet string, n *node) {
	const indent = 6
	left, _, _, _ := w.pdf.GetMargins()
	if left > pdfMargin+5*indent {
		w.nodes(n.children)
		return
	}
	w.font("", pdfText)
	w.room(pdfLine)
	w.pdf.SetX(left + 1)
	y := w.pdf.GetY()
	w.pdf.CellFormat(indent, pdfLine, bullet, "", 0, "L", false, 0, "")
	w.pdf.SetLeftMargin(left + indent)
	w.pdf.SetXY(left+indent, y)
	w.nodes(n.children)
	w.pdf.SetLeftMargin(left)
	w.pdf.SetX(left)
	if w.pdf.GetY() < y+pdfLine && w.pdf.GetY() >= y {
		w.pdf.SetY(y + pdfLine)
	}
}

func (w *pdfWriter) attachment(a *attachment) {
	switch {
	case a.state == present && a.shape == asImage && w.image(a.data):
	case a.state == present && a.shape == asText:
		w.pdf.SetFont("mono", "", pdfSmall)
		w.pdf.MultiCell(0, 4.2, w.clean(strings.ReplaceAll(a.text, "\r\n", "\n")), "", "L", false)
	case a.state == present && a.shape == asPDF:
		w.line("["+a.describe()+", joint au document d’origine]", "I", pdfSmall)
	default:
		w.line("["+joined(" : ", a.describe(), a.trouble())+"]", "I", pdfSmall)
	}
	w.pdf.Ln(1)
}

// maxPixels bounds the images that are put into a PDF: they must be unpacked for it.
const maxPixels = 8 << 20

// image draws an image as wide as it is at 150 points an inch, or as the page lets it. It is decoded and written anew, so that only pixels reach the page.
func (w *pdfWriter) image(data []byte) bool {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return false
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return false
	}
	var encoded bytes.Buffer
	opaque := image.NewNRGBA(picture.Bounds())
	for y := opaque.Rect.Min.Y; y < opaque.Rect.Max.Y; y++ {
		for x := opaque.Rect.Min.X; x < opaque.Rect.Max.X; x++ {
			opaque.Set(x, y, picture.At(x, y))
		}
	}
	if png.Encode(&encoded, opaque) != nil {
		return false
	}
	w.images++
	name := "i" + strconv.Itoa(w.images)
	w.pdf.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: "PNG"}, &encoded)
	left, top, _, _ := w.pdf.GetMargins()
	width := min(float64(config.Width)*25.4/150, pdfMargin+pdfWidth-left)
	height := width * float64(config.Height) / float64(config.Width)
	if most := w.bottom() - top; height > most {
		width, height = width*most/height, most
	}
	w.room(height)
	w.pdf.ImageOptions(name, left, w.pdf.GetY(), width, height, true, fpdf.ImageOptions{ImageType: "PNG"}, 0, "")
	return true
}
