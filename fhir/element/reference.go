package element

import (
	"iter"
	"strings"
)

// Descendants iterates over e and everything below it, parents first, in order. The element yielded may be edited but not moved.
func Descendants(e *Element) iter.Seq[*Element] {
	return func(yield func(*Element) bool) { descend(e, yield) }
}

func descend(e *Element, yield func(*Element) bool) bool {
	if !yield(e) {
		return false
	}
	for c := e.First; c != nil; c = c.Next {
		if !descend(c, yield) {
			return false
		}
	}
	return true
}

// References iterates over every Reference.reference with a value, those of contained resources and of entries' resources included.
// What it yields is the primitive; its Parent is the Reference.
func References(root *Element) iter.Seq[*Element] {
	return func(yield func(*Element) bool) {
		descend(root, func(e *Element) bool {
			return e.Name != "reference" || !e.HasValue || e.Parent == nil || e.Parent.Type.Name != "Reference" || yield(e)
		})
	}
}

// Contained iterates over the resources contained in a resource, with their ids.
func Contained(resource *Element) iter.Seq2[string, *Element] {
	return func(yield func(string, *Element) bool) {
		for c := range resource.Children("contained") {
			if !yield(c.ChildValue("id"), c) {
				return
			}
		}
	}
}

// RewriteReferences replaces links as a transaction does (http://hl7.org/fhir/R4/http.html#trules): in Reference.reference, in elements of
// type uri, url, oid and uuid, and in href and src of the narrative. Elements of type canonical are not replaced, the standard says.
// replace gets a link without its fragment and gives the new one, or false to leave it. The number of replacements is returned.
func RewriteReferences(root *Element, replace func(link string) (string, bool)) int {
	n := 0
	for e := range Descendants(root) {
		if !e.HasValue {
			continue
		}
		switch e.Type.Name {
		case "xhtml":
			var m int
			e.Value, m = rewriteMarkup(e.Value, replace)
			n += m
		case "string":
			if e.Name == "reference" && e.Parent != nil && e.Parent.Type.Name == "Reference" {
				n += rewriteLink(e, replace)
			}
		case "uri", "url", "oid", "uuid":
			if e.Def == nil || !e.Def.XMLAttribute {
				n += rewriteLink(e, replace)
			}
		}
	}
	return n
}

// RewriteReferences is the function of the same name on the resource's tree, and notes the change.
func (r *Resource) RewriteReferences(replace func(link string) (string, bool)) int {
	n := RewriteReferences(r.Root, replace)
	if n > 0 {
		r.Changed()
	}
	return n
}

func rewriteLink(e *Element, replace func(string) (string, bool)) int {
	link, fragment := splitFragment(e.Value)
	to, ok := replace(link)
	if !ok {
		return 0
	}
	e.Value = to + fragment
	return 1
}

func splitFragment(link string) (before, fragment string) {
	if i := strings.IndexByte(link, '#'); i > 0 {
		return link[:i], link[i:]
	}
	return link, ""
}

// rewriteMarkup replaces the values of href and src in a narrative; everything else stays byte for byte.
func rewriteMarkup(markup string, replace func(string) (string, bool)) (string, int) {
	x := xmlScanner{src: markup, maxDepth: maxNarrativeDepth * 4}
	var out strings.Builder
	done, n := 0, 0
	for x.next() && x.kind != xmlEOF {
		if x.kind != xmlStart {
			continue
		}
		for _, a := range x.attrs {
			if a.local != "href" && a.local != "src" {
				continue
			}
			link, fragment := splitFragment(unescapeXML(a.value, true))
			to, ok := replace(link)
			if !ok {
				continue
			}
			from := a.offset + len(a.raw)
			from += strings.IndexAny(markup[from:], `"'`) + 1
			out.WriteString(markup[done:from])
			escaped := string(appendAttribute(nil, to+fragment))
			out.WriteString(strings.ReplaceAll(escaped, "'", "&#39;"))
			done = from + len(a.value)
			n++
		}
	}
	if n == 0 {
		return markup, 0
	}
	out.WriteString(markup[done:])
	return out.String(), n
}
