package path

import "fmt"

// function is one function of the language: how many arguments it takes and what it does. One that gives a truth has test
// instead of eval.
type function struct {
	min, max int
	eval     func(ev *evaluator, c *call, in Collection) (Collection, error)
	test     func(ev *evaluator, c *call, in Collection) (Truth, error)
}

func (f *function) arity() string {
	switch {
	case f.max == 0:
		return "no arguments"
	case f.min == f.max:
		return fmt.Sprintf("%d argument(s)", f.min)
	case f.max >= manyArgs:
		return fmt.Sprintf("at least %d argument(s)", f.min)
	}
	return fmt.Sprintf("%d to %d arguments", f.min, f.max)
}

// call is one call of a function. Arguments that are applied to each item are evaluated with that item as $this, the others in
// the scope of the call.
type call struct {
	fn     *function
	name   string
	base   node // nil: the function applies to $this
	args   []node
	typ    typeTest // of is, as and ofType
	regexp *pattern // of matches and replaceMatches with a literal pattern
	pos    int
	free   bool // called without a base
}

func (c *call) input(ev *evaluator) (Collection, error) {
	if err := ev.spend(1); err != nil {
		return nil, err
	}
	if c.base == nil {
		return ev.scope.this, nil
	}
	return c.base.eval(ev)
}

func (c *call) eval(ev *evaluator) (Collection, error) {
	if c.fn.test != nil {
		t, err := c.truth(ev)
		return t.collection(), err
	}
	in, err := c.input(ev)
	if err != nil {
		return nil, err
	}
	return c.fn.eval(ev, c, in)
}

func (c *call) truth(ev *evaluator) (Truth, error) {
	mark := ev.mark()
	if c.fn.test == nil {
		out, err := c.eval(ev)
		if err != nil {
			return Unknown, err
		}
		t, err := singleTruth(out)
		ev.cut(mark)
		return t, err
	}
	in, err := c.input(ev)
	if err != nil {
		return Unknown, err
	}
	t, err := c.fn.test(ev, c, in)
	ev.cut(mark)
	return t, err
}

// single gives the one item of the input, nil for none.
func (c *call) single(in Collection) (Item, error) {
	switch len(in) {
	case 0:
		return nil, nil
	case 1:
		return in[0], nil
	}
	return nil, evalFault(c.pos, "the function %s applies to one item, not to %d", c.name, len(in))
}

// text gives the one string of the input.
func (c *call) text(in Collection) (s string, known bool, err error) {
	it, err := c.single(in)
	if err != nil || it == nil {
		return "", false, err
	}
	if s, known = textOf(it); known {
		return s, true, nil
	}
	switch v := systemValue(it).(type) {
	case nil:
		return "", false, nil
	case Date, DateTime, Time, Integer, Decimal:
		// FHIR primitives are strings to many an expression: Patient.birthDate.startsWith('19')
		if _, ok := it.(Node); ok {
			return v.String(), true, nil
		}
	}
	return "", false, evalFault(c.pos, "the function %s applies to a string, not to a %s", c.name, typeOf(it).Name)
}

const manyArgs = 64

// functions are the functions of FHIRPath and those that FHIR adds.
var functions = map[string]*function{
	// existence (N1 §5.1)
	"empty":      {test: empty},
	"exists":     {max: 1, test: exists},
	"all":        {min: 1, max: 1, test: all},
	"allTrue":    {test: allOf(True, true)},
	"anyTrue":    {test: allOf(True, false)},
	"allFalse":   {test: allOf(False, true)},
	"anyFalse":   {test: allOf(False, false)},
	"subsetOf":   {min: 1, max: 1, test: subsetOf},
	"supersetOf": {min: 1, max: 1, test: supersetOf},
	"count":      {eval: count},
	"distinct":   {eval: distinct},
	"isDistinct": {test: isDistinct},
	"not":        {test: not},

	// filtering and projection (§5.2)
	"where":  {min: 1, max: 1, eval: where},
	"select": {min: 1, max: 1, eval: selectAll},
	"repeat": {min: 1, max: 1, eval: repeat},
	"ofType": {eval: ofType},
	"as":     {eval: ofType},
	"is":     {test: isType},
	"type":   {eval: typesOf},

	// subsetting (§5.3)
	"single":    {eval: single},
	"first":     {eval: first},
	"last":      {eval: last},
	"tail":      {eval: tail},
	"skip":      {min: 1, max: 1, eval: skip},
	"take":      {min: 1, max: 1, eval: take},
	"intersect": {min: 1, max: 1, eval: intersect},
	"exclude":   {min: 1, max: 1, eval: exclude},

	// combining (§5.4)
	"union":   {min: 1, max: 1, eval: unite},
	"combine": {min: 1, max: 1, eval: combine},

	// conversion (§5.5)
	"iif":                {min: 2, max: 3, eval: iif},
	"toBoolean":          {eval: conversion(toBoolean)},
	"convertsToBoolean":  {test: convertible(toBoolean)},
	"toInteger":          {eval: conversion(toInteger)},
	"convertsToInteger":  {test: convertible(toInteger)},
	"toDecimal":          {eval: conversion(toDecimal)},
	"convertsToDecimal":  {test: convertible(toDecimal)},
	"toString":           {eval: conversion(toText)},
	"convertsToString":   {test: convertible(toText)},
	"toDate":             {eval: conversion(toDate)},
	"convertsToDate":     {test: convertible(toDate)},
	"toDateTime":         {eval: conversion(toDateTime)},
	"convertsToDateTime": {test: convertible(toDateTime)},
	"toTime":             {eval: conversion(toTime)},
	"convertsToTime":     {test: convertible(toTime)},
	"toQuantity":         {max: 1, eval: toQuantityOf},
	"convertsToQuantity": {max: 1, test: convertsToQuantity},

	// strings (§5.6)
	"indexOf":        {min: 1, max: 1, eval: indexOf},
	"lastIndexOf":    {min: 1, max: 1, eval: lastIndexOf},
	"substring":      {min: 1, max: 2, eval: substring},
	"startsWith":     {min: 1, max: 1, test: startsWith},
	"endsWith":       {min: 1, max: 1, test: endsWith},
	"contains":       {min: 1, max: 1, test: containsText},
	"upper":          {eval: upper},
	"lower":          {eval: lower},
	"replace":        {min: 2, max: 2, eval: replace},
	"matches":        {min: 1, max: 1, test: matches},
	"matchesFull":    {min: 1, max: 1, test: matchesFull},
	"replaceMatches": {min: 2, max: 2, eval: replaceMatches},
	"length":         {eval: lengthOf},
	"toChars":        {eval: toChars},
	"trim":           {eval: trim},
	"split":          {min: 1, max: 1, eval: split},
	"join":           {max: 1, eval: joinAll},
	"encode":         {min: 1, max: 1, eval: encode},
	"decode":         {min: 1, max: 1, eval: decode},
	"escape":         {min: 1, max: 1, eval: escapeText},
	"unescape":       {min: 1, max: 1, eval: unescapeText},

	// math (§5.7)
	"abs":      {eval: abs},
	"ceiling":  {eval: ceiling},
	"floor":    {eval: floor},
	"truncate": {eval: truncate},
	"round":    {max: 1, eval: round},
	"sqrt":     {eval: sqrt},
	"exp":      {eval: exp},
	"ln":       {eval: ln},
	"log":      {min: 1, max: 1, eval: logBase},
	"power":    {min: 1, max: 1, eval: powerOf},

	// tree navigation (§5.8)
	"children":    {eval: children},
	"descendants": {eval: descendants},

	// utility (§5.9)
	"trace":     {min: 1, max: 2, eval: trace},
	"now":       {eval: now},
	"today":     {eval: today},
	"timeOfDay": {eval: timeOfDay},

	// aggregates (§7)
	"aggregate": {min: 1, max: 2, eval: aggregate},

	// FHIR's own (http://hl7.org/fhir/R4/fhirpath.html#functions)
	"extension":      {min: 1, max: 1, eval: extension},
	"hasValue":       {test: hasValue},
	"getValue":       {eval: getValue},
	"resolve":        {eval: resolve},
	"memberOf":       {min: 1, max: 1, test: memberOf},
	"subsumes":       {min: 1, max: 1, test: subsumes},
	"subsumedBy":     {min: 1, max: 1, test: subsumedBy},
	"conformsTo":     {min: 1, max: 1, test: conformsTo},
	"htmlChecks":     {test: htmlChecks},
	"checkModifiers": {max: manyArgs, eval: checkModifiers},
}
