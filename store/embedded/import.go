package embedded

import (
	"archive/tar"
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store"
)

const (
	importBatch = 4 << 20  // bytes of a batch
	importLine  = 64 << 20 // longest line or JSON file
)

// importer reads one archive into an empty store. It runs on the committer. Nothing that it writes is visible until the last batch,
// which holds the head; a row says that the directory holds an unfinished import, so that a crash leaves an empty store.
type importer struct {
	ctx      context.Context
	c        *committer
	tar      *tar.Reader
	manifest *manifestEntry
	end      *endEntry
	seen     endEntry
	blobs    []store.Digest
	prep     preparation
	last     store.HistoryPosition // of the newest version read
}

// Import implements store.Store.
func (s *Store) Import(ctx context.Context, r io.Reader) error {
	return s.do(ctx, func(c *committer) error {
		c.flushOthers()
		if c.last != 0 || len(s.names.Load().typeNames) > 1 {
			return store.ErrNotEmpty
		}
		m := &importer{ctx: ctx, c: c, tar: tar.NewReader(r)}
		err := m.run()
		if err == nil {
			return nil
		}
		if undo := m.undo(); undo != nil {
			s.fail(undo)
			err = errors.Join(err, undo)
		}
		return fmt.Errorf("embedded: import: %w", err)
	})
}

func (m *importer) run() error {
	if err := m.c.s.db.Set([]byte{rowImport}, nil, pebble.Sync); err != nil {
		return err
	}
	for m.end == nil {
		h, err := m.tar.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%w: the archive ends before %s", store.ErrCorrupt, endName)
		}
		if err != nil {
			return err
		}
		if err := m.file(h); err != nil {
			return err
		}
	}
	if m.seen != *m.end {
		return fmt.Errorf("%w: the archive has %d versions and %d blobs, and says %d and %d",
			store.ErrCorrupt, m.seen.Versions, m.seen.Blobs, m.end.Versions, m.end.Blobs)
	}
	m.c.note(m.c.open().Delete([]byte{rowImport}, nil))
	m.c.last = m.manifest.Head
	return m.c.err
}

// undo empties the store again.
func (m *importer) undo() error {
	c := m.c
	if c.group.batch != nil {
		c.group.batch.Close()
		c.group.batch = nil
	}
	c.forget()
	c.err = nil
	clear(c.recount)
	c.last, c.counts, c.meta = 0, make([]int64, 1), map[string][]byte{}
	c.s.names.Store(newNames())
	err := c.s.clearRows()
	for _, d := range m.blobs {
		err = errors.Join(err, c.s.blobs.discard(d))
	}
	return err
}

func (m *importer) file(h *tar.Header) error {
	if m.manifest == nil && h.Name != manifestName {
		return fmt.Errorf("%w: the archive does not begin with %s", store.ErrFormat, manifestName)
	}
	switch {
	case h.Name == manifestName && m.manifest == nil:
		return m.readManifest()
	case h.Name == settingsName:
		var s settingsEntry
		if err := m.json(&s); err != nil {
			return err
		}
		m.c.remember(s.Settings)
		return nil
	case strings.HasPrefix(h.Name, blobFolder):
		return m.readBlob(h.Name[len(blobFolder):])
	case strings.HasPrefix(h.Name, versionsFolder):
		return m.readVersions()
	case h.Name == endName:
		m.end = &endEntry{}
		return m.json(m.end)
	default:
		return fmt.Errorf("%w: a file of the archive is unknown", store.ErrFormat)
	}
}

func (m *importer) json(v any) error {
	content, err := io.ReadAll(io.LimitReader(m.tar, importLine))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(content, v); err != nil {
		return fmt.Errorf("%w: a JSON file of the archive", store.ErrCorrupt)
	}
	return nil
}

func (m *importer) readManifest() error {
	m.manifest = &manifestEntry{}
	if err := m.json(m.manifest); err != nil {
		return err
	}
	if m.manifest.Export != exportName || m.manifest.Version < 1 {
		return fmt.Errorf("%w: the archive is no export", store.ErrFormat)
	}
	if m.manifest.Version > exportVersion {
		return fmt.Errorf("%w: the archive has version %d; this program reads up to version %d", store.ErrFormat, m.manifest.Version, exportVersion)
	}
	n := m.c.s.names.Load().clone()
	for _, name := range m.manifest.Indexes {
		if err := n.addIndexes([]store.Entry{{Index: name}}); err != nil {
			return err
		}
	}
	m.c.publishNames(n)
	return nil
}

func (m *importer) readBlob(name string) error {
	want, err := digestOf(name)
	if err != nil {
		return err
	}
	w, err := m.c.s.blobs.Create(m.ctx)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, m.tar); err != nil {
		return errors.Join(err, w.Abort())
	}
	ref, err := w.Commit()
	if err != nil {
		return err
	}
	m.blobs = append(m.blobs, ref.Digest)
	m.seen.Blobs++
	if ref.Digest != want {
		return fmt.Errorf("%w: blob %s has other bytes than its name says", store.ErrCorrupt, hex.EncodeToString(want[:]))
	}
	return nil
}

// readVersions reads one part.
func (m *importer) readVersions() error {
	in := bufio.NewReaderSize(m.tar, 64<<10)
	for {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		line, err := readLine(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var e versionEntry
		if err := json.Unmarshal(line, &e); err != nil || e.Bytes < 0 || e.Bytes > MaxTxBytes {
			return fmt.Errorf("%w: line of version %d", store.ErrCorrupt, m.seen.Versions+1)
		}
		body := make([]byte, e.Bytes+1)
		if _, err := io.ReadFull(in, body); err != nil || body[e.Bytes] != '\n' {
			return fmt.Errorf("%w: body of version %d", store.ErrCorrupt, m.seen.Versions+1)
		}
		if err := m.add(&e, body[:e.Bytes]); err != nil {
			return fmt.Errorf("version %d of the archive: %w", m.seen.Versions+1, err)
		}
		m.seen.Versions++
	}
}

func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line, []byte{'\n'}), nil
		case errors.Is(err, bufio.ErrBufferFull) && len(line) < importLine:
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("%w: a line of an export", store.ErrCorrupt)
		}
	}
}

// add writes a version as its commit did, so that all lives come out the same.
func (m *importer) add(e *versionEntry, body []byte) error {
	c := m.c
	w := store.Write{Type: e.Type, ID: e.ID, Delete: e.Method == methodNames[store.Deleted], Body: rawBody(body)}
	for _, i := range e.Index {
		w.Entries = append(w.Entries, store.Entry{Index: i.Name, Value: i.Value})
	}
	if e.Blob != nil {
		d, err := digestOf(e.Blob.Digest)
		if err != nil {
			return err
		}
		w.Blob = &store.BlobRef{Digest: d, Size: e.Blob.Size}
	}
	tx := &store.Tx{Writes: []store.Write{w}}
	if err := check(tx); err != nil {
		return err
	}
	if err := c.judge(tx); err != nil {
		return err
	}
	p := &c.plans[0]
	if err := m.checkOrder(e, p); err != nil {
		return err
	}
	if m.prep.prepare(tx, c.s.names.Load()); !m.prep.named {
		n, err := c.name(tx.Writes)
		if err != nil {
			return err
		}
		m.prep.prepare(tx, n)
	}
	if err := c.render(tx, &m.prep, e.RID, e.Time); err != nil {
		return err
	}
	c.write(p, e.ID, &m.prep.writes[0])
	if c.err == nil && c.group.batch.Len() > importBatch {
		c.note(c.s.db.Apply(c.group.batch, pebble.NoSync))
		c.note(c.group.batch.Close())
		c.group.batch = nil
		c.forget()
	}
	return c.err
}

// checkOrder refuses versions that no history of commits can have left.
func (m *importer) checkOrder(e *versionEntry, p *plan) error {
	method, err := methodOf(e.Method)
	if err != nil {
		return err
	}
	at := store.HistoryPosition{Time: e.Time, RID: e.RID}
	switch {
	case method != p.method || e.Version != p.version:
		return fmt.Errorf("%w: a version does not follow the one before", store.ErrCorrupt)
	case p.cur != nil && (p.rid != e.RID || e.Time <= p.cur.head.time):
		return fmt.Errorf("%w: a record changes its number or goes back in time", store.ErrCorrupt)
	case e.Time < m.last.Time || e.Time == m.last.Time && e.RID <= m.last.RID:
		return fmt.Errorf("%w: versions are not sorted by time", store.ErrCorrupt)
	case e.RID == 0 || store.Time(e.RID) > e.Time || e.Time > m.manifest.Head:
		return fmt.Errorf("%w: a time is after the head, or a record number after its time", store.ErrCorrupt)
	case p.cur == nil && e.Time > m.last.Time && e.RID <= store.RID(m.last.Time):
		return fmt.Errorf("%w: a record number was given before its record", store.ErrCorrupt)
	}
	m.last = at
	return nil
}

// rawBody is a Body that was rendered before.
type rawBody []byte

// Append implements store.Body.
func (b rawBody) Append(dst []byte, _ store.Stamp) []byte { return append(dst, b...) }
