package searchtest

import (
	"math/rand/v2"
	"strconv"
	"strings"
)

// Query is a random search: a type and the parameters, decoded.
type Query struct {
	Type   string
	Params [][2]string
}

// String shows the query for messages of tests.
func (q Query) String() string {
	var b strings.Builder
	b.WriteString(q.Type + "?")
	for i, p := range q.Params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p[0] + "=" + p[1])
	}
	return b.String()
}

// param is a search parameter that queries use: how its values are made, and what a reference points to.
type param struct {
	code    string
	kind    kind
	targets []string
}

// kind makes the names and values of criteria by a parameter.
type kind uint8

const (
	stringKind kind = iota
	dateKind
	tokenKind      // Coding or CodeableConcept
	identifierKind // token on Identifier
	statusKind     // token on code
	booleanKind
	contactKind
	mimeKind
	numberKind
	quantityKind
	uriKind
	referenceKind
	canonicalKind
	nearKind
	codeValueKind    // composite of token and quantity
	codeConceptKind  // composite of two tokens
	relationshipKind // composite of reference and token
)

var all = []param{{"_tag", tokenKind, nil}, {"_security", tokenKind, nil}, {"_profile", uriKind, nil}, {"_source", uriKind, nil}}

var params = map[string][]param{
	"Patient": {{"family", stringKind, nil}, {"given", stringKind, nil}, {"name", stringKind, nil}, {"phonetic", stringKind, nil}, {"address", stringKind, nil},
		{"address-city", stringKind, nil}, {"identifier", identifierKind, nil}, {"birthdate", dateKind, nil}, {"death-date", dateKind, nil}, {"gender", statusKind, nil},
		{"active", booleanKind, nil}, {"deceased", booleanKind, nil}, {"telecom", contactKind, nil}, {"email", contactKind, nil},
		{"general-practitioner", referenceKind, []string{"Practitioner", "Organization"}}, {"organization", referenceKind, []string{"Organization"}}, {"link", referenceKind, []string{"Patient"}}},
	"Practitioner": {{"family", stringKind, nil}, {"name", stringKind, nil}, {"identifier", identifierKind, nil}, {"gender", statusKind, nil}, {"active", booleanKind, nil}},
	"Organization": {{"name", stringKind, nil}, {"address-city", stringKind, nil}, {"identifier", identifierKind, nil}, {"partof", referenceKind, []string{"Organization"}}},
	"Location":     {{"name", stringKind, nil}, {"near", nearKind, nil}, {"partof", referenceKind, []string{"Location"}}, {"organization", referenceKind, []string{"Organization"}}},
	"Encounter": {{"date", dateKind, nil}, {"status", statusKind, nil}, {"class", tokenKind, nil}, {"type", tokenKind, nil}, {"length", quantityKind, nil},
		{"subject", referenceKind, []string{"Patient"}}, {"patient", referenceKind, []string{"Patient"}}, {"service-provider", referenceKind, []string{"Organization"}},
		{"part-of", referenceKind, []string{"Encounter"}}, {"practitioner", referenceKind, []string{"Practitioner"}}},
	"Observation": {{"date", dateKind, nil}, {"status", statusKind, nil}, {"code", tokenKind, nil}, {"category", tokenKind, nil}, {"value-quantity", quantityKind, nil},
		{"combo-value-quantity", quantityKind, nil}, {"component-value-quantity", quantityKind, nil}, {"value-concept", tokenKind, nil}, {"value-string", stringKind, nil}, {"value-date", dateKind, nil},
		{"code-value-quantity", codeValueKind, nil}, {"component-code-value-quantity", codeValueKind, nil}, {"combo-code-value-quantity", codeValueKind, nil}, {"code-value-concept", codeConceptKind, nil},
		{"subject", referenceKind, []string{"Patient", "Location"}}, {"patient", referenceKind, []string{"Patient"}}, {"encounter", referenceKind, []string{"Encounter"}},
		{"performer", referenceKind, []string{"Practitioner", "Organization", "Patient"}}, {"derived-from", referenceKind, []string{"Observation", "DocumentReference"}}},
	"DocumentReference": {{"date", dateKind, nil}, {"period", dateKind, nil}, {"status", statusKind, nil}, {"type", tokenKind, nil}, {"security-label", tokenKind, nil}, {"event", tokenKind, nil},
		{"identifier", identifierKind, nil}, {"contenttype", mimeKind, nil}, {"location", uriKind, nil}, {"description", stringKind, nil}, {"relationship", relationshipKind, nil},
		{"subject", referenceKind, []string{"Patient", "Practitioner"}}, {"patient", referenceKind, []string{"Patient"}}, {"author", referenceKind, []string{"Practitioner", "Organization"}},
		{"relatesto", referenceKind, []string{"DocumentReference"}}, {"encounter", referenceKind, []string{"Encounter"}}},
	"List": {{"title", stringKind, nil}, {"code", tokenKind, nil}, {"subject", referenceKind, []string{"Patient"}}, {"item", referenceKind, []string{"Patient", "Observation", "DocumentReference"}}},
	"ChargeItem": {{"code", tokenKind, nil}, {"factor-override", numberKind, nil}, {"price-override", quantityKind, nil}, {"quantity", quantityKind, nil},
		{"patient", referenceKind, []string{"Patient"}}},
	"RiskAssessment":        {{"probability", numberKind, nil}, {"patient", referenceKind, []string{"Patient"}}},
	"QuestionnaireResponse": {{"authored", dateKind, nil}, {"questionnaire", canonicalKind, nil}, {"subject", referenceKind, []string{"Patient", "Observation", "Organization"}}, {"author", referenceKind, []string{"Practitioner"}}},
	"ValueSet": {{"url", uriKind, nil}, {"name", stringKind, nil}, {"status", statusKind, nil}, {"date", dateKind, nil}, {"context", tokenKind, nil}, {"context-quantity", quantityKind, nil},
		{"context-type-quantity", codeValueKind, nil}},
}

// sources are the reference parameters by which _has comes back to a type.
func sources(typ string) (found [][2]string) {
	for _, source := range Types {
		for _, p := range params[source] {
			for _, target := range p.targets {
				if target == typ && p.kind == referenceKind {
					found = append(found, [2]string{source, p.code})
				}
			}
		}
	}
	return found
}

// RandomQuery makes a search of one to three criteria over one type: all kinds of parameters, modifiers and prefixes, chains, _has, _filter and the criteria for all types.
func RandomQuery(r *rand.Rand) Query {
	typ := pick(r, Types)
	q := Query{Type: typ}
	for range 1 + r.IntN(3)*r.IntN(2) {
		name, value := criterion(r, typ, 0)
		q.Params = append(q.Params, [2]string{name, value})
	}
	return q
}

// RandomSort makes a value of _sort for a type.
func RandomSort(r *rand.Rand, typ string) string {
	var keys []string
	for range 1 + r.IntN(2) {
		p := pick(r, params[typ])
		switch p.kind {
		case nearKind, codeValueKind, codeConceptKind, relationshipKind:
			p.code = "_id"
		default:
		}
		if chance(r, 50) {
			p.code = "-" + p.code
		}
		keys = append(keys, p.code)
	}
	return strings.Join(keys, ",")
}

func criterion(r *rand.Rand, typ string, depth int) (name, value string) {
	if depth == 0 {
		switch r.IntN(20) {
		case 0:
			return "_filter", filter(r, typ, 0)
		case 1:
			return pick(r, []string{"_text", "_content"}), pick(r, []string{"fievre", "tibia", "(tibia OR asthme) and fracture", "rendu NOT hospitalisation", "compte rendu"})
		case 2:
			return pick(r, []string{"_id", "_id:not"}), ID(typ, r.IntN(perType)) + "," + ID(typ, r.IntN(perType))
		case 3:
			return "_list", ID("List", r.IntN(perType))
		}
	}
	if from := sources(typ); depth < 3 && len(from) > 0 && chance(r, 12) {
		s := pick(r, from)
		inner, value := criterion(r, s[0], depth+1)
		return "_has:" + s[0] + ":" + s[1] + ":" + inner, value
	}
	p := pick(r, params[typ])
	if chance(r, 10) {
		p = pick(r, all)
	}
	if p.kind == referenceKind && depth < 3 && chance(r, 35) {
		target := pick(r, p.targets)
		inner, value := criterion(r, target, depth+1)
		link := p.code
		if len(p.targets) > 1 || chance(r, 40) {
			link += ":" + target
		}
		return link + "." + inner, value
	}
	modifier, make := operands(r, p)
	if depth == 0 && chance(r, 10) && !composite(p.kind) {
		return p.code + ":missing", pick(r, []string{"true", "false"})
	}
	values := []string{make()}
	for chance(r, 30) && len(values) < 4 {
		values = append(values, make())
	}
	return p.code + modifier, strings.Join(values, ",")
}

func composite(k kind) bool {
	return k == codeValueKind || k == codeConceptKind || k == relationshipKind || k == nearKind
}

// operands chooses a modifier and gives a maker of values for it.
func operands(r *rand.Rand, p param) (modifier string, make func() string) {
	switch p.kind {
	case stringKind:
		return pick(r, []string{"", "", ":exact", ":contains"}), func() string { return text(r) }
	case dateKind:
		return "", func() string { return prefix(r) + date(r) }
	case numberKind:
		return "", func() string { return prefix(r) + pick(r, numbers) }
	case quantityKind:
		return "", func() string { return amount(r) }
	case tokenKind, statusKind, booleanKind, contactKind, mimeKind, identifierKind:
		return tokens(r, p)
	case uriKind:
		m := pick(r, []string{"", "", ":below", ":above"})
		return m, func() string {
			if m != "" {
				return escape(pick(r, uris[:5]))
			}
			return escape(pick(r, uris))
		}
	case referenceKind:
		return references(r, p)
	case canonicalKind:
		return pick(r, []string{"", ":below"}), func() string { return pick(r, uris[:3]) + pick(r, []string{"", "|1", "|1.0"}) }
	case nearKind:
		return "", func() string {
			return pick(r, []string{"48.8|2.3|20|km", "49|2.5|30000|m", "48.6|2.1", "49.1|2.9|15|[mi_us]"})
		}
	case codeValueKind:
		return "", func() string { return token(r) + "$" + amount(r) }
	case codeConceptKind:
		return "", func() string { return token(r) + "$" + token(r) }
	default:
		return "", func() string {
			return "DocumentReference/" + ID("DocumentReference", r.IntN(perType)) + "$" + pick(r, []string{"replaces", "appends"})
		}
	}
}

func tokens(r *rand.Rand, p param) (modifier string, make func() string) {
	not := pick(r, []string{"", "", ":not"})
	switch p.kind {
	case statusKind:
		return not, func() string {
			return pick(r, []string{"male", "female", "FINAL", "final", "finished", "current", "active", "draft", "http://hl7.org/fhir/administrative-gender|male", "|female"})
		}
	case booleanKind:
		return not, func() string { return pick(r, []string{"true", "false"}) }
	case contactKind:
		return not, func() string { return pick(r, []string{"0123456789", "a@example.org", "b@EXAMPLE.org"}) }
	case mimeKind:
		m := pick(r, []string{"", ":below", ":not"})
		return m, func() string { return pick(r, append([]string{"text", "application"}, mimes...)) }
	case identifierKind:
		switch r.IntN(5) {
		case 0:
			return ":of-type", func() string { return typeSystem + "|" + pick(r, idTypes) + "|" + escape(pick(r, idValues)) }
		case 1:
			return ":text", func() string { return text(r) }
		}
		return not, func() string { return identifierValue(r) }
	}
	if chance(r, 15) {
		return ":text", func() string { return text(r) }
	}
	return not, func() string { return token(r) }
}

func references(r *rand.Rand, p param) (modifier string, make func() string) {
	target := pick(r, p.targets)
	switch r.IntN(8) {
	case 0:
		return ":identifier", func() string { return identifierValue(r) }
	case 1:
		return ":" + target, func() string { return ID(target, r.IntN(perType)) }
	case 2:
		return ":text", func() string { return text(r) }
	}
	return "", func() string {
		to := target + "/" + ID(target, r.IntN(perType))
		switch r.IntN(6) {
		case 0:
			return BaseURL + "/" + to
		case 1:
			return "http://other.example/fhir/" + to
		case 2:
			return ID(target, r.IntN(perType))
		}
		return to
	}
}

func prefix(r *rand.Rand) string {
	return pick(r, []string{"", "", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"})
}

// text gives a part of some text, in another case or without its accents now and then.
func text(r *rand.Rand) string {
	whole := pick(r, pick(r, [][]string{families, givens, cities, words}))
	runes := []rune(whole)
	if chance(r, 60) {
		runes = runes[:1+r.IntN(len(runes))]
	}
	part := strings.TrimSpace(string(runes))
	switch r.IntN(4) {
	case 0:
		part = strings.ToUpper(part)
	case 1:
		part = strings.NewReplacer("é", "e", "É", "E", "û", "u", "-", " ", "œ", "oe").Replace(part)
	}
	return escape(part)
}

func token(r *rand.Rand) string {
	switch r.IntN(6) {
	case 0:
		return pick(r, systems) + "|"
	case 1:
		return "|" + escape(pick(r, codes))
	case 2:
		return escape(strings.ToUpper(pick(r, codes)))
	case 3:
		return escape(pick(r, codes))
	}
	return pick(r, systems) + "|" + escape(pick(r, codes))
}

func identifierValue(r *rand.Rand) string {
	switch r.IntN(5) {
	case 0:
		return pick(r, idSystems) + "|"
	case 1:
		return "|" + escape(pick(r, idValues))
	case 2:
		return escape(strings.ToUpper(pick(r, idValues)))
	}
	return pick(r, idSystems) + "|" + escape(pick(r, idValues))
}

func amount(r *rand.Rand) string {
	n := prefix(r) + pick(r, numbers)
	switch r.IntN(5) {
	case 0:
		return n + "|http://unitsofmeasure.org|" + pick(r, units)
	case 1:
		return n + "||" + pick(r, units)
	case 2:
		return n + "|urn:iso:std:iso:4217|EUR"
	}
	return n
}

func escape(text string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, ",", `\,`, "$", `\$`).Replace(text)
}

func quote(text string) string { return strconv.Quote(text) }
