package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

const (
	// packLimit is the size in bytes from which a blob is a file of its own.
	packLimit = 256 << 10
	// packGroup is how many bytes share a fsync at most, packQueue how many blobs can wait for it.
	packGroup = 16 << 20
	packQueue = 256
	packEnd   = ".pack"
)

// packs keeps small blobs one behind the other in files that are only ever appended to. One goroutine, the packer, writes what waits, syncs once for all of it and then puts their
// rows, which say where each blob is, into Pebble. A file system makes far fewer steps for that than for a file with a name for each document.
type packs struct {
	b     *blobs
	dir   string
	queue chan *packing
	dead  chan struct{} // closed when the packer ended

	using  sync.RWMutex // held for reading while sending to queue or looking for rows, so that close knows when nobody does
	closed bool

	// Of the packer: the pack that is appended to, nil when the next blob begins one.
	file   vfs.File
	size   int64
	number atomic.Uint64 // of that pack, or of the one that will be begun
}

// packing is one thing that the packer is asked to do. All that changes rows of packed blobs goes through it, in order.
type packing struct {
	what   packWork
	frame  *frame // of what is appended
	digest store.Digest
	at     place
	done   chan struct{}
	// did says whether there was anything to do.
	did bool
	err error
}

type packWork uint8

const (
	packAdd    packWork = iota // append a blob
	packMove                   // append a blob that stands in another pack, when it still does, and keep its time
	packTouch                  // make a blob young: at.time
	packSweep                  // drop a blob when nothing points to it and it is not younger than at.time
	packDrop                   // drop a blob
	packSettle                 // make what was done so far durable
)

func (w packWork) appends() bool { return w <= packMove }

// place is where a packed blob is, and its time for Sweep: when it last came.
type place struct {
	pack   uint64
	offset int64 // of its bytes
	size   int64
	time   int64 // microseconds since the Unix epoch
}

const lenPlace = 32

func (p place) append(dst []byte) []byte {
	for _, n := range []uint64{p.pack, uint64(p.offset), uint64(p.size), uint64(p.time)} {
		dst = binary.BigEndian.AppendUint64(dst, n)
	}
	return dst
}

func decodePlace(row []byte) (place, error) {
	if len(row) != lenPlace {
		return place{}, fmt.Errorf("%w: a row of a packed blob of %d bytes", store.ErrCorrupt, len(row))
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(row[8*i:]) }
	return place{pack: n(0), offset: int64(n(1)), size: int64(n(2)), time: int64(n(3))}, nil
}

func newPacks(b *blobs) (*packs, error) {
	p := &packs{b: b, dir: b.fs.PathJoin(b.dir, "packs"), queue: make(chan *packing, packQueue), dead: make(chan struct{})}
	if err := makeDir(b.fs, p.dir); err != nil {
		return nil, fmt.Errorf("embedded: make the directory of packs: %w", err)
	}
	return p, nil
}

func (p *packs) path(number uint64) string {
	return p.b.fs.PathJoin(p.dir, fmt.Sprintf("%08d%s", number, packEnd))
}

// numbers lists the packs that are there, in no order.
func (p *packs) numbers() ([]uint64, error) {
	names, err := p.b.fs.List(p.dir)
	if err != nil {
		return nil, fmt.Errorf("embedded: list packs: %w", err)
	}
	var out []uint64
	for _, name := range names {
		text, ok := strings.CutSuffix(name, packEnd)
		if n, err := strconv.ParseUint(text, 10, 64); ok && err == nil {
			out = append(out, n)
		}
	}
	return out, nil
}

// where is find for those who may come after Close.
func (p *packs) where(d store.Digest) (at place, ok bool, err error) {
	p.using.RLock()
	defer p.using.RUnlock()
	if p.closed {
		return place{}, false, store.ErrClosed
	}
	return p.find(d)
}

// find says where a packed blob is; ok is false when it is in no pack.
func (p *packs) find(d store.Digest) (at place, ok bool, err error) {
	row, closer, err := p.b.s.db.Get(appendPackedKey(nil, d))
	if errors.Is(err, pebble.ErrNotFound) {
		return place{}, false, nil
	}
	if err != nil {
		return place{}, false, err
	}
	defer closer.Close()
	at, err = decodePlace(row)
	return at, err == nil, err
}

// open reads a packed blob; nil when it is in no pack.
func (p *packs) open(d store.Digest) (store.BlobReader, error) {
	var last uint64
	for {
		at, ok, err := p.where(d)
		if err != nil || !ok {
			return nil, err
		}
		f, err := p.b.fs.Open(p.path(at.pack))
		if errors.Is(err, os.ErrNotExist) && at.pack != last {
			last = at.pack // Sweep moved it meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("embedded: open a pack: %w", err)
		}
		return &blobReader{SectionReader: io.NewSectionReader(f, at.offset, at.size), file: f}, nil
	}
}

// put stores a blob, durably. It takes the frame. One that is packed already becomes young.
func (p *packs) put(f *frame, d store.Digest) error {
	now := p.b.s.clock().UnixMicro()
	_, known, err := p.where(d)
	if known && err == nil {
		known, err = p.ask(&packing{what: packTouch, digest: d, at: place{time: now}})
	}
	if known || err != nil {
		f.free()
		return err
	}
	f.seal(d, now)
	_, err = p.ask(&packing{frame: f, digest: d, at: place{size: int64(f.size()), time: now}})
	return err
}

// forget drops a packed blob; false when it is in no pack.
func (p *packs) forget(d store.Digest) (bool, error) {
	return p.ask(&packing{what: packDrop, digest: d})
}

// ask hands work to the packer and waits until it is done, and durable when it is a blob. It takes the frame.
func (p *packs) ask(r *packing) (did bool, err error) {
	r.done = make(chan struct{})
	if err := p.send(r); err != nil {
		return false, err
	}
	select {
	case <-r.done:
	case <-p.dead:
	case <-p.b.s.breaks:
		// The store failed: the packer may wait for its log for ever.
	}
	select {
	case <-r.done:
		if r.frame != nil {
			r.frame.free()
		}
		return r.did, r.err
	default: // the frame may still be in use
		if err := p.b.s.failure(); err != nil {
			return false, err
		}
		return false, store.ErrClosed
	}
}

func (p *packs) send(r *packing) error {
	p.using.RLock()
	defer p.using.RUnlock()
	if p.closed {
		return store.ErrClosed
	}
	if p.b.s.failed() {
		return p.b.s.failure()
	}
	select {
	case p.queue <- r:
		return nil
	case <-p.dead:
		return store.ErrClosed
	case <-p.b.s.breaks:
		return p.b.s.failure()
	}
}
