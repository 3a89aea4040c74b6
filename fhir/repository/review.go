package repository

import (
	"context"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// Reviewer is an Interceptor that also judges writes by what is stored: that a token is held by one resource only, that what was attested is not overwritten. It is asked when
// an interaction has decided all its writes, those of a transaction together, and again when another writer overtakes: what it looked up is a condition of the commit.
// A fault refuses the interaction. It must not edit what it is given.
type Reviewer interface {
	Review(ctx context.Context, v *Review) error
}

// Completer is an Interceptor that keeps what a server manages in a resource whatever its writers send: identifiers of others, marks that operations set. It is called with the current version (nil
// for what is new) before the write is compared with it, at each attempt; so it must give the same when it is called again on what it edited. It calls Changed when it edits after.
type Completer interface {
	Complete(ctx context.Context, what Interaction, before *element.Element, after *element.Resource, look *Lookup) error
}

// keepManaged asks the completers; after is not a deletion.
func (r *Repository) keepManaged(ctx context.Context, view store.View, all *decision, d *draft) error {
	if len(r.completers) == 0 {
		return nil
	}
	old, err := r.beforeOf(d)
	if err != nil {
		return err
	}
	for _, c := range r.completers {
		if err := c.Complete(ctx, d.what, old, d.res, &Lookup{r: r, view: view, d: all}); err != nil {
			return err
		}
	}
	return nil
}

// Review is one write that is about to be committed.
type Review struct {
	What     Interaction
	Type, ID string
	// After is what will be current, nil for a deletion.
	After *element.Element
	// Consequence says that a Follower added the write: it is the server's own act, no client asked for it.
	Consequence bool

	r    *Repository
	view store.View
	d    *decision
	of   *draft
}

// Before gives the current version, nil when there is none.
func (v *Review) Before() (*element.Element, error) {
	return v.r.beforeOf(v.of)
}

// Together counts what the interaction creates or changes of the type.
func (v *Review) Together() (n int) {
	for _, d := range v.d.drafts {
		if d.typ == v.Type && d.res != nil && !d.same {
			n++
		}
	}
	return n
}

// Warn adds an issue to those that the writer is told of (Written.Issues). The write goes on.
func (v *Review) Warn(issue fault.Issue) { v.of.issues = append(v.of.issues, issue) }

// Look reads the store; what it finds is a condition of the commit.
func (v *Review) Look() *Lookup { return &Lookup{r: v.r, view: v.view, d: v.d} }

// maxOthers bounds what Others gives; who asks expects one or none.
const maxOthers = 10

// Others gives the other resources of the type that hold a token (system and code of a token parameter such as identifier) once the interaction is committed: those stored that it leaves
// as they are, and those that it writes. At most ten are given. The commit holds only while the stored ones stay the same.
func (v *Review) Others(ctx context.Context, param, system, code string) ([]*element.Element, error) {
	p, ok := v.r.o.Registry.Param(v.Type, param)
	if !ok || p.Type != search.Token {
		return nil, nil
	}
	c := &criteria{r: v.r, typ: v.Type, expr: &search.Clause{Param: p, Operands: []search.Operand{{HasSystem: true, System: system, Code: code}}}}
	found, err := v.held(ctx, c, maxOthers)
	if err != nil {
		return nil, err
	}
	var out []*element.Element
	for _, rec := range found {
		if v.d.rewrites(rec.Type, rec.ID) || rec.ID == v.ID {
			continue
		}
		res, err := v.r.tree(rec)
		if err != nil {
			return nil, err
		}
		out = append(out, res.Root)
	}
	for _, draft := range v.d.holders(v.r.o.Registry.Snapshot(), p)[token{system, search.FoldCode(code)}] {
		if draft != v.of && len(out) < maxOthers {
			out = append(out, draft.res.Root)
		}
	}
	return out, nil
}

// Referred says whether a stored resource of the type refers to the resource under review by the reference parameter. The commit holds only while that stays so.
func (v *Review) Referred(ctx context.Context, typ, param string) (bool, error) {
	p, ok := v.r.o.Registry.Param(typ, param)
	if !ok || p.Type != search.Reference {
		return false, nil
	}
	c := &criteria{r: v.r, typ: typ, expr: &search.Clause{Param: p, Operands: []search.Operand{{RefType: v.Type, RefID: v.ID}}}}
	found, err := v.held(ctx, c, 1)
	return len(found) > 0, err
}

// held finds records and has the commit hold only while they stay in the versions found.
func (v *Review) held(ctx context.Context, c *criteria, limit int) ([]*store.Record, error) {
	found, err := c.find(ctx, v.view, limit)
	if err != nil {
		return nil, err
	}
	want := versionsOf(found)
	v.d.hold(func(view store.View) error {
		now, err := c.find(ctx, view, limit)
		if err == nil && !slices.Equal(versionsOf(now), want) {
			err = errOvertaken
		}
		return err
	}, c.reads())
	return found, nil
}

type recordVersion struct {
	rid     store.RID
	version uint64
}

func versionsOf(records []*store.Record) []recordVersion {
	out := make([]recordVersion, len(records))
	for i, rec := range records {
		out[i] = recordVersion{rec.RID, rec.Version}
	}
	slices.SortFunc(out, func(a, b recordVersion) int {
		if a.rid < b.rid {
			return -1
		}
		return 1
	})
	return out
}

// token is a system and a folded code.
type token struct{ system, code string }

// holders gives the drafts by the tokens that they will hold; it is made once for a decision and a parameter.
func (d *decision) holders(s *search.Snapshot, p *search.Param) map[token][]*draft {
	name := p.IndexName()
	if made, ok := d.tokens[name]; ok {
		return made
	}
	made := map[token][]*draft{}
	if len(d.drafts) > 1 {
		for _, draft := range d.drafts {
			if draft.typ != p.Resource || draft.res == nil || draft.same {
				continue
			}
			for _, value := range s.ValuesOf(p, draft.res.Root) {
				key := token{value.System, search.FoldCode(value.Code)}
				if of := made[key]; len(of) == 0 || of[len(of)-1] != draft {
					made[key] = append(of, draft)
				}
			}
		}
	}
	if d.tokens == nil {
		d.tokens = map[string]map[token][]*draft{}
	}
	d.tokens[name] = made
	return made
}

// rewrites says whether the decision writes or deletes the resource.
func (d *decision) rewrites(typ, id string) bool {
	if len(d.drafts) == 1 {
		return d.drafts[0].typ == typ && d.drafts[0].id == id && !d.drafts[0].same
	}
	if d.writes == nil {
		d.writes = make(map[string]bool, len(d.drafts))
		for _, draft := range d.drafts {
			if !draft.same {
				d.writes[draft.typ+"/"+draft.id] = true
			}
		}
	}
	return d.writes[typ+"/"+id]
}

// review asks the reviewers about all that was decided.
func (r *Repository) review(ctx context.Context, view store.View, d *decision) error {
	if len(r.reviewers) == 0 {
		return nil
	}
	var faults entryFaults
	for _, draft := range d.drafts {
		if draft.same || draft.res == nil && draft.before == nil {
			continue
		}
		v := &Review{What: draft.what, Type: draft.typ, ID: draft.id, Consequence: draft.follows, r: r, view: view, d: d, of: draft}
		if draft.res != nil {
			v.After = draft.res.Root
		}
		draft.issues = draft.issues[:draft.judged]
		if err := r.reviewOne(ctx, v); err != nil {
			if draft.entry == 0 {
				return err
			}
			faults.add(draft.entry-1, err)
		}
	}
	return faults.err()
}

func (r *Repository) reviewOne(ctx context.Context, v *Review) error {
	for _, reviewer := range r.reviewers {
		if err := reviewer.Review(ctx, v); err != nil {
			return err
		}
	}
	return nil
}
