package embedded

import (
	"fmt"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// logFS is the file system under Pebble. When its log fails at the wrong moment, as it changes from one file to the next, Pebble ends the
// process in a way that nothing recovers from. So an operation on a log that fails makes the store fail, and then never returns: what
// waits for it is never acknowledged, and what is there can still be read.
type logFS struct {
	vfs.FS
	s *Store
}

// Create implements vfs.FS.
func (l logFS) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.Create(name, category)
	return l.watch(name, f, err)
}

// ReuseForWrite implements vfs.FS.
func (l logFS) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := l.FS.ReuseForWrite(oldname, newname, category)
	return l.watch(newname, f, err)
}

// Unwrap implements vfs.FS.
func (l logFS) Unwrap() vfs.FS { return l.FS }

func (l logFS) watch(name string, f vfs.File, err error) (vfs.File, error) {
	if !strings.HasSuffix(name, ".log") {
		return f, err
	}
	if err := l.s.checkLog(err); err != nil {
		return nil, err
	}
	return logFile{f, l.s}, nil
}

// checkLog gives the error back while the store is being opened or closed; else it does not return when there is one.
func (s *Store) checkLog(err error) error {
	if err != nil && s.running.Load() {
		s.fail(fmt.Errorf("embedded: the log could not be made durable: %w", err))
		select {}
	}
	return err
}

// logFile is a log that Pebble writes.
type logFile struct {
	vfs.File
	s *Store
}

// Write implements vfs.File.
func (f logFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	return n, f.s.checkLog(err)
}

// Sync implements vfs.File.
func (f logFile) Sync() error { return f.s.checkLog(f.File.Sync()) }

// SyncData implements vfs.File.
func (f logFile) SyncData() error { return f.s.checkLog(f.File.SyncData()) }

// SyncTo implements vfs.File.
func (f logFile) SyncTo(length int64) (bool, error) {
	full, err := f.File.SyncTo(length)
	return full, f.s.checkLog(err)
}

// Close implements vfs.File.
func (f logFile) Close() error { return f.s.checkLog(f.File.Close()) }
