package habilitation

import "slices"

// RuleID numbers a rule: A1 to A20 who may open a record, E1 to E12 emergencies, D1 to D18 documents, M1 to M7 minors, T1 to T7 traces, L1 to L8 the life of a record; MA and MB are the matrices, X1... what Carnet decides where the texts are silent.
type RuleID string

// Mark is how well a rule or a cell is founded.
type Mark string

// The marks.
const (
	Official Mark = "official" // read in the text of an official body, or in its own source code or examples
	Reported Mark = "reported" // a third party's copy or summary of an official text
	Inferred Mark = "inferred" // reasoned, where no text was found
)

// Rule is a numbered rule of access.
type Rule struct {
	ID     RuleID
	Title  string // what it says, in a sentence
	Source string
	Mark   Mark
	// Where names the function or the package that enforces it, or says what is done about a rule that no program can decide.
	Where string
}

// Decision is the answer to one question.
type Decision struct {
	Permit bool     `json:"permit"`
	Rule   RuleID   `json:"rule"`             // that decided
	Why    string   `json:"why"`              // in a sentence, without any name or content
	Others []RuleID `json:"others,omitempty"` // that were weighed
	// Limit is the condition of matrix B under which it holds, which the caller applies: same-structure, new-authorisations, to-structure, reference-only, accountable, own...
	Limit Condition `json:"limit,omitempty"`
}

// tidy leaves each rule that was weighed once, and without the one that decided.
func (d Decision) tidy() Decision {
	var others []RuleID
	for _, r := range d.Others {
		if r != d.Rule && !slices.Contains(others, r) {
			others = append(others, r)
		}
	}
	d.Others = others
	return d
}

// Rules are all rules: those with the numbers A1 to L8, the matrices (MA, MB), and what Carnet decides where the texts are silent (X1 to X13).
func Rules() []Rule {
	return slices.Concat(openingRules(), documentRules(), lifeRules(), ownRules())
}
