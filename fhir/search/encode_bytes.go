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
	textWhole = 0
	textCut   = 1
)

// appendTime appends an instant in microseconds, 8 bytes.
func appendTime(b []byte, t int64) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(t)^1<<63)
}

// readTime reads what appendTime wrote.
func readTime(b []byte) int64 { return int64(binary.BigEndian.Uint64(b) ^ 1<<63) }

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

// Bounds of an encoded decimal: absent ends sort before and after all numbers.
const (
	decimalLeast    = 0x00
	decimalNegative = 0x01
	decimalZero     = 0x02
	decimalPositive = 0x03
	decimalGreatest = 0x04
)

// maxDigits is where the digits of a number are cut. A decimal that FHIR content can hold has fewer (maxDecimalText); only a computed range of a SampledData could have more.
const maxDigits = 440

// appendDecimal appends a finite decimal so that byte order is numeric order, equal numbers (1.0 and 1.00) have equal bytes and no encoding is a prefix of
// another: a byte for the sign; for all but zero the exponent of the first digit (4 bytes); the digits in pairs, each pair's value plus one; a zero byte. All that follows the
// sign is complemented for a negative number.
func appendDecimal(b []byte, d *apd.Decimal) []byte {
	if d.Coeff.Sign() == 0 {
		return append(b, decimalZero)
	}
	var text [40]byte
	digits := d.Coeff.Append(text[:0], 10)
	if digits[0] == '-' {
		digits = digits[1:]
	}
	exponent := int64(d.Exponent) + int64(len(digits))
	if len(digits) > maxDigits {
		digits = digits[:maxDigits]
	}
	for len(digits) > 0 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	sign := byte(decimalPositive)
	if d.Negative {
		sign = decimalNegative
	}
	b = append(b, sign)
	start := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(exponent+1<<31))
	for i := 0; i < len(digits); i += 2 {
		pair := (digits[i] - '0') * 10
		if i+1 < len(digits) {
			pair += digits[i+1] - '0'
		}
		b = append(b, pair+1)
	}
	b = append(b, 0)
	if d.Negative {
		for i := start; i < len(b); i++ {
			b[i] = ^b[i]
		}
	}
	return b
}

// cutDecimal reads one encoded decimal from the start of b. A bound (decimalLeast, decimalGreatest) gives a decimal that is not Valid. ok is false for bytes that appendDecimal does not write.
func cutDecimal(b []byte) (d Decimal, rest []byte, ok bool) {
	if len(b) == 0 {
		return d, nil, false
	}
	switch b[0] {
	case decimalLeast, decimalGreatest:
		return d, b[1:], true
	case decimalZero:
		d.Valid = true
		return d, b[1:], true
	case decimalNegative, decimalPositive:
	default:
		return d, nil, false
	}
	var flip byte
	if d.Negative = b[0] == decimalNegative; d.Negative {
		flip = 0xFF
	}
	b = b[1:]
	if len(b) < 5 {
		return d, nil, false
	}
	exponent := int64(binary.BigEndian.Uint32(b))
	if d.Negative {
		exponent = int64(^uint32(exponent))
	}
	exponent -= 1 << 31
	b = b[4:]
	var buf [48]byte
	digits := buf[:0]
	for i := range b {
		pair := b[i] ^ flip
		if pair == 0 {
			return d, b[i+1:], d.setDigits(digits, exponent)
		}
		if pair--; pair > 99 {
			return d, nil, false
		}
		digits = append(digits, '0'+pair/10, '0'+pair%10)
	}
	return d, nil, false
}

// setDigits makes the decimal 0.digits times ten to the exponent, keeping its sign.
func (d *Decimal) setDigits(digits []byte, exponent int64) bool {
	d.Exponent = int32(exponent - int64(len(digits)))
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

// appendString appends a folded text, cut at maxText, and the byte that tells whether it is whole.
func appendString(b []byte, folded string) []byte {
	if len(folded) > maxText {
		return append(append(b, folded[:maxText]...), textCut)
	}
	return append(append(b, folded...), textWhole)
}

// appendPart appends a piece of a token, reference or URI. FHIR forbids the byte 00 in strings and it separates pieces here, so a piece loses it; an operand that has one
// never gets here (see hasNUL).
func appendPart(b []byte, s string) []byte { return appendCut(b, s, maxPart) }

func appendCut(b []byte, s string, limit int) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		s = strings.ReplaceAll(s, "\x00", "")
	}
	if len(s) <= limit {
		return append(b, s...)
	}
	sum := sha256.Sum256([]byte(s))
	b = append(b, s[:limit]...)
	b = append(b, 0xFF) // never in UTF-8: no whole piece looks like a cut one
	for _, c := range sum[:16] {
		b = append(b, 1+c>>4, 1+c&15) // no 00
	}
	return b
}

// appendToken appends a folded code, 00 and a system.
func appendToken(b []byte, system, code string) []byte {
	b = appendPart(b, FoldCode(code))
	b = append(b, 0)
	return appendPart(b, system)
}

func hasNUL(texts ...string) bool {
	for _, s := range texts {
		if strings.IndexByte(s, 0) >= 0 {
			return true
		}
	}
	return false
}

// appendEscaped appends bytes so that they keep their order among others and none is a prefix of another, once appendEnd follows: 00 becomes 00 FF.
func appendEscaped(b, piece []byte) []byte {
	for _, c := range piece {
		if b = append(b, c); c == 0 {
			b = append(b, 0xFF)
		}
	}
	return b
}

// appendEnd ends an escaped piece.
func appendEnd(b []byte) []byte { return append(b, 0, 1) }

// cutEscaped takes one escaped piece from the start of b, unescaped into buf.
func cutEscaped(buf, b []byte) (piece, rest []byte, ok bool) {
	piece = buf
	for i := 0; i < len(b); i++ {
		if b[i] != 0 {
			piece = append(piece, b[i])
			continue
		}
		if i++; i == len(b) {
			return nil, nil, false
		}
		switch b[i] {
		case 0xFF:
			piece = append(piece, 0)
		case 1:
			return piece, b[i+1:], true
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}

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
