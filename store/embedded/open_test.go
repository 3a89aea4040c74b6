package embedded_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// TestFootprint opens an empty directory on the disk in a process of its own. The bound is wide; the
// figures are in docs/design/storage.md.
func TestFootprint(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("reads /proc")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), footprintDir+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	var kilobytes int
	_, err = fmt.Sscan(string(out), &kilobytes)
	require.NoError(t, err, string(out))
	t.Logf("%d KB resident", kilobytes)
	require.Less(t, kilobytes, 60<<10)
}

const footprintDir = "CARNET_FOOTPRINT_DIR"

// footprint opens a directory and prints the resident memory in KB.
func footprint(dir string) error {
	s, err := embedded.Open(dir, embedded.Options{Logger: quiet()})
	if err != nil {
		return err
	}
	if _, err := s.Commit(context.Background(), triple(0, 0)); err != nil {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kilobytes, err := strconv.Atoi(strings.Fields(rest)[0])
	if err != nil {
		return err
	}
	fmt.Println(kilobytes)
	return s.Close()
}

// TestGroups holds the committer in a guard until many transactions wait, which then make one group that must behave as if they had come
// one by one.
func TestGroups(t *testing.T) {
	s, err := embedded.Open(t.TempDir(), embedded.Options{Logger: quiet()})
	require.NoError(t, err)
	defer s.Close()
	ctx := context.Background()
	const n = 100
	inside, leave := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := s.Commit(ctx, &store.Tx{Guard: func(store.View) error { close(inside); <-leave; return nil }})
		if err != nil {
			t.Error(err)
		}
	})
	<-inside
	var mu sync.Mutex
	created, conflicts := 0, 0
	versions := map[uint64]int{}
	for i := range n {
		wg.Go(func() {
			create := store.Write{Type: "A", ID: "same", Body: content("x"), Expect: store.Expectation{Kind: store.ExpectVersion}}
			update := store.Write{Type: "A", ID: "counter", Body: content("x"), Entries: []store.Entry{{Index: "n", Value: fmt.Append(nil, i%5)}}}
			_, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{create}})
			mu.Lock()
			if err == nil {
				created++
			} else {
				conflicts++
			}
			mu.Unlock()
			r, err := s.Commit(ctx, &store.Tx{Writes: []store.Write{update}})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			versions[r.Writes[0].Version]++
			mu.Unlock()
		})
	}
	time.Sleep(20 * time.Millisecond) // let them queue up
	close(leave)
	wg.Wait()
	require.Equal(t, 1, created)
	require.Equal(t, n-1, conflicts)
	require.Len(t, versions, n, "each update made a version of its own")
	stats := s.Stats()
	require.EqualValues(t, n+1, stats.Commits)
	require.Less(t, stats.Groups, stats.Commits)
	require.NoError(t, s.Check(ctx, func(p string) { t.Error(p) }))
}
