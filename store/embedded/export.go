package embedded

import (
	"archive/tar"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

// exportPart is the size from which a part of versions is closed.
const exportPart = 4 << 20

// exporter writes one archive.
type exporter struct {
	s     *Store
	snap  *pebble.Snapshot
	view  *view
	names *names
	index map[store.IndexID]string
	tar   *tar.Writer
	part  []byte
	parts int
	end   endEntry
}

// Export implements store.Store. It reads a snapshot that it takes at the commit point, so that what it writes is one state.
func (s *Store) Export(ctx context.Context, w io.Writer) (err error) {
	x := &exporter{s: s, tar: tar.NewWriter(w), index: map[store.IndexID]string{}}
	err = s.do(ctx, func(c *committer) error {
		c.flushOthers()
		x.snap = s.db.NewSnapshot()
		x.names = s.names.Load()
		x.view = newView(s, x.snap, c.last, &state{head: c.last, meta: c.meta})
		x.view.pinned = x.names
		return nil
	})
	if x.snap != nil {
		defer func() { err = errors.Join(err, x.view.Close(), x.snap.Close()) }()
	}
	if err != nil {
		return err
	}
	for name, index := range x.names.indexes {
		x.index[index] = name
	}
	for _, step := range []func(context.Context) error{x.writeManifest, x.writeBlobs, x.writeVersions, x.writeEnd} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("embedded: export: %w", err)
		}
	}
	return x.tar.Close()
}

func (x *exporter) file(name string, content []byte) error {
	if err := x.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := x.tar.Write(content)
	return err
}

func (x *exporter) json(name string, v any) error {
	content, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return x.file(name, append(content, '\n'))
}

func (x *exporter) writeManifest(context.Context) error {
	m := manifestEntry{Export: exportName, Version: exportVersion, Head: x.view.t, Indexes: []string{}}
	numbers := make([]store.IndexID, 0, len(x.index))
	for index := range x.index {
		numbers = append(numbers, index)
	}
	slices.Sort(numbers)
	for _, index := range numbers {
		m.Indexes = append(m.Indexes, x.index[index])
	}
	if err := x.json(manifestName, m); err != nil {
		return err
	}
	return x.json(settingsName, settingsEntry{Settings: x.view.state.meta})
}

// writeBlobs writes every blob to which a version points.
func (x *exporter) writeBlobs(ctx context.Context) error {
	it, err := x.snap.NewIter(iterOptions([]byte{rowBlob}))
	if err != nil {
		return err
	}
	defer it.Close()
	for ok := it.First(); ok; {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := it.Key()
		if len(key) < 1+len(store.Digest{}) {
			return fmt.Errorf("%w: a blob key", store.ErrCorrupt)
		}
		d := store.Digest(key[1:])
		if err := x.writeBlob(ctx, d); err != nil {
			return err
		}
		ok = it.SeekGE(after(appendBlobPrefix(nil, d)))
	}
	return it.Error()
}

func (x *exporter) writeBlob(ctx context.Context, d store.Digest) error {
	r, err := x.s.blobs.Open(ctx, d)
	if errors.Is(err, store.ErrNotFound) {
		// The rest of the store is worth saving all the more.
		x.s.log.Error("a blob to which a version points is missing, the export goes on without it")
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	h := &tar.Header{Name: blobFolder + hex.EncodeToString(d[:]), Mode: 0o600, Size: r.Size(), Format: tar.FormatPAX}
	if err := x.tar.WriteHeader(h); err != nil {
		return err
	}
	x.end.Blobs++
	_, err = io.Copy(x.tar, r)
	return err
}

// writeVersions writes all versions; change rows are newest first, so it walks them in reverse.
func (x *exporter) writeVersions(ctx context.Context) error {
	it, err := x.snap.NewIter(iterOptions([]byte{rowChange}))
	if err != nil {
		return err
	}
	defer it.Close()
	for it.Last(); it.Valid(); it.Prev() {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, rid, err := decodeChangeKey(it.Key()[1:])
		if err != nil {
			return err
		}
		_, _, version, err := decodeChange(it.Value())
		if err != nil {
			return err
		}
		rec, err := x.view.version(rid, version)
		if err != nil {
			return err
		}
		if err := x.addVersion(rec); err != nil {
			return err
		}
	}
	if err := it.Error(); err != nil {
		return err
	}
	return x.closePart()
}

func (x *exporter) addVersion(r *store.Record) error {
	e := versionEntry{Type: r.Type, ID: r.ID, RID: r.RID, Version: r.Version, Time: r.Time, Method: methodNames[r.Method], Bytes: len(r.Body)}
	if r.Blob != nil {
		e.Blob = &blobEntry{Digest: hex.EncodeToString(r.Blob.Digest[:]), Size: r.Blob.Size}
	}
	for _, i := range r.Index {
		name, ok := x.index[i.Index]
		if !ok {
			return fmt.Errorf("%w: index number %d is in no dictionary", store.ErrCorrupt, i.Index)
		}
		e.Index = append(e.Index, indexEntry{Name: name, Value: i.Value})
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	x.part = append(append(x.part, line...), '\n')
	x.part = append(append(x.part, r.Body...), '\n')
	x.end.Versions++
	if len(x.part) >= exportPart {
		return x.closePart()
	}
	return nil
}

func (x *exporter) closePart() error {
	if len(x.part) == 0 {
		return nil
	}
	x.parts++
	err := x.file(fmt.Sprintf("%s%08d", versionsFolder, x.parts), x.part)
	x.part = x.part[:0]
	return err
}

func (x *exporter) writeEnd(context.Context) error { return x.json(endName, x.end) }
