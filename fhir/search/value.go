package search

// Value is one indexed value of a parameter in one resource, by the parameter's type. Dates and numbers are ranges.
type Value struct {
	// Text is a string's text as written, a uri, or the display text of a token (for :text).
	Text string
	// Folded is Text without case and accents, white space collapsed (string).
	Folded string
	// System and Code of a token (a boolean's code is "true"); the unit of a quantity (Code: coded unit, Unit: its text).
	System, Code, Unit string
	// TypeSystem and TypeCode are an identifier's type codings, for :of-type (one Value for each coding).
	TypeSystem, TypeCode string
	// Low and High bound an instant range in microseconds since the Unix epoch, High exclusive; open ends are MinTime and MaxTime.
	Low, High int64
	// LowNumber and HighNumber bound a number or quantity (equal for a plain value; a Range's ends, which may be absent).
	LowNumber, HighNumber Decimal
	// RefType and RefID of a reference to a resource of this server or relative; URL for any other; Version of a canonical.
	RefType, RefID, URL, Version string
	// Identifier is a logical reference's identifier (Reference.identifier), for :identifier.
	IdentifierSystem, IdentifierValue string
	// Latitude and Longitude in degrees (near).
	Latitude, Longitude float64
	// Parts are the values of a composite's components, one list for each.
	Parts [][]Value
}
