package search

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search/searchtest"
)

// rules makes random access rules over sets, each in two forms: with Among, and with the clause of as many operands that says the same.
type rules struct {
	r       *rand.Rand
	typ     string
	content content
}

// pools gives the values that resources of the type have by each reference and token parameter.
func (g *rules) values(p *Param) (all []Value) {
	s := sharedRegistry().Snapshot()
	for root := range g.content.Resources(g.typ) {
		all = append(all, s.ValuesOf(p, root)...)
	}
	return all
}

func (g *rules) make(depth int) (sets, clauses Expr) {
	if depth == 0 || g.r.IntN(3) == 0 {
		return g.leaf()
	}
	switch g.r.IntN(5) {
	case 4:
		a, b := g.make(depth - 1)
		return &Later{a}, b
	case 0:
		a, b := g.make(depth - 1)
		return Not{a}, Not{b}
	case 1, 2:
		var a, b Or
		for range g.r.IntN(4) {
			x, y := g.make(depth - 1)
			a, b = append(a, x), append(b, y)
		}
		return a, b
	default:
		var a, b And
		for range g.r.IntN(3) {
			x, y := g.make(depth - 1)
			a, b = append(a, x), append(b, y)
		}
		return a, b
	}
}

func (g *rules) leaf() (sets, clauses Expr) {
	if g.r.IntN(10) == 0 {
		for key := range g.content {
			if ref := readReference([]byte(key)); ref.typ == "Patient" {
				x := InCompartment{Type: ref.typ, ID: ref.id}
				return x, x
			}
		}
	}
	if g.r.IntN(10) == 0 {
		if p, ok := sharedRegistry().Param(g.typ, "_lastUpdated"); ok {
			x := &Clause{Param: p, Operands: []Operand{{Prefix: Lt, Low: testNow.UnixMicro(), High: testNow.UnixMicro() + 1}}}
			return x, x
		}
	}
	if g.r.IntN(6) == 0 {
		var refs []Ref
		var ids []string
		for key := range g.content {
			if ref := readReference([]byte(key)); ref.typ == g.typ && g.r.IntN(3) == 0 {
				refs, ids = append(refs, Ref{ref.typ, ref.id}), append(ids, ref.id)
			}
		}
		return &Among{Set: ReferenceSet(append(refs, Ref{"Basic", "other"}))}, IDIn{IDs: ids}
	}
	var params []*Param
	for _, p := range sharedRegistry().Snapshot().Params(g.typ) {
		if (p.Type == Reference || p.Type == Token) && p.indexed() {
			params = append(params, p)
		}
	}
	p := params[g.r.IntN(len(params))]
	if p.Type == Reference && g.r.IntN(3) == 0 {
		return g.depends(p)
	}
	if p.Type == Reference {
		return g.references(p)
	}
	return g.tokens(p, false)
}

// depends makes a condition that is another for each reference, and the disjunction that says the same.
func (g *rules) depends(p *Param) (sets, clauses Expr) {
	conditions := map[Ref]Expr{}
	var any Or
	for _, v := range g.values(p) {
		ref := Ref{v.RefType, v.RefID}
		if _, known := conditions[ref]; known || v.RefID == "" || g.r.IntN(3) == 0 {
			continue
		}
		of := &Clause{Param: p, Operands: []Operand{{RefType: v.RefType, RefID: v.RefID}}}
		if g.r.IntN(4) == 0 {
			conditions[ref] = nil
			any = append(any, of)
			continue
		}
		a, b := g.make(1)
		conditions[ref] = a
		any = append(any, And{of, b})
	}
	return &Depends{Param: p, On: func(ref Ref) (Expr, error) {
		if x, ok := conditions[ref]; ok {
			return x, nil
		}
		return Or{}, nil
	}}, any
}

func (g *rules) references(p *Param) (sets, clauses Expr) {
	if g.r.IntN(4) == 0 {
		return g.tokens(p, true)
	}
	share := 1 + g.r.IntN(4)
	refs := []Ref{{"Patient", "nobody"}}
	same := &Clause{Param: p}
	for _, v := range g.values(p) {
		if v.RefID != "" && g.r.IntN(share) == 0 {
			refs = append(refs, Ref{v.RefType, v.RefID})
			same.Operands = append(same.Operands, Operand{RefType: v.RefType, RefID: v.RefID})
		}
	}
	return &Among{Param: p, Set: ReferenceSet(refs)}, same
}

func (g *rules) tokens(p *Param, identifier bool) (sets, clauses Expr) {
	share := 1 + g.r.IntN(4)
	codes := []Code{{System: "urn:x", Code: "none"}}
	same := &Clause{Param: p}
	if identifier {
		same.Modifier = ModifierIdentifier
	}
	for _, v := range g.values(p) {
		system, code := v.System, v.Code
		if identifier {
			system, code = v.IdentifierSystem, v.IdentifierValue
		}
		if code == "" || g.r.IntN(share) != 0 {
			continue
		}
		anywhere := g.r.IntN(5) == 0
		codes = append(codes, Code{System: system, Code: code, AnySystem: anywhere})
		same.Operands = append(same.Operands, Operand{System: system, Code: code, HasSystem: !anywhere})
	}
	return &Among{Param: p, Identifier: identifier, Set: TokenSet(codes)}, same
}

// TestSetsAreClausesOfManyOperands holds memberships, in the executor and in the matcher, to the clauses that say the same: random rules of And, Or and Not conjoined to random searches, in pages and totals, with usual and
// with eager plans.
func TestSetsAreClausesOfManyOperands(t *testing.T) {
	for seed := range seeds(t, 10) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 77))
			w := newWorld(t)
			if seed%2 == 1 {
				w.engine.tuning = eager
				w.budget = Budget{Inner: 1}
			}
			w.engine.tuning.doubts = int(seed / 2 % 3)
			moments := w.live(r)
			matched := 0
			for range 200 {
				matched += w.compareRule(t, r, searchtest.RandomQuery(r), moments[r.IntN(len(moments))])
			}
			assert.Greater(t, matched, 20, "the searches match something")
		})
	}
}

func (w *world) compareRule(t *testing.T, r *rand.Rand, random searchtest.Query, m moment) int {
	t.Helper()
	params := random.Params
	if r.IntN(3) == 0 {
		params = nil
	}
	q, err := ParseQuery(sharedRegistry(), Scope{Type: random.Type}, params, ParseOptions{Now: testNow})
	if err != nil {
		return 0
	}
	g := &rules{r: r, typ: random.Type, content: m.content}
	sets, clauses := g.make(3)
	q.Where[random.Type] = w.pinned(r, g, q.Where[random.Type])
	plain, ruled := *q, *q
	plain.Where = map[string]Expr{random.Type: And{q.Where[random.Type], clauses}}
	ruled.Where = map[string]Expr{random.Type: And{q.Where[random.Type], sets}}
	want := wanted(t, m.content, &plain)
	require.ElementsMatch(t, want, wanted(t, m.content, &ruled), "the matcher on %s", random)
	view := w.view(m.at)
	defer view.Close()
	for _, size := range []int{1, 1000} {
		require.ElementsMatch(t, want, w.pages(view, &ruled, size), "%s in pages of %d", random, size)
	}
	ruled.Total = "accurate"
	counted, err := w.engine.Search(context.Background(), view, &ruled, Page{}, w.budget)
	require.NoError(t, err)
	require.EqualValues(t, len(want), counted.Total, "total of %s", random)
	size := 1 + r.IntN(4)
	counted, err = w.engine.Search(context.Background(), view, &ruled, Page{Count: size}, w.budget)
	require.NoError(t, err)
	require.EqualValues(t, len(want), counted.Total, "total of %s behind a page", random)
	require.Len(t, counted.Matches, min(size, len(want)), "%s, a page with its total", random)
	require.ElementsMatch(t, want, w.pages(view, &ruled, size), "%s in pages of %d with totals", random, size)
	for key, root := range m.content {
		if ref := readReference([]byte(key)); ref.typ != random.Type {
			continue
		}
		rec, err := view.Read(random.Type, root.ChildValue("id"))
		require.NoError(t, err)
		ok, err := w.engine.MatchesRecord(context.Background(), view, rec, sets, w.budget)
		require.NoError(t, err)
		expected, err := (&Matcher{Registry: sharedRegistry(), Source: m.content}).Match(clauses, root)
		require.NoError(t, err)
		require.Equal(t, expected, ok, "%s alone", key)
	}
	return len(want)
}

// pinned adds, now and then, an exact reference to the search, by which memberships are decided before anything is read.
func (w *world) pinned(r *rand.Rand, g *rules, x Expr) Expr {
	if r.IntN(2) == 0 {
		return x
	}
	for _, p := range sharedRegistry().Snapshot().Params(g.typ) {
		if p.Type != Reference || !p.indexed() || r.IntN(3) == 0 {
			continue
		}
		for _, v := range g.values(p) {
			if v.RefID != "" && r.IntN(2) == 0 {
				return And{x, &Clause{Param: p, Operands: []Operand{{RefType: v.RefType, RefID: v.RefID}}}}
			}
		}
	}
	return x
}

// TestRuleVanishesWhereTheSearchNamesThePatient shows that a rule over many patients costs nothing when the search says which.
func TestRuleVanishesWhereTheSearchNamesThePatient(t *testing.T) {
	w := newWorld(t)
	var all []string
	for i := range 40 {
		all = append(all, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p%d"}}`, i, i%4))
	}
	w.putAll(all)
	patient, _ := sharedRegistry().Param("Observation", "patient")
	status, _ := sharedRegistry().Param("Observation", "status")
	var refs []Ref
	for i := range 1000 {
		refs = append(refs, Ref{"Patient", fmt.Sprintf("p%d", i+1)})
	}
	final := &Clause{Param: status, Operands: []Operand{{Code: "final"}}}
	rule := Or{
		And{&Among{Param: patient, Set: ReferenceSet(refs[:1])}, Not{final}},
		&Among{Param: patient, Set: ReferenceSet(refs[1:])},
	}
	restrict := func(string) (Expr, error) { return rule, nil }
	ask := func(query string) (*Result, []PlanStep) {
		q := w.parse("Observation", query)
		q.Explain = true
		view := w.view(0)
		defer view.Close()
		result, err := w.engine.Answer(context.Background(), view, &Request{Query: q, Page: Page{Count: 100}, Restrict: restrict})
		require.NoError(t, err)
		return result, result.Plan.Steps
	}
	found, steps := ask("patient=Patient/p2")
	assert.Len(t, found.Matches, 10)
	require.Len(t, steps, 1, "the rule is decided: %v", steps)
	found, _ = ask("patient=Patient/p0")
	assert.Empty(t, found.Matches, "not a patient of the caller's")
	assert.Zero(t, found.Plan.Records)
	found, _ = ask("patient=Patient/p1")
	assert.Empty(t, found.Matches, "all are final")
	found, _ = ask("")
	assert.Len(t, found.Matches, 20)
	assert.LessOrEqual(t, found.Plan.Records, 40, "the members' own rows give the candidates")
	found, _ = ask("status=final")
	assert.Len(t, found.Matches, 20)
}

// TestAlternativesOfWhatIsInDoubt counts and pages what a rule "not masked, or mine" leaves, of which only the first masked ones are read.
func TestAlternativesOfWhatIsInDoubt(t *testing.T) {
	w := newWorld(t)
	var all []string
	want := 0
	for i := range 400 {
		status, subject := "final", "a"
		if i%4 == 1 {
			status = "amended"
		}
		if i%8 == 1 {
			subject = "mine"
		}
		if i%4 != 1 || i%8 == 1 {
			want++
		}
		all = append(all, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":%q,"code":{"coding":[{"system":"urn:x","code":"c"}]},"subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner/%s"}]}`, i, status, subject))
	}
	w.putAll(all)
	status, _ := sharedRegistry().Param("Observation", "status")
	performer, _ := sharedRegistry().Param("Observation", "performer")
	rule := Or{
		Not{&Among{Param: status, Set: TokenSet([]Code{{Code: "amended", AnySystem: true}})}},
		&Later{Or{&Among{Param: performer, Set: ReferenceSet([]Ref{{"Practitioner", "mine"}})}}},
	}
	q := w.parse("Observation", "patient=Patient/p&code=c&_total=accurate")
	q.Explain = true
	view := w.view(0)
	defer view.Close()
	restrict := func(string) (Expr, error) { return rule, nil }
	page, err := w.engine.Answer(context.Background(), view, &Request{Query: q, Page: Page{Count: 20}, Restrict: restrict})
	require.NoError(t, err)
	assert.Len(t, page.Matches, 20)
	assert.EqualValues(t, want, page.Total)
	assert.LessOrEqual(t, page.Plan.Records, 20+usual.doubts, "of what is in doubt behind the page nothing is read")
	found := len(page.Matches)
	for page.Next != nil {
		page, err = w.engine.Answer(context.Background(), view, &Request{Query: q, Page: Page{Count: 50, Resume: page.Next}, Restrict: restrict})
		require.NoError(t, err)
		found += len(page.Matches)
	}
	assert.Equal(t, want, found)
}

func BenchmarkJudgeAmong(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := openWorld(b)
			defer w.store.Close()
			w.put(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"}}`)
			patient, _ := sharedRegistry().Param("Observation", "patient")
			var refs []Ref
			for i := range n {
				refs = append(refs, Ref{"Patient", fmt.Sprintf("p%d", i+1)})
			}
			rule := &Among{Param: patient, Set: ReferenceSet(refs)}
			view := w.view(0)
			defer view.Close()
			rec, err := view.Read("Observation", "o")
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				ok, err := w.engine.MatchesRecord(context.Background(), view, rec, rule, Budget{})
				if !ok || err != nil {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
