package dsubm

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// place is a position in the order of changes: by commit, within a commit by record.
type place struct {
	Time store.Time `json:"t"`
	RID  store.RID  `json:"r"`
}

func (p place) before(other place) bool {
	return p.Time < other.Time || p.Time == other.Time && p.RID < other.RID
}

// progress is what is kept of a subscription among the store's settings: where it is and how it fares.
type progress struct {
	// After is the last change that was dealt with: what comes behind it is still to be told.
	After place `json:"after"`
	// Events counts the events since the subscription began, those of the last notification included.
	Events uint64 `json:"events"`
	// Failures counts the attempts in vain since the last success, the first of which was at Since.
	Failures int       `json:"failures,omitempty"`
	Since    time.Time `json:"since,omitzero"`
}

func settingOf(id string) string { return "dsubm." + id }

// loadProgress gives the progress kept; ok is false when there is none.
func loadProgress(s store.Store, id string) (p progress, ok bool, err error) {
	view, err := s.View(0)
	if err != nil {
		return p, false, err
	}
	defer view.Close()
	text, err := view.Meta(settingOf(id))
	if errors.Is(err, store.ErrNotFound) {
		return p, false, nil
	}
	if err != nil {
		return p, false, err
	}
	return p, true, json.Unmarshal(text, &p)
}

// saveProgress keeps the progress durably; nil removes it.
func saveProgress(ctx context.Context, s store.Store, id string, p *progress) error {
	var text []byte
	if p != nil {
		var err error
		if text, err = json.Marshal(p); err != nil {
			return err
		}
	}
	_, err := s.Commit(ctx, &store.Tx{Meta: map[string][]byte{settingOf(id): text}})
	return err
}

// change is one version in the order of commits.
type change struct {
	place
	rec *store.Record
}

// maxWindow bounds how many changes are gathered at once. A longer history is read in windows of time.
const maxWindow = 2000

// changes gives what happened to a type's resources behind a place, oldest first, about maxWindow of them at most unless one commit has more; seen is the place up to which nothing else is: where the next look begins.
func changes(view store.View, typ string, after place) (found []change, seen place, err error) {
	span := store.HistoryRange{Type: typ, Since: after.Time - 1, Before: view.Time() + 1}
	for {
		many, err := exceeds(view, span)
		if err != nil {
			return nil, after, err
		}
		if !many || span.Before-span.Since <= 2 {
			break
		}
		span.Before = span.Since + (span.Before-span.Since)/2
	}
	if found, err = versions(view, span, after); err != nil {
		return nil, after, err
	}
	slices.Reverse(found)
	seen = place{Time: span.Before - 1, RID: 1<<64 - 1}
	if seen.before(after) {
		seen = after
	}
	return found, seen, nil
}

// exceeds says whether a span has more than maxWindow versions, without reading them.
func exceeds(view store.View, span store.HistoryRange) (many bool, err error) {
	cursor := view.History(span)
	defer func() { err = errors.Join(err, cursor.Close()) }()
	n := 0
	for n <= maxWindow && cursor.Next() {
		n++
	}
	return n > maxWindow, cursor.Err()
}

// versions reads the versions of a span behind the place, newest first.
func versions(view store.View, span store.HistoryRange, after place) (found []change, err error) {
	cursor := view.History(span)
	defer func() { err = errors.Join(err, cursor.Close()) }()
	for cursor.Next() {
		at := cursor.Position()
		here := place{at.Time, at.RID}
		if !after.before(here) {
			continue
		}
		rec, err := cursor.Record()
		if err != nil {
			return nil, err
		}
		found = append(found, change{here, rec})
	}
	return found, cursor.Err()
}
