package render

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// nodes writes the nodes of a narrative. labelled is the id of the heading that tables without a caption are named by.
func (w *writer) nodes(nodes []*node, labelled string) {
	for _, n := range nodes {
		w.node(n, labelled)
	}
}

func (w *writer) node(n *node, labelled string) {
	switch n.kind {
	case textNode:
		w.text(n.text)
	case lineBreak:
		w.raw("<br>")
	case inline, inserted, deleted, link, superscript, subscript:
		w.inline(n, labelled)
	case paragraph, caption:
		w.paragraph(n, labelled)
	case footnote:
		w.footnote(n, labelled)
	case footnoteRef:
		w.footnoteRef(n)
	case media:
		w.attachment(n.media, "piece")
	case list:
		w.list(n, labelled)
	case table:
		w.table(n, labelled)
	default: // a fragment, or a part of a list or table that stands alone
		w.nodes(n.children, labelled)
	}
}

// tags of inline nodes, when they hold no block. A node with blocks inside becomes a div, as only that may hold them.
var inlineTags = map[kind][2]markup{
	inline: {"<span", "</span>"}, inserted: {"<ins", "</ins>"}, deleted: {"<del", "</del>"}, superscript: {"<sup", "</sup>"}, subscript: {"<sub", "</sub>"},
	link: {"<a", "</a>"},
}

func (w *writer) inline(n *node, labelled string) {
	tag := inlineTags[n.kind]
	if n.hasBlock() {
		tag = [2]markup{"<div", "</div>"}
	}
	isLink := n.kind == link && !n.hasBlock()
	if n.kind == inline && n.style == 0 && n.anchor == "" {
		w.nodes(n.children, labelled)
		return
	}
	strong, em := n.style&bold != 0 && !n.hasBlock(), n.style&(italic|emphasis) != 0 && !n.hasBlock()
	plain := n.kind == inline && n.anchor == "" && n.style&^(bold|italic|emphasis) == 0 && (strong || em)
	if !plain {
		w.raw(tag[0])
		w.common(n, "")
		if isLink {
			w.href(n.target)
		}
		w.raw(">")
	}
	if strong {
		w.raw("<strong>")
	}
	if em {
		w.raw("<em>")
	}
	if isLink {
		w.nodes(unlinked(n.children), labelled)
	} else {
		w.nodes(n.children, labelled)
	}
	if em {
		w.raw("</em>")
	}
	if strong {
		w.raw("</strong>")
	}
	if !plain {
		w.raw(tag[1])
	}
}

// unlinked gives nodes in which no link is left, as a link may not hold another.
func unlinked(nodes []*node) []*node {
	out := make([]*node, len(nodes))
	for i, n := range nodes {
		c := *n
		if c.kind == link {
			c.kind = inline
		}
		if c.kind == footnoteRef {
			c.target = ""
		}
		c.children = unlinked(c.children)
		out[i] = &c
	}
	return out
}

// href writes the address of a link. Links to elsewhere open beside the document and tell nobody where they come from.
func (w *writer) href(target string) {
	w.attr("href", target)
	if !strings.HasPrefix(target, "#") {
		w.raw(` rel="noopener noreferrer nofollow external" target="_blank"`)
	}
}

// classes of the styles, for elements that carry them as a class.
var styleClasses = []struct {
	style style
	class string
}{
	{bold, "gras"},
	{italic | emphasis, "ital"},
	{underline, "soul"},
	{lineLeft, "filet-g"},
	{lineRight, "filet-d"},
	{lineTop, "filet-h"},
	{lineBottom, "filet-b"},
	{alignLeft, "a-gauche"},
	{alignCenter, "a-centre"},
	{alignRight, "a-droite"},
	{alignTop, "a-haut"},
	{alignMiddle, "a-milieu"},
}

// common writes the id and the classes of a node.
func (w *writer) common(n *node, class string) {
	if n.anchor != "" {
		w.attr("id", n.anchor)
	}
	carried := n.style
	if inlineTags[n.kind][0] != "" && !n.hasBlock() {
		carried &^= bold | italic | emphasis // these are elements there
	}
	names := make([]string, 0, 4)
	if class != "" {
		names = append(names, class)
	}
	for _, c := range styleClasses {
		if carried&c.style != 0 {
			names = append(names, c.class)
		}
	}
	if len(names) > 0 {
		w.attr("class", strings.Join(names, " "))
	}
}

func (w *writer) paragraph(n *node, labelled string) {
	open, closing := markup("<p"), markup("</p>")
	if n.hasBlock() {
		open, closing = "<div", "</div>"
	}
	w.raw(open)
	w.common(n, "")
	w.raw(">")
	w.nodes(n.children, labelled)
	w.raw(closing)
}

func (w *writer) footnote(n *node, labelled string) {
	w.raw(`<div role="note"`)
	w.common(n, "note")
	w.raw("><sup>")
	w.text(strconv.Itoa(n.number))
	w.raw("</sup> ")
	w.nodes(n.children, labelled)
	w.raw("</div>")
}

func (w *writer) footnoteRef(n *node) {
	w.raw("<sup")
	w.common(n, "")
	w.raw(">")
	if n.target != "" {
		w.raw("<a")
		w.href(n.target)
		w.attr("aria-label", "Note "+strconv.Itoa(n.number))
		w.raw(">")
		w.text(strconv.Itoa(n.number))
		w.raw("</a>")
	} else {
		w.text(strconv.Itoa(n.number))
	}
	w.raw("</sup>")
}

func (w *writer) list(n *node, labelled string) {
	open, closing := markup("<ul"), markup("</ul>")
	class := map[string]string{"disc": "disque", "circle": "cercle", "square": "carre"}[n.marker]
	if n.ordered {
		open, closing = "<ol", "</ol>"
	}
	w.raw(open)
	w.common(n, class)
	if n.ordered && n.marker != "1" {
		w.attr("type", n.marker)
	}
	w.raw(">\n")
	for _, c := range n.children {
		w.raw("<li")
		w.common(c, "")
		w.raw(">")
		w.nodes(c.children, labelled)
		w.raw("</li>\n")
	}
	w.raw(closing, "\n")
}

// tags of the parts of a table.
var partTags = map[kind][2]markup{
	tableHead: {"<thead", "</thead>\n"}, tableBody: {"<tbody", "</tbody>\n"}, tableFoot: {"<tfoot", "</tfoot>\n"},
	row: {"<tr", "</tr>\n"}, headerCell: {"<th", "</th>"}, dataCell: {"<td", "</td>"}, caption: {"<caption", "</caption>\n"},
}

// table writes a table inside a region that a keyboard can scroll, as tables of results are wider than a telephone.
func (w *writer) table(n *node, labelled string) {
	w.raw(`<div class="tableau" role="region" tabindex="0"`)
	if labelled != "" {
		w.attr("aria-labelledby", labelled)
	} else {
		w.attr("aria-label", "Tableau")
	}
	w.raw("><table")
	w.common(n, "")
	w.raw(">\n")
	for _, c := range n.children {
		w.tablePart(c, labelled)
	}
	w.raw("</table></div>\n")
}

func (w *writer) tablePart(n *node, labelled string) {
	tag := partTags[n.kind]
	w.raw(tag[0])
	w.common(n, "")
	if n.kind == headerCell {
		w.attr("scope", n.marker)
	}
	if n.colSpan > 1 {
		w.number("colspan", n.colSpan)
	}
	if n.rowSpan > 1 {
		w.number("rowspan", n.rowSpan)
	}
	w.raw(">")
	switch n.kind {
	case headerCell, dataCell, caption:
		w.nodes(n.children, labelled)
	default:
		for _, c := range n.children {
			w.tablePart(c, labelled)
		}
	}
	w.raw(tag[1])
}

// attachment writes a file of the document: shown when that is safe, offered for download otherwise, or named with the reason why neither.
func (w *writer) attachment(a *attachment, stem string) {
	w.raw(`<figure class="piece">`)
	if why := a.trouble(); why != "" {
		w.raw(`<p class="avis">`)
		w.text(a.describe() + ". " + why)
		w.raw("</p></figure>\n")
		return
	}
	switch a.shape {
	case asImage:
		w.raw(`<img alt="Image jointe au document"`)
		w.source("src", a)
		w.raw("></figure>\n")
		return
	case asPDF:
		w.raw(`<object type="application/pdf" class="pdf" aria-label="Document PDF"`)
		w.source("data", a)
		w.raw(`><p>Ce navigateur n’affiche pas les documents PDF : utilisez le lien de téléchargement.</p></object>`)
	case asText:
		w.raw(`<pre class="texte">`)
		w.text("\n" + strings.ReplaceAll(a.text, "\r\n", "\n"))
		w.raw("</pre>")
	}
	w.raw(`<figcaption><a class="telecharger"`)
	w.attr("download", a.fileName(stem))
	w.source("href", a)
	w.raw(">Télécharger</a> ")
	w.text(a.describe())
	w.raw("</figcaption></figure>\n")
}

// source writes the address of an attachment: where it can be fetched, or itself as a data: URI. Base64 is written anew from the decoded bytes.
func (w *writer) source(name markup, a *attachment) {
	if a.url != "" {
		w.attr(name, a.url)
		return
	}
	w.raw(" ", name, `="data:`)
	w.text(a.downloadType())
	w.raw(";base64,")
	w.base64(a.data)
	w.raw(`"`)
}

// base64 writes bytes in pieces, so that a big file is not held a second time.
func (w *writer) base64(data []byte) {
	const piece = 24 << 10 // a multiple of 3: no padding but at the end
	var out [piece / 3 * 4]byte
	for len(data) > 0 && w.err == nil {
		n := min(piece, len(data))
		base64.StdEncoding.Encode(out[:], data[:n])
		w.add(string(out[:base64.StdEncoding.EncodedLen(n)]))
		data = data[n:]
	}
}
