package search

import "github.com/carnet-fhir/carnet/fhir/fault"

// Query is a parsed search.
type Query struct {
	// Types are the resource types searched: one at type level, several or all at system level.
	Types []string
	// Where holds the condition for each type (parameters resolve by type); each is present, possibly an empty And.
	Where map[string]Expr

	// Near is the position that a search of Locations is about; without a _sort of the client's it orders the matches (see Sort).
	Near *Operand

	Sort     []SortKey
	Count    int    // page size asked for; -1 when not given
	Total    string // "", none, estimate, accurate
	Summary  string // "", true, text, data, count, false
	Elements []string
	Includes []Include
	// Contained is _contained (only "false" is supported).
	Contained string
	Explain   bool // __explain=true
	// Used are the parameters that were understood, in the order given, for the self link: name and raw value.
	Used [][2]string
	// Narrow, when set, gives the JSON of a match as the answer to this query shows it: a profile may leave out what the client did not ask for (identifiers of other domains). It does not change what it is given.
	Narrow func(body []byte) []byte
	// Ignored are parameters left out under Prefer: handling=lenient.
	Ignored []string
	// Hints are warnings of criteria that no resource can satisfy: a code outside of the value set that its element is bound to.
	Hints []fault.Issue
}

// SortKey is one part of _sort.
type SortKey struct {
	Code string
	// Params holds the parameter for each type searched; nil for _id, _lastUpdated.
	Params     map[string]*Param
	Descending bool
	// Near orders by the distance to the operand's position; Code is "near" then.
	Near *Operand
}

// Include is one _include or _revinclude.
type Include struct {
	Reverse bool
	Iterate bool
	// Source is the type that holds the reference; "*" for any.
	Source string
	// Code is the parameter's code; "*" means all reference parameters of the Source. Param is nil then.
	Code  string
	Param *Param
	// Target restricts the type pointed to; "" is any.
	Target string
}
