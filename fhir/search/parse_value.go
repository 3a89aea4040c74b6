package search

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
)

// The readers of values by parameter type. "raw" still has its escapes, "text" has not.

func parseString(o *Operand, text string) *problem {
	o.String, o.Folded = text, Fold(text)
	if strings.TrimSpace(text) == "" {
		return invalid("the value is blank.")
	}
	return nil
}

// parseToken reads code, system|code, |code and system| (http://hl7.org/fhir/R4/search.html#token).
func parseToken(o *Operand, raw string) *problem {
	parts := splitEscaped(raw, '|')
	if len(parts) > 2 {
		return invalid("a token has one '|' at most, between system and code; a '|' within either is written '\\|'.")
	}
	var ok1, ok2 bool
	o.Code, ok1 = unescape(parts[len(parts)-1])
	o.System, ok2 = "", true
	if len(parts) == 2 {
		o.HasSystem = true
		o.System, ok2 = unescape(parts[0])
	}
	if !ok1 || !ok2 {
		return invalid(badEscape)
	}
	if o.System == "" && o.Code == "" {
		return invalid("a token has a system or a code.")
	}
	o.Raw, _ = unescape(raw)
	return nil
}

// identifier reads a token that may be an identifier, and gives it the spelling that resources have.
func (p *parser) identifier(o *Operand, raw string) *problem {
	why := parseToken(o, raw)
	spell := p.snapshot.registry.options.CanonicalToken
	if why != nil || spell == nil || o.HasSystem && o.System == "" {
		return why
	}
	o.System, o.Code = spell(o.System, o.Code)
	o.HasSystem = o.HasSystem || o.System != ""
	return nil
}

// parseOfType reads system|type|value: "All 3 parts must be present".
func parseOfType(o *Operand, raw string) *problem {
	parts := splitEscaped(raw, '|')
	if len(parts) != 3 || parts[0] == "" || parts[1] == "" || parts[2] == "" {
		return invalid("the modifier :of-type takes the system and the code of the identifier's type and the identifier's value, separated by '|'.")
	}
	var ok [3]bool
	o.System, ok[0] = unescape(parts[0])
	o.Code, ok[1] = unescape(parts[1])
	o.Value, ok[2] = unescape(parts[2])
	if !ok[0] || !ok[1] || !ok[2] {
		return invalid(badEscape)
	}
	o.HasSystem = true
	return nil
}

// reference reads id, Type/id, a URL, or url|version of a canonical (http://hl7.org/fhir/R4/search.html#reference). URLs below the server's base are its own resources.
func (p *parser) reference(o *Operand, c *Clause, text string) *problem {
	if c.Param.gives("canonical") || c.Modifier == ModifierBelow {
		l := canonical(text)
		o.URL, o.Version = l.url, l.version
		if o.URL == "" {
			return invalid("a canonical reference has a URL before the '|'.")
		}
		return nil
	}
	if c.TypeModifier != "" {
		return p.typedReference(o, c.TypeModifier, text)
	}
	if element.IsID(text) {
		o.RefID = text
		return nil
	}
	l, ok := p.links.reference(text)
	if !ok {
		return invalid("contained resources cannot be searched for.")
	}
	o.RefType, o.RefID = l.typ, l.id
	if l.url == "" {
		return nil
	}
	if !strings.Contains(l.url, ":") {
		return invalid("a reference is an id, Type/id with a type of R4, or an absolute URL.")
	}
	canonical := canonical(l.url)
	o.URL, o.Version = canonical.url, canonical.version
	return nil
}

func (p *parser) typedReference(o *Operand, typ, text string) *problem {
	if element.IsID(text) {
		o.RefType, o.RefID = typ, text
		return nil
	}
	if l, ok := p.links.reference(text); ok && l.typ == typ {
		o.RefType, o.RefID = l.typ, l.id
		return nil
	}
	return invalid("with a type as modifier the value is an id, or a reference of that type.")
}

func parseURI(o *Operand, m Modifier, text string) *problem {
	o.String = text
	if (m == ModifierBelow || m == ModifierAbove) && strings.HasPrefix(text, "urn:") {
		return invalid("the modifiers :below and :above apply to URLs, not to URNs.")
	}
	return nil
}

// cutPrefix takes the prefix away; eq when there is none. The value behind it begins with a digit or a sign, so that two letters are always a prefix.
func cutPrefix(text string) (Prefix, string, *problem) {
	if len(text) < 2 || text[0] < 'a' || text[0] > 'z' {
		return Eq, text, nil
	}
	switch prefix := Prefix(text[:2]); prefix {
	case Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb, Ap:
		return prefix, text[2:], nil
	default:
		return "", "", invalid("the value begins with neither a digit or a sign nor one of the prefixes eq, ne, gt, lt, ge, le, sa, eb and ap.")
	}
}

// date reads a prefix and a date of any precision. For ap it widens the interval by 10 % of the time between it and now.
func (p *parser) date(o *Operand, text string) *problem {
	prefix, text, why := cutPrefix(text)
	if why != nil {
		return why
	}
	low, high, ok := parseInterval(text, p.zone)
	if !ok {
		return invalid("a date is written YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm[:ss[.sss]][Z|+hh:mm|-hh:mm].")
	}
	o.Prefix, o.Low, o.High = prefix, low, high
	if prefix == Ap {
		o.Low, o.High = approximateDate(low, high, p.Now)
	}
	return nil
}

// approximateDate widens an interval on both sides by a tenth of the gap between it and now.
func approximateDate(low, high int64, now time.Time) (int64, int64) {
	t := now.UnixMicro()
	gap := int64(0)
	if t > high {
		gap = t - high
	} else if t < low {
		gap = low - t
	}
	return low - gap/10, high + gap/10
}

func parseNumber(o *Operand, text string) *problem {
	prefix, text, why := cutPrefix(text)
	if why != nil {
		return why
	}
	d, ok := parseDecimal(text)
	if !ok || len(text) > 64 {
		return invalid("a number is written with digits, an optional sign, decimal point and exponent.")
	}
	o.Prefix, o.Number = prefix, d
	if prefix == Ap {
		o.LowNumber, o.HighNumber = approximateRange(d)
	} else {
		o.LowNumber, o.HighNumber = precisionRange(d)
	}
	return nil
}

// parseQuantity reads number, number|system|code and number||code (http://hl7.org/fhir/R4/search.html#quantity).
func parseQuantity(o *Operand, raw string) *problem {
	parts := splitEscaped(raw, '|')
	if len(parts) != 1 && len(parts) != 3 {
		return invalid("a quantity is written number, number|system|code or number||unit.")
	}
	number, ok := unescape(parts[0])
	if !ok {
		return invalid(badEscape)
	}
	if why := parseNumber(o, number); why != nil {
		return why
	}
	if len(parts) == 1 {
		return nil
	}
	var ok1, ok2 bool
	o.System, ok1 = unescape(parts[1])
	o.Unit, ok2 = unescape(parts[2])
	o.HasSystem = o.System != ""
	if !ok1 || !ok2 {
		return invalid(badEscape)
	}
	return nil
}

// defaultDistance is how far near reaches when the client does not say: R4 leaves it to the server.
const defaultDistance = 50_000

// lengthUnits gives metres for the units of near's distance (UCUM, and the plain names that clients use).
func lengthUnit(name string) (metres float64, ok bool) {
	switch name {
	case "", "km":
		return 1000, true
	case "m":
		return 1, true
	case "[mi_us]", "[mi_i]", "mi", "miles":
		return 1609.344, true
	case "[ft_i]", "ft":
		return 0.3048, true
	case "[nmi_i]", "nmi":
		return 1852, true
	}
	return 0, false
}

// parseNear reads latitude|longitude[|distance[|unit]] (http://hl7.org/fhir/R4/location.html#search).
func parseNear(o *Operand, raw string) *problem {
	parts := strings.Split(raw, "|")
	if len(parts) < 2 || len(parts) > 4 {
		return invalid("a position is written latitude|longitude, with |distance and |unit if wanted.")
	}
	var ok1, ok2 bool
	o.Latitude, ok1 = degrees(parts[0], 90)
	o.Longitude, ok2 = degrees(parts[1], 180)
	if !ok1 || !ok2 {
		return invalid("latitude and longitude are decimal degrees (WGS 84), within 90 and 180.")
	}
	o.Distance = defaultDistance
	if len(parts) < 3 || parts[2] == "" {
		return nil
	}
	distance, ok := degrees(parts[2], math.MaxFloat32)
	if !ok || distance < 0 {
		return invalid("the distance is a number.")
	}
	unit := ""
	if len(parts) == 4 {
		unit = parts[3]
	}
	metres, known := lengthUnit(unit)
	if !known {
		return invalid("the unit of distance is km, m, [mi_us], [ft_i] or [nmi_i].")
	}
	o.Distance = distance * metres
	return nil
}

func degrees(text string, limit float64) (float64, bool) {
	if !isDecimal(text) {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f, err == nil && math.Abs(f) <= limit
}
