package search

import (
	"encoding/json"
	"strings"
)

// filterValue is the value of a test in _filter.
type filterValue struct {
	// raw has the escapes of search values ('\\|'), as a token of the filter is written.
	raw string
	// text is it without.
	text string
}

// value reads a JSON string, or a token: any characters but white space, ')' and ']'.
func (r *filterReader) value() (filterValue, *problem) {
	if r.at < len(r.text) && r.text[r.at] == '"' {
		return r.quoted()
	}
	start := r.at
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n)]", r.text[r.at]) < 0 {
		r.at++
	}
	raw := r.text[start:r.at]
	if raw == "" {
		return filterValue{}, invalid("a test of the filter has no value.")
	}
	text, ok := unescape(raw)
	if !ok {
		return filterValue{}, invalid(badEscape)
	}
	return filterValue{raw: raw, text: text}, nil
}

func (r *filterReader) quoted() (filterValue, *problem) {
	start := r.at
	for r.at++; r.at < len(r.text) && r.text[r.at] != '"'; r.at++ {
		if r.text[r.at] == '\\' {
			r.at++
		}
	}
	if r.at >= len(r.text) {
		return filterValue{}, invalid("a string of the filter is not closed.")
	}
	r.at++
	var text string
	if err := json.Unmarshal([]byte(r.text[start:r.at]), &text); err != nil {
		return filterValue{}, invalid("a string of the filter is not a JSON string.")
	}
	// Where a string stands for a token or quantity its '|' and '$' separate, as in a token of the filter; a '\' in it is already JSON's own.
	return filterValue{raw: text, text: text}, nil
}

// filterTest makes the condition of one test: a parameter of the type, an operator and a value.
func (p *parser) filterTest(typ, code, operator string, value filterValue) (Expr, *problem) {
	if code == "id" || code == "_id" {
		if _, ok := p.snapshot.Param(typ, "id"); !ok {
			return filterID(operator, value)
		}
	}
	param, why := p.param(typ, code)
	if why != nil {
		return nil, why
	}
	switch operator {
	case "pr":
		present, why := parseMissing(value.text)
		if why != nil {
			return nil, invalid("the operator pr takes true or false.")
		}
		if param.Type == Composite || param.Type == Special {
			return nil, operatorRefused(param, operator)
		}
		return &Clause{Param: param, Modifier: ModifierMissing, Operands: []Operand{{Raw: value.text, Bool: !present}}}, nil
	case "in", "ni":
		if param.Type != Token {
			return nil, operatorRefused(param, operator)
		}
		modifier := ModifierIn
		if operator == "ni" {
			modifier = ModifierNotIn
		}
		return p.inValueSet(&Clause{Param: param, Modifier: modifier}, strings.ReplaceAll(value.raw, ",", "\\,"))
	case "ss", "sb":
		return nil, unsupported("the server knows no hierarchies of codes, so it has no operators ss and sb.")
	}
	return p.filterComparison(param, operator, value)
}

func operatorRefused(param *Param, operator string) *problem {
	switch operator {
	case "eq", "ne", "co", "sw", "ew", "gt", "lt", "ge", "le", "ap", "sa", "eb", "pr", "po", "ss", "sb", "in", "ni", "re":
		return unsupported("the operator " + operator + " does not apply to the " + string(param.Type) + " parameter " + param.Resource + "." + param.Code + ".")
	}
	return invalid("the filter has an operator that is none.")
}

// filterID compares the logical id.
func filterID(operator string, value filterValue) (Expr, *problem) {
	switch operator {
	case "eq":
		return IDIn{IDs: []string{value.text}}, nil
	case "ne":
		return Not{IDIn{IDs: []string{value.text}}}, nil
	case "pr":
		switch value.text {
		case "true":
			return And{}, nil
		case "false":
			return Or{}, nil
		}
	}
	return nil, unsupported("the id takes the operators eq and ne.")
}

// filterComparison makes a clause by the table of http://hl7.org/fhir/R4/search_filter.html#ops.
func (p *parser) filterComparison(param *Param, operator string, value filterValue) (Expr, *problem) {
	c := &Clause{Param: param}
	o := Operand{Raw: value.text}
	var why *problem
	switch param.Type {
	case String:
		why = filterString(c, &o, operator, value.text)
	case Date, Number, Quantity:
		return p.filterOrdered(c, operator, value)
	case URI:
		o.String = value.text
		why = filterURI(c, &o, operator)
	case Token, Composite, Reference:
		return p.filterEquality(c, operator, value)
	default:
		if operator != "eq" {
			return nil, operatorRefused(param, operator)
		}
		why = parseNear(&o, value.raw)
	}
	c.Operands = []Operand{o}
	return c, why
}

func filterString(c *Clause, o *Operand, operator, text string) *problem {
	switch operator {
	case "eq", "ne", "gt", "lt", "ge", "le":
		c.Modifier, o.Prefix = ModifierCompare, Prefix(operator)
	case "co":
		c.Modifier = ModifierContains
	case "sw":
	case "ew":
		c.Modifier = ModifierEndsWith
	default:
		return operatorRefused(c.Param, operator)
	}
	return parseString(o, text)
}

func filterURI(c *Clause, o *Operand, operator string) *problem {
	switch operator {
	case "eq":
	case "ne":
		c.Modifier, o.Prefix = ModifierCompare, Ne
	case "co":
		c.Modifier = ModifierContains
	case "sw":
		c.Modifier = ModifierStartsWith
	case "ew":
		c.Modifier = ModifierEndsWith
	default:
		return operatorRefused(c.Param, operator)
	}
	return nil
}

// filterOrdered reads the operators of ordered parameters as their prefixes. "po" (the periods overlap) is what ap means once its interval is made, so it is ap without widening;
// "co" (the value's own range includes what is asked) keeps its operator as modifier.
func (p *parser) filterOrdered(c *Clause, operator string, value filterValue) (Expr, *problem) {
	prefix := operator
	switch operator {
	case "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap":
	case "po":
		if c.Param.Type != Date {
			return nil, operatorRefused(c.Param, operator)
		}
		prefix = ""
	case "co":
		c.Modifier, prefix = ModifierContains, ""
	default:
		return nil, operatorRefused(c.Param, operator)
	}
	var o Operand
	var why *problem
	switch c.Param.Type {
	case Date:
		why = p.date(&o, prefix+value.text)
	case Number:
		why = parseNumber(&o, prefix+value.text)
	default:
		why = parseQuantity(&o, prefix+aliased(value.raw))
	}
	if why != nil {
		return nil, why
	}
	if o.Raw = value.text; operator == "po" {
		o.Prefix = Ap
	}
	c.Operands = []Operand{o}
	return c, nil
}

// filterEquality reads eq, ne and, for references, re. R4 names no eq for references, but its own example "subject eq" form is what clients write, so eq is re.
func (p *parser) filterEquality(c *Clause, operator string, value filterValue) (Expr, *problem) {
	if operator != "eq" && operator != "ne" && (operator != "re" || c.Param.Type != Reference) {
		return nil, operatorRefused(c.Param, operator)
	}
	operands, why := p.operand(nil, c, aliased(value.raw))
	if why != nil {
		return nil, why
	}
	if operator == "ne" {
		c.Modifier = ModifierCompare
		for i := range operands {
			operands[i].Prefix = Ne
		}
	}
	c.Operands = operands
	return c, nil
}

// aliased spells out the systems that filters may abbreviate: "the codes loinc, snomed, rxnorm and ucum are predefined".
func aliased(raw string) string {
	for _, known := range [...][2]string{{"loinc", "http://loinc.org"}, {"snomed", "http://snomed.info/sct"},
		{"rxnorm", "http://www.nlm.nih.gov/research/umls/rxnorm"}, {"ucum", "http://unitsofmeasure.org"}} {
		alias, system := known[0]+"|", known[1]+"|"
		if rest, ok := strings.CutPrefix(raw, alias); ok {
			raw = system + rest
		}
		raw = strings.ReplaceAll(raw, "|"+alias, "|"+system)
		raw = strings.ReplaceAll(raw, "$"+alias, "$"+system)
	}
	return raw
}
