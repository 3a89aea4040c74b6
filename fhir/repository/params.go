package repository

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// customParams follows the SearchParameter resources in the store: the registry has a parameter for each that is active, existing resources are indexed in the background, and the rows of
// those that went are dropped. What it is about to do is kept in a setting of the store, so that a restart resumes it.
//
// A parameter is registered before the walk over existing resources begins, and no write is between extraction and commit at that moment (Repository.indexing): a resource is
// either indexed by its own write or met by the walk.
type customParams struct {
	r     *Repository
	mu    sync.Mutex // held while the set of parameters changes
	state paramState

	wake chan struct{}
	stop context.CancelFunc
	ctx  context.Context //nolint:containedctx // of the background work, which outlives every request
	done sync.WaitGroup
}

// paramsSetting names the setting that holds the state.
const paramsSetting = "search-parameters"

// paramState is what is kept.
type paramState struct {
	// Generation is the greatest ever given; rows of different generations never mix.
	Generation int `json:"generation"`
	// Params are the registered SearchParameters by their logical id.
	Params map[string]*paramEntry `json:"params"`
	// Drop lists the indexes that are still to be dropped.
	Drop []string `json:"drop,omitempty"`
}

// paramEntry is one registered SearchParameter.
type paramEntry struct {
	URL        string   `json:"url"`
	Generation int      `json:"generation"`
	Version    uint64   `json:"version"` // of the resource as registered
	Indexes    []string `json:"indexes"` // main names, one for each base
	Built      bool     `json:"built"`
	// Type and After are where indexing resumes.
	Type  string    `json:"type,omitempty"`
	After store.RID `json:"after,omitempty"`
}

func loadCustomParams(r *Repository) (*customParams, error) {
	p := &customParams{r: r, wake: make(chan struct{}, 1)}
	p.ctx, p.stop = context.WithCancel(context.Background())
	if err := p.load(); err != nil {
		return nil, err
	}
	err := r.store.Walk(p.ctx, "SearchParameter", 0, func(rec *store.Record) error {
		if err := p.follow(rec.ID, rec); err != nil {
			// A definition that an older server took must not keep the server from starting.
			slog.Warn("a stored SearchParameter cannot be registered", "error", err.Error())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range p.vanished() {
		if err := p.follow(id, nil); err != nil {
			return nil, err
		}
	}
	p.done.Add(1)
	go p.run()
	p.signal()
	return p, nil
}

// load reads the state.
func (p *customParams) load() (err error) {
	view, err := p.r.store.View(0)
	if err != nil {
		return err
	}
	defer closing(view, &err)
	p.state.Params = make(map[string]*paramEntry)
	text, err := view.Meta(paramsSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(text, &p.state)
}

// vanished lists the parameters that are registered in the state only.
func (p *customParams) vanished() []string {
	custom := p.r.o.Registry.Snapshot().Custom()
	var ids []string
	for id, e := range p.state.Params {
		if custom[e.URL] == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

// save keeps the state; the caller holds mu. It is not part of any request or background walk that may be cancelled: registry and state must not part.
func (p *customParams) save() error {
	text, err := json.Marshal(&p.state)
	if err != nil {
		return err
	}
	_, err = p.r.store.Commit(context.Background(), &store.Tx{Meta: map[string][]byte{paramsSetting: text}})
	return err
}

func (p *customParams) close() {
	p.stop()
	p.done.Wait()
}

func (p *customParams) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// check says whether an active SearchParameter could be registered, before it is written.
func (p *customParams) check(root *element.Element) error {
	if root.ChildValue("status") != "active" {
		return nil
	}
	return p.r.o.Registry.Check(root)
}

// free refuses an active SearchParameter whose URL another one has.
func (p *customParams) free(id string, root *element.Element) error {
	if root.ChildValue("status") != "active" {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for other, e := range p.state.Params {
		if other != id && e.URL == root.ChildValue("url") {
			return fault.At(http.StatusConflict, fault.Duplicate, "SearchParameter.url", "Another active SearchParameter on this server has the same url.")
		}
	}
	return nil
}

// changed is called behind a commit that wrote the SearchParameter. It looks at what is stored now, so that the order of calls does not matter.
func (p *customParams) changed(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	rec, err := p.stored(id)
	if err == nil {
		err = p.follow(id, rec)
	}
	if err != nil {
		slog.Error("a SearchParameter was stored but could not be registered", "error", err.Error())
	}
	p.signal()
}

// stored reads a SearchParameter, nil when it is not there.
func (p *customParams) stored(id string) (rec *store.Record, err error) {
	view, err := p.r.store.View(0)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	rec, err = view.Read("SearchParameter", id)
	if errors.Is(err, store.ErrNotFound) || err == nil && rec.Method == store.Deleted {
		return nil, nil
	}
	return rec, err
}

// follow brings the registry and the state in line with a stored SearchParameter (nil: there is none). The caller holds mu.
func (p *customParams) follow(id string, rec *store.Record) error {
	if rec == nil {
		return p.forget(id)
	}
	res, err := p.r.tree(rec)
	if err != nil {
		return err
	}
	if res.Root.ChildValue("status") != "active" {
		return p.forget(id)
	}
	known := p.state.Params[id]
	if known != nil && known.URL != res.Root.ChildValue("url") {
		if err := p.forget(id); err != nil {
			return err
		}
		known = nil
	}
	how := search.Registration{Generation: p.state.Generation + 1, Building: true}
	if known != nil && known.Version == rec.Version {
		how = search.Registration{Generation: known.Generation, Building: !known.Built} // a restart
	}
	p.r.indexing.Lock()
	params, err := p.r.o.Registry.Register(res.Root, how)
	p.r.indexing.Unlock()
	if err != nil {
		return err
	}
	return p.remember(id, rec, params, how)
}

// remember notes a registration in the state; no params: the definition is the one registered, or R4's own.
func (p *customParams) remember(id string, rec *store.Record, params []*search.Param, how search.Registration) error {
	known := p.state.Params[id]
	if len(params) == 0 {
		if known == nil || known.Version == rec.Version {
			return nil
		}
		known.Version = rec.Version
		return p.save()
	}
	if known != nil && known.Generation == how.Generation {
		return nil
	}
	if known != nil {
		p.state.Drop = append(p.state.Drop, known.Indexes...)
	}
	e := &paramEntry{URL: params[0].URL, Generation: how.Generation, Version: rec.Version}
	for _, param := range params {
		e.Indexes = append(e.Indexes, param.IndexName())
	}
	p.state.Params[id] = e
	p.state.Generation = max(p.state.Generation, how.Generation)
	return p.save()
}

// forget takes a parameter out of the registry and leaves its rows to be dropped.
func (p *customParams) forget(id string) error {
	known := p.state.Params[id]
	if known == nil {
		return nil
	}
	p.r.indexing.Lock()
	p.r.o.Registry.Unregister(known.URL)
	p.r.indexing.Unlock()
	delete(p.state.Params, id)
	p.state.Drop = append(p.state.Drop, known.Indexes...)
	return p.save()
}

// run does the background work until there is none, then waits to be woken.
func (p *customParams) run() {
	defer p.done.Done()
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.wake:
		}
		for {
			more, err := p.step()
			if err != nil {
				if p.ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
					slog.Error("indexing by a custom search parameter failed", "error", err.Error())
				}
				break
			}
			if !more {
				break
			}
		}
	}
}

// step drops one index or builds one parameter; more is false when there is nothing to do.
func (p *customParams) step() (more bool, err error) {
	p.mu.Lock()
	var name, id string
	var e paramEntry
	if len(p.state.Drop) > 0 {
		name = p.state.Drop[0]
	} else {
		for key, entry := range p.state.Params {
			if !entry.Built && (id == "" || key < id) {
				id, e = key, *entry
			}
		}
	}
	p.mu.Unlock()
	switch {
	case name != "":
		return true, p.drop(name)
	case id != "":
		return true, p.build(id, e)
	}
	return false, nil
}

// drop drops a parameter's indexes.
func (p *customParams) drop(name string) error {
	for _, suffix := range search.IndexSuffixes() {
		if err := p.r.store.DropIndex(p.ctx, name+suffix); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state.Drop = slices.DeleteFunc(p.state.Drop, func(n string) bool { return n == name })
	return p.save()
}

var errSuperseded = errors.New("repository: the parameter was changed while it was built")

// build indexes the existing resources of a parameter's bases.
func (p *customParams) build(id string, e paramEntry) error {
	for _, name := range slices.Sorted(slices.Values(e.Indexes)) {
		typ, _, _ := strings.Cut(name, ".")
		if typ < e.Type {
			continue
		}
		after := store.RID(0)
		if typ == e.Type {
			after = e.After
		}
		b := &builder{p: p, id: id, generation: e.Generation, typ: typ, name: name}
		err := p.r.store.Walk(p.ctx, typ, after, b.add)
		if err == nil {
			err = b.flush()
		}
		if errors.Is(err, errSuperseded) {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return p.built(id, e.Generation)
}

func (p *customParams) built(id string, generation int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.state.Params[id]
	if now == nil || now.Generation != generation {
		return nil
	}
	now.Built, now.Type, now.After = true, "", 0
	if err := p.save(); err != nil {
		return err
	}
	p.r.o.Registry.Built(now.URL, generation)
	return nil
}

// progress notes how far the building is.
func (p *customParams) progress(id string, generation int, typ string, after store.RID) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.state.Params[id]
	if now == nil || now.Generation != generation {
		return errSuperseded
	}
	now.Type, now.After = typ, after
	return p.save()
}

// builder gathers the entries of resources for the store.
type builder struct {
	p          *customParams
	id         string
	generation int
	typ, name  string
	batch      []store.Reindex
	last       store.RID
	seen       int
}

// buildBatch is how many resources are indexed in one commit.
const buildBatch = 256

func (b *builder) add(rec *store.Record) error {
	res, err := b.p.r.tree(rec)
	if err != nil {
		return err
	}
	entries, err := b.p.r.o.Engine.Entries(res.Root)
	if err != nil {
		return err
	}
	entries = slices.DeleteFunc(entries, func(e store.Entry) bool {
		rest, ok := strings.CutPrefix(e.Index, b.name)
		return !ok || rest != "" && rest[0] != ':'
	})
	b.last = rec.RID
	b.seen++
	if len(entries) > 0 {
		b.batch = append(b.batch, store.Reindex{RID: rec.RID, Type: rec.Type, Version: rec.Version, Entries: entries})
	}
	if b.seen >= buildBatch {
		return b.flush()
	}
	return nil
}

func (b *builder) flush() error {
	if b.seen == 0 {
		return nil
	}
	if len(b.batch) > 0 {
		if err := b.p.r.store.Reindex(b.p.ctx, b.batch); err != nil {
			return err
		}
	}
	b.batch, b.seen = b.batch[:0], 0
	return b.p.progress(b.id, b.generation, b.typ, b.last)
}
