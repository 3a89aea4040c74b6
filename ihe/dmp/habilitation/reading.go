package habilitation

import "time"

// Level is how much of a document exists for an actor.
type Level string

// The levels, each with what is before it.
const (
	Nothing   Level = ""
	Reference Level = "reference" // its metadata, not its content: to find what is to be replaced or deleted
	Full      Level = "full"
)

// MaskScope says which masked documents exist for an actor.
type MaskScope string

// The scopes of masked documents.
const (
	MaskedNone MaskScope = ""
	MaskedOwn  MaskScope = "own" // of which it is an author
	MaskedAll  MaskScope = "all"
)

// Kinds is a set of documents by type and class.
type Kinds struct {
	// Types are the typeCodes in the set, of those that the table in force knows; sorted.
	Types []string `json:"types,omitempty"`
	// AllTypes: every type that the table knows is in Types.
	AllTypes bool `json:"allTypes,omitempty"`
	// OtherTypes: also every type that the table does not know.
	OtherTypes bool `json:"otherTypes,omitempty"`
	// OtherTypesOfClasses: of the types that the table does not know, those of documents of these classes (31, imaging: the type is the DICOM code of the procedure).
	OtherTypesOfClasses []string `json:"otherTypesOfClasses,omitempty"`
	// NotTypes and NotClasses are out of the set, whatever is said above: the holder's denials.
	NotTypes   []string `json:"notTypes,omitempty"`
	NotClasses []string `json:"notClasses,omitempty"`
}

// Hiding is a label that hides the documents which bear it.
type Hiding struct {
	Label Label `json:"label"`
	// Months: for so many months after the deposit (Engine.VisibleFrom); 0: as long as the label is there.
	Months int    `json:"months,omitempty"`
	Rule   RuleID `json:"rule"`
}

// Reading says which documents of one record exist for an actor. The zero Reading is none.
//
// A document exists when Own, and the actor is an author; or OwnStructure, and an author is its structure or the structure's staff; or its type and class are in Kinds, no label of Hidden hides it, and it is not masked or Masked lets it through.
type Reading struct {
	Open Decision `json:"open"` // whether anything of the record can be read, and why

	Kinds  Kinds     `json:"kinds"`
	Level  Level     `json:"level"`  // of what Kinds gives
	Masked MaskScope `json:"masked"` // with Level
	Hidden []Hiding  `json:"hidden,omitempty"`

	Own          Level `json:"own"`          // documents of which the actor is an author, whatever their type and masks
	OwnStructure Level `json:"ownStructure"` // documents of the actor's structure or its staff, whatever their type and masks

	// Data: also clinical resources that come from no document of a known type.
	Data bool `json:"data"`

	// Parts says for each part which rule gave it.
	Parts []Part `json:"parts,omitempty"`
	// Version is the date of the matrix A that was used.
	Version string `json:"version,omitempty"`
}

// Part is one part of a Reading with its rule.
type Part struct {
	Part string `json:"part"` // types, masked, hidden, own, denied, code...
	Rule RuleID `json:"rule"`
	Why  string `json:"why"`
}

// Key is equal for two Readings that give the same documents, whatever the reasons: records with the same Key share a condition.
func (r *Reading) Key() string { return "" }

// VisibleFrom is when a label of Months hides no longer a document that was deposited then.
func (e *Engine) VisibleFrom(h Hiding, deposited time.Time) time.Time { return time.Time{} }
