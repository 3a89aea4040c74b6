package search

import (
	"math"
	"strings"
)

// MatchValues says whether a clause holds for the values that a resource has by its parameter: whether any value satisfies any operand.
func MatchValues(c *Clause, values []Value) bool {
	if c.Modifier == ModifierMissing {
		for i := range c.Operands {
			if c.Operands[i].Bool == (len(values) == 0) {
				return true
			}
		}
		return false
	}
	for i := range values {
		for k := range c.Operands {
			if matchValue(c, &values[i], &c.Operands[k]) {
				return true
			}
		}
	}
	return false
}

func matchValue(c *Clause, v *Value, o *Operand) bool {
	if c.Modifier == ModifierCompare && c.Param.Type != String {
		// "An item in the set has an unequal value": only what has a value that could be equal counts.
		return v.comparable(c.Param.Type) && !matchPlain(c.Param, v, o)
	}
	switch c.Modifier {
	case NoModifier:
		if c.TypeModifier != "" && v.RefType != c.TypeModifier {
			return false
		}
		return matchPlain(c.Param, v, o)
	case ModifierText:
		return v.Text != "" && strings.HasPrefix(Fold(v.Text), o.Folded)
	case ModifierOfType:
		return v.TypeSystem == o.System && v.TypeCode != "" && sameCode(v.TypeCode, o.Code) && sameCode(v.Code, o.Value)
	case ModifierIdentifier:
		return matchToken(&Value{System: v.IdentifierSystem, Code: v.IdentifierValue}, o)
	}
	switch c.Param.Type {
	case String:
		return matchString(c.Modifier, v, o)
	case URI:
		return matchURI(c.Modifier, v, o)
	case Token: // MIME types: "text/xml" is above "text/xml; charset=UTF-8"
		return c.Modifier == ModifierBelow && belowMIME(v, o)
	case Reference: // versions of a canonical
		return c.Modifier == ModifierBelow && v.URL == o.URL && o.URL != "" && belowVersion(v.Version, o.Version)
	case Date:
		return c.Modifier == ModifierContains && v.Low <= o.Low && o.High <= v.High
	case Number, Quantity:
		return c.Modifier == ModifierContains && contains(v, o) && matchUnit(o, v.System, v.Code, v.Unit)
	default:
		return false
	}
}

// matchPlain judges a value without modifier, by the parameter's type.
func matchPlain(p *Param, v *Value, o *Operand) bool {
	switch p.Type {
	case String:
		return strings.HasPrefix(v.Folded, o.Folded)
	case Token:
		return matchToken(v, o)
	case Reference:
		return matchReference(p, v, o)
	case URI:
		return v.Text == o.String
	case Date:
		return matchDate(o.Prefix, v.Low, v.High, o)
	case Number:
		return matchNumber(o.Prefix, &v.LowNumber, &v.HighNumber, o)
	case Quantity:
		return matchUnit(o, v.System, v.Code, v.Unit) && matchNumber(o.Prefix, &v.LowNumber, &v.HighNumber, o)
	case Composite:
		return matchComposite(p, v, o)
	case Special:
		return matchNear(o, v.Latitude, v.Longitude)
	default:
		return false
	}
}

// comparable says whether a value is more than a trace of one (a text, a display).
func (v *Value) comparable(t ParamType) bool {
	switch t {
	case Token:
		return v.Code != "" || v.System != ""
	case Reference:
		return v.RefID != "" || v.URL != ""
	default:
		return true
	}
}

// matchToken judges the four forms of a token (http://hl7.org/fhir/R4/search.html#token); FoldCode says how codes compare.
func matchToken(v *Value, o *Operand) bool {
	if o.HasSystem && v.System != o.System {
		return false
	}
	return o.Code == "" || sameCode(v.Code, o.Code)
}

// matchReference judges a reference. A bare id means a resource of any type that the parameter can point to.
func matchReference(p *Param, v *Value, o *Operand) bool {
	switch {
	case o.URL != "":
		return v.URL == o.URL && (o.Version == "" || v.Version == o.Version)
	case o.RefID == "" || v.RefID != o.RefID:
		return false
	case o.RefType != "":
		return v.RefType == o.RefType
	}
	return p.canTarget(v.RefType)
}

func matchString(m Modifier, v *Value, o *Operand) bool {
	switch m {
	case ModifierExact:
		return v.Text == o.String
	case ModifierContains:
		return strings.Contains(v.Folded, o.Folded)
	case ModifierEndsWith:
		return strings.HasSuffix(v.Folded, o.Folded)
	case ModifierCompare:
		return comparePrefix(o.Prefix, strings.Compare(v.Folded, o.Folded))
	default:
		return false
	}
}

// comparePrefix turns an order (-1, 0, 1) into the truth of a prefix.
func comparePrefix(p Prefix, order int) bool {
	switch p {
	case Ne:
		return order != 0
	case Gt:
		return order > 0
	case Lt:
		return order < 0
	case Ge:
		return order >= 0
	case Le:
		return order <= 0
	default:
		return order == 0
	}
}

func matchURI(m Modifier, v *Value, o *Operand) bool {
	switch m {
	case ModifierBelow:
		return isBelow(v.Text, o.String)
	case ModifierAbove:
		return isBelow(o.String, v.Text)
	case ModifierStartsWith:
		return strings.HasPrefix(v.Text, o.String)
	case ModifierEndsWith:
		return strings.HasSuffix(v.Text, o.String)
	case ModifierContains:
		return strings.Contains(v.Text, o.String)
	default:
		return false
	}
}

// belowMIME says whether a MIME type is the operand's with or without parameters (http://hl7.org/fhir/R4/search.html#mimetype), or, for an operand without subtype, any of
// that type.
func belowMIME(v *Value, o *Operand) bool {
	if o.HasSystem && o.System != "" || o.Code == "" {
		return false
	}
	base, _, _ := strings.Cut(FoldCode(v.Code), ";")
	base, want := strings.TrimSpace(base), FoldCode(o.Code)
	return base == want || FoldCode(v.Code) == want || !strings.Contains(want, "/") && strings.HasPrefix(base, want+"/")
}

// belowVersion says whether a version is the other or one within it: 1.1 is below 1, 10 is not.
func belowVersion(version, other string) bool {
	rest, ok := strings.CutPrefix(version, other)
	return ok && (rest == "" || other == "" || rest[0] == '.')
}

// contains says whether a value's range includes the number asked.
func contains(v *Value, o *Operand) bool {
	return (!v.LowNumber.Valid || cmpDecimal(&v.LowNumber, &o.Number) <= 0) && (!v.HighNumber.Valid || cmpDecimal(&v.HighNumber, &o.Number) >= 0)
}

// matchUnit judges a quantity's unit (http://hl7.org/fhir/R4/search.html#quantity): with a system the coded unit, without the coded unit or its text,
// both as FoldCode compares: UCUM has case, but what is written for litres (l, L) varies more than anybody means megagrams by Mg.
func matchUnit(o *Operand, system, code, unit string) bool {
	switch {
	case o.System != "":
		return system == o.System && (o.Unit == "" || sameCode(code, o.Unit))
	case o.Unit != "":
		return sameCode(code, o.Unit) || sameCode(unit, o.Unit)
	}
	return true
}

// matchComposite asks each part of the operand of the same composite element.
func matchComposite(p *Param, v *Value, o *Operand) bool {
	if len(v.Parts) != len(o.Parts) || len(p.Components) != len(o.Parts) {
		return false
	}
	for i := range o.Parts {
		found := false
		for k := range v.Parts[i] {
			if matchPlain(p.Components[i].Param, &v.Parts[i][k], &o.Parts[i]) {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// matchNear judges a position (http://hl7.org/fhir/R4/location.html#search).
func matchNear(o *Operand, latitude, longitude float64) bool {
	return distance(latitude, longitude, o.Latitude, o.Longitude) <= o.Distance
}

// distance gives the great-circle distance between two positions in degrees, in metres.
func distance(latitude1, longitude1, latitude2, longitude2 float64) float64 {
	const radian = math.Pi / 180
	dLat, dLong := (latitude2-latitude1)*radian/2, (longitude2-longitude1)*radian/2
	h := math.Pow(math.Sin(dLat), 2) + math.Cos(latitude1*radian)*math.Cos(latitude2*radian)*math.Pow(math.Sin(dLong), 2)
	return 2 * earthRadius * math.Asin(math.Sqrt(min(1, h)))
}
