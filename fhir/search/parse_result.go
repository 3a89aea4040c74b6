package search

import (
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The parameters that shape a result (http://hl7.org/fhir/R4/search.html#return).

// maxSortKeys bounds _sort, maxIncludes each of _include and _revinclude together.
const (
	maxSortKeys = 8
	maxIncludes = 50
	maxCount    = 1_000_000
)

// isResultParam says whether the name, modifiers aside, is one of a parameter that shapes the result.
func isResultParam(name string) bool {
	base, _, _ := strings.Cut(name, ":")
	switch base {
	case "_sort", "_count", "_total", "_summary", "_elements", "_include", "_revinclude", "_contained", "_containedType", "__explain":
		return true
	}
	return false
}

// isSingle says whether a parameter may be given once only.
func isSingle(name string) bool {
	return name != "_include" && name != "_revinclude" && name != "_elements"
}

func (p *parser) resultParam(q *Query, name, value string) *problem {
	base, modifier, modified := strings.Cut(name, ":")
	if base == "_include" || base == "_revinclude" {
		return p.include(q, base == "_revinclude", modifier, modified, value)
	}
	if modified {
		return unsupported("it takes no modifier.")
	}
	if isSingle(base) && slices.ContainsFunc(q.Used, func(u [2]string) bool { return u[0] == base }) {
		return invalid("it is given more than once.")
	}
	switch base {
	case "_sort":
		return p.sort(q, value)
	case "_count":
		return count(q, value)
	case "_total":
		return oneOf(&q.Total, value, "none", "estimate", "accurate")
	case "_summary":
		return oneOf(&q.Summary, value, "true", "text", "data", "count", "false")
	case "_elements":
		return p.elements(q, value)
	case "_contained":
		if value != "false" {
			return unsupported("the server returns no contained resources; the only value is false.")
		}
		q.Contained = value
		return nil
	case "_containedType":
		var ignored string
		return oneOf(&ignored, value, "container", "contained")
	}
	if value != "true" && value != "false" { // __explain
		return invalid("it takes true or false.")
	}
	q.Explain = value == "true"
	return nil
}

func count(q *Query, value string) *problem {
	if !isDigits(value) {
		return invalid("it takes a whole number from 0 on.")
	}
	if len(value) > 9 { // more than any page: the server's own bound holds
		value = "999999999"
	}
	n, err := strconv.Atoi(value)
	if err != nil {
		return invalid("it takes a whole number from 0 on.")
	}
	q.Count = min(n, maxCount)
	return nil
}

func isDigits(text string) bool {
	rest, ok := cutDigits(text)
	return ok && rest == ""
}

func oneOf(to *string, value string, codes ...string) *problem {
	if !slices.Contains(codes, value) {
		return &problem{fault.CodeInvalid, "it takes one of " + strings.Join(codes, ", ") + ".", false}
	}
	*to = value
	return nil
}

// elements reads _elements: names of elements at the base of the resources. A name may be any of the types' (they are several at system level).
func (p *parser) elements(q *Query, value string) *problem {
	for name := range strings.SplitSeq(value, ",") {
		known := slices.ContainsFunc(q.Types, func(typ string) bool { return p.hasElement(typ, name) })
		if !known {
			return unsupported("it takes names of elements at the base of the resource, separated by commas; one of the names is none.")
		}
		if !slices.Contains(q.Elements, name) {
			q.Elements = append(q.Elements, name)
		}
	}
	return nil
}

func (p *parser) hasElement(typ, name string) bool {
	t := p.snapshot.registry.options.Definitions.Types[typ]
	if _, ok := t.Property(name); ok {
		return true
	}
	for _, e := range t.Elements { // a choice without its type
		if e.Name == name {
			return true
		}
	}
	return false
}

// sort reads _sort: codes separated by commas, '-' before what descends.
func (p *parser) sort(q *Query, value string) *problem {
	codes := strings.Split(value, ",")
	if len(codes) > maxSortKeys {
		return &problem{fault.TooLong, "it takes at most " + strconv.Itoa(maxSortKeys) + " keys.", false}
	}
	var keys []SortKey
	for _, code := range codes {
		key := SortKey{}
		key.Code, key.Descending = strings.CutPrefix(code, "-")
		if key.Code != "_id" && key.Code != "_lastUpdated" {
			key.Params = make(map[string]*Param, len(q.Types))
			for _, typ := range q.Types {
				param, why := p.sortParam(typ, key.Code)
				if why != nil {
					return why
				}
				key.Params[typ] = param
			}
		}
		keys = append(keys, key)
	}
	q.Sort = keys
	return nil
}

func (p *parser) sortParam(typ, code string) (*Param, *problem) {
	param, why := p.param(typ, code)
	if why != nil {
		return nil, why
	}
	if param.Type == Composite || param.Type == Special {
		return nil, unsupported("there is no order by a " + string(param.Type) + " parameter.")
	}
	return param, nil
}

// include reads _include and _revinclude: Source:code[:Target], or with '*' for the code all references of the source, or '*' for all of any source.
func (p *parser) include(q *Query, reverse bool, modifier string, modified bool, value string) *problem {
	if modified && modifier != "iterate" && modifier != "recurse" { // recurse is what STU3 called it
		return unsupported("the only modifier is :iterate.")
	}
	if len(q.Includes) >= maxIncludes {
		return &problem{fault.TooLong, "a search takes at most " + strconv.Itoa(maxIncludes) + " includes.", false}
	}
	i := Include{Reverse: reverse, Iterate: modified}
	parts := strings.Split(value, ":")
	if value == "*" {
		i.Source, i.Code = "*", "*"
		q.Includes = append(q.Includes, i)
		return nil
	}
	if len(parts) < 2 || len(parts) > 3 {
		return unsupported("it takes Type:parameter or Type:parameter:Type.")
	}
	i.Source, i.Code = parts[0], parts[1]
	if !p.snapshot.IsType(i.Source) {
		return unsupported("its value begins with the name of a resource type.")
	}
	if len(parts) == 3 {
		if i.Target = parts[2]; !p.snapshot.IsType(i.Target) {
			return unsupported("its value ends with the name of a resource type.")
		}
	}
	if why := p.includeParam(&i); why != nil {
		return why
	}
	q.Includes = append(q.Includes, i)
	return nil
}

func (p *parser) includeParam(i *Include) *problem {
	if i.Code == "*" {
		return nil
	}
	param, why := p.param(i.Source, i.Code)
	if why != nil {
		return why
	}
	if param.Type != Reference {
		return unsupported("it follows reference parameters; " + i.Source + "." + param.Code + " is of type " + string(param.Type) + ".")
	}
	if i.Target != "" && !param.canTarget(i.Target) {
		return unsupported(i.Source + "." + param.Code + " cannot point to " + i.Target + ".")
	}
	i.Param = param
	return nil
}

// checkTogether refuses result parameters that contradict each other.
func (p *parser) checkTogether(q *Query) {
	if len(q.Elements) > 0 && q.Summary != "" && q.Summary != "false" {
		p.report(fault.Invalid, "The parameters _elements and _summary exclude each other.")
	}
	if q.Summary == "text" && len(q.Includes) > 0 {
		p.report(fault.Invalid, "With _summary=text there are no includes (R4 forbids both together).")
	}
}
