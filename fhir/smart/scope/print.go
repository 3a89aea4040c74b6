package scope

import "strings"

// String gives the set in canonical form: scopes of resources first (patient, user, system; by type; v2 letters), then the others, then unknown ones.
func (s Set) String() string { return s.join(Resource.String) }

// Spelled is String with the scopes that a client wrote as SMART 1.0 in that spelling, for the answers to such clients.
func (s Set) Spelled() string { return s.join(Resource.spelled) }

func (s Set) join(print func(Resource) string) string {
	words := make([]string, 0, len(s.resources)+len(s.others)+len(s.unknown))
	for _, r := range s.resources {
		words = append(words, print(r))
	}
	words = append(words, s.others...)
	return strings.Join(append(words, s.unknown...), " ")
}

// String gives the scope in its v2 form.
func (r Resource) String() string { return r.print(r.Letters.String()) }

func (r Resource) spelled() string {
	if r.V1 && len(r.Params) == 0 {
		switch r.Letters {
		case Read | Search:
			return r.print("read")
		case Create | Update | Delete:
			return r.print("write")
		case allLetters:
			return r.print("*")
		}
	}
	return r.String()
}

func (r Resource) print(letters string) string {
	var b strings.Builder
	b.WriteString(string(r.Context) + "/" + r.Type + "." + letters)
	for i, p := range r.Params {
		if i == 0 {
			b.WriteByte('?')
		} else {
			b.WriteByte('&')
		}
		escape(&b, p[0], true)
		b.WriteByte('=')
		escape(&b, p[1], false)
	}
	return b.String()
}

// escape percent-encodes what would end the name, the value or the scope, and nothing else, so that a person can read the scope.
func escape(b *strings.Builder, text string, name bool) {
	const digits = "0123456789ABCDEF"
	for i := range len(text) {
		c := text[i]
		if c < 0x21 || c > 0x7E || c == '"' || c == '\\' || c == '%' || c == '&' || c == '+' || c == '=' && name {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
			continue
		}
		b.WriteByte(c)
	}
}
