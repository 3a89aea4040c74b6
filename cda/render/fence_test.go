package render

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/microcosm-cc/bluemonday"
	"golang.org/x/net/html"
)

// allowed are the elements that a page may have and the attributes of each, beside id and class.
var allowed = map[string][]string{
	"html": {"lang"}, "head": nil, "meta": {"charset", "http-equiv", "content", "name"}, "title": nil, "style": nil, "body": nil,
	"a":      {"href", "rel", "target", "download", "aria-label"},
	"header": nil, "footer": nil, "main": nil, "nav": {"aria-labelledby"}, "section": {"aria-labelledby"},
	"h1": nil, "h2": nil, "h3": nil, "h4": nil, "h5": nil, "h6": {"aria-level"}, "p": nil, "span": nil, "br": nil,
	"div": {"role", "tabindex", "aria-labelledby", "aria-label"}, "dl": nil, "dt": nil, "dd": nil, "details": nil, "summary": nil,
	"ul": nil, "ol": {"type"}, "li": nil, "strong": nil, "em": nil, "sup": nil, "sub": nil, "ins": nil, "del": nil,
	"table": nil, "caption": nil, "thead": nil, "tbody": nil, "tfoot": nil, "tr": nil, "th": {"scope", "colspan", "rowspan"}, "td": {"colspan", "rowspan"},
	"figure": nil, "figcaption": nil, "img": {"src", "alt"}, "object": {"type", "data", "aria-label"}, "pre": nil,
}

// faults lists what a page must not have. It is the oracle of all tests of HTML.
func faults(page []byte) []string {
	doc, err := html.Parse(bytes.NewReader(page))
	if err != nil {
		return []string{err.Error()}
	}
	c := &fence{ids: map[string]int{}}
	c.walk(doc)
	for id, n := range c.ids {
		if n > 1 {
			c.say("id " + id + " is there twice")
		}
	}
	for _, id := range c.refs {
		if c.ids[id] == 0 {
			c.say("nothing has the id " + id)
		}
	}
	if c.headings == nil || c.headings[0] != 1 || slices.Contains(c.headings[1:], 1) {
		c.say("there must be one h1, first")
	}
	for i := 1; i < len(c.headings); i++ {
		if c.headings[i] > c.headings[i-1]+1 {
			c.say("a heading skips a level")
		}
	}
	return c.found
}

type fence struct {
	found    []string
	ids      map[string]int
	refs     []string
	headings []int
}

func (c *fence) say(s string) { c.found = append(c.found, s) }

func (c *fence) walk(n *html.Node) {
	switch n.Type {
	case html.CommentNode:
		c.say("a comment")
	case html.ElementNode:
		c.element(n)
	}
	for k := n.FirstChild; k != nil; k = k.NextSibling {
		c.walk(k)
	}
}

func (c *fence) element(n *html.Node) {
	names, known := allowed[n.Data]
	if !known || n.Namespace != "" {
		c.say("element " + n.Namespace + " " + n.Data)
		return
	}
	if len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
		c.headings = append(c.headings, int(n.Data[1]-'0'))
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "id":
			c.ids[a.Val]++
		case a.Key == "class" || a.Key == "lang":
		case !slices.Contains(names, a.Key):
			c.say("attribute " + a.Key + " of " + n.Data)
		case a.Key == "aria-labelledby":
			c.refs = append(c.refs, a.Val)
		case a.Key == "href" || a.Key == "src" || a.Key == "data":
			c.address(n, a.Val)
		case a.Key == "colspan" || a.Key == "rowspan":
			if v, err := strconv.Atoi(a.Val); err != nil || v < 2 || v > 1000 {
				c.say("span " + a.Val)
			}
		}
	}
	if n.Data == "style" && (n.FirstChild == nil || n.FirstChild.Data != styleSheet) {
		c.say("another style sheet")
	}
}

// address checks an address: a place on the page, data: of a type that shows or only downloads, the web, mail, telephone.
func (c *fence) address(n *html.Node, raw string) {
	if id, ok := strings.CutPrefix(raw, "#"); ok && n.Data == "a" {
		c.refs = append(c.refs, id)
		return
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		c.say("address that cannot be parsed")
	case u.Scheme == "data":
		c.data(n, raw)
	case n.Data != "a" && !(n.Data == "object" && strings.HasPrefix(raw, "/")):
		c.say("remote fetch by " + n.Data)
	case !slices.Contains([]string{"http", "https", "mailto", "tel", ""}, u.Scheme) || u.Scheme == "" && !strings.HasPrefix(raw, "/"):
		c.say("scheme " + u.Scheme)
	}
}

func (c *fence) data(n *html.Node, raw string) {
	kind, content, ok := strings.Cut(strings.TrimPrefix(raw, "data:"), ";base64,")
	if _, err := base64.StdEncoding.DecodeString(content); !ok || err != nil {
		c.say("data: without base64")
	}
	download := slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "download" })
	types := map[string][]string{"img": {"image/png", "image/jpeg", "image/gif", "image/webp"}, "object": {"application/pdf"}}[n.Data]
	if n.Data == "a" && download {
		types = []string{"application/pdf", "application/octet-stream", "text/plain", "text/rtf", "application/rtf", "image/tiff"}
	}
	if !slices.Contains(types, kind) {
		c.say("data: of the type " + kind + " in " + n.Data)
	}
}

// secondFence is bluemonday with the same rules: whatever it takes out of a page, this package should not have put in.
var secondFence = newSecondFence()

func newSecondFence() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	for name, attributes := range allowed {
		switch name {
		case "html", "head", "meta", "title", "style", "body":
			continue
		}
		p.AllowElements(name)
		p.AllowNoAttrs().OnElements(name)
		p.AllowAttrs(append(slices.Clone(attributes), "id", "class", "lang")...).OnElements(name)
	}
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AllowURLSchemeWithCustomPolicy("data", func(u *url.URL) bool {
		kind, _, ok := strings.Cut(u.Opaque, ";base64,")
		return ok && slices.Contains([]string{
			"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/octet-stream", "text/plain", "text/rtf", "image/tiff",
		}, kind)
	})
	return p
}

// body gives the markup between the tags of body.
func body(t *testing.T, page []byte) string {
	t.Helper()
	_, rest, ok := strings.Cut(string(page), "<body>")
	inner, _, closed := strings.Cut(rest, "</body>")
	if !ok || !closed {
		t.Fatal("the page has no body")
	}
	return inner
}

// shape writes the elements, attributes and text of markup in one normal form.
func shapeOf(t *testing.T, markup string) string {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(markup))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			out.WriteString(n.Data)
		case html.ElementNode:
			out.WriteString("<" + n.Data)
			slices.SortFunc(n.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
			for _, a := range n.Attr {
				out.WriteString(" " + a.Key + "=" + strconv.Quote(a.Val))
			}
			out.WriteString(">")
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(doc)
	return out.String()
}
