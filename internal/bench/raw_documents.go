package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// rawBody is a resource's bytes as the server stored them.
type rawBody []byte

// Append implements store.Body.
func (b rawBody) Append(dst []byte, _ store.Stamp) []byte { return append(dst, b...) }

// commitWrites are the writes of one commit of the server, to be made again.
type commitWrites struct {
	writes []store.Write
	binary int // the one with the document
}

// recordedCommits reads the commits of a stopped server that brought a document, newest first: every resource with its bytes and all of its index entries. Names of indexes are
// numbered anew, which changes nothing of the rows: they hold a number of four bytes.
func recordedCommits(dir string, limit int) (commits []*commitWrites, err error) {
	s, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	v, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	h := v.History(store.HistoryRange{})
	defer func() { err = errors.Join(err, h.Close()) }()
	var at store.Time
	c := &commitWrites{binary: -1}
	for h.Next() && len(commits) < limit {
		rec, err := h.Record()
		if err != nil {
			return nil, err
		}
		if rec.Time != at {
			if c.binary >= 0 {
				commits = append(commits, c)
			}
			at, c = rec.Time, &commitWrites{binary: -1}
		}
		if rec.Blob != nil {
			c.binary = len(c.writes)
		}
		c.writes = append(c.writes, writeOf(rec))
	}
	if len(commits) == 0 {
		return nil, errors.Join(h.Err(), errors.New("the server stored no document"))
	}
	return commits, h.Err()
}

func writeOf(rec *store.Record) store.Write {
	w := store.Write{Type: rec.Type, Body: rawBody(rec.Body), Entries: make([]store.Entry, len(rec.Index)), Expect: store.Expectation{Kind: store.ExpectVersion}}
	for i, e := range rec.Index {
		w.Entries[i] = store.Entry{Index: fmt.Sprintf("index %d", e.Index), Value: e.Value}
	}
	return w
}

// rawDocuments is the limit of submitting: what the server stored for submissions (each document, and the resources of its commit with all of their rows) written to a new store
// without judging, by as many writers, each waiting until its document and then its commit are durable. With files each document is written as a file of its own in place of the
// store's blobs: created, written, synced, renamed, its directory synced.
func (s *suite) rawDocuments(made *submitter, dir string, files bool) (rate float64, each string, err error) {
	commits, err := recordedCommits(dir, 5000)
	if err != nil {
		return 0, "", err
	}
	var rates []float64
	for i := range s.Repeats {
		made.run = 50 + i
		r, used, err := s.writeDocuments(fmt.Sprintf("raw-documents-%t-%d", files, i), made, commits, files)
		if err != nil {
			return 0, "", err
		}
		rates, each = append(rates, r), used
	}
	rate, _ = median(rates)
	return rate, each, nil
}

func (s *suite) writeDocuments(name string, made *submitter, commits []*commitWrites, files bool) (rate float64, each string, err error) {
	dir := filepath.Join(s.dir, name)
	db, err := embedded.Open(dir, embedded.Options{})
	if err != nil {
		return 0, "", err
	}
	defer func() { err = errors.Join(err, db.Close(), os.RemoveAll(dir)) }()
	keep := func(raw []byte) (store.BlobRef, error) { return keepBlob(s.ctx, db, raw) }
	if files {
		keep = func(raw []byte) (store.BlobRef, error) { return keepFile(filepath.Join(dir, "files"), raw) }
	}
	var done atomic.Int64
	errs := make([]error, s.Clients)
	before, err := ownCPU()
	if err != nil {
		return 0, "", err
	}
	var wg sync.WaitGroup
	begin := time.Now()
	for c := range s.Clients {
		wg.Go(func() {
			var raw []byte
			for n := c; errs[c] == nil && time.Since(begin) < s.Duration && s.ctx.Err() == nil; n += s.Clients {
				raw = made.document(raw)
				errs[c] = commits[n%len(commits)].again(s.ctx, db, raw, keep)
				done.Add(1)
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(begin)
	after, err := ownCPU()
	return float64(done.Load()) / elapsed.Seconds(), after.Since(before).each(int(done.Load())), errors.Join(append(errs, err)...)
}

// again stores a document and makes the commit once more, under new ids.
func (c *commitWrites) again(ctx context.Context, s store.Store, raw []byte, keep func([]byte) (store.BlobRef, error)) error {
	ref, err := keep(raw)
	if err != nil {
		return err
	}
	writes := make([]store.Write, len(c.writes))
	copy(writes, c.writes)
	for i := range writes {
		writes[i].ID = uuid.Must(uuid.NewV7()).String()
	}
	writes[c.binary].Blob = &ref
	_, err = s.Commit(ctx, &store.Tx{Writes: writes})
	return err
}

func keepBlob(ctx context.Context, s store.Store, raw []byte) (store.BlobRef, error) {
	w, err := s.Blobs().Create(ctx)
	if err != nil {
		return store.BlobRef{}, err
	}
	if _, err := w.Write(raw); err != nil {
		return store.BlobRef{}, errors.Join(err, w.Abort())
	}
	return w.Commit()
}

// keepFile writes a file as programs do that must not lose it.
func keepFile(dir string, raw []byte) (ref store.BlobRef, err error) {
	name := uuid.Must(uuid.NewV7()).String()
	dir = filepath.Join(dir, name[len(name)-2:])
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return ref, err
	}
	file := filepath.Join(dir, name)
	f, err := os.Create(file + ".tmp")
	if err != nil {
		return ref, err
	}
	if _, err = f.Write(raw); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(file+".tmp", file)
	}
	if err != nil {
		return ref, err
	}
	d, err := os.Open(dir)
	if err != nil {
		return ref, err
	}
	ref.Size = int64(len(raw))
	copy(ref.Digest[:], name)
	return ref, errors.Join(d.Sync(), d.Close())
}
