package embedded

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

// blobs keeps documents by the SHA-256 of their bytes: small ones many to a file (packs), each other one as a file of its own.
type blobs struct {
	s     *Store
	fs    vfs.FS
	dir   string
	temp  string
	packs *packs
	last  atomic.Uint64 // number of the newest temporary file
	// moving is held while a file gets its name and while Sweep decides about one, so that no blob goes in the moment it comes again.
	moving sync.Mutex
	made   sync.Map // directories that are known to be there for good
	there  sync.Map // directories that are there
}

// openBlobs removes what a crash left half written. Packs are opened later, as their rows are in Pebble.
func openBlobs(s *Store) (*blobs, error) {
	b := &blobs{s: s, fs: s.fs, dir: s.fs.PathJoin(s.dir, "blobs")}
	b.temp = b.fs.PathJoin(b.dir, "tmp")
	if err := makeDir(b.fs, b.temp); err != nil {
		return nil, fmt.Errorf("embedded: make the blob directory: %w", err)
	}
	if err := b.findDirs(); err != nil {
		return nil, fmt.Errorf("embedded: list the blob directory: %w", err)
	}
	left, err := b.fs.List(b.temp)
	if err != nil {
		return nil, fmt.Errorf("embedded: list temporary blobs: %w", err)
	}
	for _, name := range left {
		if err := b.fs.Remove(b.fs.PathJoin(b.temp, name)); err != nil {
			return nil, fmt.Errorf("embedded: remove a temporary blob: %w", err)
		}
	}
	b.packs, err = newPacks(b)
	return b, err
}

// Create implements store.Blobs.
func (b *blobs) Create(ctx context.Context) (store.BlobWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &blobWriter{ctx: ctx, b: b, hash: sha256.New(), frame: frames.Get().(*frame)}, nil
}

// blobWriter gathers a blob in memory while it is small enough for a pack; what is longer goes on in a temporary file.
type blobWriter struct {
	ctx  context.Context
	b    *blobs
	hash hash.Hash
	size int64
	// frame gathers what goes to the disk: a vfs.File may change the bytes that it is given, an io.Writer must not. nil when committed or aborted.
	frame *frame
	path  string
	file  vfs.File // nil while the blob is small
	err   error
}

// Write implements io.Writer.
func (w *blobWriter) Write(p []byte) (int, error) {
	if w.frame == nil {
		return 0, os.ErrClosed
	}
	w.hash.Write(p)
	for n := 0; n < len(p); {
		if err := w.ctx.Err(); err != nil {
			w.err = err
		}
		if w.err != nil {
			return n, w.err
		}
		part := min(len(p)-n, packLimit-w.frame.size())
		w.frame.bytes = append(w.frame.bytes, p[n:n+part]...)
		n += part
		if w.frame.size() == packLimit {
			w.spill()
		}
	}
	w.size += int64(len(p))
	return len(p), w.err
}

// spill writes what is gathered to a file, which it makes the first time.
func (w *blobWriter) spill() {
	if w.file == nil && w.err == nil {
		w.path = w.b.fs.PathJoin(w.b.temp, strconv.FormatUint(w.b.last.Add(1), 10))
		w.file, w.err = w.b.fs.Create(w.path, vfs.WriteCategoryUnspecified)
	}
	if w.err == nil {
		_, w.err = w.file.Write(w.frame.bytes[frameHeader:])
	}
	w.frame.reset()
}

// Commit implements store.BlobWriter. A blob that is there already becomes young again for Sweep.
func (w *blobWriter) Commit() (store.BlobRef, error) {
	if w.frame == nil {
		return store.BlobRef{}, os.ErrClosed
	}
	ref := store.BlobRef{Size: w.size}
	w.hash.Sum(ref.Digest[:0])
	err := w.err
	switch {
	case err != nil:
	case w.file == nil && !w.b.isFile(ref.Digest):
		err = w.b.packs.put(w.frame, ref.Digest)
		w.frame = nil // it may be in the packer's hands
	default:
		w.spill()
		err = w.err
	}
	if err = w.end(err); err == nil && w.path != "" {
		err = w.b.adopt(w.path, ref.Digest)
	}
	if err != nil {
		if w.path != "" {
			_ = w.b.fs.Remove(w.path)
		}
		return store.BlobRef{}, fmt.Errorf("embedded: commit a blob: %w", err)
	}
	return ref, nil
}

// end lets go of the frame, and syncs and closes the file when nothing failed before.
func (w *blobWriter) end(err error) error {
	if w.frame != nil {
		w.frame.free()
		w.frame = nil
	}
	if w.file == nil {
		return err
	}
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	w.file = nil
	return err
}

// Abort implements store.BlobWriter.
func (w *blobWriter) Abort() error {
	if w.frame == nil {
		return nil
	}
	w.frame.free()
	w.frame = nil
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return errors.Join(err, w.b.fs.Remove(w.path))
}

// Open implements store.Blobs.
func (b *blobs) Open(ctx context.Context, d store.Digest) (store.BlobReader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r, err := b.packs.open(d); r != nil || err != nil {
		return r, err
	}
	f, err := b.fs.Open(b.path(d))
	if errors.Is(err, os.ErrNotExist) {
		return nil, store.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("embedded: open a blob: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &blobReader{SectionReader: io.NewSectionReader(f, 0, info.Size()), file: f}, nil
}

type blobReader struct {
	*io.SectionReader
	file vfs.File
}

// Close implements io.Closer.
func (r *blobReader) Close() error { return r.file.Close() }

// Sweep implements store.Blobs.
func (b *blobs) Sweep(ctx context.Context, age time.Duration) (int, error) {
	limit := b.s.clock().Add(-age)
	files, err := b.sweepFiles(ctx, limit)
	if err != nil {
		return files, err
	}
	packed, err := b.packs.sweep(ctx, limit)
	return files + packed, err
}

// used says whether a version points to the blob.
func (b *blobs) used(d store.Digest) (bool, error) {
	prefix := appendBlobPrefix(nil, d)
	it, err := b.s.db.NewIter(iterOptions(prefix))
	if err != nil {
		return false, err
	}
	used := it.First()
	return used, errors.Join(it.Error(), it.Close())
}

// discard removes a blob at once, whoever points to it: an import that failed takes back what it brought.
func (b *blobs) discard(d store.Digest) error {
	if there, err := b.packs.forget(d); there || err != nil {
		return err
	}
	return b.fs.Remove(b.path(d))
}
