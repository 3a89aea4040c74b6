package embedded

import (
	"errors"
	"log/slog"
	"runtime"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/redact"
)

// pebbleOptions are chosen for steady latency on few cores; docs/design/storage.md tells what was measured.
func pebbleOptions(s *Store, opts Options) *pebble.Options {
	o := &pebble.Options{
		FS:                 logFS{s.fs, s},
		CacheSize:          opts.CacheSize,
		FormatMajorVersion: pebble.FormatValueSeparation,
		Logger:             pebbleLog{s},
		// Writes pile up in memory rather than wait for a flush: four memtables at most, the first of them small.
		MemTableSize:                opts.MemTableSize,
		MemTableStopWritesThreshold: 4,
		// Level 0 is compacted early, but grows far before writers are stopped.
		L0CompactionThreshold: 2,
		L0StopWritesThreshold: 40,
		LBaseMaxBytes:         64 << 20,
		BytesPerSync:          1 << 20,
		MaxOpenFiles:          1000,
	}
	if opts.Bulk {
		o.L0CompactionThreshold = bulkL0
	}
	o.EventListener = &pebble.EventListener{BackgroundError: s.backgroundError, FlushEnd: func(info pebble.FlushInfo) {
		if info.Err == nil {
			s.backgroundErrors.Store(0)
		}
	}}
	o.CompactionConcurrencyRange = func() (lower, upper int) { return 1, max(1, runtime.GOMAXPROCS(0)-1) }
	o.TargetFileSizes[0] = 4 << 20
	for i := range o.Levels {
		o.Levels[i].BlockSize = 16 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionFastest })
	return o
}

// bulkL0 is the L0CompactionThreshold of a bulk load.
const bulkL0 = 8

// maxBackgroundErrors is how many flushes and compactions may fail in a row.
const maxBackgroundErrors = 3

// backgroundError is told when a flush or a compaction fails. Pebble tries again, without end; a disk that is full or keeps failing would
// let writers wait for ever, so the store fails instead.
func (s *Store) backgroundError(err error) {
	message := blot("a flush or a compaction failed: %v", err)
	s.log.Error("pebble", slog.String("message", message))
	if s.backgroundErrors.Add(1) >= maxBackgroundErrors || errors.Is(err, syscall.ENOSPC) {
		s.fail(errors.New("embedded: " + message))
	}
}

// pebbleLog hands Pebble's words to slog. What they say of keys and values is blotted out: ids and index values are health data.
type pebbleLog struct{ s *Store }

// blot formats a message without what its arguments do not mark as safe.
func blot(format string, args ...any) string { return string(redact.Sprintf(format, args...).Redact()) }

func (l pebbleLog) Infof(format string, args ...any) {
	l.s.log.Debug("pebble", slog.String("message", blot(format, args...)))
}

func (l pebbleLog) Errorf(format string, args ...any) {
	l.s.log.Error("pebble", slog.String("message", blot(format, args...)))
}

// Fatalf must not return: Pebble cannot go on. The store stops taking writes and the goroutine ends, its locks being let go by its defers.
func (l pebbleLog) Fatalf(format string, args ...any) {
	l.s.fail(errors.New("embedded: " + blot(format, args...)))
	runtime.Goexit()
}

// OpenBare opens Pebble itself with the tuning of a store, for benchmarks that measure what Pebble and the disk alone can do and for
// looking at the rows of a stopped store. It keeps no contract.
func OpenBare(dir string) (*pebble.DB, error) {
	s := &Store{fs: vfs.Default, log: slog.New(slog.DiscardHandler), breaks: make(chan struct{})}
	return pebble.Open(dir, pebbleOptions(s, Options{CacheSize: defaultCacheSize, MemTableSize: defaultMemTableSize}))
}
