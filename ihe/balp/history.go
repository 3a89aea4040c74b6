package balp

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/carnet-fhir/carnet/store"
)

// mark is a place in the order of changes, kept among the store's settings: what lies behind it is still to be looked at.
type mark struct {
	Time store.Time `json:"t"`
	RID  store.RID  `json:"r"`
}

// lastRID is behind every record of a commit.
const lastRID = ^store.RID(0)

func (m mark) before(t store.Time, rid store.RID) bool {
	return m.Time < t || m.Time == t && m.RID < rid
}

// loadMark gives a setting; the newest commit where it was never set, so that nobody is told of what was there before there was anybody to tell.
func loadMark(ctx context.Context, s store.Store, setting string) (mark, error) {
	view, err := s.View(0)
	if err != nil {
		return mark{}, err
	}
	defer view.Close()
	text, err := view.Meta(setting)
	if errors.Is(err, store.ErrNotFound) {
		m := mark{view.Time(), lastRID}
		return m, m.save(ctx, s, setting)
	}
	var m mark
	if err == nil {
		err = json.Unmarshal(text, &m)
	}
	return m, err
}

func (m mark) save(ctx context.Context, s store.Store, setting string) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = s.Commit(ctx, &store.Tx{Meta: map[string][]byte{setting: text}})
	return err
}

// ahead reads the versions of a type behind a mark, oldest first, and gives the mark behind them. There are about most of them, more only where one commit has more: the store walks from the newest, so a long way is cut into halves of time until it is
// short enough.
func ahead(view store.View, typ string, from mark, most int) (found []*store.Record, upTo mark, err error) {
	span := store.HistoryRange{Type: typ, Since: from.Time - 1, Before: view.Time() + 1}
	for span.Before-span.Since > 2 {
		n, err := length(view, span, most)
		if err != nil {
			return nil, from, err
		}
		if n <= most {
			break
		}
		span.Before = span.Since + (span.Before-span.Since)/2
	}
	cur := view.History(span)
	defer func() { err = errors.Join(err, cur.Close()) }()
	for cur.Next() {
		if at := cur.Position(); !from.before(at.Time, at.RID) {
			continue
		}
		rec, err := cur.Record()
		if err != nil {
			return nil, from, err
		}
		found = append(found, rec)
	}
	slices.Reverse(found)
	upTo = mark{span.Before - 1, lastRID}
	if upTo.Time < from.Time {
		upTo = from
	}
	return found, upTo, cur.Err()
}

// length counts the versions of a span up to one more than most.
func length(view store.View, span store.HistoryRange, most int) (n int, err error) {
	cur := view.History(span)
	defer func() { err = errors.Join(err, cur.Close()) }()
	for n <= most && cur.Next() {
		n++
	}
	return n, cur.Err()
}
