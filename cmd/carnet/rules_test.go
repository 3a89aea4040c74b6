package main

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// ruleCase is the test of one rule, over HTTP, with real tokens.
type ruleCase struct {
	rule rules.RuleID
	// says is the rule as its source has it, in our words: what the test asks for is read from there, and not from the engine.
	says string
	test func(*ruleRun)
	// alone gives the case a server of its own, whose clock it moves, with what parameters.json says where it is set.
	alone      bool
	parameters string
	// silent: nothing of the rule can be refused (or nothing permitted), and why.
	silent string
}

// ruleCases are the tests of all rules, in the order of the rules.
func ruleCases() []ruleCase {
	return slices.Concat(openingCases(), consentCases(), emergencyCases(), maskingCases(), documentCases(), minorCases(), traceCases(), lifeCases(), matrixCases(), ownRuleCases(), applicationCases())
}

// unseen are the rules of which nothing can be seen over HTTP: why, and the test that shows what there is of them.
var unseen = map[rules.RuleID][2]string{
	"L5":  {"a suspension is an act of the CNAM's administration, for which the server has no operation: what would follow from it is a function of the rules", "ihe/dmp/habilitation TestRuleL5"},
	"D16": {"when a document is due is between the professional and the day of the act: a server takes what comes late, and the text has no sanction for it", "ihe/dmp/habilitation TestRuleD16"},
}

// ruleStart is the moment at which the tests of rules begin.
var ruleStart = time.Date(2026, 3, 15, 10, 30, 0, 0, time.UTC)

// movingClock is a clock that a test moves.
type movingClock struct{ micros atomic.Int64 }

func (c *movingClock) now() time.Time      { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *movingClock) moveTo(at time.Time) { c.micros.Store(at.UnixMicro()) }

// ruleWorld is a server on which rules are tested: traced, with its notifications, at a moment of its own.
type ruleWorld struct {
	*securedServer
	clock *movingClock
	mu    sync.Mutex
	next  int // of the synthetic people
	rpps  int
}

func startRules(t *testing.T, o securityOptions) *ruleWorld {
	clock := &movingClock{}
	clock.moveTo(ruleStart)
	o.clock = clock.now
	w := &ruleWorld{securedServer: startSecured(t, o), clock: clock}
	require.NoError(t, w.in.layers.start(w.in, nil))
	return w
}

// ruleRun is the test of a rule under way.
type ruleRun struct {
	*securedServer
	world *ruleWorld
	rule  rules.RuleID
	n     int // of what it stored
	// permitted and refused count what it asserted on each side.
	permitted, refused int
}

// TestRules asks a server over HTTP about every rule: a subtest for each, named as the rule is, that sees it permit and refuse.
func TestRules(t *testing.T) {
	common := startRules(t, securityOptions{clients: registered(t)})
	var permitted, refused, requests atomic.Int64
	t.Cleanup(func() {
		t.Logf("%d rules of %d have a subtest; %d permissions and %d refusals asserted in %d requests", len(ruleCases()), len(rules.Rules()), permitted.Load(), refused.Load(), requests.Load()+common.requests.Load())
	})
	for _, c := range ruleCases() {
		t.Run(string(c.rule), func(t *testing.T) {
			t.Parallel()
			w := common
			if c.alone {
				w = startRules(t, securityOptions{clients: registered(t), habilitation: parametersDir(t, c.parameters)})
				defer func() { requests.Add(w.requests.Load()) }()
			}
			own := *w.securedServer
			own.t = t
			r := &ruleRun{securedServer: &own, world: w, rule: c.rule}
			c.test(r)
			if c.silent == "" {
				assert.Positive(t, r.permitted, "a permitted side is seen")
				assert.Positive(t, r.refused, "a refused side is seen")
			}
			permitted.Add(int64(r.permitted))
			refused.Add(int64(r.refused))
		})
	}
}

// TestEveryRuleIsAskedOverHTTP holds the subtests against the declared rules: none is missing, none is of no rule.
func TestEveryRuleIsAskedOverHTTP(t *testing.T) {
	var declared, tested []rules.RuleID
	for _, r := range rules.Rules() {
		declared = append(declared, r.ID)
	}
	for _, c := range ruleCases() {
		tested = append(tested, c.rule)
		assert.NotEmpty(t, c.says, "%s: what it says", c.rule)
		assert.NotNil(t, c.test, c.rule)
	}
	for id, why := range unseen {
		tested = append(tested, id)
		assert.NotEmpty(t, why[0], id)
		assert.NotEmpty(t, why[1], id)
	}
	assert.ElementsMatch(t, declared, tested)
	assert.LessOrEqual(t, len(unseen), 2)
}

// now is the moment of the case's server; after moves it on.
func (r *ruleRun) now() time.Time { return r.world.clock.now() }
func (r *ruleRun) at(moment time.Time) {
	r.world.clock.moveTo(moment)
	r.operator = r.as(&rules.Actor{Kind: rules.Operator, ID: signin.ClientIdentifier("operator")}, "system/*.cruds", "", "") // tokens live by the same clock
}
func (r *ruleRun) after(d time.Duration)    { r.at(r.now().Add(d)) }
func (r *ruleRun) sweep() (done sweptCount) { return sweptBy(r) }

// adult and child give the id of a new person; a child is at least three years from both ends of childhood.
func (r *ruleRun) adult() string {
	return r.newPerson(func(born time.Time) bool { return born.Before(ruleStart.AddDate(-18, 0, 0)) })
}

func (r *ruleRun) child() string {
	return r.newPerson(func(born time.Time) bool {
		return born.After(ruleStart.AddDate(-15, 0, 0)) && born.Before(ruleStart.AddDate(-3, 0, 0))
	})
}

func (r *ruleRun) newPerson(suits func(time.Time) bool) string {
	r.t.Helper()
	w := r.world
	w.mu.Lock()
	defer w.mu.Unlock()
	for g := synthetic.New(11); ; w.next++ {
		traits, err := g.Traits(w.next)
		require.NoError(r.t, err)
		if !suits(traits.Born) {
			continue
		}
		r.n++
		id := r.name("p")
		r.person(id, w.next)
		w.next++
		return id
	}
}

// permits asserts the permitted side, refuses the refused one.
func (r *ruleRun) permits(holds bool, text string, args ...any) {
	r.t.Helper()
	r.permitted++
	assert.True(r.t, holds, append([]any{"permitted: " + text}, args...)...)
}

func (r *ruleRun) refuses(holds bool, text string, args ...any) {
	r.t.Helper()
	r.refused++
	assert.True(r.t, holds, append([]any{"refused: " + text}, args...)...)
}

// hidden is a status by which something does not exist.
func hidden(status int) bool { return status == http.StatusNotFound || status == http.StatusForbidden }
