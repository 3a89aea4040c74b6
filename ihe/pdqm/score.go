package pdqm

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// Grade is a code of http://terminology.hl7.org/CodeSystem/match-grade.
type Grade string

// The grades that are given; what is certainly not the person is left out.
const (
	Certain  Grade = "certain"
	Probable Grade = "probable"
	Possible Grade = "possible"
)

// Bounds of the score for a grade.
const (
	probableFrom = 0.85
	possibleFrom = 0.50
	// probableMost is the score of a match that is not certain, however equal: 1 is kept for certainty.
	probableMost = 0.99
)

// Part is one comparison of a match: what was compared, how it came out and what it weighs.
type Part struct {
	Name    string
	Outcome string // equal, near, different
	Weight  float64
}

// Match is how a Patient compares with the one asked about.
type Match struct {
	Person *dmp.Person
	Score  float64
	Grade  Grade
	Parts  []Part
}

// Weights of the traits. Their sum over what both sides tell is 1 in the score.
const (
	weightFamily   = 0.30
	weightGiven    = 0.20
	weightBirth    = 0.30
	weightSex      = 0.05
	weightPlace    = 0.10
	weightPostcode = 0.03
	weightTelecom  = 0.02
)

// asked is the Patient that a match looks for, read once.
type asked struct {
	tree   *element.Element
	ins    ins.Matricule
	traits dmp.Traits
	// families and givens are all names, folded; tokens all identifiers.
	families, givens []string
	postcodes        []string
	telecoms         []string
	tokens           [][2]string
}

func read(mode ins.Mode, tree *element.Element) *asked {
	a := &asked{tree: tree, traits: dmp.TraitsOf(tree)}
	for e := range tree.Children("identifier") {
		system, value := dmp.CanonicalToken(e.ChildValue("system"), e.ChildValue("value"))
		if value == "" || e.ChildValue("use") == "old" {
			continue
		}
		a.tokens = append(a.tokens, [2]string{system, value})
		if m, err := mode.Parse(system, value); err == nil {
			a.ins = m
		}
	}
	a.families, a.givens = names(tree)
	for e := range tree.Children("address") {
		if v := e.ChildValue("postalCode"); v != "" {
			a.postcodes = append(a.postcodes, search.Fold(v))
		}
	}
	for e := range tree.Children("telecom") {
		if v := e.ChildValue("value"); v != "" {
			a.telecoms = append(a.telecoms, strings.ToLower(v))
		}
	}
	return a
}

// names gives the family and given names of all uses, folded.
func names(tree *element.Element) (families, givens []string) {
	for name := range tree.Children("name") {
		if v := name.ChildValue("family"); v != "" {
			families = append(families, search.Fold(v))
		}
		for g := range name.Children("given") {
			givens = append(givens, search.Fold(g.Value))
		}
	}
	for name := range strings.FieldsSeq(dmp.TraitsOf(tree).Given) {
		givens = append(givens, search.Fold(name))
	}
	return families, givens
}

// compare judges one candidate; nil when it is certainly not the person, or not even possibly.
func (a *asked) compare(p *dmp.Person, candidate *asked) *Match {
	m := &Match{Person: p}
	if !a.ins.IsZero() && !candidate.ins.IsZero() && a.ins != candidate.ins {
		return nil // two INS are two people
	}
	sum, weights := 0.0, 0.0
	contradicted := false
	part := func(name string, weight float64, known bool, outcome float64) {
		if !known {
			return
		}
		words := "different"
		switch {
		case outcome >= 1:
			words = "equal"
		case outcome > 0:
			words = "near"
		}
		contradicted = contradicted || outcome == 0 && weight >= weightSex
		m.Parts = append(m.Parts, Part{name, words, weight})
		sum, weights = sum+weight*outcome, weights+weight
	}
	part("family", weightFamily, len(a.families) > 0 && len(candidate.families) > 0, common(a.families, candidate.families))
	part("given", weightGiven, len(a.givens) > 0 && len(candidate.givens) > 0, common(a.givens, candidate.givens))
	part("birthDate", weightBirth, a.traits.BirthDate != "" && candidate.traits.BirthDate != "", dates(a.traits.BirthDate, candidate.traits.BirthDate))
	part("gender", weightSex, told(a.traits.Sex) && told(candidate.traits.Sex), same(a.traits.Sex, candidate.traits.Sex))
	part("birthPlace", weightPlace, a.traits.BirthPlace != "" && candidate.traits.BirthPlace != "", same(a.traits.BirthPlace, candidate.traits.BirthPlace))
	part("postalCode", weightPostcode, len(a.postcodes) > 0 && len(candidate.postcodes) > 0, common(a.postcodes, candidate.postcodes))
	part("telecom", weightTelecom, len(a.telecoms) > 0 && len(candidate.telecoms) > 0, common(a.telecoms, candidate.telecoms))
	if weights > 0 {
		m.Score = sum / weights
	}
	m.grade(a, candidate, contradicted, weights)
	if m.Grade == "" {
		return nil
	}
	return m
}

// grade turns the score into a grade.
func (m *Match) grade(a, candidate *asked, contradicted bool, weights float64) {
	sameINS := !a.ins.IsZero() && a.ins == candidate.ins
	local := !sameINS && slices.ContainsFunc(a.tokens, func(t [2]string) bool { return t[0] != "" && slices.Contains(candidate.tokens, t) })
	switch {
	case sameINS:
		m.Parts = append([]Part{{"INS", "equal", 0}}, m.Parts...)
		if m.Grade, m.Score = Certain, 1; contradicted || weights == 0 {
			// The number without the person: a mistyped trait, or somebody else's number. The caller verifies.
			m.Grade, m.Score = Probable, probableFrom
		}
		return
	case local:
		m.Parts = append([]Part{{"identifier", "equal", 0}}, m.Parts...)
		m.Score = max(m.Score, probableFrom)
		if contradicted {
			m.Score = possibleFrom
		}
	}
	m.Score = min(m.Score, probableMost)
	switch {
	case m.Score >= probableFrom && (local || weights >= weightFamily+weightGiven+weightBirth):
		m.Grade = Probable
	case m.Score >= possibleFrom:
		m.Grade = Possible
	}
}

func told(sex string) bool { return sex == "male" || sex == "female" }

func same(a, b string) float64 {
	if a == b {
		return 1
	}
	return 0
}

// common is 1 when a value stands on both sides, and a half when one is a word of another (LEGER and LEGER DURAND, JEAN and JEAN PIERRE).
func common(a, b []string) float64 {
	best := 0.0
	for _, x := range a {
		for _, y := range b {
			switch {
			case x == y:
				return 1
			case x != "" && y != "" && (slices.Contains(strings.Fields(x), y) || slices.Contains(strings.Fields(y), x)):
				best = 0.5
			}
		}
	}
	return best
}

// dates are equal, near when one is told to less precision and they agree as far, or when day and month are exchanged.
func dates(a, b string) float64 {
	switch {
	case a == b:
		return 1
	case len(a) < len(b) && strings.HasPrefix(b, a), len(b) < len(a) && strings.HasPrefix(a, b):
		return 0.5
	case len(a) == 10 && len(b) == 10 && a[:4] == b[:4] && a[5:7] == b[8:] && a[8:] == b[5:7]:
		return 0.5
	}
	return 0
}
