package ins

import "errors"

// Mode says whose numbers a server takes. One server has one mode: test identities and real ones never mix.
type Mode uint8

// The modes.
const (
	// Sandbox takes numbers for tests and demonstrations, and those of Published.
	Sandbox Mode = iota
	// Production takes the numbers of real people.
	Production
)

// ParseMode reads "sandbox" or "production".
func ParseMode(name string) (Mode, error) {
	switch name {
	case "sandbox":
		return Sandbox, nil
	case "production":
		return Production, nil
	}
	return 0, errors.New("ins: the mode is sandbox or production")
}

// String gives the mode's name.
func (m Mode) String() string {
	if m == Production {
		return "production"
	}
	return "sandbox"
}

// Parse is the function of this name, and refuses kinds that are not of the mode (RuleMode). In a sandbox the Published numbers are read as they stand.
func (m Mode) Parse(system, number string) (Matricule, error) {
	if m == Sandbox {
		if p, ok := published(system, number); ok {
			return p, nil
		}
	}
	p, err := Parse(system, number)
	if err != nil {
		return Matricule{}, err
	}
	return p, m.Judge(p)
}

// ParseCX is the function of this name in the mode.
func (m Mode) ParseCX(cx string) (Matricule, error) {
	number, authority, ok := cutCX(cx)
	if !ok {
		return Matricule{}, broken(RuleSystem)
	}
	return m.Parse(authority, number)
}

// Judge refuses a matricule that is not of the mode.
func (m Mode) Judge(p Matricule) error {
	if m == Sandbox && p.Published() {
		return nil
	}
	if p.kind.Real() != (m == Production) {
		return &Error{Rule: RuleMode, Kind: p.kind, Mode: m}
	}
	return nil
}

// publishedNumbers are the fictitious numbers of example documents that ANS publishes for the CI-SIS and that are not what a test number should be: two stand under the authority of real
// numbers, and two have a key that is not theirs. They belong to nobody; a sandbox must be able to take the examples in.
var publishedNumbers = [...]Matricule{
	{NIR, "277076322082910"},
	{NIR, "222127505611201"},  // wrong key
	{Test, "221042545611404"}, // wrong key
}

// Published says that the number is a fictitious one of a published example document, which a sandbox takes although it breaks a rule.
func (m Matricule) Published() bool {
	for _, p := range publishedNumbers {
		if p == m {
			return true
		}
	}
	return false
}

func published(system, number string) (Matricule, bool) {
	kind, ok := KindOf(system)
	p := Matricule{kind, number}
	if !ok || !p.Published() {
		return Matricule{}, false
	}
	return p, true
}
