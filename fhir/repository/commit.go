package repository

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// maxAttempts bounds how often an interaction is decided anew because others came between. Each attempt that fails means that somebody else's succeeded.
const maxAttempts = 100

// errOvertaken says that what was decided from a view no longer holds at the commit.
var errOvertaken = errors.New("repository: overtaken")

// decision is what an interaction decided from one view: what to write, and what must hold at the commit still.
type decision struct {
	drafts []*draft
	// holds are judged again when something that they rest on was committed since the view.
	holds []hold
	// pending are the resources ("Type/id") that a transaction writes, false for those that it deletes.
	pending map[string]bool
	// at are the drafts' positions in the store's transaction, -1 for those that write nothing.
	at []int
	// seen are the first records that lookups met in the view.
	seen []*store.Record
	// tokens and writes are what Review looks up in drafts.
	tokens map[string]map[token][]*draft
	writes map[string]bool
}

func (d *decision) add(draft *draft) { d.drafts = append(d.drafts, draft) }

// hold is a condition of the commit. check gives errOvertaken when the decision would be another now.
type hold struct {
	check func(store.View) error
	reads *store.Reads // what check looks at; nil: at anything
}

func (d *decision) hold(check func(store.View) error, reads *store.Reads) {
	d.holds = append(d.holds, hold{check, reads})
}

// maxSeen bounds what a decision remembers of its view: the person whom a submission is about is asked for at every turn.
const maxSeen = 8

func (d *decision) meet(rec *store.Record) {
	if len(d.seen) < maxSeen && d.met(rec.Type, rec.ID) == nil {
		d.seen = append(d.seen, rec)
	}
}

func (d *decision) met(typ, id string) *store.Record {
	for _, rec := range d.seen {
		if rec.ID == id && rec.Type == typ {
			return rec
		}
	}
	return nil
}

// reads are what all conditions look at, nil when one may look at anything.
func (d *decision) reads() *store.Reads {
	all := &store.Reads{}
	for i := range d.holds {
		r := d.holds[i].reads
		if r == nil {
			return nil
		}
		all.Entries, all.Records = append(all.Entries, r.Entries...), append(all.Records, r.Records...)
	}
	return all
}

// carryOut decides and commits, again when another writer overtakes, and tells what was written to each draft (nil receipt: nothing was).
func (r *Repository) carryOut(ctx context.Context, decide func(view store.View, d *decision) error) (*decision, *store.Receipt, error) {
	for n := 1; ; n++ {
		d, receipt, err := r.attempt(ctx, decide)
		switch {
		case err == nil:
			r.committed(d, receipt)
			return d, receipt, nil
		case !errors.Is(err, errOvertaken) && !errors.Is(err, store.ErrConflict):
			return nil, nil, storeFault(err)
		case n == maxAttempts:
			return nil, nil, overtaken()
		}
		if typ, named := d.clientNamed(err); named {
			return nil, nil, versionMismatch(typ)
		}
		if err := pause(ctx, n); err != nil {
			return nil, nil, storeFault(err)
		}
	}
}

// pause lets the crowd thin out before a further attempt.
func pause(ctx context.Context, n int) error {
	if n < 3 {
		return ctx.Err()
	}
	t := time.NewTimer(time.Duration(rand.Int64N(int64(min(n, 20)) * int64(time.Millisecond))))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (r *Repository) attempt(ctx context.Context, decide func(store.View, *decision) error) (d *decision, receipt *store.Receipt, err error) {
	d = &decision{}
	r.indexing.RLock()
	defer r.indexing.RUnlock()
	view, err := r.view(0)
	if err != nil {
		return d, nil, err
	}
	readAt := view.Time()
	if err = decide(view, d); err == nil {
		err = r.follow(ctx, view, d)
	}
	if err == nil {
		err = r.review(ctx, view, d)
	}
	closing(view, &err)
	if err != nil {
		return d, nil, err
	}
	tx := d.transaction(readAt)
	if len(tx.Writes) == 0 {
		return d, nil, nil
	}
	receipt, err = r.store.Commit(ctx, tx)
	return d, receipt, err
}

func (d *decision) transaction(readAt store.Time) *store.Tx {
	tx := &store.Tx{ReadAt: readAt, Writes: make([]store.Write, 0, len(d.drafts))}
	d.at = make([]int, len(d.drafts))
	for i, draft := range d.drafts {
		if draft.same || draft.res == nil && draft.before == nil {
			d.at[i] = -1
			continue
		}
		d.at[i] = len(tx.Writes)
		tx.Writes = append(tx.Writes, draft.write())
	}
	if len(d.holds) > 0 {
		tx.Guard, tx.Reads = d.stillHolds, d.reads()
	}
	return tx
}

func (d *decision) stillHolds(view store.View) error {
	for i := range d.holds {
		if err := d.holds[i].check(view); err != nil {
			return err
		}
	}
	return nil
}

// clientNamed says whether the conflict is about a version that the client named with If-Match: that one is not the current one any more.
func (d *decision) clientNamed(err error) (typ string, named bool) {
	var conflict *store.ConflictError
	if !errors.As(err, &conflict) {
		return "", false
	}
	for i, at := range d.at {
		if at == conflict.Write {
			return d.drafts[i].typ, d.drafts[i].asked
		}
	}
	return "", false
}

// written tells what became of a draft.
func (d *decision) written(i int, receipt *store.Receipt) *Written {
	if d.at[i] < 0 {
		return d.drafts[i].written(nil, 0)
	}
	return d.drafts[i].written(&receipt.Writes[d.at[i]], receipt.Time)
}

// committed lets the server's own listeners know.
func (r *Repository) committed(d *decision, receipt *store.Receipt) {
	if receipt == nil {
		return
	}
	if r.watch != nil {
		r.watch.signal()
	}
	for _, draft := range d.drafts {
		if draft.typ == "SearchParameter" && !draft.same {
			r.params.changed(draft.id)
		}
	}
}

// one carries out an interaction on a single resource.
func (r *Repository) one(ctx context.Context, decide func(view store.View, d *decision) error) (*Written, error) {
	d, receipt, err := r.carryOut(ctx, decide)
	if err != nil {
		return nil, err
	}
	return d.written(0, receipt), nil
}
