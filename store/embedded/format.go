package embedded

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/carnet-fhir/carnet/store"
)

const (
	formatFile   = "FORMAT"
	creatingFile = "CREATING"
	recordsDir   = "records"
	formatText   = "carnet embedded store, format "
)

// checkFormat refuses a directory of another format, before Pebble touches anything. A new directory is created afterwards: a power cut
// while Pebble makes its first files can leave some that it cannot open. So a file says that the store is being made until all of it is
// durable; what is found beside that file holds nothing that was acknowledged and is removed.
func (s *Store) checkFormat() (created bool, err error) {
	version, err := readFormat(s.fs, s.dir)
	if err == nil && version > Format {
		return false, fmt.Errorf("%w: %s is in format %d; this program reads up to format %d", store.ErrFormat, s.dir, version, Format)
	}
	if err == nil && version < Format {
		return false, s.sayFormat() // which older programs must not open any more
	}
	if !errors.Is(err, os.ErrNotExist) {
		return false, err
	}
	creating, records := s.fs.PathJoin(s.dir, creatingFile), s.fs.PathJoin(s.dir, recordsDir)
	if _, err := s.fs.Stat(creating); err == nil {
		if err := s.fs.RemoveAll(records); err != nil {
			return false, fmt.Errorf("embedded: remove what is left of a creation: %w", err)
		}
	} else if _, err := s.fs.Stat(records); err == nil {
		return false, fmt.Errorf("%w: %s has records but no file %s", store.ErrFormat, s.dir, formatFile)
	}
	if err = writeFile(s.fs, creating, nil); err == nil {
		err = syncDir(s.fs, s.dir)
	}
	if err != nil {
		return false, fmt.Errorf("embedded: begin a store: %w", err)
	}
	return true, nil
}

// readFormat gives the version that a directory says; os.ErrNotExist when it says none.
func readFormat(fs vfs.FS, dir string) (int, error) {
	path := fs.PathJoin(dir, formatFile)
	f, err := fs.Open(path)
	if err != nil {
		return 0, fmt.Errorf("embedded: read the format: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 256))
	if err != nil {
		return 0, fmt.Errorf("embedded: read the format: %w", err)
	}
	number, ok := strings.CutPrefix(strings.TrimSpace(string(text)), formatText)
	var version int
	if _, err := fmt.Sscanf(number, "%d", &version); !ok || err != nil || version < 1 {
		return 0, fmt.Errorf("%w: %s does not say one", store.ErrFormat, path)
	}
	return version, nil
}

// finishCreation says the format once all else is durable.
func (s *Store) finishCreation() error {
	for _, step := range []func() error{
		func() error { return syncDir(s.fs, s.fs.PathJoin(s.dir, recordsDir)) },
		s.sayFormat,
		func() error { return s.fs.Remove(s.fs.PathJoin(s.dir, creatingFile)) },
	} {
		if err := step(); err != nil {
			return fmt.Errorf("embedded: finish a new store: %w", err)
		}
	}
	return nil
}

// sayFormat writes the format of this program, durably.
func (s *Store) sayFormat() error {
	temp := s.fs.PathJoin(s.dir, formatFile+".tmp")
	err := writeFile(s.fs, temp, fmt.Appendf(nil, "%s%d\n", formatText, Format))
	if err == nil {
		err = s.fs.Rename(temp, s.fs.PathJoin(s.dir, formatFile))
	}
	if err == nil {
		err = syncDir(s.fs, s.dir)
	}
	if err != nil {
		return fmt.Errorf("embedded: say the format: %w", err)
	}
	return nil
}

func writeFile(fs vfs.FS, path string, content []byte) error {
	f, err := fs.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// makeDir makes a directory and its parents, durably: the power may go right after.
func makeDir(fs vfs.FS, dir string) error {
	if _, err := fs.Stat(dir); err == nil {
		return nil
	}
	parent := fs.PathDir(dir)
	if parent != dir {
		if err := makeDir(fs, parent); err != nil {
			return err
		}
	}
	if err := fs.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return syncDir(fs, parent)
}

// syncDir makes the names in a directory durable.
func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
