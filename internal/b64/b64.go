// Package b64 decodes standard base64 (RFC 4648 section 4) as encoding/base64's strict decoder does, many times as fast: documents come in it, many of them twice over, and are looked
// at again and again on their way. Processors with AVX2 take 32 letters at a time.
package b64

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// invalid marks in the tables what is no letter of the alphabet.
const invalid = 1 << 31

// letters gives the value of a byte, shifted to its place in a group of four.
var letters = func() (t [4][256]uint32) {
	for place := range t {
		for i := range t[place] {
			t[place][i] = invalid
		}
		for value, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
			t[place][c] = uint32(value) << (18 - 6*place)
		}
	}
	return t
}()

// A block is what is decoded at once.
const (
	blockLetters = 32
	blockBytes   = 24
)

// Letters gives a number of bytes at the beginning of a text that are letters of the alphabet, all of them but for the last few.
func Letters(src string) int {
	n := blockLetters * letterBlocks(src)
	for ; n+8 <= len(src); n += 8 {
		g := src[n : n+8]
		v := letters[0][g[0]] | letters[0][g[1]] | letters[0][g[2]] | letters[0][g[3]] | letters[0][g[4]] | letters[0][g[5]] | letters[0][g[6]] | letters[0][g[7]]
		if v&invalid != 0 {
			break
		}
	}
	return n
}

// stretch is how much of a text is looked at between letters.
const stretch = 512

// ValidUTF8 says what utf8.ValidString says, sooner when much of the text is base64.
func ValidUTF8(text string) bool {
	for len(text) > 0 {
		text = text[Letters(text):]
		end := len(text)
		if end > stretch {
			end = stretch
			for end > stretch-utf8.UTFMax && !utf8.RuneStart(text[end]) {
				end-- // no rune is cut
			}
		}
		if !utf8.ValidString(text[:end]) {
			return false
		}
		text = text[end:]
	}
	return true
}

// LettersOf is Letters of bytes.
func LettersOf(src []byte) int {
	return Letters(unsafe.String(unsafe.SliceData(src), len(src))) //nolint:gosec // it does not outlive the call
}

var strict = base64.StdEncoding.Strict()

// Decode gives the bytes of a text, in which ends of lines are passed over. The error is a base64.CorruptInputError: a byte outside the alphabet, missing or misplaced padding, bits behind
// the end that are not zero, anything after it.
func Decode(src string) ([]byte, error) { return AppendDecode(nil, src) }

// AppendDecode is Decode into memory that there is already.
func AppendDecode(dst []byte, src string) ([]byte, error) {
	n, at := len(dst), 0
	dst = slices.Grow(dst, base64.StdEncoding.DecodedLen(len(src))+8) // blocks and groups are stored with eight or two bytes more
	dst = dst[:cap(dst)]
	for {
		blocks := decodeBlocks(dst[n:], src[at:])
		n, at = n+blockBytes*blocks, at+blockLetters*blocks
		groups := pairs(dst[n:], src[at:])
		n, at = n+6*groups, at+8*groups
		value, used := group(src[at:])
		if used == 0 {
			break
		}
		dst[n], dst[n+1], dst[n+2] = byte(value>>16), byte(value>>8), byte(value)
		n, at = n+3, at+used
	}
	// The end, with its padding, and whatever is wrong.
	rest, err := strict.Decode(dst[n:], []byte(src[at:]))
	if corrupt, ok := err.(base64.CorruptInputError); ok { //nolint:errorlint // it is never wrapped
		err = corrupt + base64.CorruptInputError(at)
	}
	return dst[:n+rest], err
}

// pairs decodes groups of four, two at a time, as far as they are letters only. dst has room for two bytes more than come of them.
func pairs(dst []byte, src string) (n int) {
	for len(src) >= 8 && len(dst) >= 8 {
		a := letters[0][src[0]] | letters[1][src[1]] | letters[2][src[2]] | letters[3][src[3]]
		b := letters[0][src[4]] | letters[1][src[5]] | letters[2][src[6]] | letters[3][src[7]]
		if (a|b)&invalid != 0 {
			return n
		}
		binary.BigEndian.PutUint64(dst, uint64(a)<<40|uint64(b)<<16)
		src, dst = src[8:], dst[6:]
		n++
	}
	return n
}

// group reads one group of four letters with ends of lines between and behind them; used is 0 when it is none.
func group(src string) (value uint32, used int) {
	place := 0
	for ; used < len(src) && (place < 4 || src[used] == '\n' || src[used] == '\r'); used++ {
		c := src[used]
		if c == '\n' || c == '\r' {
			continue
		}
		v := letters[place][c]
		if v == invalid {
			return 0, 0
		}
		value |= v
		place++
	}
	if place < 4 {
		return 0, 0
	}
	return value, used
}
