package b64_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/internal/b64"
)

// same holds Decode against the standard library.
func same(t require.TestingT, text string) {
	want, wantErr := base64.StdEncoding.Strict().DecodeString(text)
	got, err := b64.Decode(text)
	require.Equal(t, wantErr, err, "%q", text)
	require.Equal(t, string(want), string(got), "%q", text)
}

func TestDecodeAsTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "bytes")))
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			what := rapid.SampledFrom([]string{"\n", "\r\n", "=", "==", " ", "*", "A", "é", ""}).Draw(t, "what")
			cut := rapid.IntRange(at, min(at+2, len(text))).Draw(t, "cut")
			text = []byte(string(text[:at]) + what + string(text[cut:]))
		}
		same(t, string(text))
	})
}

func TestDecodeEnds(t *testing.T) {
	for _, text := range []string{"", "=", "A", "AA", "AA=", "AA==", "AB==", "AAA=", "AAAA", "AAAAA", "AAAA=", "AAAA====", "AA==AAAA", "AA==\n", "AA=\n=", "\n", "AAAA\r\n\r\nAAAA\n", "AAAAAAAA", "AAAAAAAAAAAA"} {
		same(t, text)
	}
	lines := strings.Repeat(strings.Repeat("QUJD", 19)+"\r\n", 40)
	same(t, lines)
}

// A long text with any one byte changed, at every place within a block.
func TestDecodeBlocks(t *testing.T) {
	content := make([]byte, 200)
	for i := range content {
		content[i] = byte(i * 37)
	}
	text := base64.StdEncoding.EncodeToString(content)
	same(t, text)
	for at := 28; at < 100; at++ {
		for c := range 256 {
			changed := text[:at] + string([]byte{byte(c)}) + text[at+1:]
			same(t, changed)
			letter := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", byte(c)) >= 0
			n := b64.Letters(changed)
			if letter {
				require.Equal(t, (len(text)-1)/8*8, n, "the padding ends it")
			} else {
				require.Equal(t, at/8*8, n, "%q at %d", c, at)
			}
		}
	}
	for n := range 80 {
		prefix := []byte("kept")
		got, err := b64.AppendDecode(prefix, base64.StdEncoding.EncodeToString(content[:n]))
		require.NoError(t, err)
		require.Equal(t, "kept"+string(content[:n]), string(got))
		require.LessOrEqual(t, b64.Letters(text[:n]), n)
	}
}

// Runes of every width, whole and cut, at every place around the end of a stretch.
func TestValidUTF8(t *testing.T) {
	valid := func(text string) {
		require.Equal(t, utf8.ValidString(text), b64.ValidUTF8(text), "%q", text)
	}
	for _, piece := range []string{"", "é", "€", "𝄞", "\xc3", "\xe2\x82", "\xf0\x9d\x84", "\x80\x80\x80\x80\x80", "\xff", "\xed\xa0\x80", "\x00"} {
		for n := 500; n < 520; n++ {
			for _, filler := range []string{" ", "A"} {
				text := strings.Repeat(filler, n) + piece
				valid(text)
				valid(text + strings.Repeat(" ", 700))
				valid(text + strings.Repeat("QUJD", 200) + piece)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"é", "€", "𝄞", "\xc3", "\x80", "\xf0\x9d", "{", strings.Repeat("QUJD", 30), strings.Repeat(" ", 130)}), 0, 30).Draw(t, "pieces"), "")
		require.Equal(t, utf8.ValidString(text), b64.ValidUTF8(text), "%q", text)
	})
}

func TestDecodeWithoutBlocks(t *testing.T) {
	b64.WithoutBlocks(func() {
		TestDecodeBlocks(t)
		TestDecodeEnds(t)
		TestDecodeAsTheStandardLibrary(t)
	})
}

// FuzzDecode holds both ways of the package against the standard library: a text as it is, and behind and before letters that fill blocks.
func FuzzDecode(f *testing.F) {
	f.Add("QUJDREVG\nR0g=", uint8(0))
	f.Add("QUJD QUJD", uint8(31))
	f.Add("*", uint8(63))
	f.Fuzz(func(t *testing.T, text string, before uint8) {
		letters := strings.Repeat("QUJD", 64)
		for _, text := range []string{text, letters[:before] + text, letters[:before] + text + letters[:255-before]} {
			same(t, text)
			n := b64.Letters(text)
			require.Equal(t, utf8.ValidString(text), b64.ValidUTF8(text))
			b64.WithoutBlocks(func() {
				same(t, text)
				require.Equal(t, b64.Letters(text), n)
			})
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	text := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("a document ", 10_000)))
	room := make([]byte, 0, len(text))
	ways := map[string]func(){
		"decode":   func() { _, _ = b64.AppendDecode(room, text) },
		"letters":  func() { _ = b64.Letters(text) },
		"standard": func() { _, _ = base64.StdEncoding.Strict().Decode(room[:cap(room)], []byte(text)) },
	}
	for name, do := range ways {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				do()
			}
		})
		b.Run(name+" without blocks", func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b64.WithoutBlocks(func() {
				for b.Loop() {
					do()
				}
			})
		})
	}
}
