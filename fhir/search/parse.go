package search

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Scope is where a search looks (http://hl7.org/fhir/R4/search.html#Introduction): one type, a compartment with or without a type, or everything.
type Scope struct {
	// Type is the resource type searched; "" searches all, or those that _type names.
	Type string
	// Compartment restricts the search to one compartment.
	Compartment *InCompartment
}

// Coding is a code in its system.
type Coding struct{ System, Code string }

// ParseOptions say how a query is read; zero fields take defaults.
type ParseOptions struct {
	// Lenient leaves out what the server does not know or support, and lists it in Query.Ignored (Prefer: handling=lenient). Values that cannot be read remain errors: leaving
	// them out would widen the result.
	Lenient bool
	// Strict makes errors of Query.Hints (Prefer: handling=strict).
	Strict bool
	// BaseURL is the server's FHIR base as the client sees it, when it differs from the registry's.
	BaseURL string
	// Now is the time from which the prefix ap measures; zero: the clock.
	Now time.Time
	// ValueSet gives the codes of a value set for :in and :not-in, before the sets of the definitions are asked; nil: only those.
	ValueSet func(url string) (codes []Coding, ok bool)

	MaxParams     int // parameters in one query; 100
	MaxValues     int // alternatives of one parameter; 500
	MaxDepth      int // links of one chain, nesting of _has and _filter; 64
	MaxLength     int // bytes of all names and values; 65,536
	MaxConditions int // conditions that the query becomes, chains over several types counting for each; 1,000
	MaxCodes      int // codes of a value set; 1,000
}

func (o ParseOptions) withDefaults() ParseOptions {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.MaxParams, 100}, {&o.MaxValues, 500}, {&o.MaxDepth, 64}, {&o.MaxLength, 1 << 16}, {&o.MaxConditions, 1000}, {&o.MaxCodes, 1000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	return o
}

// SplitQuery decodes a query string or a form body into its parameters, in their order. A broken percent escape is a 400 fault.
func SplitQuery(raw string) ([][2]string, error) {
	var params [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err == nil {
			value, err = url.QueryUnescape(value)
		}
		if err != nil {
			return nil, fault.New(http.StatusBadRequest, fault.Invalid, "The query has a percent escape that is none: '%' is followed by two hexadecimal digits.")
		}
		params = append(params, [2]string{name, value})
	}
	return params, nil
}

// ParseQuery reads the parameters of a search (http://hl7.org/fhir/R4/search.html), in the order given and already decoded from the URL or form. What is unknown, unsupported or ill-formed makes one 400 fault
// with an issue for each, naming the parameter and never its value. Parameters without a value are ignored, as R4 asks. _format and _pretty belong to the protocol and are passed over.
func ParseQuery(reg *Registry, scope Scope, params [][2]string, o ParseOptions) (*Query, error) {
	p := newParser(reg, o)
	q := &Query{Count: -1, Where: map[string]Expr{}}
	if !p.withinLimits(params) {
		return nil, p.fault()
	}
	q.Types = p.types(scope, params)
	if len(p.issues) > 0 {
		return nil, p.fault()
	}
	p.searched = len(q.Types)
	where := make(map[string]And, len(q.Types))
	for _, typ := range q.Types {
		where[typ] = And{}
		if scope.Compartment != nil {
			where[typ] = append(where[typ], *scope.Compartment)
		}
	}
	for _, param := range params {
		name, value := param[0], param[1]
		if value == "" || name == "_format" || name == "_pretty" {
			continue
		}
		if p.parameter(q, where, name, value) {
			q.Used = append(q.Used, param)
		}
	}
	p.checkTogether(q)
	if len(p.issues) > 0 {
		return nil, p.fault()
	}
	for typ, all := range where {
		q.Where[typ] = all
	}
	if q.Near = nearOf(q.Types, where); q.Near != nil && len(q.Sort) == 0 {
		q.Sort = []SortKey{{Code: sortNear, Near: q.Near}}
	}
	return q, nil
}

// ParseCondition reads the parameters of a conditional interaction (http://hl7.org/fhir/R4/http.html#ccreate): search criteria of one type, without any that shape a result.
func ParseCondition(reg *Registry, typ string, params [][2]string, o ParseOptions) (Expr, error) {
	o.Lenient = false // a condition that is not understood must not select more
	q, err := ParseQuery(reg, Scope{Type: typ}, params, o)
	if err != nil {
		return nil, err
	}
	for _, used := range q.Used {
		if isResultParam(used[0]) {
			return nil, fault.New(http.StatusBadRequest, fault.NotSupported, "A condition has search criteria only; "+quoteName(used[0])+" shapes a search result.")
		}
	}
	return q.Where[typ], nil
}

// parser holds what one parse has found so far.
type parser struct {
	ParseOptions
	snapshot   *Snapshot
	links      linkReader
	zone       *time.Location
	searched   int // types
	conditions int
	tokens     []tokenRead // of the parameter being read
	issues     []fault.Issue
}

func newParser(reg *Registry, o ParseOptions) *parser {
	p := &parser{ParseOptions: o.withDefaults(), snapshot: reg.Snapshot(), links: reg.links, zone: reg.zone}
	if o.BaseURL != "" {
		p.links.base = strings.TrimRight(o.BaseURL, "/")
	}
	return p
}

// problem is why one parameter cannot be taken. Ignorable ones are those that lenient handling leaves out.
type problem struct {
	code      fault.Code
	text      string
	ignorable bool
}

func unsupported(text string) *problem { return &problem{fault.NotSupported, text, true} }
func invalid(text string) *problem     { return &problem{fault.Value, text, false} }

func (p *parser) fault() error {
	return &fault.Fault{Status: http.StatusBadRequest, Issues: p.issues}
}

func (p *parser) report(code fault.Code, text string) {
	p.issues = append(p.issues, fault.Issue{Severity: fault.Error, Code: code, Diagnostics: text})
}

func (p *parser) withinLimits(params [][2]string) bool {
	if len(params) > p.MaxParams {
		p.report(fault.TooLong, "A search takes at most "+strconv.Itoa(p.MaxParams)+" parameters.")
	}
	length := 0
	for _, param := range params {
		length += len(param[0]) + len(param[1])
	}
	if length > p.MaxLength {
		p.report(fault.TooLong, "The parameters of a search have at most "+strconv.Itoa(p.MaxLength)+" bytes.")
	}
	return len(p.issues) == 0
}

// types finds the resource types that the search is about.
func (p *parser) types(scope Scope, params [][2]string) []string {
	var named []string
	for _, param := range params {
		if param[0] == "_type" && param[1] != "" {
			if scope.Type != "" {
				p.report(fault.NotSupported, "The parameter _type belongs to searches over all types; this one is about "+scope.Type+".")
				continue
			}
			for name := range strings.SplitSeq(param[1], ",") {
				if !p.snapshot.IsType(name) {
					p.report(fault.CodeInvalid, "The parameter _type takes names of R4 resource types, separated by commas.")
					break
				}
				named = append(named, name)
			}
		}
	}
	all := p.snapshot.registry.options.Definitions.Resources
	switch {
	case scope.Type != "":
		if !p.snapshot.IsType(scope.Type) {
			p.report(fault.NotSupported, quoteName(scope.Type)+" is not a resource type of R4.")
			return nil
		}
		named = []string{scope.Type}
	case len(named) == 0:
		named = all
	default:
		slices.Sort(named)
		named = slices.Compact(named)
	}
	return p.inCompartment(scope, named)
}

// inCompartment keeps the types that the compartment's definition has.
func (p *parser) inCompartment(scope Scope, types []string) []string {
	if scope.Compartment == nil {
		return types
	}
	definition := p.snapshot.registry.options.Definitions.Compartments[scope.Compartment.Type]
	if definition == nil {
		p.report(fault.NotSupported, "R4 defines no compartment of "+quoteName(scope.Compartment.Type)+".")
		return nil
	}
	kept := make([]string, 0, len(types))
	for _, typ := range types {
		if typ == scope.Compartment.Type || len(definition.Params[typ]) > 0 {
			kept = append(kept, typ)
		}
	}
	if len(kept) == 0 {
		p.report(fault.NotSupported, "The compartment of "+scope.Compartment.Type+" has no resources of this type.")
	}
	return kept
}

// parameter reads one parameter and says whether it was understood.
func (p *parser) parameter(q *Query, where map[string]And, name, value string) bool {
	if name == "_type" {
		return true
	}
	var why *problem
	if isResultParam(name) {
		why = p.resultParam(q, name, value)
	} else {
		p.tokens = p.tokens[:0]
		if why = p.criterion(q, where, name, value); why == nil {
			why = p.hint(q, name)
		}
	}
	if why == nil {
		return true
	}
	if why.ignorable && p.Lenient {
		q.Ignored = append(q.Ignored, quoteName(name))
		return false
	}
	p.issues = append(p.issues, fault.Issue{Severity: fault.Error, Code: why.code, Expression: httpExpression(name), Diagnostics: "Parameter " + quoteName(name) + ": " + why.text})
	return false
}

// criterion adds a search criterion to the condition of each type searched: "all parameters SHALL be common to all" of them.
func (p *parser) criterion(q *Query, where map[string]And, name, value string) *problem {
	parsed := make([]Expr, len(q.Types))
	for i, typ := range q.Types {
		expr, why := p.condition(typ, name, value, 0)
		if why != nil {
			if len(q.Types) > 1 && why.ignorable {
				why = &problem{why.code, "in a search over several types a parameter must be one of each; of " + typ + ": " + why.text, true}
			}
			return why
		}
		parsed[i] = expr
	}
	for i, typ := range q.Types {
		where[typ] = append(where[typ], parsed[i])
	}
	return nil
}

// count bounds the conditions that a query becomes.
func (p *parser) count() *problem {
	if p.conditions++; p.conditions > p.MaxConditions*max(1, p.searched) {
		return &problem{fault.TooCostly, "the search becomes too many conditions; name the types of chained references.", false}
	}
	return nil
}

// httpExpression is how R4 points to a parameter in OperationOutcome.issue.expression: "http." and its name. What does not look like a name is not repeated.
func httpExpression(name string) string {
	if name == "" || quoteName(name) != `"`+name+`"` {
		return ""
	}
	return "http." + name
}

// quoteName shows a parameter name, as far as it is made of the characters of names: anything else could carry what does not belong into an error.
func quoteName(name string) string {
	if len(name) > 80 {
		name = name[:80]
	}
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_-.:*", c) >= 0 {
			continue
		}
		name = name[:i] + "…"
		break
	}
	return "\"" + name + "\""
}
