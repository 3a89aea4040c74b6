package embedded

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

// Format is the version of the layout on disk that this package writes.
const Format = 2

// ErrLocked says that another process has the directory open.
var ErrLocked = errors.New("embedded: the directory is in use by another process")

// Options tune a Store. The zero value is what a server wants.
type Options struct {
	// FS is the file system; nil: the disk.
	FS vfs.FS
	// Clock is the wall clock; nil: time.Now.
	Clock func() time.Time
	// Logger takes what Pebble and the store have to say, without health data; nil: slog.Default.
	Logger *slog.Logger
	// CacheSize is the room for uncompressed blocks in bytes; 0: 256 MB. It fills as data is read.
	CacheSize int64
	// MemTableSize is the size in bytes from which what is in memory is written to a table; 0: 32 MB.
	MemTableSize uint64
	// Bulk lets many small tables gather before they are merged: a load that reads little writes each row fewer times.
	Bulk bool
	// PackSize is the size in bytes from which a file of small blobs is ended and the next one begun; 0: 64 MB.
	PackSize int64
	// StuckAfter is how long callers wait, once the store has failed, for a committer that may be stuck for ever; 0: 1 s.
	StuckAfter time.Duration
	// NoSync acknowledges commits that are not durable. It is for bulk loads that can be started again, and for tests.
	NoSync bool
}

const (
	defaultCacheSize    = 256 << 20
	defaultMemTableSize = 32 << 20
	defaultPackSize     = 64 << 20
)

// queueLength is how many transactions can wait for the committer before Commit blocks.
const queueLength = 1024

// gatherFrom is how many groups are on their way to the disk when the committer would rather let the next one grow. Guards make groups
// end early; of those groupsInFlight may be on their way, which share fsyncs.
const (
	gatherFrom     = 2
	groupsInFlight = 64
)

// Open opens the store in a directory, which it makes when there is none.
func Open(dir string, opts Options) (*Store, error) {
	s := &Store{
		fs: opts.FS, dir: dir, log: opts.Logger, clock: opts.Clock, noSync: opts.NoSync, stuckAfter: opts.StuckAfter,
		queue: make(chan *request, queueLength), inflight: make(chan *group, groupsInFlight), freed: make(chan struct{}, 1), done: make(chan struct{}),
		breaks: make(chan struct{}), packSize: opts.PackSize,
	}
	if s.packSize == 0 {
		s.packSize = defaultPackSize
	}
	if s.fs == nil {
		s.fs = vfs.Default
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.stuckAfter == 0 {
		s.stuckAfter = time.Second
	}
	if opts.CacheSize == 0 {
		opts.CacheSize = defaultCacheSize
	}
	if opts.MemTableSize == 0 {
		opts.MemTableSize = defaultMemTableSize
	}
	if err := s.open(opts); err != nil {
		return nil, err
	}
	s.running.Store(true)
	go newCommitter(s, s.state.Load()).run()
	go s.sync()
	return s, nil
}

func (s *Store) open(opts Options) (err error) {
	if err := makeDir(s.fs, s.dir); err != nil {
		return fmt.Errorf("embedded: make the directory: %w", err)
	}
	if s.lock, err = pebble.LockDirectory(s.dir, s.fs); err != nil {
		return fmt.Errorf("%w: %s (%w)", ErrLocked, s.dir, err)
	}
	defer func() {
		if err != nil {
			s.lock.Close()
		}
	}()
	created, err := s.checkFormat()
	if err != nil {
		return err
	}
	if s.blobs, err = openBlobs(s); err != nil {
		return err
	}
	records := s.fs.PathJoin(s.dir, recordsDir)
	if err := makeDir(s.fs, records); err != nil {
		return fmt.Errorf("embedded: make the directory of the records: %w", err)
	}
	if s.db, err = pebble.Open(records, pebbleOptions(s, opts)); err != nil {
		return fmt.Errorf("embedded: open the records: %w", err)
	}
	if created {
		err = s.finishCreation()
	}
	if err == nil {
		err = s.load()
	}
	if err == nil {
		err = s.blobs.packs.recover()
	}
	if err != nil {
		return errors.Join(err, s.db.Close())
	}
	return nil
}

// load reads what is kept in memory: names, settings, counts and the head.
func (s *Store) load() error {
	if err := s.clearImport(); err != nil {
		return err
	}
	n, err := loadNames(s.db)
	if err != nil {
		return err
	}
	s.names.Store(n)
	st := &state{counts: make([]int64, len(n.typeNames)), meta: map[string][]byte{}}
	err = s.eachRow(rowCount, func(key, value []byte) error {
		d := decoder{rest: key}
		typ := typeID(d.uint16())
		count, n := binary.Uvarint(value)
		if d.bad || n <= 0 || int(typ) >= len(st.counts) {
			return fmt.Errorf("%w: a count row", store.ErrCorrupt)
		}
		st.counts[typ] = int64(count)
		return nil
	})
	if err != nil {
		return err
	}
	err = s.eachRow(rowSetting, func(key, value []byte) error {
		st.meta[string(key)] = append([]byte{}, value...)
		return nil
	})
	if err != nil {
		return err
	}
	head, closer, err := s.db.Get([]byte{rowHead})
	switch {
	case errors.Is(err, pebble.ErrNotFound):
	case err != nil:
		return err
	case len(head) != lenTime:
		return fmt.Errorf("%w: the head row", store.ErrCorrupt)
	default:
		st.head = store.Time(binary.BigEndian.Uint64(head))
		closer.Close()
	}
	s.state.Store(st)
	return nil
}

// eachRow gives all rows of a letter, the letter cut off.
func (s *Store) eachRow(row byte, yield func(key, value []byte) error) error {
	it, err := s.db.NewIter(iterOptions([]byte{row}))
	if err != nil {
		return err
	}
	defer it.Close()
	for it.First(); it.Valid(); it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := yield(it.Key()[1:], value); err != nil {
			return err
		}
	}
	return it.Error()
}
