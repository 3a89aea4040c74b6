package embedded

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

// blobs keeps documents as files by the SHA-256 of their bytes.
type blobs struct {
	s    *Store
	fs   vfs.FS
	dir  string
	temp string
	last atomic.Uint64 // number of the newest temporary file
	// moving is held while a blob gets its name and while Sweep decides about one, so that no blob goes in the moment it comes again.
	moving sync.Mutex
}

// openBlobs removes what a crash left half written.
func openBlobs(s *Store) (*blobs, error) {
	b := &blobs{s: s, fs: s.fs, dir: s.fs.PathJoin(s.dir, "blobs")}
	b.temp = b.fs.PathJoin(b.dir, "tmp")
	if err := makeDir(b.fs, b.temp); err != nil {
		return nil, fmt.Errorf("embedded: make the blob directory: %w", err)
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
	return b, nil
}

// path gives a blob's directory and file: the first two hex digits of the digest, and the rest.
func (b *blobs) path(d store.Digest) (dir, file string) {
	name := hex.EncodeToString(d[:])
	dir = b.fs.PathJoin(b.dir, name[:2])
	return dir, b.fs.PathJoin(dir, name[2:])
}

// Create implements store.Blobs.
func (b *blobs) Create(ctx context.Context) (store.BlobWriter, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	path := b.fs.PathJoin(b.temp, strconv.FormatUint(b.last.Add(1), 10))
	f, err := b.fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("embedded: create a blob: %w", err)
	}
	return &blobWriter{ctx: ctx, b: b, path: path, file: f, hash: sha256.New(), buffer: make([]byte, 0, blobBuffer)}, nil
}

type blobWriter struct {
	ctx  context.Context
	b    *blobs
	path string
	file vfs.File // nil when committed or aborted
	hash hash.Hash
	size int64
	// buffer gathers what goes to the file: a vfs.File may change the bytes that it is given, an io.Writer must not.
	buffer []byte
	err    error
}

const blobBuffer = 64 << 10

// Write implements io.Writer.
func (w *blobWriter) Write(p []byte) (int, error) {
	if w.file == nil {
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
		part := copy(w.buffer[len(w.buffer):cap(w.buffer)], p[n:])
		w.buffer = w.buffer[:len(w.buffer)+part]
		n += part
		if len(w.buffer) == cap(w.buffer) {
			w.flush()
		}
	}
	w.size += int64(len(p))
	return len(p), w.err
}

func (w *blobWriter) flush() {
	if w.err == nil {
		_, w.err = w.file.Write(w.buffer)
	}
	w.buffer = w.buffer[:0]
}

// Commit implements store.BlobWriter. A blob that is there already is replaced by the equal one, which makes it young again for Sweep.
func (w *blobWriter) Commit() (store.BlobRef, error) {
	if w.file == nil {
		return store.BlobRef{}, os.ErrClosed
	}
	ref := store.BlobRef{Size: w.size}
	w.hash.Sum(ref.Digest[:0])
	w.flush()
	err := w.err
	if err == nil {
		err = w.file.Sync()
	}
	err = errors.Join(err, w.file.Close())
	w.file = nil
	if err == nil {
		err = w.b.adopt(w.path, ref.Digest)
	}
	if err != nil {
		_ = w.b.fs.Remove(w.path)
		return store.BlobRef{}, fmt.Errorf("embedded: commit a blob: %w", err)
	}
	return ref, nil
}

// adopt gives a temporary file its name for good.
func (b *blobs) adopt(path string, d store.Digest) error {
	dir, file := b.path(d)
	b.moving.Lock()
	defer b.moving.Unlock()
	if err := makeDir(b.fs, dir); err != nil {
		return err
	}
	if err := b.fs.Rename(path, file); err != nil {
		return err
	}
	return syncDir(b.fs, dir)
}

// Abort implements store.BlobWriter.
func (w *blobWriter) Abort() error {
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
	_, path := b.path(d)
	f, err := b.fs.Open(path)
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
	removed := 0
	limit := b.s.clock().Add(-age)
	err := b.each(ctx, func(d store.Digest, path string) error {
		gone, err := b.sweep(d, path, limit)
		if gone {
			removed++
		}
		return err
	})
	return removed, err
}

// sweep removes one blob when nothing points to it and it is older than the limit.
func (b *blobs) sweep(d store.Digest, path string, limit time.Time) (bool, error) {
	if used, err := b.used(d); used || err != nil {
		return false, err
	}
	b.moving.Lock()
	defer b.moving.Unlock()
	info, err := b.fs.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil || info.ModTime().After(limit) {
		return false, err
	}
	// It is asked again: a Tx may have been committed since, whose caller found the blob in place.
	if used, err := b.used(d); used || err != nil {
		return false, err
	}
	return true, b.fs.Remove(path)
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

// each gives every blob.
func (b *blobs) each(ctx context.Context, yield func(d store.Digest, path string) error) error {
	dirs, err := b.fs.List(b.dir)
	if err != nil {
		return err
	}
	for _, sub := range dirs {
		if len(sub) != 2 || strings.Contains(sub, ".") {
			continue
		}
		dir := b.fs.PathJoin(b.dir, sub)
		files, err := b.fs.List(dir)
		if err != nil {
			return err
		}
		for _, name := range files {
			if err := ctx.Err(); err != nil {
				return err
			}
			raw, err := hex.DecodeString(sub + name)
			if err != nil || len(raw) != len(store.Digest{}) {
				continue // not ours
			}
			if err := yield(store.Digest(raw), b.fs.PathJoin(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}
