package repository

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// maxHistorySteps bounds how many versions one page may look at and pass over.
const maxHistorySteps = 50_000

// defaultHistoryCount is the page size when none is asked for.
const defaultHistoryCount = 100

// History gives a page of versions, newest first; deletions have Method Deleted and no Body. An instance without any version is a 404.
func (r *Repository) History(ctx context.Context, q HistoryQuery) (page *HistoryPage, err error) {
	if err := r.known(ctx, historyInteraction(q), q.Type); err != nil {
		return nil, err
	}
	view, err := r.view(q.T)
	if err != nil {
		return nil, err
	}
	defer closing(view, &err)
	page = &HistoryPage{T: view.Time(), Total: -1}
	now := view // by which current versions are judged
	if q.T != 0 && !r.open {
		if now, err = r.view(0); err != nil {
			return nil, err
		}
		defer closing(now, &err)
	}
	if q.ID != "" {
		if page.Total, err = r.instanceTotal(ctx, view, now, q); err != nil || q.CountOnly && page.Total >= 0 {
			return page, err
		}
	}
	return page, r.fillHistory(ctx, view, now, q, page)
}

func historyInteraction(q HistoryQuery) Interaction {
	switch {
	case q.ID != "":
		return HistoryInstance
	case q.Type != "":
		return HistoryType
	}
	return HistorySystem
}

// instanceTotal refuses what has no history for the caller, and counts the versions where they are counted without being read.
func (r *Repository) instanceTotal(ctx context.Context, view, now store.View, q HistoryQuery) (int64, error) {
	rec, err := view.Read(q.Type, q.ID)
	if err != nil {
		return 0, orNotFound(err, q.Type)
	}
	if !r.open {
		seen, err := r.currentVisible(ctx, now, q.Type, q.ID, r.addressed)
		if err != nil || !seen {
			return 0, orNotFound(err, q.Type)
		}
		return -1, nil
	}
	if !q.Since.IsZero() || !q.At.IsZero() {
		return -1, nil
	}
	return int64(rec.Version), nil
}

func (r *Repository) fillHistory(ctx context.Context, view, now store.View, q HistoryQuery, page *HistoryPage) (err error) {
	judge := r.visible
	if q.ID != "" {
		judge = r.addressed
	}
	count := orDefault(q.Count, defaultHistoryCount)
	span, err := r.historyRange(q)
	if err != nil {
		return err
	}
	filter, err := r.historyFilter(q, view.Time())
	if err != nil {
		return err
	}
	defer filter.close(&err)
	cursor := view.History(span)
	defer closing(cursor, &err)
	var last store.HistoryPosition
	if q.CountOnly {
		page.Total, count = 0, 0
	}
	for steps := 0; cursor.Next(); steps++ {
		if err := ctx.Err(); err != nil {
			return storeFault(err)
		}
		if steps > maxHistorySteps {
			return fault.New(http.StatusForbidden, fault.TooCostly, "The history would pass over too many versions. Ask for a shorter time or one resource.")
		}
		if ok, err := filter.keeps(cursor); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		rec, err := cursor.Record()
		if err != nil {
			return err
		}
		if ok, err := r.historyVisible(ctx, view, now, rec, judge); err != nil || !ok {
			if err != nil {
				return err
			}
			continue
		}
		if q.CountOnly {
			page.Total++
			continue
		}
		if len(page.Records) == count {
			page.Next = &last
			return nil
		}
		page.Records = append(page.Records, rec)
		last = cursor.Position()
	}
	return cursor.Err()
}

// historyRange turns instants into the store's times. lastUpdated shows milliseconds, so _since counts from the beginning of one.
func (r *Repository) historyRange(q HistoryQuery) (store.HistoryRange, error) {
	span := store.HistoryRange{Type: q.Type, ID: q.ID, After: q.After}
	if !q.Since.IsZero() {
		span.Since = store.Time(q.Since.UnixMicro() - 1)
	}
	if !q.At.IsZero() {
		span.Before = store.Time(q.atEnd().UnixMicro())
	}
	return span, nil
}

// atEnd is the exclusive end of the period of _at.
func (q HistoryQuery) atEnd() time.Time {
	if q.AtEnd.After(q.At) {
		return q.AtEnd
	}
	return q.At.Add(time.Millisecond)
}

// atFilter keeps the versions that were current at some point in the period of _at: those made in it, and those that were current when it began.
type atFilter struct {
	begin store.Time
	view  store.View // as of the beginning; nil without _at
}

func (r *Repository) historyFilter(q HistoryQuery, now store.Time) (*atFilter, error) {
	if q.At.IsZero() {
		return &atFilter{}, nil
	}
	f := &atFilter{begin: store.Time(q.At.UnixMicro())}
	if f.begin > now {
		f.begin = now
	}
	var err error
	f.view, err = r.view(max(f.begin, 1))
	return f, err
}

func (f *atFilter) close(err *error) {
	if f.view != nil {
		closing(f.view, err)
	}
}

func (f *atFilter) keeps(c store.HistoryCursor) (bool, error) {
	if f.view == nil || c.Position().Time > f.begin {
		return true, nil
	}
	rec, err := f.view.Get(c.RID())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil && rec.Version == c.Version() && rec.Method != store.Deleted, err
}

// historyVisible judges a version, and the current one: an old version of what was hidden since is hidden.
func (r *Repository) historyVisible(ctx context.Context, view, now store.View, rec *store.Record, judge judged) (bool, error) {
	if r.open {
		return true, nil
	}
	if r.o.Access.Permit(ctx, Read, rec.Type) != nil {
		return false, nil //nolint:nilerr // what may not be read answers like what is absent
	}
	if seen, err := r.currentVisible(ctx, now, rec.Type, rec.ID, judge); err != nil || !seen {
		return false, err
	}
	if rec.Method == store.Deleted {
		return r.seenBefore(ctx, view, rec, judge)
	}
	return judge(ctx, view, rec)
}
