package render

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

var rewrite = flag.Bool("rewrite", false, "write golden files anew")

func parse(t testing.TB, raw []byte) *cda.Document {
	t.Helper()
	doc, err := cda.Parse(raw, cda.Limits{})
	require.NoError(t, err)
	return doc
}

func render(t testing.TB, raw []byte, o Options) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, HTML(&out, parse(t, raw), o))
	return out.Bytes()
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *rewrite {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "look at the difference and run with -rewrite")
}

func TestStyleHash(t *testing.T) {
	sum := sha256.Sum256([]byte(styleSheet))
	assert.Equal(t, "sha256-"+base64.StdEncoding.EncodeToString(sum[:]), styleHash)
	assert.NotContains(t, styleSheet, "</", "a style element ends at the first end tag")
	assert.NotContains(t, styleSheet, "url(", "nothing is fetched")
	assert.NotContains(t, styleSheet, "@import", "nothing is fetched")
}

// TestGolden writes the documents of our own as HTML (without the style sheet, which has a file of its own) and as text.
func TestGolden(t *testing.T) {
	paths, err := filepath.Glob("../testdata/n[13]*.xml")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, path := range append(paths, "testdata/markup.xml") {
		name := strings.TrimSuffix(filepath.Base(path), ".xml")
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			got := render(t, raw, Options{})
			assert.Empty(t, faults(got))
			golden(t, filepath.Join("testdata", name+".html"), bytes.Replace(got, []byte(styleSheet), nil, 1))
			golden(t, filepath.Join("testdata", name+".txt"), []byte(Text(parse(t, raw))))
		})
	}
}

func examples(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../../../shared/data/cda/examples/*.xml")
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skip("SKIPPED: the published examples of the CI-SIS are not in ../shared")
	}
	return paths
}

// TestExamples renders every published example: nothing forbidden in it, nothing that a second sanitiser would take out, nothing of the source lost.
func TestExamples(t *testing.T) {
	for _, path := range examples(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			got := render(t, raw, Options{})
			assert.Empty(t, faults(got))
			inner := body(t, got)
			assert.Equal(t, shapeOf(t, inner), shapeOf(t, secondFence.Sanitize(inner)), "bluemonday takes something out")
			nothingLost(t, parse(t, raw), got)
			assert.NotEmpty(t, Text(parse(t, raw)))
		})
	}
}

// nothingLost compares each section's title and narrative with what the page has of it, blanks aside.
func nothingLost(t *testing.T, doc *cda.Document, page []byte) {
	t.Helper()
	parsed, err := html.Parse(bytes.NewReader(page))
	require.NoError(t, err)
	var titles, texts []string
	eachElement(parsed, func(n *html.Node) {
		if n.Data == "section" && attribute(n, "class") == "niveau" {
			title, text := "", ""
			for c := n.FirstChild; c != nil; c = c.NextSibling {
				switch {
				case len(c.Data) == 2 && c.Data[0] == 'h':
					title = visible(c)
				case attribute(c, "class") == "narratif":
					text = visible(c)
				}
			}
			titles, texts = append(titles, title), append(texts, text)
		}
	})
	if doc.Body.Structured == nil {
		return
	}
	count := 0
	doc.Body.Structured.Walk(func(s *cda.Section) {
		count++
		if s.Title.Value != "" {
			assert.Contains(t, titles, squeeze(s.Title.Value))
		}
		if s.Narrative != nil && hasInk(cda.RawText(s.Narrative)) {
			assert.Contains(t, texts, squeeze(narrativeText(s.Narrative)), "narrative of %q", s.Title.Value)
		}
	})
	assert.Len(t, titles, count)
}

// narrativeText is the text of a narrative; a link without text counts with its address, which the page shows instead.
func narrativeText(el *etree.Element) string {
	var out strings.Builder
	for _, t := range el.Child {
		switch t := t.(type) {
		case *etree.CharData:
			out.WriteString(t.Data)
		case *etree.Element:
			if t.Tag == "linkHtml" && !hasInk(cda.RawText(t)) {
				out.WriteString(cda.Attr(t, "href"))
			}
			out.WriteString(narrativeText(t))
		}
	}
	return out.String()
}

func eachElement(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		eachElement(c, visit)
	}
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// visible is the text below an element without what this package adds to a narrative: figures and the numbers of notes.
func visible(n *html.Node) string {
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
		case n.Data == "figure":
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(n)
	return squeeze(out.String())
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), "") }

func TestPayloadURL(t *testing.T) {
	raw, err := os.ReadFile("../testdata/n1-pdf.xml")
	require.NoError(t, err)
	got := string(render(t, raw, Options{PayloadURL: "/fhir/Binary/12"}))
	assert.Contains(t, got, `data="/fhir/Binary/12"`)
	assert.Contains(t, got, `href="/fhir/Binary/12"`)
	assert.NotContains(t, got, "base64,")
	for _, bad := range []string{"javascript:alert(1)", "//evil.example/x", "http://evil.example/x", "Binary/12", "data:text/html,x"} {
		assert.Contains(t, string(render(t, raw, Options{PayloadURL: bad})), "base64,", bad)
	}
}

func TestLimits(t *testing.T) {
	raw, err := os.ReadFile("testdata/markup.xml")
	require.NoError(t, err)
	var out bytes.Buffer
	err = HTML(&out, parse(t, raw), Options{MaxBytes: 10_000})
	f := &fault.Fault{}
	require.True(t, errors.As(err, &f))
	assert.Equal(t, fault.TooCostly, f.Issues[0].Code)
	assert.LessOrEqual(t, out.Len(), 10_000)

	got := string(render(t, raw, Options{MaxMediaBytes: 20}))
	assert.Contains(t, got, "trop volumineuse")
}

// TestFailingWriter: the error of the writer is that of HTML.
func TestFailingWriter(t *testing.T) {
	raw, err := os.ReadFile("testdata/markup.xml")
	require.NoError(t, err)
	assert.ErrorIs(t, HTML(failing{}, parse(t, raw), Options{}), errFull)
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
