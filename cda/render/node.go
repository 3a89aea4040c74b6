package render

// kind is what a node of a narrative is. The set is closed: whatever a document holds beyond it becomes its text and nothing else, which is what
// makes the output safe.
type kind uint8

const (
	textNode  kind = iota
	inline         // content: styled text
	paragraph      // paragraph
	lineBreak      // br
	superscript
	subscript
	inserted // content revised="insert"
	deleted  // content revised="delete"
	link     // linkHtml with an address that may be followed
	footnote
	footnoteRef
	media // renderMultiMedia
	list
	item
	table
	caption
	tableHead
	tableBody
	tableFoot
	row
	headerCell
	dataCell
	fragment // children only
)

// style is a set of the styleCode tokens that change how text looks (CDA R2 4.3.5.11).
type style uint16

const (
	bold style = 1 << iota
	italic
	underline
	emphasis
	lineLeft
	lineRight
	lineTop
	lineBottom
	alignLeft
	alignCenter
	alignRight
	alignTop
	alignMiddle
)

// node is one piece of a narrative, as much of it as is understood.
type node struct {
	kind     kind
	text     string // textNode
	anchor   string // id given to this node on the page, when something points at it
	target   string // link: the address; footnoteRef: the anchor of the footnote
	style    style
	marker   string // list: type of the numbering ("1", "a", "A", "i", "I") or of the bullet ("disc", "circle", "square")
	ordered  bool   // list
	colSpan  int    // cells; 0 or 1: one column
	rowSpan  int    // cells
	number   int    // footnote, footnoteRef
	media    *attachment
	children []*node
}

// isBlock says whether a node must stand on lines of its own.
func (n *node) isBlock() bool {
	switch n.kind {
	case paragraph, list, table, media, footnote, caption:
		return true
	default:
		return n.hasBlock()
	}
}

// hasBlock says whether a node holds one that stands on lines of its own.
func (n *node) hasBlock() bool {
	for _, c := range n.children {
		if c.isBlock() {
			return true
		}
	}
	return false
}

// blank says whether nothing of a node would be seen.
func (n *node) blank() bool {
	switch n.kind {
	case textNode:
		return !hasInk(n.text)
	case media, footnoteRef:
		return false
	default:
		for _, c := range n.children {
			if !c.blank() {
				return false
			}
		}
		return true
	}
}

func hasInk(s string) bool {
	for _, c := range s {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			return true
		}
	}
	return false
}
