package cda_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/cda"
)

// node is a tree to be spelled in many ways.
type node struct {
	space, local string
	attrs        [][2]string
	text         string
	children     []*node
}

var (
	spaces = []string{cda.NS, cda.NSSDTC, cda.NSLab, "urn:x"}
	words  = rapid.StringMatching(`[a-z<>&"' éàœ€]{1,12}[a-z]`)
)

func drawNode(t *rapid.T, depth int) *node {
	n := &node{space: rapid.SampledFrom(spaces).Draw(t, "space"), local: rapid.StringMatching(`[a-z][a-zA-Z0-9._-]{0,6}`).Draw(t, "local")}
	for i := range rapid.IntRange(0, 2).Draw(t, "attributes") {
		n.attrs = append(n.attrs, [2]string{fmt.Sprintf("a%d", i), words.Draw(t, "value")})
	}
	if depth < 4 && rapid.Bool().Draw(t, "inner") {
		for range rapid.IntRange(1, 3).Draw(t, "children") {
			n.children = append(n.children, drawNode(t, depth+1))
		}
	} else {
		n.text = words.Draw(t, "text")
	}
	return n
}

// spell writes a node; prefixes are those in scope, by namespace.
func (n *node) spell(t *rapid.T, b *strings.Builder, scope map[string]string) {
	inner := map[string]string{}
	for space, prefix := range scope {
		inner[space] = prefix
	}
	prefix, bound := inner[n.space]
	declaration := ""
	if !bound || rapid.IntRange(0, 4).Draw(t, "rebind") == 0 {
		prefix = rapid.SampledFrom([]string{"", "c", "x", "é"}).Draw(t, "prefix")
		for space, p := range inner {
			if p == prefix {
				delete(inner, space)
			}
		}
		inner[n.space] = prefix
		declaration = ` xmlns` + strings.TrimSuffix(":"+prefix, ":") + `="` + n.space + `"`
	}
	name := strings.TrimPrefix(prefix+":"+n.local, ":")
	b.WriteString("<" + name + declaration)
	for _, a := range n.attrs {
		quote := rapid.SampledFrom([]string{`"`, "'"}).Draw(t, "quote")
		b.WriteString(rapid.SampledFrom([]string{" ", "\n\t", "  "}).Draw(t, "gap") + a[0] + rapid.SampledFrom([]string{"=", " = "}).Draw(t, "equals") + quote + escaped(t, a[1], quote) + quote)
	}
	if rapid.IntRange(0, 9).Draw(t, "comment") == 0 {
		defer b.WriteString("<!-- - --><?p q?>")
	}
	b.WriteString(">")
	for _, c := range n.children {
		b.WriteString(rapid.SampledFrom([]string{"", "\n  ", "\r\n"}).Draw(t, "indent"))
		c.spell(t, b, inner)
	}
	if n.text != "" {
		if rapid.Bool().Draw(t, "cdata") {
			b.WriteString("<![CDATA[" + n.text + "]]>")
		} else {
			b.WriteString(escaped(t, n.text, "<"))
		}
	}
	b.WriteString("</" + name + rapid.SampledFrom([]string{"", " ", "\n"}).Draw(t, "end") + ">")
}

func escaped(t *rapid.T, s, quote string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case c == '<':
			b.WriteString("&lt;")
		case c == '&':
			b.WriteString("&amp;")
		case string(c) == quote || rapid.IntRange(0, 5).Draw(t, "reference") == 0:
			fmt.Fprintf(&b, rapid.SampledFrom([]string{"&#%d;", "&#x%x;", "&#x%X;"}).Draw(t, "form"), c)
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func (n *node) canonical(b *strings.Builder) {
	b.WriteString("{" + n.space + "}" + n.local + "(")
	for _, a := range n.attrs {
		b.WriteString("{}" + a[0] + "=" + a[1] + " ")
	}
	for _, c := range n.children {
		c.canonical(b)
	}
	b.WriteString(strings.TrimSpace(n.text) + ")")
}

// TestSpellingDoesNotMatter draws trees, spells them (prefixes, quotes, references, CDATA, comments, white space, encodings) and reads them back.
func TestSpellingDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := &node{space: cda.NS, local: "ClinicalDocument", children: []*node{drawNode(t, 0)}}
		var text, want strings.Builder
		root.spell(t, &text, map[string]string{})
		root.canonical(&want)
		raw, err := encoded(rapid.SampledFrom([]string{"UTF-8", "UTF-16", "windows-1252", "ISO-8859-15"}).Draw(t, "encoding"), text.String())
		if err != nil {
			t.Skip("a character that the encoding lacks")
		}
		d, err := cda.Parse([]byte(raw), cda.Limits{})
		if err != nil {
			t.Fatalf("%v\n%s", err, text.String())
		}
		if got := treeOf(d.Root); got != want.String() {
			t.Fatalf("read\n%s\nfor\n%s\nfrom\n%s", got, want.String(), text.String())
		}
	})
}

func encoded(name, text string) (string, error) {
	text = `<?xml version="1.0" encoding="` + name + `"?>` + text
	switch name {
	case "UTF-16":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String(text)
	case "windows-1252":
		return charmap.Windows1252.NewEncoder().String(text)
	case "ISO-8859-15":
		return charmap.ISO8859_15.NewEncoder().String(text)
	}
	return text, nil
}
