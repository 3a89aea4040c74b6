package token

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/store/embedded"
)

func TestUseIsDurable(t *testing.T) {
	r := newRig(t)
	until := r.clock().Add(5 * time.Minute)
	require.NoError(t, r.replays.Use(ctx, "assertion", "app jti-1", until))
	require.ErrorIs(t, r.replays.Use(ctx, "assertion", "app jti-1", until), ErrReplayed)
	require.NoError(t, r.replays.Use(ctx, "code", "app jti-1", until), "kinds are apart")
	require.NoError(t, r.replays.Remember("assertion", "app jti-1", until), "and so is what is remembered only")
	r.restart()
	require.ErrorIs(t, r.replays.Use(ctx, "assertion", "app jti-1", until), ErrReplayed, "a restart does not open the window again")
	require.NoError(t, r.replays.Remember("assertion", "app jti-1", until))
	r.pass(5 * time.Minute)
	require.ErrorIs(t, r.replays.Use(ctx, "assertion", "app jti-1", until), ErrReplayed, "to the end")
	r.pass(time.Minute)
	require.NoError(t, r.replays.Use(ctx, "assertion", "app jti-1", r.clock().Add(time.Minute)))
	require.Error(t, r.replays.Use(ctx, "assertion", "late", r.clock().Add(2*time.Hour)))
	require.Error(t, r.replays.Remember("proof", "late", r.clock().Add(2*time.Hour)))
}

// However many come at once, a value is used once; and every one that was used is there after a restart.
func TestUseAtOnce(t *testing.T) {
	r := newRig(t)
	var used atomic.Int64
	var wait sync.WaitGroup
	for range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := range 50 {
				err := r.replays.Use(ctx, "code", fmt.Sprint(i), r.clock().Add(time.Duration(i)*time.Minute))
				if err == nil {
					used.Add(1)
				} else if !errors.Is(err, ErrReplayed) {
					t.Error(err)
				}
			}
		}()
	}
	wait.Wait()
	require.EqualValues(t, 50, used.Load())
	r.restart()
	for i := range 50 {
		require.ErrorIs(t, r.replays.Use(ctx, "code", fmt.Sprint(i), r.clock().Add(time.Minute)), ErrReplayed)
	}
}

// What expired leaves nothing behind, in memory or in the store, however long the server ran or slept.
func TestLedgerCleansUp(t *testing.T) {
	r := newRig(t)
	settings := func() (n int) {
		view, err := r.store.View(0)
		require.NoError(t, err)
		defer view.Close()
		for slot := range int64(slots) {
			if value, err := view.Meta(r.replays.durable.setting(slot)); err == nil && len(value) > 0 {
				n++
			}
		}
		return n
	}
	for i := range 40 {
		require.NoError(t, r.replays.Use(ctx, "code", fmt.Sprint(i), r.clock().Add(time.Duration(i)*time.Minute)))
	}
	require.Equal(t, 40, settings())
	r.pass(20 * time.Minute)
	require.NoError(t, r.replays.Use(ctx, "code", "x", r.clock()))
	require.Len(t, r.replays.durable.marks, 21)
	require.LessOrEqual(t, settings(), 20)
	r.restart()
	r.pass(48 * time.Hour)
	r.restart()
	require.Empty(t, r.replays.durable.marks)
	require.NoError(t, r.replays.Use(ctx, "code", "y", r.clock()))
	require.Equal(t, 1, settings())
}

// reopen opens the store and what was used, without the rest.
func (r *rig) reopen(t testing.TB) *Replays {
	t.Helper()
	var err error
	r.store, err = embedded.Open("data", embedded.Options{FS: r.fs, Clock: r.clock})
	require.NoError(t, err)
	replays, err := OpenReplays(ctx, r.store, ReplaysOptions{Clock: r.clock})
	require.NoError(t, err)
	return replays
}

// A ledger does what a map of values and their expiry does, through restarts.
func TestLedgerModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := &rig{t: t, fs: vfs.NewMem()}
		r.now.Store(1772438400e9)
		replays := r.reopen(t)
		model := map[string]minute{}
		for range rapid.IntRange(1, 30).Draw(rt, "steps") {
			switch rapid.IntRange(0, 9).Draw(rt, "step") {
			case 0:
				require.NoError(t, r.store.Close())
				replays = r.reopen(t)
			case 1, 2:
				r.pass(time.Duration(rapid.IntRange(0, 3000).Draw(rt, "pass")) * time.Second)
			default:
				value := fmt.Sprint(rapid.IntRange(0, 4).Draw(rt, "value"))
				until := r.clock().Add(time.Duration(rapid.IntRange(0, 3600).Draw(rt, "until")) * time.Second)
				end, there := model[value]
				there = there && end >= minuteOf(r.clock())
				err := replays.Use(ctx, "code", value, until)
				if there != errors.Is(err, ErrReplayed) || !there && err != nil {
					rt.Fatalf("value %s, there %v: %v", value, there, err)
				}
				if !there {
					model[value] = minuteOf(until)
				}
			}
		}
		r.store.Close()
	})
}

func TestReplaysAreBounded(t *testing.T) {
	r := newRig(t)
	r.replays.durable.size = 3
	until := r.clock().Add(time.Minute)
	for i := range 3 {
		require.NoError(t, r.replays.Use(ctx, "code", fmt.Sprint(i), until))
	}
	require.ErrorIs(t, r.replays.Use(ctx, "code", "3", until), ErrFull)
	require.ErrorIs(t, r.replays.Use(ctx, "code", "0", until), ErrReplayed, "nothing is forgotten to make room")
	r.pass(2 * time.Minute)
	require.NoError(t, r.replays.Use(ctx, "code", "3", r.clock()))
	_, err := OpenReplays(ctx, r.store, ReplaysOptions{Horizon: 25 * time.Hour})
	require.Error(t, err)
	_, err = OpenRevocations(ctx, r.store, RevocationsOptions{Lifetime: 25 * time.Hour})
	require.Error(t, err)
}
