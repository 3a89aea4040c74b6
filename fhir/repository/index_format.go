package repository

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// indexFormatSetting names the setting that holds the index format (search.Registry.IndexFormat) with which a store's rows were written.
const indexFormatSetting = "repository.index-format"

// ErrIndexFormat says that the store was indexed by another version of Carnet: searches would silently miss matches until Rebuild.
var ErrIndexFormat = errors.New("repository: the search index was written in another format")

// checkIndexFormat marks an empty store with the format of this version, and refuses rows of any other.
func checkIndexFormat(ctx context.Context, s store.Store, registry *search.Registry) error {
	view, err := s.View(0)
	if err != nil {
		return err
	}
	defer view.Close()
	written, err := view.Meta(indexFormatSetting)
	switch {
	case errors.Is(err, store.ErrNotFound) && empty(view):
		return setIndexFormat(ctx, s, registry)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case string(written) == registry.IndexFormat():
		return nil
	}
	return fmt.Errorf("%w: it is %q, this version writes %q", ErrIndexFormat, written, registry.IndexFormat())
}

// empty says that no resource was ever written: settings alone hold no rows.
func empty(view store.View) bool {
	versions := view.History(store.HistoryRange{})
	defer versions.Close()
	return !versions.Next() && versions.Err() == nil
}

func setIndexFormat(ctx context.Context, s store.Store, registry *search.Registry) error {
	_, err := s.Commit(ctx, &store.Tx{Meta: map[string][]byte{indexFormatSetting: []byte(registry.IndexFormat())}})
	return err
}

// Rebuild makes the index of a store anew, from the current version of every resource, while nobody else uses the store. It can be repeated when it was interrupted. Page links made before may miss what old
// versions stood for.
func Rebuild(ctx context.Context, o Options) (records int, err error) {
	for _, name := range o.Registry.Snapshot().IndexNames() {
		if err := o.Store.DropIndex(ctx, name); err != nil && !errors.Is(err, store.ErrNotFound) {
			return 0, err
		}
	}
	if err := forgetCustomParams(ctx, o.Store); err != nil {
		return 0, err
	}
	var batch []store.Reindex
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		err := o.Store.Reindex(ctx, batch)
		batch = batch[:0]
		return err
	}
	err = o.Store.Walk(ctx, "", 0, func(rec *store.Record) error {
		res, err := element.ParseJSON(o.Definitions, rec.Body, element.Options{ExpectType: rec.Type, Trusted: true})
		if err != nil {
			return fmt.Errorf("repository: a stored %s cannot be read: %w", rec.Type, err)
		}
		entries, err := o.Engine.Entries(res.Root)
		if err != nil {
			return err
		}
		records++
		batch = append(batch, store.Reindex{RID: rec.RID, Type: rec.Type, Version: rec.Version, Entries: entries})
		if len(batch) < buildBatch {
			return nil
		}
		return flush()
	})
	if err := errors.Join(err, flush()); err != nil {
		return records, err
	}
	return records, setIndexFormat(ctx, o.Store, o.Registry)
}

// forgetCustomParams has the next New register all custom SearchParameters anew, index them in the background and drop their old rows.
func forgetCustomParams(ctx context.Context, s store.Store) (err error) {
	view, err := s.View(0)
	if err != nil {
		return err
	}
	defer closing(view, &err)
	text, err := view.Meta(paramsSetting)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	var state paramState
	if err := json.Unmarshal(text, &state); err != nil {
		return err
	}
	for _, entry := range state.Params {
		state.Drop = append(state.Drop, entry.Indexes...)
	}
	state.Params = map[string]*paramEntry{}
	if text, err = json.Marshal(state); err != nil {
		return err
	}
	_, err = s.Commit(ctx, &store.Tx{Meta: map[string][]byte{paramsSetting: text}})
	return err
}
