package path

import (
	"math/big"
	"strings"
)

// unit is a UCUM unit in terms of base units (https://ucum.org/ucum): a factor and the powers of m, s, g, rad, K, C, cd and
// mol. UCUM counts the mole as a number; keeping it apart refuses to compare mmol with a count.
type unit struct {
	factor *big.Rat
	dims   dims
	// special names an arbitrary unit ([iU]) that is part of it: it compares only with units that have the same.
	special string
	// offset is what to add before multiplying, of a temperature scale alone (Cel, [degF]); nil for none.
	offset *big.Rat
}

type dims [8]int8

const (
	meter = iota
	second
	gram
	radian
	kelvin
	coulomb
	candela
	mole
)

// base gives a value in base units.
func (u unit) base(v Decimal) (*big.Rat, bool) {
	r, ok := new(big.Rat).SetString(v.Text('f'))
	if !ok {
		return nil, false
	}
	if u.offset != nil {
		r.Add(r, u.offset)
	}
	return r.Mul(r, u.factor), true
}

// from gives a value of base units in this unit, to 28 digits.
func (u unit) from(base *big.Rat) (Decimal, bool) {
	r := new(big.Rat).Quo(base, u.factor)
	if u.offset != nil {
		r.Sub(r, u.offset)
	}
	num, ok1 := parseBig(r.Num())
	den, ok2 := parseBig(r.Denom())
	if !ok1 || !ok2 {
		return Decimal{}, false
	}
	return divide(num, den)
}

// step is what one unit of the value's last significant digit amounts to.
func (u unit) step(v Decimal) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(v.normalScale())), nil)
	return new(big.Rat).Quo(u.factor, new(big.Rat).SetInt(ten))
}

// maxUnit bounds the length of a unit that is looked into.
const maxUnit = 64

// parseUnit reads a UCUM code; false when it is not one that the package knows.
func parseUnit(code string) (unit, bool) {
	if code == "" || len(code) > maxUnit {
		return unit{}, false
	}
	p := unitParser{s: code}
	u, ok := p.term(0)
	return u, ok && p.s == ""
}

type unitParser struct{ s string }

// term reads components joined by "." and "/".
func (p *unitParser) term(depth int) (unit, bool) {
	if depth > 8 {
		return unit{}, false
	}
	total := unit{factor: big.NewRat(1, 1)}
	invert := false
	if strings.HasPrefix(p.s, "/") {
		invert, p.s = true, p.s[1:]
	}
	for first := true; ; first = false {
		u, ok := p.component(depth)
		if !ok || !total.multiply(u, invert, first) {
			return unit{}, false
		}
		if p.s == "" || p.s[0] != '.' && p.s[0] != '/' {
			return total, true
		}
		invert, p.s = p.s[0] == '/', p.s[1:]
	}
}

// multiply takes one more component into a product; of arbitrary units it may hold one.
func (u *unit) multiply(v unit, invert, first bool) bool {
	switch {
	case v.special == "":
	case u.special != "":
		return false
	case invert:
		u.special = "/" + v.special
	default:
		u.special = v.special
	}
	u.offset = nil
	if first && !invert {
		u.offset = v.offset
	}
	sign := int8(1)
	if invert {
		sign = -1
		u.factor = new(big.Rat).Quo(u.factor, v.factor)
	} else {
		u.factor = new(big.Rat).Mul(u.factor, v.factor)
	}
	for i := range u.dims {
		d := int(u.dims[i]) + int(sign*v.dims[i])
		if d > 60 || d < -60 {
			return false
		}
		u.dims[i] = int8(d)
	}
	return u.factor.Num().BitLen() < 8192 && u.factor.Denom().BitLen() < 8192
}

// component reads a group, an integer, or a symbol with an exponent, each with an optional annotation.
func (p *unitParser) component(depth int) (unit, bool) {
	if strings.HasPrefix(p.s, "(") {
		p.s = p.s[1:]
		u, ok := p.term(depth + 1)
		if !ok || !strings.HasPrefix(p.s, ")") {
			return unit{}, false
		}
		p.s = p.s[1:]
		return u, true
	}
	if strings.HasPrefix(p.s, "{") {
		return unit{factor: big.NewRat(1, 1)}, p.annotation()
	}
	if n := leadingDigits(p.s); n > 0 {
		return p.integer(n)
	}
	n := symbolEnd(p.s)
	u, ok := symbol(p.s[:n])
	if !ok {
		return unit{}, false
	}
	p.s = p.s[n:]
	u, ok = p.exponent(u)
	return u, ok && p.annotation()
}

// integer reads a factor: "365", or a power of ten ("10*6", "10^-3").
func (p *unitParser) integer(n int) (unit, bool) {
	text := p.s[:n]
	p.s = p.s[n:]
	if text == "10" && p.s != "" && (p.s[0] == '*' || p.s[0] == '^') {
		p.s = p.s[1:]
		u, ok := p.exponent(unit{factor: big.NewRat(10, 1)})
		return u, ok && p.annotation()
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || r.Sign() == 0 || n > 20 {
		return unit{}, false
	}
	return unit{factor: r}, p.annotation()
}

// exponent raises a symbol's unit to the power that follows, if any.
func (p *unitParser) exponent(u unit) (unit, bool) {
	sign := 1
	rest := p.s
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		if rest[0] == '-' {
			sign = -1
		}
		rest = rest[1:]
	}
	n := leadingDigits(rest)
	if n == 0 {
		return u, rest == p.s
	}
	if n > 2 {
		return unit{}, false
	}
	power := 0
	for i := range n {
		power = power*10 + int(rest[i]-'0')
	}
	p.s = rest[n:]
	if power > 30 {
		return unit{}, false
	}
	out := unit{factor: big.NewRat(1, 1)}
	for range power {
		if !out.multiply(u, sign < 0, false) {
			return unit{}, false
		}
	}
	return out, true
}

func (p *unitParser) annotation() bool {
	if !strings.HasPrefix(p.s, "{") {
		return true
	}
	end := strings.IndexByte(p.s, '}')
	if end < 0 {
		return false
	}
	p.s = p.s[end+1:]
	return true
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// symbolEnd finds where a symbol stops; what stands in square brackets may hold anything.
func symbolEnd(s string) int {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '[':
			end := strings.IndexByte(s[i:], ']')
			if end < 0 {
				return i
			}
			i += end
		case c == '.' || c == '/' || c == '(' || c == ')' || c == '{' || c == '+' || c == '-' || c >= '0' && c <= '9':
			return i
		}
	}
	return len(s)
}

// symbol finds a unit by its symbol, with or without a metric prefix.
func symbol(s string) (unit, bool) {
	if a, ok := atoms[s]; ok {
		return a.unit(), true
	}
	for _, n := range [...]int{2, 1} {
		if len(s) <= n {
			continue
		}
		power, ok := prefixes[s[:n]]
		if !ok {
			continue
		}
		a, ok := atoms[s[n:]]
		if !ok || !a.metric {
			continue
		}
		u := a.unit()
		u.factor.Mul(u.factor, power10(power))
		return u, true
	}
	return unit{}, false
}

func power10(n int) *big.Rat {
	abs := n
	if abs < 0 {
		abs = -abs
	}
	ten := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(abs)), nil))
	if n < 0 {
		return ten.Inv(ten)
	}
	return ten
}
