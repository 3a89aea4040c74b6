package embedded

import (
	"context"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// path gives a blob's file: in a directory named by the first two hex digits of the digest, by the rest.
func (b *blobs) path(d store.Digest) string {
	name := hex.EncodeToString(d[:])
	return b.fs.PathJoin(b.fs.PathJoin(b.dir, name[:2]), name[2:])
}

// isFile says whether a blob is a file of its own.
func (b *blobs) isFile(d store.Digest) bool {
	path := b.path(d)
	if _, ok := b.there.Load(b.fs.PathDir(path)); !ok {
		return false
	}
	_, err := b.fs.Stat(path)
	return err == nil
}

// findDirs notes which directories of files there are: in most stores none, as documents are in packs, and each new one is asked for.
func (b *blobs) findDirs() error {
	names, err := b.fs.List(b.dir)
	for _, name := range names {
		b.there.Store(b.fs.PathJoin(b.dir, name), nil)
	}
	return err
}

// adopt gives a temporary file its name for good.
func (b *blobs) adopt(temp string, d store.Digest) error {
	file := b.path(d)
	dir := b.fs.PathDir(file)
	if _, ok := b.made.Load(dir); !ok {
		if err := makeDir(b.fs, dir); err != nil {
			return err
		}
		b.made.Store(dir, nil)
		b.there.Store(dir, nil)
	}
	b.moving.Lock()
	err := b.fs.Rename(temp, file)
	b.moving.Unlock()
	if err != nil {
		return err
	}
	return syncDir(b.fs, dir)
}

// sweepFiles sweeps the blobs that are files of their own.
func (b *blobs) sweepFiles(ctx context.Context, limit time.Time) (removed int, err error) {
	err = b.each(ctx, func(d store.Digest, path string) error {
		gone, err := b.sweepFile(d, path, limit)
		if gone {
			removed++
		}
		return err
	})
	return removed, err
}

// sweepFile removes one blob when nothing points to it and it is older than the limit.
func (b *blobs) sweepFile(d store.Digest, path string, limit time.Time) (bool, error) {
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

// each gives every blob that is a file of its own.
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
