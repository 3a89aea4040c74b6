package search

import (
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// link is what a reference or canonical points to: a resource of this server (typ and id), or any other by its URL.
type link struct {
	typ, id, url, version string
}

// linkReader reads references; base is the server's own FHIR base without a slash at its end ("" when unknown).
type linkReader struct {
	base string
	defs *spec.Definitions
}

// reference reads Reference.reference (http://hl7.org/fhir/R4/references.html#literal). Its own absolute URLs become relative, the version of the target is dropped (R4 searches current
// versions). A reference into the same resource ("#id") is no link.
func (r *linkReader) reference(text string) (link, bool) {
	if text == "" || text[0] == '#' {
		return link{}, false
	}
	rest := text
	if r.base != "" && len(text) > len(r.base) && text[len(r.base)] == '/' && text[:len(r.base)] == r.base {
		rest = text[len(r.base)+1:]
	}
	if typ, id, ok := r.relative(rest); ok {
		return link{typ: typ, id: id}, true
	}
	return link{url: withoutVersion(text)}, true
}

// relative reads Type/id and Type/id/_history/version.
func (r *linkReader) relative(text string) (typ, id string, ok bool) {
	typ, id, ok = strings.Cut(text, "/")
	if !ok {
		return "", "", false
	}
	if i := strings.IndexByte(id, '/'); i >= 0 {
		if !strings.HasPrefix(id[i:], "/_history/") {
			return "", "", false
		}
		id = id[:i]
	}
	return typ, id, element.IsID(id) && r.isResource(typ)
}

func (r *linkReader) isResource(name string) bool {
	t := r.defs.Types[name]
	return t != nil && t.Kind == spec.Resource && !t.Abstract
}

// withoutVersion drops "/_history/version" from the end of a URL.
func withoutVersion(url string) string {
	if i := strings.LastIndex(url, "/_history/"); i > 0 && element.IsID(url[i+len("/_history/"):]) {
		return url[:i]
	}
	return url
}

// canonical splits "url|version" (http://hl7.org/fhir/R4/references.html#canonical).
func canonical(text string) link {
	url, version, _ := strings.Cut(text, "|")
	return link{url: url, version: version}
}

// referredType tells the type of resource that a Reference points to as far as its own text tells, as resolve() would: by Reference.type, by the URL, or by the contained resource. "" when
// it does not tell.
func referredType(e *element.Element) string {
	if e.IsResource() {
		return e.Type.Name
	}
	text := e.ChildValue("reference")
	if strings.HasPrefix(text, "#") {
		return containedType(e, text[1:])
	}
	if typ := typeInURL(text); typ != "" {
		return typ
	}
	declared := e.ChildValue("type")
	return declared[strings.LastIndexByte(declared, '/')+1:]
}

// typeInURL gives the resource type in "[base/]Type/id[/_history/version]".
func typeInURL(text string) string {
	text = withoutVersion(text)
	slash := strings.LastIndexByte(text, '/')
	if slash <= 0 {
		return ""
	}
	typ := text[strings.LastIndexByte(text[:slash], '/')+1 : slash]
	if typ == "" || typ[0] < 'A' || typ[0] > 'Z' {
		return ""
	}
	return typ
}

func containedType(e *element.Element, id string) string {
	root := e.Root()
	if id == "" {
		return root.Type.Name
	}
	for c := root.First; c != nil; c = c.Next {
		if c.Name == "contained" && c.ChildValue("id") == id {
			return c.Type.Name
		}
	}
	return ""
}
