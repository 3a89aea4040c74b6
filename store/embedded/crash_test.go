package embedded_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// The crash test starts this test binary again as a process that writes, kills it with SIGKILL at a random moment, opens the directory
// and looks. `make crash` sets the number of rounds; an ordinary test run plays three.
const (
	crashRounds  = "CARNET_CRASH_ROUNDS"
	crashDir     = "CARNET_CRASH_DIR"   // set for the process that writes
	crashRound   = "CARNET_CRASH_ROUND" // its round
	crashWriters = 16
)

// TestMain is also the way into the processes that tests start.
func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	if dir := os.Getenv(footprintDir); dir != "" {
		if err := footprint(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// crashChild writes until it is killed. It prints "try TOKEN" before each commit and "ack TOKEN TIME" after it; a line is one write to
// the pipe, so that what was printed is read even when the process is killed. Half of the rounds use small memtables, so that logs
// change and tables are written all the time.
func crashChild(dir string) error {
	round, err := strconv.Atoi(os.Getenv(crashRound))
	if err != nil {
		return err
	}
	opts := embedded.Options{Logger: slog.New(slog.DiscardHandler)}
	if round%2 == 1 {
		opts.MemTableSize = 256 << 10
	}
	s, err := embedded.Open(dir, opts)
	if err != nil {
		return err
	}
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		_, _ = os.Stdout.WriteString(fmt.Sprintf(format, args...))
	}
	say("ready\n")
	var wg sync.WaitGroup
	for i := range crashWriters {
		wg.Go(func() {
			for j := 0; ; j++ {
				token := fmt.Sprintf("%d-%d", round*crashWriters+i, j)
				say("try %s\n", token)
				r, err := s.Commit(context.Background(), triple(round*crashWriters+i, j))
				if err != nil {
					say("error %v\n", err)
					return
				}
				say("ack %s %d\n", token, r.Time)
			}
		})
	}
	wg.Wait()
	return errors.New("the writers came to an end")
}

func TestCrash(t *testing.T) {
	rounds := 3
	if text := os.Getenv(crashRounds); text != "" {
		var err error
		rounds, err = strconv.Atoi(text)
		require.NoError(t, err, crashRounds)
	} else {
		t.Logf("%d rounds only; make crash plays more (%s)", rounds, crashRounds)
	}
	var dir string
	var acked map[string]store.Time
	var tried []string
	for round := range rounds {
		if round%10 == 0 {
			dir, acked, tried = t.TempDir(), map[string]store.Time{}, nil
		}
		crashOnce(t, dir, round, acked, &tried)
		s, err := embedded.Open(dir, embedded.Options{Logger: quiet()})
		require.NoError(t, err, "round %d", round)
		there := verify(t, s, acked, tried)
		t.Logf("round %d: %d acknowledged, %d tried, %d there", round, len(acked), len(tried), there)
		require.GreaterOrEqual(t, there, len(acked))
		// The directory goes on to the next rounds: damage may show late. What is known now must stay.
		acked, tried = present(t, s, acked, tried)
		require.NoError(t, s.Close())
	}
	require.NotEmpty(t, tried)
}

// present settles which of the tried transactions are there: those count as acknowledged from now on.
func present(t *testing.T, s *embedded.Store, acked map[string]store.Time, tried []string) (map[string]store.Time, []string) {
	v, err := s.View(0)
	require.NoError(t, err)
	defer v.Close()
	var settled []string
	for _, token := range tried {
		rec, err := v.Read("A", token)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		require.NoError(t, err)
		acked[token] = rec.Time
		settled = append(settled, token)
	}
	return acked, settled
}

// crashOnce lets a process write and kills it.
func crashOnce(t *testing.T, dir string, round int, acked map[string]store.Time, tried *[]string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), crashDir+"="+dir, crashRound+"="+strconv.Itoa(round))
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	r := rand.New(rand.NewPCG(uint64(round), uint64(time.Now().UnixNano())))
	kill := func(within time.Duration) {
		time.AfterFunc(time.Duration(r.Int64N(int64(within))), func() { _ = cmd.Process.Kill() })
	}
	if round > 0 && r.IntN(4) == 0 {
		kill(60 * time.Millisecond) // while it opens what the round before left
	}
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "ready":
			kill(300 * time.Millisecond)
		case "try":
			*tried = append(*tried, rest)
		case "ack":
			token, at, _ := strings.Cut(rest, " ")
			micros, err := strconv.ParseInt(at, 10, 64)
			require.NoError(t, err)
			acked[token] = store.Time(micros)
		default:
			t.Errorf("the process says: %s", lines.Text())
		}
	}
	err = cmd.Wait()
	require.Error(t, err)
	require.Equal(t, "signal: killed", err.Error())
}
