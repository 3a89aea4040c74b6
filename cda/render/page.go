package render

// page is a document as people read it, before it is written as HTML, text or PDF. All strings are plain text.
type page struct {
	title    string
	kind     string // label of the document's type
	created  string // French date
	byline   string // authors, in one line
	lang     string // language of the document when it is not French
	notices  []string
	banner   banner
	groups   []group
	payload  *attachment // the body of an N1 document
	sections []*section  // the body of an N3 document
	imprint  []fact      // identifiers of the document
}

// banner says whose document it is.
type banner struct {
	name  string // as the person is called
	birth string // names of the birth certificate
	facts []fact
	more  []fact // addresses, other identifiers, guardians
}

// fact is a label and what is known under it. A fact without values is not shown.
type fact struct {
	label  string
	values []string
}

// group is a set of people or circumstances under one heading.
type group struct {
	heading string
	cards   []card
}

type card struct {
	title string
	facts []fact
}

// section is one section of a structured body.
type section struct {
	anchor   string
	title    string
	lang     string // language when it is not that of the document
	text     *node
	loose    []*attachment // media of its entries that its narrative does not show
	entries  int           // coded entries directly below
	children []*section
}

// add appends a fact when it has a value.
func add(facts []fact, label string, values ...string) []fact {
	kept := make([]string, 0, len(values))
	for _, v := range values {
		if v != "" {
			kept = append(kept, v)
		}
	}
	if len(kept) == 0 {
		return facts
	}
	return append(facts, fact{label: label, values: kept})
}
