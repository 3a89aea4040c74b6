package search

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/big"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Index values are bytes whose order is the order of what they stand for. This file holds the pieces that they are made of; the other encode files say which
// pieces make the value of each parameter type.

// maxText is where a string's folded text is cut, in bytes. A search for more than that many bytes is verified on the content.
const maxText = 100

// maxPart is the longest piece of a token, reference or URI that stands in a row as it is. A longer one is cut and ended by a digest of the whole, so that
// equality stays exact and rows stay below store.MaxValue.
const maxPart = 240

// maxUnit is maxPart for the pieces of a quantity's unit, which follow two numbers.
const maxUnit = 100

// The last byte of an encoded string tells whether the text is whole.
const (
	textWhole = 1
	textCut   = 2
)

// appendTime appends an instant in microseconds: eight digits to the base 255, each plus one. Instants beyond the open ends count as the ends.
func appendTime(b []byte, t int64) []byte {
	u := uint64(min(max(t, MinTime), MaxTime+1) - MinTime)
	var digits [timeLength]byte
	for i := timeLength - 1; i >= 0; i-- {
		digits[i] = byte(u%255) + 1
		u /= 255
	}
	return append(b, digits[:]...)
}

// timeLength is the length of an encoded instant.
const timeLength = 8

// readTime reads what appendTime wrote.
func readTime(b []byte) int64 {
	u := uint64(0)
	for _, c := range b[:timeLength] {
		u = u*255 + uint64(c-1)
	}
	return int64(u) + MinTime
}

// appendFloat appends a finite float64, 8 bytes.
func appendFloat(b []byte, f float64) []byte {
	if f == 0 {
		f = 0 // -0 is 0
	}
	u := math.Float64bits(f)
	if u>>63 == 1 {
		u = ^u
	} else {
		u |= 1 << 63
	}
	return binary.BigEndian.AppendUint64(b, u)
}

// readFloat reads what appendFloat wrote.
func readFloat(b []byte) float64 {
	u := binary.BigEndian.Uint64(b)
	if u>>63 == 1 {
		u &^= 1 << 63
	} else {
		u = ^u
	}
	return math.Float64frombits(u)
}

// The first byte of an encoded decimal: absent ends sort before and after all numbers.
const (
	decimalLeast = iota + 1
	decimalNegative
	decimalZero
	decimalPositive
	decimalGreatest
)

// maxDigits is where the digits of a number are cut. A decimal that FHIR content can hold has fewer (maxDecimalText); only a computed range of a SampledData could have more.
const maxDigits = 440

// The exponent of the first digit stands as two digits to the base 255, each plus one.
const (
	exponentBias = 255 * 255 / 2
	maxExponent  = 255*255 - 1
)

// appendDecimal appends a finite decimal so that byte order is numeric order, equal numbers (1.0 and 1.00) have equal bytes and no encoding is a prefix of
// another: a byte for the sign; for all but zero two bytes for the exponent of the first digit; the digits in pairs, each pair's value plus two; a byte 01. All that follows the
// sign of a negative number is subtracted from 256. There is no byte 00.
func appendDecimal(b []byte, d *apd.Decimal) []byte {
	if d.Coeff.Sign() == 0 {
		return append(b, decimalZero)
	}
	var text [40]byte
	digits := d.Coeff.Append(text[:0], 10)
	exponent := int(d.Exponent) + len(digits) + exponentBias
	if len(digits) > maxDigits {
		digits = digits[:maxDigits]
	}
	for digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	sign := byte(decimalPositive)
	if d.Negative {
		sign = decimalNegative
	}
	exponent = min(max(exponent, 0), maxExponent)
	b = append(b, sign, byte(exponent/255)+1, byte(exponent%255)+1)
	start := len(b) - 2
	for i := 0; i < len(digits); i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		b = append(b, pair+2)
	}
	b = append(b, 1)
	if d.Negative {
		for i := start; i < len(b); i++ {
			b[i] = -b[i]
		}
	}
	return b
}

// skipDecimal gives what follows one encoded decimal.
func skipDecimal(b []byte) (rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, false
	}
	end := byte(1)
	switch b[0] {
	case decimalLeast, decimalZero, decimalGreatest:
		return b[1:], true
	case decimalNegative:
		end = 0xFF
	case decimalPositive:
	default:
		return nil, false
	}
	for i := 3; i < len(b); i++ {
		if b[i] == end {
			return b[i+1:], true
		}
	}
	return nil, false
}

// cutDecimal reads one encoded decimal from the start of b. A bound (decimalLeast, decimalGreatest) gives a decimal that is not Valid. ok is false for bytes that appendDecimal does not write.
func cutDecimal(b []byte) (d Decimal, rest []byte, ok bool) {
	rest, ok = skipDecimal(b)
	if !ok {
		return d, nil, false
	}
	number := b[1 : len(b)-len(rest)]
	if len(number) == 0 {
		d.Valid = b[0] == decimalZero
		return d, rest, true
	}
	d.Negative = b[0] == decimalNegative
	sign := byte(1)
	if d.Negative {
		sign = 0xFF // minus one: multiplying is subtracting from 256
	}
	exponent := int(sign*number[0]-1)*255 + int(sign*number[1]-1) - exponentBias
	var buffer [48]byte
	digits := buffer[:0]
	for _, c := range number[2 : len(number)-1] {
		pair := sign*c - 2
		if pair > 99 {
			return d, nil, false
		}
		digits = append(digits, '0'+pair/10, '0'+pair%10)
	}
	return d, rest, d.setDigits(digits, exponent)
}

// setDigits makes the decimal 0.digits times ten to the exponent, keeping its sign.
func (d *Decimal) setDigits(digits []byte, exponent int) bool {
	d.Exponent = int32(exponent - len(digits))
	if len(digits) <= 18 {
		var n int64
		for _, c := range digits {
			n = n*10 + int64(c-'0')
		}
		d.Coeff.SetInt64(n)
		d.Valid = true
		return true
	}
	n, ok := new(big.Int).SetString(string(digits), 10)
	if ok {
		d.Coeff.SetMathBigInt(n)
	}
	d.Valid = ok
	return ok
}

// appendBound appends a decimal, or the bound that stands for its absence.
func appendBound(b []byte, d *Decimal, absent byte) []byte {
	if !d.Valid {
		return append(b, absent)
	}
	return appendDecimal(b, &d.Decimal)
}

// separator stands between the pieces of a value. It is below all that FHIR allows in strings, so that the values that begin with a piece come before longer pieces; and unlike 00 it costs the store no escape.
const separator = 1

// appendString appends a folded text, cut at maxText, and the byte that tells whether it is whole.
func appendString(b []byte, folded string) []byte {
	folded = clean(folded)
	if len(folded) > maxText {
		return append(append(b, folded[:maxText]...), textCut)
	}
	return append(append(b, folded...), textWhole)
}

// clean drops the bytes 00 and 01, which FHIR forbids in strings and which have a meaning here.
func clean(s string) string {
	for i := range len(s) {
		if s[i] <= separator {
			return strings.NewReplacer("\x00", "", "\x01", "").Replace(s)
		}
	}
	return s
}

// unclean says whether an operand has a byte that no value has: it matches nothing.
func unclean(texts ...string) bool {
	for _, s := range texts {
		if len(clean(s)) != len(s) {
			return true
		}
	}
	return false
}

// appendPart appends a piece of a token, reference or URI.
func appendPart(b []byte, s string) []byte { return appendCut(b, s, maxPart) }

func appendCut(b []byte, s string, limit int) []byte {
	s = clean(s)
	if len(s) <= limit {
		return append(b, s...)
	}
	sum := sha256.Sum256([]byte(s))
	b = append(b, s[:limit]...)
	b = append(b, 0xFF) // never in UTF-8: no whole piece looks like a cut one
	for _, c := range sum[:16] {
		b = append(b, 2+c>>4, 2+c&15) // neither 00 nor 01
	}
	return b
}

// appendToken appends a folded code, the separator and a system.
func appendToken(b []byte, system, code string) []byte {
	b = appendPart(b, FoldCode(code))
	b = append(b, separator)
	return appendPart(b, system)
}

// partEnd ends the parts of a composite but the last. It occurs nowhere else, so that parts keep their order and none is a prefix of another.
const partEnd = 0

// after gives the least bytes that are greater than everything that begins with the prefix; nil when there are none.
func after(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xFF {
			hi := make([]byte, i+1)
			copy(hi, prefix)
			hi[i]++
			return hi
		}
	}
	return nil
}

// next gives the least bytes that are greater than the value.
func next(value []byte) []byte {
	hi := make([]byte, len(value)+1)
	copy(hi, value)
	return hi
}
