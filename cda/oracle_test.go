package cda

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// oracle is etree's own reading of a text, written as canonical is.
func oracle(text []byte) (string, error) {
	tree := etree.NewDocument()
	tree.ReadSettings = etree.ReadSettings{MaxDepth: 1000, PreserveDuplicateAttrs: true}
	if err := tree.ReadFromBytes(text); err != nil {
		return "", err
	}
	var b strings.Builder
	canonical(&b, tree.Root(), func(el *etree.Element) string { return el.NamespaceURI() }, func(a *etree.Attr) string {
		if a.Space == "xml" {
			return nsXML
		}
		return a.NamespaceURI()
	})
	return b.String(), nil
}

// canonical writes a tree with its namespaces, without declarations, and with all white space taken out of texts and values.
func canonical(b *strings.Builder, el *etree.Element, uri func(*etree.Element) string, attrURI func(*etree.Attr) string) {
	b.WriteString("<{" + uri(el) + "}" + el.Tag)
	for i := range el.Attr {
		a := &el.Attr[i]
		if a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" {
			continue
		}
		space := ""
		if a.Space != "" {
			space = attrURI(a)
		}
		value := bare(a.Value)
		if space == NSXSI && a.Key == "type" {
			value = "resolved"
		}
		b.WriteString(" {" + space + "}" + a.Key + "=" + value)
	}
	b.WriteString(">")
	for _, c := range el.Child {
		switch c := c.(type) {
		case *etree.Element:
			canonical(b, c, uri, attrURI)
		case *etree.CharData:
			b.WriteString(bare(c.Data))
		}
	}
	b.WriteString("</>")
}

func bare(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", "\t", "", "\r", "").Replace(s)
}

// agree fails when the reader takes a text that etree refuses or reads otherwise.
func agree(t *testing.T, text []byte) bool {
	t.Helper()
	root, starts, err := readTree(text, Limits{}.withDefaults())
	if err != nil {
		var refused *ParseError
		if !errors.As(err, &refused) {
			t.Fatal(err)
		}
		return false
	}
	want, err := oracle(text)
	if err != nil && strings.Contains(err.Error(), "invalid XML name") && strings.ContainsFunc(string(text), func(c rune) bool { return c > 0x7F }) {
		return true // etree has the names of the fourth edition, the reader those of the fifth
	}
	if err != nil {
		t.Fatalf("etree refuses what the reader takes: %v\n%s", err, text)
	}
	var got strings.Builder
	canonical(&got, root, func(el *etree.Element) string { return el.Space }, func(a *etree.Attr) string { return a.Space })
	if got.String() != want {
		t.Fatalf("the reader has\n%s\netree has\n%s", got.String(), want)
	}
	if n := strings.Count(want, "</>"); n != len(starts) {
		t.Fatalf("%d elements, %d start tags", n, len(starts))
	}
	return true
}

// wellFormed says whether encoding/xml takes a text, and whether it is one that we refuse on purpose.
func wellFormed(text []byte) bool {
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		if _, err := d.Token(); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}

func TestReaderAgreesWithEtree(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.xml")
	published, _ := filepath.Glob("../../shared/data/cda/examples/*.xml")
	for _, file := range append(files, published...) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
			t.Errorf("%s is refused", file)
		}
	}
	for _, text := range []string{
		`<a/>`, `<a></a >`, "<a\n/>", `<?xml version='1.0'?><a/>`, `<!-- c --><?p i?><a b = "c" d='"'/> <!-- e -->`, `<a xml:lang="fr"/>`, `<é ü="ö"/>`,
		`<a>&#65;&#x42;&lt;&amp;</a>`, "<a b='&#10;\n\t'>\r\n\r</a>", `<a><![CDATA[<&]]]></a>`, `<p:a xmlns:p="u" p:b="c"><p:d xmlns:p="v"/></p:a>`,
		`<a xmlns="u"><b xmlns=""/></a>`, `<a>x<!-- c -->y</a>`, `<text xmlns="urn:hl7-org:v3"><b>x</b> <b>y</b></text>`,
	} {
		if !agree(t, []byte(text)) || !wellFormed([]byte(text)) {
			t.Errorf("%s is refused", text)
		}
	}
}

// FuzzReader holds the reader against etree.
func FuzzReader(f *testing.F) {
	for _, text := range []string{
		`<a/>`, `<a b="c">d<e/>&lt;</a>`, `<p:a xmlns:p="u" p:b="c"/>`, `<?xml version="1.0"?><!-- x --><a><![CDATA[y]]></a>`, "<a>\r&#x41;</a>", `<a xmlns=""/>`,
		`<a b='1' c="2"><d></d ></a >`, `<a><?p q?></a>`, `<é/>`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		decoded, err := decode([]byte(text), Limits{}.withDefaults())
		if err == nil {
			agree(t, decoded)
		}
	})
}

func TestForbiddenCharactersAreFoundAnywhere(t *testing.T) {
	for at := range 40 {
		text := []byte(strings.Repeat("é\n\t\r", 12)[:48])
		if got := forbiddenCharacter(text); got != -1 {
			t.Fatalf("%d in clean text", got)
		}
		if text[at] < 0x80 {
			text[at] = byte(at % 9)
			if got := forbiddenCharacter(text); got != at {
				t.Fatalf("%d, not %d", got, at)
			}
		}
	}
}
