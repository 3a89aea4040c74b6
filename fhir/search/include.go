package search

import (
	"bytes"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// includer adds the resources that _include and _revinclude ask for (http://hl7.org/fhir/R4/search.html#revinclude), as of the view and as far as the caller may see them.
type includer struct {
	r        *run
	includes []Include
	result   *Result
	seen     map[store.RID]bool
	fresh    []*store.Record // found in this round
}

// describe names the inclusion in faults.
func (x *includer) describe() string { return "_include and _revinclude" }

// include runs in rounds: the first over the matches by all parameters, the further ones over what was found, by those with :iterate.
func (r *run) include(includes []Include, result *Result) error {
	if len(includes) == 0 || len(result.Matches) == 0 {
		return nil
	}
	x := &includer{r: r, includes: includes, result: result, seen: make(map[store.RID]bool, 2*len(result.Matches))}
	for _, rec := range result.Matches {
		x.seen[rec.RID] = true
	}
	round := result.Matches
	for i := 0; len(round) > 0; i++ {
		x.fresh = nil
		for k := range includes {
			if i > 0 && !includes[k].Iterate {
				continue
			}
			for _, rec := range round {
				if err := x.one(&includes[k], rec); err != nil {
					return err
				}
			}
		}
		round = x.fresh
	}
	for i := range includes {
		r.step(includes[i].Source, "include", describeInclude(&includes[i]), -1)
	}
	return nil
}

func describeInclude(i *Include) string {
	text := i.Source + ":" + i.Code
	if i.Target != "" {
		text += ":" + i.Target
	}
	if i.Iterate {
		text += ", again on what is included"
	}
	if i.Reverse {
		return "what refers here by " + text
	}
	return text
}

func (x *includer) one(i *Include, rec *store.Record) error {
	if i.Reverse {
		return x.referrers(i, rec)
	}
	return x.targets(i, rec)
}

// add includes a record once.
func (x *includer) add(rec *store.Record) error {
	if rec == nil || x.seen[rec.RID] {
		return nil
	}
	ok, err := x.r.visible(rec)
	if !ok || err != nil {
		return err
	}
	x.seen[rec.RID] = true
	if len(x.result.Included) >= x.r.budget.Includes {
		return fault.New(http.StatusForbidden, fault.TooCostly, "The search was stopped because it would include more than "+itoa(x.r.budget.Includes)+
			" resources. Ask for smaller pages (_count), or for fewer inclusions.")
	}
	x.result.Included = append(x.result.Included, rec)
	x.fresh = append(x.fresh, rec)
	return nil
}

// params gives the reference parameters of a type that an inclusion follows.
func (x *includer) params(i *Include, typ string) []*Param {
	if i.Source != "*" && i.Source != typ {
		return nil
	}
	if i.Param != nil && i.Param.Resource == typ {
		return []*Param{i.Param}
	}
	if i.Code != "*" {
		if p, ok := x.r.snapshot.Param(typ, i.Code); ok && p.Type == Reference && !p.Building {
			return []*Param{p}
		}
		return nil
	}
	var all []*Param
	for _, p := range x.r.snapshot.Params(typ) {
		if p.Type == Reference && p.indexed() && !p.Building {
			all = append(all, p)
		}
	}
	return all
}

// reference is what one row of a reference parameter leads to.
type reference struct {
	typ, id      string
	url, version string
}

// readReference reads a row of a reference index.
func readReference(value []byte) reference {
	if url, version, ok := bytes.Cut(value, []byte{separator}); ok {
		return reference{url: string(url), version: string(version)}
	}
	typ, id, _ := bytes.Cut(value, []byte{'/'})
	return reference{typ: string(typ), id: string(id)}
}

// targets includes what a record refers to.
func (x *includer) targets(i *Include, rec *store.Record) error {
	params := x.params(i, rec.Type)
	if len(params) == 0 {
		return nil
	}
	c := newCandidate(rec)
	if err := c.ready(x.r); err != nil {
		return err
	}
	for _, p := range params {
		var refs []reference
		rows := walkScan(x.r.e.namesOf(p).main, nil)
		rows.id, rows.known = x.r.view.Index(rows.index)
		c.values(&rows, func(value []byte) bool {
			refs = append(refs, readReference(value))
			return true
		})
		for _, ref := range refs {
			if err := x.target(i, p, ref); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *includer) target(i *Include, p *Param, ref reference) error {
	if ref.url != "" {
		return x.canonical(i, p, ref)
	}
	if ref.id == "" || i.Target != "" && i.Target != ref.typ || !x.r.snapshot.IsType(ref.typ) {
		return nil
	}
	rec, err := x.r.read(ref.typ, ref.id, x)
	if err != nil {
		return err
	}
	return x.add(rec)
}

// canonical includes the newest resource that has the URL, and the version where one is named.
func (x *includer) canonical(i *Include, p *Param, ref reference) error {
	types := p.Targets
	if i.Target != "" {
		types = []string{i.Target}
	}
	for _, typ := range types {
		url, ok := x.r.snapshot.Param(typ, "url")
		if !ok || url.Type != URI {
			continue
		}
		s := pointScan(x.r.e.namesOf(url).main, appendPart(nil, ref.url))
		rec, err := x.firstOfVersion(&s, ref.version)
		if err != nil {
			return err
		}
		if rec != nil {
			return x.add(rec)
		}
	}
	return nil
}

func (x *includer) firstOfVersion(s *scan, version string) (*store.Record, error) {
	if s.id, s.known = x.r.view.Index(s.index); !s.known {
		return nil, nil
	}
	cur := x.r.scan(s, x)
	for {
		ok, err := cur.next()
		if !ok || err != nil {
			return nil, err
		}
		rec, err := x.r.get(cur.RID(), x)
		if err != nil || rec == nil || version == "" {
			return rec, err
		}
		root, err := newCandidate(rec).tree(x.r)
		if err != nil {
			return nil, err
		}
		if root.ChildValue("version") == version {
			return rec, nil
		}
	}
}

// referrers includes what refers to a record.
func (x *includer) referrers(i *Include, rec *store.Record) error {
	if i.Target != "" && i.Target != rec.Type {
		return nil
	}
	types := []string{i.Source}
	if i.Source == "*" {
		types = x.r.e.registry.Definitions().Resources
	}
	scans, err := x.pointing(rec)
	if err != nil {
		return err
	}
	for _, typ := range types {
		for _, p := range x.params(i, typ) {
			if !p.canTarget(rec.Type) {
				continue
			}
			for _, s := range scans {
				s.index = x.r.e.namesOf(p).main
				if err := x.rows(s); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// pointing gives the values by which a reference points to a record: its type and id, and its canonical URL with any version that is its own.
func (x *includer) pointing(rec *store.Record) ([]scan, error) {
	scans := []scan{pointScan("", appendReference(nil, rec.Type, rec.ID, "", ""))}
	url, ok := x.r.snapshot.Param(rec.Type, "url")
	if !ok || url.Type != URI {
		return scans, nil
	}
	root, err := newCandidate(rec).tree(x.r)
	if err != nil {
		return nil, err
	}
	if own := root.ChildValue("url"); own != "" {
		scans = append(scans, pointScan("", appendReference(nil, "", "", own, "")))
		if version := root.ChildValue("version"); version != "" {
			scans = append(scans, pointScan("", appendReference(nil, "", "", own, version)))
		}
	}
	return scans, nil
}

func (x *includer) rows(s scan) error {
	if s.id, s.known = x.r.view.Index(s.index); !s.known {
		return nil
	}
	cur := x.r.scan(&s, x)
	for {
		ok, err := cur.next()
		if !ok || err != nil {
			return err
		}
		if x.seen[cur.RID()] {
			continue
		}
		rec, err := x.r.get(cur.RID(), x)
		if err != nil {
			return err
		}
		if err := x.add(rec); err != nil {
			return err
		}
	}
}
