package smart

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of what a request may carry.
const (
	maxForm  = 32 << 10 // bytes of a query or a form
	maxPairs = 64       // parameters in it, unknown ones included
	// The longest values, in bytes. Tokens and assertions are long; nothing else is.
	maxValue = 1024
	maxLong  = 8 << 10
)

// fields says which parameters an endpoint knows, and how long each may be.
type fields map[string]int

// params are the parameters of a request that its endpoint knows. RFC 6749, section 3.1: what has no value was not sent, what is not known is ignored, nothing is sent twice.
type params struct {
	values map[string]string
	// faults say what is wrong with a parameter, by name; first is the name that was met first, "" when nothing is wrong.
	faults map[string]string
	first  string
}

func (p *params) get(name string) string { return p.values[name] }

func (p *params) blame(name, what string) {
	if p.first == "" {
		p.first = name
	}
	if p.faults[name] == "" {
		p.faults[name] = what
	}
}

// fault gives the sentence of the first fault, "" when there is none.
func (p *params) fault() string {
	if p.first == "" {
		return ""
	}
	if p.first == anyParameter {
		return "The parameters " + p.faults[p.first] + "."
	}
	return "The parameter " + p.first + " " + p.faults[p.first] + "."
}

// anyParameter stands for the whole where a fault is of no parameter that we know by name.
const anyParameter = "*"

// parseParams reads a query or a form.
func parseParams(raw string, known fields) *params { return parsePairs(raw, known, maxPairs) }

// parsePairs is parseParams with another bound of pairs.
func parsePairs(raw string, known fields, most int) *params {
	p := &params{values: map[string]string{}, faults: map[string]string{}}
	if len(raw) > maxForm {
		p.blame(anyParameter, "are too long")
		return p
	}
	seen := map[string]bool{}
	for n := 0; raw != ""; n++ {
		if n == most {
			p.blame(anyParameter, "are too many")
			return p
		}
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		p.add(pair, known, seen)
	}
	return p
}

func (p *params) add(pair string, known fields, seen map[string]bool) {
	if pair == "" {
		return
	}
	name, value, _ := strings.Cut(pair, "=")
	name, err := url.QueryUnescape(name)
	if err != nil {
		p.blame(anyParameter, "are not well-formed")
		return
	}
	limit, ok := known[name]
	if !ok {
		return
	}
	if seen[name] {
		p.blame(name, "is sent twice")
		delete(p.values, name)
		return
	}
	seen[name] = true
	value, err = url.QueryUnescape(value)
	switch {
	case err != nil:
		p.blame(name, "is not well-formed")
	case len(value) > limit:
		p.blame(name, "is too long")
	case !clean(value):
		p.blame(name, "has characters that it may not have")
	case value != "":
		p.values[name] = value
	}
}

// clean says whether a value is UTF-8 without control characters.
func clean(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// readForm reads the body of a POST. A query beside it is refused: what stands in a URL is logged, kept and sent on by others.
func readForm(w http.ResponseWriter, r *http.Request, known fields) (*params, *oauthError) {
	raw, fault := formOf(w, r)
	if fault != nil {
		return nil, fault
	}
	p := parseParams(raw, known)
	if s := p.fault(); s != "" {
		return nil, badRequest(s)
	}
	return p, nil
}

// formOf gives the bytes of a form.
func formOf(w http.ResponseWriter, r *http.Request) (string, *oauthError) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return "", badRequest("The body must be application/x-www-form-urlencoded.")
	}
	if r.URL.RawQuery != "" {
		return "", badRequest("The parameters belong into the body, not into the URL.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return "", badRequest("The body cannot be read, or is too long.")
	}
	return string(body), nil
}
