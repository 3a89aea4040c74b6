package search

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// clause reads a criterion by a parameter and an optional modifier.
func (p *parser) clause(param *Param, modifier, value string, depth int) (Expr, *problem) {
	c := &Clause{Param: param}
	negated := false
	switch {
	case modifier == "":
	case modifier == "not":
		if param.Type != Token {
			return nil, modifierRefused(param, modifier)
		}
		negated = true
	case p.snapshot.IsType(modifier):
		if param.Type != Reference {
			return nil, modifierRefused(param, modifier)
		}
		if !param.canTarget(modifier) {
			return nil, unsupported(param.Resource + "." + param.Code + " cannot point to " + modifier + ".")
		}
		c.TypeModifier = modifier
	default:
		if !param.takes(Modifier(modifier)) {
			return nil, modifierRefused(param, modifier)
		}
		c.Modifier = Modifier(modifier)
	}
	if c.Modifier == ModifierMissing && depth > 0 {
		// Whether a reference that is not there has a target without a value is anybody's guess.
		return nil, unsupported("the modifier :missing cannot stand at the end of a chain; use _filter.")
	}
	if c.Modifier == ModifierIn || c.Modifier == ModifierNotIn {
		return p.inValueSet(c, value)
	}
	if why := p.operands(c, value); why != nil {
		return nil, why
	}
	if negated {
		return Not{c}, nil
	}
	return c, nil
}

func modifierRefused(param *Param, modifier string) *problem {
	return unsupported("the modifier " + quoteName(":"+modifier) + " does not apply to a " + string(param.Type) + " parameter, or not to this one.")
}

// takes is the table of which modifier goes with which parameter (http://hl7.org/fhir/R4/search.html#modifiers); :not and the type modifier are the caller's.
func (p *Param) takes(m Modifier) bool {
	if m == ModifierMissing {
		return p.Type != Composite && p.Type != Special
	}
	switch p.Type {
	case String:
		return m == ModifierExact || m == ModifierContains
	case Token:
		switch m {
		case ModifierText, ModifierIn, ModifierNotIn:
			return true
		case ModifierOfType:
			return p.mayGive("Identifier")
		case ModifierBelow: // of MIME types only: other hierarchies need a terminology
			return p.givesMIME()
		default:
			return false
		}
	case Reference:
		switch m {
		case ModifierText, ModifierIdentifier:
			return p.mayGive("Reference")
		case ModifierBelow: // versions of a canonical; hierarchies of resources are not indexed
			return p.mayGive("canonical")
		default:
			return false
		}
	case URI:
		return m == ModifierBelow || m == ModifierAbove
	default:
		return false
	}
}

// mayGive says whether the parameter's elements can be of the data type, as far as that is known.
func (p *Param) mayGive(name string) bool {
	return p.results == nil || slices.ContainsFunc(p.results, func(r spec.TypeRef) bool { return r.Type.Name == name })
}

// gives says whether the parameter's elements are all of the data types.
func (p *Param) gives(names ...string) bool {
	if len(p.results) == 0 {
		return false
	}
	for _, r := range p.results {
		if !slices.Contains(names, r.Type.Name) {
			return false
		}
	}
	return true
}

// givesMIME says whether the parameter is on Attachment.contentType or another element of MIME types.
func (p *Param) givesMIME() bool {
	return p.Type == Token && len(p.selector) > 0 && !slices.ContainsFunc(p.selector, func(b branch) bool {
		n := len(b.steps)
		return n == 0 || b.steps[n-1].name != "contentType" && b.steps[n-1].name != "mimeType"
	})
}

// operands reads the alternatives of a clause.
func (p *parser) operands(c *Clause, value string) *problem {
	if c.Modifier == ModifierMissing {
		missing, why := parseMissing(value)
		c.Operands = []Operand{{Raw: value, Bool: missing}}
		return why
	}
	parts, why := p.alternatives(value)
	if why != nil {
		return why
	}
	c.Operands = make([]Operand, 0, len(parts))
	for _, part := range parts {
		if c.Operands, why = p.operand(c.Operands, c, part); why != nil {
			return why
		}
	}
	return nil
}

func parseMissing(value string) (bool, *problem) {
	if value != "true" && value != "false" {
		return false, invalid("the modifier :missing takes true or false.")
	}
	return value == "true", nil
}

// operand appends one alternative, by the parameter's type and the modifier.
func (p *parser) operand(to []Operand, c *Clause, raw string) ([]Operand, *problem) {
	text, ok := unescape(raw)
	if !ok {
		return nil, invalid(badEscape)
	}
	o := Operand{Raw: text}
	var why *problem
	switch c.Modifier {
	case ModifierText, ModifierExact, ModifierContains:
		why = parseString(&o, text)
		return append(to, o), why
	case ModifierOfType:
		why = parseOfType(&o, raw)
		return append(to, o), why
	case ModifierIdentifier:
		why = p.identifier(&o, raw)
		return append(to, o), why
	default:
	}
	switch c.Param.Type {
	case String:
		why = parseString(&o, text)
	case Token:
		return p.token(to, c.Param, raw)
	case Reference:
		why = p.reference(&o, c, text)
	case URI:
		why = parseURI(&o, c.Modifier, text)
	case Date:
		why = p.date(&o, text)
	case Number:
		why = parseNumber(&o, text)
	case Quantity:
		why = parseQuantity(&o, raw)
	case Composite:
		return p.composite(to, c.Param, raw)
	case Special:
		why = parseNear(&o, raw)
	}
	return append(to, o), why
}

// token reads a token. Where elements of type code are searched, "system|code" with the code's implied system also matches the code that is written without it.
func (p *parser) token(to []Operand, param *Param, raw string) ([]Operand, *problem) {
	var o Operand
	read := parseToken
	if param.mayGive("Identifier") {
		read = p.identifier
	}
	if why := read(&o, raw); why != nil {
		return nil, why
	}
	if o.HasSystem && param.gives("boolean", "ContactPoint", "uri", "url") {
		return nil, invalid("elements of this kind have no system; the value is written without '|'.")
	}
	p.tokens = append(p.tokens, tokenRead{raw, param.hintOf(&o)})
	to = append(to, o)
	if !o.HasSystem || o.System == "" {
		return to, nil
	}
	for _, set := range param.codes {
		if o.Code != "" {
			if slices.Contains(set.Codes[o.Code], o.System) {
				to = append(to, Operand{Raw: o.Raw, HasSystem: true, Code: o.Code})
			}
			continue
		}
		for code, systems := range set.Codes {
			if slices.Contains(systems, o.System) {
				to = append(to, Operand{Raw: o.Raw, HasSystem: true, Code: code})
			}
		}
	}
	return to, nil
}

// inValueSet turns :in into the codes of the value set, and :not-in into its negation.
func (p *parser) inValueSet(c *Clause, value string) (Expr, *problem) {
	not := c.Modifier == ModifierNotIn
	c.Modifier = NoModifier
	parts, why := p.alternatives(value)
	if why != nil {
		return nil, why
	}
	for _, part := range parts {
		url, ok := unescape(part)
		if !ok {
			return nil, invalid(badEscape)
		}
		codes, why := p.valueSet(url)
		if why != nil {
			return nil, why
		}
		for _, code := range codes {
			c.Operands = append(c.Operands, Operand{Raw: url, HasSystem: true, System: code.System, Code: code.Code})
			if len(c.Param.codes) > 0 || c.Param.mayGive("code") {
				c.Operands = append(c.Operands, Operand{Raw: url, HasSystem: true, Code: code.Code})
			}
		}
	}
	if not {
		return Not{c}, nil
	}
	return c, nil
}

// valueSet finds the codes of a value set.
func (p *parser) valueSet(url string) ([]Coding, *problem) {
	var codes []Coding
	found := false
	if p.ValueSet != nil {
		codes, found = p.ValueSet(url)
	}
	if !found {
		codes = nil
		name, _, _ := strings.Cut(url, "|")
		set := p.snapshot.registry.options.Definitions.CodeSets[name]
		if set == nil || !set.Complete {
			return nil, invalid("the server cannot expand this value set.")
		}
		for code, systems := range set.Codes {
			for _, system := range systems {
				codes = append(codes, Coding{system, code})
			}
		}
		slices.SortFunc(codes, func(a, b Coding) int { return strings.Compare(a.Code+a.System, b.Code+b.System) })
	}
	if len(codes) > p.MaxCodes {
		return nil, &problem{fault.TooCostly, "the value set has too many codes to search by.", false}
	}
	return codes, nil
}

// composite reads a composite's parts, separated by '$', each by its component's type.
func (p *parser) composite(to []Operand, param *Param, raw string) ([]Operand, *problem) {
	parts := splitEscaped(raw, '$')
	if len(parts) != len(param.Components) {
		return nil, invalid("the value has one part for each component of the parameter, separated by '$'.")
	}
	o := Operand{Raw: raw}
	combinations := []Operand{o}
	for i, part := range parts {
		if part == "" {
			return nil, invalid("a part of the value is empty.")
		}
		alternatives, why := p.operand(nil, &Clause{Param: param.Components[i].Param}, part)
		if why != nil {
			return nil, why
		}
		// A part may stand for several (a code with its implied system); each makes an alternative of the whole.
		var next []Operand
		for _, head := range combinations {
			for _, a := range alternatives {
				with := head
				with.Parts = append(slices.Clone(head.Parts), a)
				next = append(next, with)
			}
		}
		if len(next) > p.MaxValues {
			return nil, &problem{fault.TooLong, "the value stands for too many alternatives.", false}
		}
		combinations = next
	}
	return append(to, combinations...), nil
}
