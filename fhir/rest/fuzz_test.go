package rest

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// FuzzIfMatch: what is read as entity tags is one, and says the same when written again.
func FuzzIfMatch(f *testing.F) {
	for _, s := range []string{`W/"1"`, `"1"`, `W/"1", "2",W/"x"`, `*`, `1`, `W/1`, `""`, `W/"`, `"a`, `"é"`, `W/"1" W/"2"`, `,`, `"1",`, `w/"1"`, `W/"99999999999999999999"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, ok := parseETags(s)
		if !ok {
			return
		}
		if l.star {
			if strings.Trim(s, " \t") != "*" || !l.has(7) {
				t.Fatal("* is *")
			}
			return
		}
		if len(l.tags) == 0 || len(l.tags) > maxETags {
			t.Fatal(len(l.tags))
		}
		var quoted []string
		for _, tag := range l.tags {
			quoted = append(quoted, `W/"`+tag+`"`)
		}
		again, ok := parseETags(strings.Join(quoted, ", "))
		if !ok || strings.Join(again.tags, "\x00") != strings.Join(l.tags, "\x00") {
			t.Fatalf("%q is read as %q, then as %q", s, l.tags, again.tags)
		}
		if n := l.one(); n != noVersion && !l.has(n) {
			t.Fatalf("%q is the version %d and is not", s, n)
		}
	})
}

// FuzzPageToken: no text but a sealed one opens, and what is inside a sealed one is judged before it is used.
func FuzzPageToken(f *testing.F) {
	s, err := newTokenSealer(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		f.Fatal(err)
	}
	good := s.seal(&pageToken{t: 1, total: 2, resume: []byte("r"), query: "a=b"}, "search Patient")
	f.Add(good, []byte("plain"))
	f.Add("", []byte{1, 2, 3})
	f.Add("AAAA", []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, text string, plain []byte) {
		if p, err := s.open(text, "search Patient"); err == nil {
			// The fuzzer does not know the key: only what was sealed above (by this or another of its processes) can open.
			if p.t != 1 || p.total != 2 || string(p.resume) != "r" || p.query != "a=b" {
				t.Fatalf("%q opens", text)
			}
		}
		// Whoever had the key could seal anything; the reader must stand that too.
		sealed := base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte("search Patient")))
		p, err := s.open(sealed, "search Patient")
		if err != nil {
			return
		}
		again, err := s.open(s.seal(p, "history Patient"), "history Patient")
		if err != nil || again.t != p.t || again.total != p.total || string(again.resume) != string(p.resume) || again.query != p.query {
			t.Fatalf("%v is not %v", again, p)
		}
	})
}
