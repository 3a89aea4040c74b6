package scope

import (
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Parse reads a space-separated list of scopes. Unknown scopes are kept apart (Set.Unknown). A text that breaks the grammar of OAuth (RFC 6749, appendix A.4) or the bounds is a 400 fault.
func Parse(text string) (Set, error) {
	if len(text) > MaxLength {
		return Set{}, refuse(fault.TooLong, "The scope has more bytes than the server takes.")
	}
	var s Set
	for word := range strings.SplitSeq(text, " ") {
		if word == "" {
			continue
		}
		if len(s.resources)+len(s.others)+len(s.unknown) == MaxScopes {
			return Set{}, refuse(fault.TooLong, "The scope names more scopes than the server takes.")
		}
		if !isToken(word) {
			return Set{}, refuse(fault.Invalid, "A scope is made of printable ASCII characters without quotation mark and backslash; others are percent-encoded.")
		}
		s.add(word)
	}
	s.normalize()
	if len(s.String()) > MaxLength {
		return Set{}, refuse(fault.TooLong, "The scope has more bytes in its canonical form than the server takes.")
	}
	return s, nil
}

func refuse(code fault.Code, diagnostics string) *fault.Fault {
	return fault.New(http.StatusBadRequest, code, diagnostics)
}

func (s *Set) add(word string) {
	if slices.Contains(others, word) {
		s.others = append(s.others, word)
	} else if r, ok := parseResource(word); ok {
		s.resources = append(s.resources, r)
	} else {
		s.unknown = append(s.unknown, word)
	}
}

// others are the scopes that are not about resources, in canonical order.
var others = []string{Launch, LaunchPatient, LaunchEncounter, OpenID, FHIRUser, Profile, OfflineAccess, OnlineAccess}

// isToken is scope-token of RFC 6749, appendix A.4.
func isToken(word string) bool {
	for i := range len(word) {
		if c := word[i]; c < 0x21 || c > 0x7E || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// parseResource reads context/Type.letters?query. Letters out of order are no scope: SMART has them refused so that .read is never taken for .r and .d.
func parseResource(word string) (r Resource, ok bool) {
	head, query, asked := strings.Cut(word, "?")
	context, rest, ok := strings.Cut(head, "/")
	if !ok {
		return r, false
	}
	r.Context = Context(context)
	if r.Context != Patient && r.Context != User && r.Context != System {
		return r, false
	}
	typ, letters, ok := strings.Cut(rest, ".")
	if !ok || typ != Any && !isTypeName(typ) {
		return r, false
	}
	r.Type = typ
	if r.Letters, r.V1, ok = parseLetters(letters); !ok {
		return r, false
	}
	if !asked {
		return r, true
	}
	if r.V1 {
		return r, false // SMART 1.0 had no parameters
	}
	r.Params, ok = parseParams(query)
	r.parsed = &parsed{}
	return r, ok
}

func isTypeName(name string) bool {
	if name == "" || len(name) > 64 || name[0] < 'A' || name[0] > 'Z' {
		return false
	}
	for i := range len(name) {
		if c := name[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

func parseLetters(text string) (l Letters, v1, ok bool) {
	switch text {
	case "read":
		return Read | Search, true, true
	case "write":
		return Create | Update | Delete, true, true
	case "*":
		return allLetters, true, true
	case "":
		return 0, false, false
	}
	from := 0
	for i := range len(text) {
		at := strings.IndexByte("cruds"[from:], text[i])
		if at < 0 {
			return 0, false, false
		}
		l |= 1 << (from + at)
		from += at + 1
	}
	return l, false, true
}

// parseParams reads the search parameters. One without a value would be left out by a search, and widen the scope: it is refused, as are those that a search passes over.
func parseParams(query string) ([][2]string, bool) {
	params, err := search.SplitQuery(query)
	if err != nil || len(params) == 0 || len(params) > MaxParams {
		return nil, false
	}
	for _, p := range params {
		if p[0] == "" || p[1] == "" || p[0] == "_format" || p[0] == "_pretty" {
			return nil, false
		}
	}
	slices.SortFunc(params, compareParams)
	return slices.Compact(params), true
}

func compareParams(a, b [2]string) int {
	if c := strings.Compare(a[0], b[0]); c != 0 {
		return c
	}
	return strings.Compare(a[1], b[1])
}

// normalize puts the set into canonical order, each scope once; scopes that differ in their letters only become one.
func (s *Set) normalize() {
	slices.SortStableFunc(s.resources, compareResources)
	merged := s.resources[:0]
	for _, r := range s.resources {
		if n := len(merged); n > 0 && compareResources(merged[n-1], r) == 0 {
			merged[n-1].Letters |= r.Letters
			merged[n-1].V1 = merged[n-1].V1 && r.V1
			continue
		}
		merged = append(merged, r)
	}
	s.resources = merged
	slices.SortFunc(s.others, func(a, b string) int { return slices.Index(others, a) - slices.Index(others, b) })
	s.others = slices.Compact(s.others)
	slices.Sort(s.unknown)
	s.unknown = slices.Compact(s.unknown)
}

// compareResources orders by context, type and parameters.
func compareResources(a, b Resource) int {
	if a.Context != b.Context {
		return slices.Index(contexts, a.Context) - slices.Index(contexts, b.Context)
	}
	if c := strings.Compare(a.Type, b.Type); c != 0 {
		return c
	}
	return slices.CompareFunc(a.Params, b.Params, compareParams)
}

var contexts = []Context{Patient, User, System}
