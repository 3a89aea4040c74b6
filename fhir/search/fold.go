package search

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold gives the text as string searches compare it (http://hl7.org/fhir/R4/search.html#string: insensitive to case, accents, punctuation and
// non-significant white space):
//
//   - lower case; accents and other combining marks dropped, after compatibility decomposition (so "ﬁ" is "fi");
//   - œ is oe, æ is ae, ß is ss, ø is o, ð and đ are d, ł is l, þ is th, ı is i;
//   - punctuation and white space are separators: each run of them is one space, none at the ends. So "Lévy-Dûrand", "LEVY DURAND" and
//     "levy-durand" are one text, and so are "D’Artagnan" and "d'artagnan". French civil status writes the same name with hyphen or space.
//
// A text without any letter, digit or symbol ("--") folds to itself, so that it can still be found, and a search for it does not find everything.
func Fold(text string) string {
	if foldedAlready(text) {
		return text
	}
	var buffer [64]byte
	f := folder{out: buffer[:0]}
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			f.ascii(c)
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		f.rune(r, text[i:i+size])
		i += size
	}
	if len(f.out) == 0 {
		return text
	}
	return string(f.out)
}

// foldedAlready recognises lower-case ASCII words with single spaces, which need no work.
func foldedAlready(text string) bool {
	space := true // at the start a space would be cut
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			space = false
		case c == ' ' && !space:
			space = true
		default:
			return false
		}
	}
	return !space || text == ""
}

// folder builds a folded text; gap says that a separator was met since the last character.
type folder struct {
	out []byte
	gap bool
}

func (f *folder) separate() {
	if f.gap && len(f.out) > 0 {
		f.out = append(f.out, ' ')
	}
	f.gap = false
}

func (f *folder) ascii(c byte) {
	switch {
	case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
	case c >= 'A' && c <= 'Z':
		c += 'a' - 'A'
	case strings.IndexByte("$+<=>^`|~", c) >= 0: // symbols carry meaning ("A+")
	default:
		f.gap = true
		return
	}
	f.separate()
	f.out = append(f.out, c)
}

func (f *folder) rune(r rune, text string) {
	if r < latinEnd {
		f.add(latinFold()[r-utf8.RuneSelf])
		return
	}
	f.add(foldRune(text))
}

// add takes the folding of one rune: separators stand for themselves as a space, dropped marks as nothing.
func (f *folder) add(folded string) {
	for i := 0; i < len(folded); i++ {
		if folded[i] == ' ' {
			f.gap = true
			continue
		}
		f.separate()
		f.out = append(f.out, folded[i])
	}
}

// latinEnd ends the blocks Latin-1 and Latin Extended-A, which have all letters of French and its neighbours.
const latinEnd = 0x180

// latinFold holds the foldings of the runes from 0x80 to latinEnd.
var latinFold = sync.OnceValue(func() *[latinEnd - utf8.RuneSelf]string {
	var table [latinEnd - utf8.RuneSelf]string
	for r := rune(utf8.RuneSelf); r < latinEnd; r++ {
		table[r-utf8.RuneSelf] = foldRune(string(r))
	}
	return &table
})

// foldRune folds one rune beyond ASCII; "" when it is dropped, " " when it separates.
func foldRune(text string) string {
	var out []byte
	for _, r := range norm.NFKD.String(text) {
		switch r = unicode.ToLower(r); {
		case unicode.Is(unicode.Mn, r):
		case specialFold(r) != "":
			out = append(out, specialFold(r)...)
		case unicode.IsSpace(r) || unicode.IsPunct(r) || unicode.IsControl(r):
			out = append(out, ' ')
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return string(out)
}

// specialFold folds the letters that Unicode does not decompose.
func specialFold(r rune) string {
	switch r {
	case 'œ':
		return "oe"
	case 'æ':
		return "ae"
	case 'ß':
		return "ss"
	case 'ø':
		return "o"
	case 'đ', 'ð':
		return "d"
	case 'ł':
		return "l"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	}
	return ""
}

// FoldCode gives a token's code as codes are compared: without case, accents kept.
//
// R4 (http://hl7.org/fhir/R4/search.html#token) makes a match case-sensitive "unless the underlying semantics for the context indicate" otherwise and adds: "When
// in doubt, servers SHOULD treat tokens in a case-insensitive manner, on the grounds that including undesired data has less safety implications than excluding
// desired". The server knows few code systems' case rules, so it is in doubt: codes compare without case, systems (URIs) exactly, and _id exactly, as R4 demands.
func FoldCode(code string) string { return strings.ToLower(code) }

// sameCode compares two codes as FoldCode does.
func sameCode(a, b string) bool {
	return a == b || len(a) > 0 && len(b) > 0 && FoldCode(a) == FoldCode(b)
}
