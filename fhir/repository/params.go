package repository

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"

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
	mu    sync.Mutex // held while the set of parameters changes; Repository.indexing is taken inside it
	state paramState
	urls  atomic.Pointer[map[string]string] // url to logical id: what writers look at, who must not wait for mu

	wake chan struct{}
	stop context.CancelFunc
	ctx  context.Context // of the background work, which outlives every request
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
			slog.WarnContext(p.ctx, "a stored SearchParameter cannot be registered", "error", err.Error())
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
	defer p.publish()
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
	p.publish()
	text, err := json.Marshal(&p.state)
	if err != nil {
		return err
	}
	_, err = p.r.store.Commit(context.Background(), &store.Tx{Meta: map[string][]byte{paramsSetting: text}})
	return err
}

// publish makes the owners of URLs known to writers.
func (p *customParams) publish() {
	urls := make(map[string]string, len(p.state.Params))
	for id, e := range p.state.Params {
		urls[e.URL] = id
	}
	p.urls.Store(&urls)
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
	if owner, taken := (*p.urls.Load())[root.ChildValue("url")]; taken && owner != id {
		return fault.At(http.StatusConflict, fault.Duplicate, "SearchParameter.url", "Another active SearchParameter on this server has the same url.")
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
		slog.ErrorContext(p.ctx, "a SearchParameter was stored but could not be registered", "error", err.Error())
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
