package search

import (
	"context"
	"errors"

	"github.com/carnet-fhir/carnet/store"
)

// hits gives matches in an order in which a later page can go on.
type hits interface {
	next() (*candidate, error)
	// more says whether there is another match.
	more() (bool, error)
	place(c *candidate) place
}

// Answer gives one page of a search; see Search.
func (e *Engine) Answer(ctx context.Context, view store.View, request *Request) (*Result, error) {
	r := e.newRun(ctx, view, request.Budget)
	defer r.close()
	r.restrict, r.narrow, r.explain = request.Restrict, request.Narrow, request.Query.Explain
	if err := stopped(ctx.Err()); err != nil {
		return nil, err
	}
	result, err := r.answer(request)
	if err != nil {
		return nil, stoppedInside(err)
	}
	if r.explain {
		result.Plan = r.planned()
	}
	return result, nil
}

// stoppedInside recognises the end of the context where a store reports it.
func stoppedInside(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return stopped(context.DeadlineExceeded)
	}
	return err
}

func (r *run) answer(request *Request) (*Result, error) {
	q := request.Query
	var from *place
	if len(request.Page.Resume) > 0 {
		var err error
		if from, err = readPlace(request.Page.Resume); err != nil {
			return nil, err
		}
		if sorted := from.mode == placeSorted; sorted != (len(q.Sort) > 0) || sorted && len(from.keys) != len(q.Sort) || from.typ >= len(q.Types) {
			return nil, badPlace()
		}
	}
	wheres, err := r.wheres(q)
	if err != nil {
		return nil, err
	}
	result := &Result{Total: -1}
	r.counts = q.Total == "accurate" && from == nil
	if request.Page.Count > 0 {
		if err := r.page(q, wheres, request.Page.Count, from, result); err != nil {
			return nil, err
		}
	}
	if err := r.distances(q, result); err != nil {
		return nil, err
	}
	if err := r.total(q, wheres, request, result); err != nil {
		return nil, err
	}
	if err := r.include(q.Includes, result); err != nil {
		return nil, err
	}
	return result, nil
}

// wheres compiles the condition of each type searched, with the caller's restrictions conjoined.
func (r *run) wheres(q *Query) ([]*node, error) {
	all := make([]*node, len(q.Types))
	for i, typ := range q.Types {
		x, err := r.restricted(typ, q.Where[typ])
		if err != nil {
			return nil, err
		}
		if all[i], err = r.compile(typ, x); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// maxPageBytes ends a page early: a page of the largest resources must not fill the memory.
const maxPageBytes = 64 << 20

// page fills a page with matches.
func (r *run) page(q *Query, wheres []*node, count int, from *place, result *Result) error {
	r.want = count
	h, err := r.hits(q, wheres, count, from)
	if err != nil {
		return err
	}
	result.Matches = make([]*store.Record, 0, min(count, 64))
	var last *candidate
	for size := 0; len(result.Matches) < count && size < maxPageBytes; size += len(last.rec.Body) {
		c, err := h.next()
		if err != nil {
			return err
		}
		if c == nil {
			return nil
		}
		last = c
		result.Matches = append(result.Matches, c.rec)
	}
	more, err := h.more()
	if isTooCostly(err) {
		// The page is there; whether there is another one is for its own request to find out.
		more, err = true, nil
	}
	if more && err == nil {
		p := h.place(last)
		result.Next = p.encode()
		if serial, ok := h.(*serialHits); ok && from == nil && len(q.Types) == 1 {
			r.unfinished, r.given = serial, len(result.Matches)
		}
	}
	return err
}

func (r *run) hits(q *Query, wheres []*node, count int, from *place) (hits, error) {
	if len(q.Sort) > 0 {
		return r.sortedHits(q, wheres, count, from)
	}
	s := &serialHits{r: r, types: q.Types, wheres: wheres}
	if from != nil {
		s.at = from.typ
	}
	return s, s.open(from)
}

// serialHits gives the matches of one type after the other.
type serialHits struct {
	r      *run
	types  []string
	wheres []*node
	at     int
	m      *matches
	given  int // type of the match last given
}

func (s *serialHits) open(from *place) (err error) {
	s.m, err = s.r.plan(s.types[s.at], s.wheres[s.at], from)
	return err
}

// settle moves to the first type, from the present one on, that has another match.
func (s *serialHits) settle() (bool, error) {
	for {
		more, err := s.m.more()
		if more || err != nil {
			return more, err
		}
		if s.at+1 == len(s.types) {
			return false, nil
		}
		s.at++
		if err := s.open(nil); err != nil {
			return false, err
		}
	}
}

func (s *serialHits) next() (*candidate, error) {
	for {
		c, err := s.m.next()
		if c != nil || err != nil {
			s.given = s.at
			return c, err
		}
		if more, err := s.settle(); !more || err != nil {
			return nil, err
		}
	}
}

func (s *serialHits) more() (bool, error) { return s.settle() }

func (s *serialHits) place(c *candidate) place {
	p := c.place
	p.typ = s.given
	return p
}

// restricted conjoins the caller's conditions to a client's: on the type itself, and wherever the condition looks into other resources.
func (r *run) restricted(typ string, x Expr) (Expr, error) {
	asked := x
	x, err := r.restrictedInner(x)
	if err != nil {
		return nil, err
	}
	var rule Expr
	if r.narrow != nil {
		if asked == nil {
			asked = And{}
		}
		rule, err = r.narrow(typ, asked)
	} else {
		rule, err = r.rule(typ)
	}
	if rule == nil || err != nil {
		return x, err
	}
	if x == nil {
		return rule, nil
	}
	return And{x, rule}, nil
}

func (r *run) restrictedInner(x Expr) (Expr, error) {
	if r.restrict == nil {
		return x, nil
	}
	switch x := x.(type) {
	case And:
		parts, err := r.restrictedAll(x)
		return And(parts), err
	case Or:
		parts, err := r.restrictedAll(x)
		return Or(parts), err
	case Not:
		inner, err := r.restrictedInner(x.Expr)
		return Not{inner}, err
	case *Chain:
		inner, err := r.restricted(x.Target, x.Inner)
		return &Chain{Param: x.Param, Target: x.Target, Inner: inner}, err
	case *Has:
		inner, err := r.restricted(x.Source, x.Inner)
		return &Has{Source: x.Source, Param: x.Param, Inner: inner}, err
	case InList:
		return r.restrictedList(x)
	default:
		return x, nil
	}
}

func (r *run) restrictedAll(parts []Expr) ([]Expr, error) {
	all := make([]Expr, len(parts))
	for i, part := range parts {
		var err error
		if all[i], err = r.restrictedInner(part); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// restrictedList makes a list that the caller may not see one that is not there.
func (r *run) restrictedList(x InList) (Expr, error) {
	rec, err := r.read("List", x.ID, everything{})
	if rec == nil || err != nil {
		return Or{}, err
	}
	ok, err := r.visible(rec)
	if !ok || err != nil {
		return Or{}, err
	}
	return x, nil
}

// visible says whether a record exists for the caller.
func (r *run) visible(rec *store.Record) (bool, error) {
	n, err := r.ruleNode(rec.Type)
	if n == nil || err != nil {
		return err == nil, err
	}
	return r.judge(n, newCandidate(rec))
}

// ruleNode gives the caller's condition on a type, compiled; nil for none.
func (r *run) ruleNode(typ string) (*node, error) {
	if n, ok := r.ruleNodes[typ]; ok {
		return n, nil
	}
	rule, err := r.rule(typ)
	if rule == nil || err != nil {
		return nil, err
	}
	n, err := r.compile(typ, rule)
	if err != nil {
		return nil, err
	}
	if r.ruleNodes == nil {
		r.ruleNodes = map[string]*node{}
	}
	r.ruleNodes[typ] = n
	return n, nil
}
