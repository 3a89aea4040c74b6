package search

// Expr is a condition on a resource: what a query, a _filter, a compartment or an access rule asks of it. The tree is built by parsing or by the server itself (access rules are
// conjoined to what the client asked), planned by the executor and judged by the matcher.
type Expr interface{ expr() }

// And holds when all of its parts hold; an empty And always holds.
type And []Expr

// Or holds when any of its parts holds; an empty Or never holds.
type Or []Expr

// Not holds when its part does not.
type Not struct{ Expr Expr }

// Clause compares one parameter with one or more operands, any of which may match.
type Clause struct {
	Param    *Param
	Modifier Modifier
	// TypeModifier is the resource type of a reference's type modifier (subject:Patient=23).
	TypeModifier string
	Operands     []Operand
}

// Chain holds when a resource that the reference parameter points to, of the target type, satisfies the inner condition (subject:Patient.name=x).
type Chain struct {
	Param  *Param
	Target string
	Inner  Expr
}

// Has holds when some resource of the type satisfies the inner condition and points to this one by the reference parameter (_has).
type Has struct {
	Source string
	Param  *Param
	Inner  Expr
}

// InCompartment holds when the resource belongs to the compartment (http://hl7.org/fhir/R4/compartmentdefinition.html).
type InCompartment struct {
	Type, ID string
}

// Text holds when the narrative (_text) or the whole content (_content) has all the words.
type Text struct {
	Content bool
	Words   []string
}

// InList holds when the List resource of the id refers to the resource (_list).
type InList struct{ ID string }

// IDIn holds when the resource's logical id is one of these (_id).
type IDIn struct{ IDs []string }

func (And) expr()           {}
func (Or) expr()            {}
func (Not) expr()           {}
func (*Clause) expr()       {}
func (*Chain) expr()        {}
func (*Has) expr()          {}
func (InCompartment) expr() {}
func (Text) expr()          {}
func (InList) expr()        {}
func (IDIn) expr()          {}

// Modifier is a search modifier (http://hl7.org/fhir/R4/search.html#modifiers).
type Modifier string

// The modifiers of R4. ":not" is parsed into Not around a Clause without modifier; a type modifier is Clause.TypeModifier.
const (
	NoModifier         Modifier = ""
	ModifierMissing    Modifier = "missing"
	ModifierExact      Modifier = "exact"
	ModifierContains   Modifier = "contains"
	ModifierText       Modifier = "text"
	ModifierIn         Modifier = "in"
	ModifierNotIn      Modifier = "not-in"
	ModifierBelow      Modifier = "below"
	ModifierAbove      Modifier = "above"
	ModifierOfType     Modifier = "of-type"
	ModifierIdentifier Modifier = "identifier"
)

// The comparisons that only _filter has (http://hl7.org/fhir/R4/search_filter.html#ops). They are judged on the content, by the matcher.
const (
	// ModifierCompare compares by the Operand's Prefix what has no prefixes otherwise: strings (eq, ne, gt, lt, ge, le, on folded text), and ne on tokens, references, URIs and
	// composites ("an item in the set has an unequal value").
	ModifierCompare Modifier = "filter-compare"
	// ModifierEndsWith is ew, on folded strings and on URIs.
	ModifierEndsWith Modifier = "filter-ew"
	// ModifierStartsWith is sw on URIs (of a string it is no modifier).
	ModifierStartsWith Modifier = "filter-sw"
)

// Prefix is a comparison of an ordered parameter.
type Prefix string

// The prefixes of http://hl7.org/fhir/R4/search.html#prefix.
const (
	Eq Prefix = "eq"
	Ne Prefix = "ne"
	Gt Prefix = "gt"
	Lt Prefix = "lt"
	Ge Prefix = "ge"
	Le Prefix = "le"
	Sa Prefix = "sa"
	Eb Prefix = "eb"
	Ap Prefix = "ap"
)

// Operand is one value that a client asks for, parsed by its parameter's type.
type Operand struct {
	Raw    string // unescaped text as the client gave it
	Prefix Prefix
	Bool   bool // of :missing
	// String is the text to look for (string, uri) as given; Folded is it folded for comparison (string).
	String, Folded string
	// HasSystem tells "|code" and "system|code" from "code"; a token with HasSystem and System "" must have no system.
	System, Code string
	HasSystem    bool
	// Value is the third part of an :of-type operand (system|type code|value).
	Value string
	// Low and High bound the instant range of a date, in microseconds since the Unix epoch, High exclusive.
	Low, High int64
	// Number is the decimal of a number or quantity, LowNumber and HighNumber the range implied by its precision.
	Number, LowNumber, HighNumber Decimal
	// Unit is a quantity's code or unit text, System its system.
	Unit string
	// Reference parts: RefType and RefID for a relative or bare id, else URL for an absolute or canonical one, Version of a canonical.
	RefType, RefID, URL, Version string
	// Latitude and Longitude in degrees and Distance in metres, of near.
	Latitude, Longitude, Distance float64
	// Parts are the operands of a composite.
	Parts []Operand
}
