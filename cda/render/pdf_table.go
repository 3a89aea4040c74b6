package render

import "strings"

const (
	cellPadding  = 1.4
	cellLine     = 4.3
	maxColumns   = 24  // a wider table is laid out as lines
	maxRowHeight = 200 // millimetres; what is longer is laid out as lines
)

// gridCell is a cell in its place.
type gridCell struct {
	lines   []string
	column  int
	columns int
	header  bool
	strong  bool
}

// table lays out a table: columns as wide as their texts ask for, rows that do not break over pages, the head once more on each page.
func (w *pdfWriter) table(n *node) {
	rows, head, columns := grid(n)
	if c := n.children; len(c) > 0 && c[0].kind == caption {
		w.line(textOf(c[0]), "B", pdfText)
	}
	if columns == 0 {
		return
	}
	if columns > maxColumns {
		w.plainTable(n)
		return
	}
	left, _, _, _ := w.pdf.GetMargins()
	widths := w.columnWidths(rows, columns, pdfMargin+pdfWidth-left)
	for i, r := range rows {
		height := w.wrap(r, widths)
		if height > maxRowHeight {
			w.plainRow(r)
			continue
		}
		if w.pdf.GetY()+height > w.bottom() {
			w.pdf.AddPage()
			if i >= head {
				for _, h := range rows[:head] {
					if hh := w.wrap(h, widths); hh < maxRowHeight/4 {
						w.drawRow(h, widths, left, hh)
					}
				}
			}
		}
		w.drawRow(r, widths, left, height)
	}
	w.pdf.Ln(2)
}

// plainTable writes a table as lines.
func (w *pdfWriter) plainTable(n *node) {
	var t textWriter
	t.node(n)
	for _, l := range strings.Split(t.String(), "\n") {
		w.line(l, "", pdfSmall)
	}
}

func (w *pdfWriter) plainRow(r []*gridCell) {
	for _, c := range r {
		for _, l := range c.lines {
			w.line(l, "", pdfSmall)
		}
	}
}

// grid puts the cells of a table into columns, those that span rows included, and counts the rows of its head.
func grid(n *node) (rows [][]*gridCell, head, columns int) {
	var taken [][2]int // per column: rows still taken from above
	for _, part := range n.children {
		for _, r := range part.children {
			if r.kind != row {
				continue
			}
			var cells []*gridCell
			column := 0
			next := make([][2]int, len(taken))
			copy(next, taken)
			for _, c := range r.children {
				for column < len(next) && next[column][0] > 0 && column < maxColumns+1 {
					column++
				}
				span := max(1, c.colSpan)
				cells = append(cells, &gridCell{
					lines: cellLines(c), column: column, columns: span, header: c.kind == headerCell, strong: c.style&bold != 0,
				})
				for range span {
					if column >= len(next) {
						next = append(next, [2]int{})
					}
					next[column][1] = max(next[column][1], c.rowSpan)
					column++
				}
			}
			for i := range next {
				next[i][0] = max(0, next[i][0]-1)
				if next[i][1] > 0 {
					next[i][0] = next[i][1] - 1
					next[i][1] = 0
				}
			}
			taken = next
			columns = max(columns, len(next))
			rows = append(rows, cells)
			if part.kind == tableHead && len(rows) == head+1 {
				head++
			}
		}
	}
	return rows, head, columns
}

// cellLines is what a cell says, line by line as its breaks and blocks ask.
func cellLines(n *node) []string {
	var t textWriter
	t.nodes(n.children)
	t.end()
	if s := strings.TrimSpace(t.String()); s != "" {
		return strings.Split(s, "\n")
	}
	return nil
}

// columnWidths shares a width among columns by the longest line and the longest word in each.
func (w *pdfWriter) columnWidths(rows [][]*gridCell, columns int, total float64) []float64 {
	wanted, least := make([]float64, columns), make([]float64, columns)
	for i := range wanted {
		wanted[i], least[i] = 8, 8
	}
	for _, r := range rows {
		for _, c := range r {
			if c.columns != 1 || c.column >= columns {
				continue
			}
			w.cellFont(c)
			for _, l := range c.lines {
				l = w.clean(l)
				wanted[c.column] = max(wanted[c.column], w.pdf.GetStringWidth(l)+2*cellPadding+1)
				for _, word := range strings.Fields(l) {
					least[c.column] = max(least[c.column], min(w.pdf.GetStringWidth(word)+2*cellPadding+1, 45))
				}
			}
		}
	}
	sum, sumLeast := 0.0, 0.0
	for i := range wanted {
		wanted[i] = min(wanted[i], total*0.6)
		sum += wanted[i]
		sumLeast += least[i]
	}
	out := make([]float64, columns)
	for i := range out {
		switch {
		case sumLeast >= total:
			out[i] = least[i] * total / sumLeast
		case sum <= total:
			out[i] = wanted[i] * total / sum
		default:
			out[i] = least[i] + (total-sumLeast)*max(0, wanted[i]-least[i])/max(1, sum-sumLeast)
		}
	}
	return fit(out, total)
}

// fit scales widths to a sum.
func fit(widths []float64, total float64) []float64 {
	sum := 0.0
	for _, v := range widths {
		sum += v
	}
	for i := range widths {
		widths[i] *= total / sum
	}
	return widths
}

func (w *pdfWriter) cellFont(c *gridCell) {
	if c.header || c.strong {
		w.font("B", pdfSmall)
	} else {
		w.font("", pdfSmall)
	}
}

func spanWidth(c *gridCell, widths []float64) float64 {
	sum := 0.0
	for i := c.column; i < min(c.column+c.columns, len(widths)); i++ {
		sum += widths[i]
	}
	return max(sum, 4)
}

// wrap breaks the lines of a row's cells to their widths and gives the height of the row.
func (w *pdfWriter) wrap(r []*gridCell, widths []float64) float64 {
	height := cellLine + 2*cellPadding
	for _, c := range r {
		w.cellFont(c)
		var wrapped []string
		for _, l := range c.lines {
			wrapped = append(wrapped, w.pdf.SplitText(w.clean(l), spanWidth(c, widths)-cellPadding)...)
		}
		c.lines = wrapped
		height = max(height, float64(len(wrapped))*cellLine+2*cellPadding)
	}
	return height
}

func (w *pdfWriter) drawRow(r []*gridCell, widths []float64, left, height float64) {
	y := w.pdf.GetY()
	w.pdf.SetDrawColor(190, 200, 210)
	for _, c := range r {
		x := left
		for i := range min(c.column, len(widths)) {
			x += widths[i]
		}
		width := spanWidth(c, widths)
		style := "D"
		if c.header {
			w.pdf.SetFillColor(243, 246, 249)
			style = "FD"
		}
		w.pdf.Rect(x, y, width, height, style)
		w.cellFont(c)
		for i, l := range c.lines {
			w.pdf.SetXY(x+cellPadding/2, y+cellPadding+float64(i)*cellLine)
			w.pdf.CellFormat(width, cellLine, l, "", 0, "L", false, 0, "")
		}
	}
	w.pdf.SetXY(left, y+height)
}
