package dmp

import (
	"context"
	"errors"
	"fmt"

	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

const modeSetting = "dmp.identities"

// ErrMode says that a store holds identities of the other mode.
var ErrMode = errors.New("dmp: test identities and real ones never mix in one store")

// FixMode gives the mode of a store: the one that it was made with, or the one asked for ("" is sandbox), which is kept with the data for good. ErrMode when the two differ.
func FixMode(ctx context.Context, s store.Store, asked string) (ins.Mode, error) {
	view, err := s.View(0)
	if err != nil {
		return 0, err
	}
	kept, err := view.Meta(modeSetting)
	if err := view.Close(); err != nil {
		return 0, err
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return 0, err
	default:
		if asked != "" && asked != string(kept) {
			return 0, fmt.Errorf("%w: this one was made for %s", ErrMode, kept)
		}
		return ins.ParseMode(string(kept))
	}
	if asked == "" {
		asked = ins.Sandbox.String()
	}
	mode, err := ins.ParseMode(asked)
	if err != nil {
		return 0, err
	}
	_, err = s.Commit(ctx, &store.Tx{Meta: map[string][]byte{modeSetting: []byte(mode.String())}})
	return mode, err
}
