package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/carnet-fhir/carnet/store/embedded"
)

type row struct{ key, value []byte }

// rawCreates is the limit of creating: the very rows that the server wrote for its creates, record by record, written straight to
// a new Pebble of the same tuning, each record one batch committed with sync, by as many writers.
func (s *suite) rawCreates() (rate float64, rows, size int, err error) {
	batches, err := recordedRows(filepath.Join(s.dir, "create", "store", "records"), 60000)
	if err != nil {
		return 0, 0, 0, err
	}
	for _, b := range batches {
		rows += len(b)
		for _, r := range b {
			size += len(r.key) + len(r.value)
		}
	}
	var rates []float64
	for i := range s.Repeats {
		r, err := s.writeRaw(fmt.Sprintf("raw-%d", i), batches)
		if err != nil {
			return 0, 0, 0, err
		}
		rates = append(rates, r)
	}
	rate, _ = median(rates)
	return rate, rows / len(batches), size / len(batches), nil
}

func (s *suite) writeRaw(name string, batches [][]row) (rate float64, err error) {
	db, err := embedded.OpenBare(filepath.Join(s.dir, name))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var next atomic.Int64
	errs := make([]error, s.Clients)
	ctx, cancel := context.WithTimeout(s.ctx, s.Duration)
	defer cancel()
	var wg sync.WaitGroup
	begin := time.Now()
	for c := range s.Clients {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(batches) {
					return
				}
				if errs[c] = commitRows(db, batches[i]); errs[c] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	done := min(int(next.Load()), len(batches))
	return float64(done) / time.Since(begin).Seconds(), errors.Join(errs...)
}

func commitRows(db *pebble.DB, rows []row) error {
	b := db.NewBatch()
	for _, r := range rows {
		if err := b.Set(r.key, r.value, nil); err != nil {
			return err
		}
	}
	return b.Commit(pebble.Sync)
}

// recordedRows reads a stopped store's rows and groups them by record, as docs/design/storage.md lays them out; at most limit records.
func recordedRows(dir string, limit int) (batches [][]row, err error) {
	db, err := embedded.OpenBare(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	it, err := db.NewIter(nil)
	if err != nil {
		return nil, err
	}
	defer it.Close()
	byRID := map[uint64][]row{}
	for ok := it.First(); ok; ok = it.Next() {
		rid, ok := ridOf(it.Key(), it.Value())
		if !ok {
			continue
		}
		if _, known := byRID[rid]; !known && len(byRID) >= limit {
			continue
		}
		byRID[rid] = append(byRID[rid], row{append([]byte(nil), it.Key()...), append([]byte(nil), it.Value()...)})
	}
	if err := it.Error(); err != nil {
		return nil, err
	}
	for _, rows := range byRID {
		batches = append(batches, rows)
	}
	if len(batches) == 0 {
		return nil, errors.New("the store holds no record")
	}
	return batches, nil
}

// ridOf finds the record that a row belongs to.
func ridOf(key, value []byte) (uint64, bool) {
	if len(key) < 9 {
		return 0, false
	}
	last := binary.BigEndian.Uint64(key[len(key)-8:])
	switch key[0] {
	case 'C':
		return last, true
	case 'I':
		if len(value) != 8 {
			return 0, false
		}
		return binary.BigEndian.Uint64(value), true
	case 'L', 'S', 'T', 'X':
		return ^last, true
	default:
		return 0, false
	}
}

// compactedSize compacts a stopped store and gives the bytes that it takes on disk.
func compactedSize(ctx context.Context, dir string) (size uint64, err error) {
	db, err := embedded.OpenBare(dir)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := db.Compact(ctx, []byte{0}, []byte{0xff}, true); err != nil {
		return 0, err
	}
	total := db.Metrics().Total()
	return uint64(total.AggregateSize()), nil
}
