package scope

// Parse reads a space-separated list of scopes. Unknown scopes are kept apart (Set.Unknown). A text that breaks the grammar of OAuth (RFC 6749, appendix A.4) or the bounds is a 400 fault.
func Parse(text string) (Set, error) { return Set{}, nil }

// String gives the set in canonical form: scopes of resources first (patient, user, system; by type; v2 letters), then the others, then unknown ones.
func (s Set) String() string { return "" }

// Spelled is String with the scopes that a client wrote as SMART 1.0 in that spelling, for the answers to such clients.
func (s Set) Spelled() string { return "" }

// String gives the scope in its v2 form.
func (r Resource) String() string { return "" }
