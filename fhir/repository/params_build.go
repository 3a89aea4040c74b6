package repository

import (
	"errors"
	"log/slog"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

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
					slog.ErrorContext(p.ctx, "indexing by a custom search parameter failed", "error", err.Error())
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
