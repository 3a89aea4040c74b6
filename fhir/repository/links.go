package repository

import (
	"net/url"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// link is a reference or request URL taken apart.
type link struct {
	typ, id string
	version string // of "Type/id/_history/version"
	query   string // raw, behind "?"
	rest    string // any further path: "_search", "$everything", "_history"
}

// local takes apart a URL relative to the server's base, or absolute and below it.
func (r *Repository) local(ref string) (link, bool) {
	if rest, ok := strings.CutPrefix(ref, r.base+"/"); ok && r.base != "" {
		ref = rest
	} else if strings.Contains(ref, ":") && strings.IndexByte(ref, ':') < strings.IndexAny(ref+"?", "?/") {
		return link{}, false
	}
	var l link
	path, query, _ := strings.Cut(ref, "?")
	l.query = query
	path = strings.TrimPrefix(path, "/")
	parts := strings.Split(path, "/")
	l.typ = parts[0]
	parts = parts[1:]
	if len(parts) > 0 && element.IsID(parts[0]) {
		l.id = parts[0]
		parts = parts[1:]
		if len(parts) == 2 && parts[0] == "_history" {
			l.version = parts[1]
			return l, true
		}
	}
	l.rest = strings.Join(parts, "/")
	return l, true
}

// resource says whether the link names a resource of a type that R4 has.
func (r *Repository) resource(ref string) (typ, id string, ok bool) {
	l, ok := r.local(ref)
	if !ok || !r.types[l.typ] || l.id == "" || l.rest != "" || l.query != "" {
		return "", "", false
	}
	return l.typ, l.id, true
}

// restfulURL takes "https://example.org/fhir/Patient/1" apart into the base with its slash and the relative rest (references.html#regex).
func (r *Repository) restfulURL(full string) (base, relative string, ok bool) {
	u, err := url.Parse(full)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" {
		return "", "", false
	}
	parts := strings.Split(full, "/")
	n := len(parts)
	if n < 5 || !r.types[parts[n-2]] || !element.IsID(parts[n-1]) {
		return "", "", false
	}
	relative = parts[n-2] + "/" + parts[n-1]
	return strings.TrimSuffix(full, relative), relative, true
}
