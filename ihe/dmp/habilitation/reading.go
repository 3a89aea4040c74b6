package habilitation

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Level is how much of a document exists for an actor.
type Level string

// The levels, each with what is before it.
const (
	Nothing   Level = ""
	Reference Level = "reference" // its metadata, not its content: to find what is to be replaced or deleted
	Full      Level = "full"
)

// MaskScope says which masked documents (MASQUE_PS) exist for an actor.
type MaskScope string

// The scopes of masked documents.
const (
	MaskedNone MaskScope = ""
	MaskedOwn  MaskScope = "own" // those that Own and OwnStructure are about
	MaskedAll  MaskScope = "all"
)

// Hiding is a label that hides the documents which bear it.
type Hiding struct {
	Label Label `json:"label"`
	// Months: for so many months after the deposit; 0: as long as the label is there.
	Months int `json:"months,omitempty"`
	// Since, with Months: documents that were deposited before are hidden no longer, at the Situation's moment. Engine.HiddenSince gives it for another moment.
	Since time.Time `json:"since,omitzero"`
	Rule  RuleID    `json:"rule"`
}

// Reading says which documents of one record exist for an actor. The zero Reading is none.
//
// A document exists
//   - when its state is not in NotStates,
//   - and it is not masked, or Masked is all, or Masked is own and one of the next two lines about authors holds,
//   - and (Own, and the actor is an author; or OwnStructure, and an author is its structure or the structure's staff; or Level, and it is in Kinds and no label of Hidden hides it),
//
// at the greatest of the levels that hold. Judge is this sentence as a function.
type Reading struct {
	Open Decision `json:"open"` // whether the record can be consulted, and why

	Kinds     Kinds     `json:"kinds"`
	Level     Level     `json:"level,omitempty"` // of what Kinds gives
	Hidden    []Hiding  `json:"hidden,omitempty"`
	Masked    MaskScope `json:"masked,omitempty"`
	NotStates []State   `json:"notStates,omitempty"`

	Own          Level `json:"own,omitempty"`
	OwnStructure Level `json:"ownStructure,omitempty"`

	// Data: also clinical resources that come from no document.
	Data bool `json:"data,omitempty"`

	// Parts says for each part which rule gave it.
	Parts []Part `json:"parts,omitempty"`
	// Version is that of the matrix A that was used.
	Version string `json:"version,omitempty"`

	matrix   *matrixA
	maskRule RuleID
	kindRule RuleID
	kindsKey string
	narrowed []narrowed
}

// narrowed is what Kinds was before a rule took something from it.
type narrowed struct {
	before Kinds
	rule   RuleID
}

// narrow replaces Kinds by a part of it.
func (r *Reading) narrow(to Kinds, rule RuleID) {
	r.narrowed = append(r.narrowed, narrowed{r.Kinds, rule})
	r.Kinds, r.kindsKey = to, ""
}

// outside gives the rule by which a document is not in Kinds.
func (r *Reading) outside(typ, class string) RuleID {
	for i := len(r.narrowed) - 1; i >= 0; i-- {
		if r.narrowed[i].before.has(r.matrix, typ, class) {
			return r.narrowed[i].rule
		}
	}
	if r.matrix.byType[typ] == nil && r.kindRule == "MA" {
		return "X3"
	}
	return r.kindRule
}

// Part is one part of a Reading with its rule.
type Part struct {
	Part string `json:"part"` // types, masked, hidden, own, denied, code...
	Rule RuleID `json:"rule"`
	Why  string `json:"why"`
}

func (r *Reading) because(part string, rule RuleID, why string) {
	r.Parts = append(r.Parts, Part{part, rule, why})
}

// Empty says whether no document can exist for the actor.
func (r *Reading) Empty() bool {
	return (r.Level == Nothing || r.Kinds.Empty()) && r.Own == Nothing && r.OwnStructure == Nothing
}

// Key is equal for Readings that give the same documents, whatever the reasons and the moment: records with the same Key share a condition.
func (r *Reading) Key() string {
	var b strings.Builder
	b.WriteString(string(r.Level) + ";" + string(r.Masked) + ";" + string(r.Own) + ";" + string(r.OwnStructure) + ";" + strconv.FormatBool(r.Data) + ";")
	for _, s := range r.NotStates {
		b.WriteString(string(s) + ",")
	}
	b.WriteByte(';')
	if r.Level != Nothing {
		for _, h := range r.Hidden {
			b.WriteString(string(h.Label) + "/" + strconv.Itoa(h.Months) + ",")
		}
		b.WriteByte(';')
		if r.kindsKey == "" {
			r.kindsKey = r.Kinds.key()
		}
		b.WriteString(r.kindsKey)
	}
	return b.String()
}

// key is equal for equal sets.
func (k *Kinds) key() string {
	if k.Everything() {
		return "*"
	}
	var b strings.Builder
	for _, list := range [][]string{k.Types, k.OtherTypesOfClasses, k.NotTypes, k.NotClasses} {
		for _, v := range list {
			b.WriteString(strconv.Quote(v))
		}
		b.WriteByte(';')
	}
	b.WriteString(strconv.FormatBool(k.OtherTypes))
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:12])
}

// Judge says how much of a document exists by a Reading, and by which rule.
func (r *Reading) Judge(d *Target) (Level, Decision) {
	own := d.Own && r.Own != Nothing
	structure := d.OwnStructure && r.OwnStructure != Nothing
	level, rule, why := Nothing, r.Open.Rule, r.Open.Why
	switch {
	case slices.Contains(r.NotStates, d.State):
		return Nothing, Decision{Rule: "D10", Why: "Documents in this state do not exist for the actor."}
	case r.Level == Nothing:
	case !r.Kinds.has(r.matrix, d.Type, d.Class):
		rule, why = r.outside(d.Type, d.Class), "Documents of this type and class do not exist for the actor."
	default:
		level, rule, why = r.Level, r.kindRule, "The actor reads documents of this type and class."
		if h := r.hides(d); h != nil {
			level, rule, why = Nothing, h.Rule, "The document is hidden from the actor by its label."
		}
	}
	if own && less(level, r.Own) {
		level, rule, why = r.Own, "X5", "The actor is an author of the document."
	}
	if structure && less(level, r.OwnStructure) {
		level, rule, why = r.OwnStructure, "MB", "An author is the actor's structure or one of its staff."
	}
	if level != Nothing && slices.Contains(d.Labels, Masked) && r.Masked != MaskedAll && !(r.Masked == MaskedOwn && (own || structure)) {
		level, rule, why = Nothing, r.maskRule, "The document is masked from professionals."
	}
	return level, Decision{Permit: level != Nothing, Rule: rule, Why: why}
}

// hides gives the label by which a document is hidden.
func (r *Reading) hides(d *Target) *Hiding {
	for i := range r.Hidden {
		h := &r.Hidden[i]
		if slices.Contains(d.Labels, h.Label) && (h.Months == 0 || d.Deposited.IsZero() || !d.Deposited.Before(h.Since)) {
			return h
		}
	}
	return nil
}

func less(a, b Level) bool { return a == Nothing && b != Nothing || a == Reference && b == Full }
