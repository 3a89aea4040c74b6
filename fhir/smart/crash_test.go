package smart

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPowerCut cuts the power after each answer: what a client holds goes on, what was used up stays used up.
func TestPowerCut(t *testing.T) {
	fs := vfs.NewCrashableMem()
	w := &world{fs: fs, policy: &testPolicy{}}
	w.open(t)
	after := func(n uint64) *world {
		next := &world{fs: fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0, RNG: rand.New(rand.NewPCG(1, n))}), policy: &testPolicy{}, at: w.Now().Unix()}
		next.open(t)
		return next
	}
	code := newWalker(t, w).code("alone")
	first := w.ask(t, codeForm(code))
	require.NotEmpty(t, first.Refresh)

	assert.NotEmpty(t, after(1).ask(t, refreshForm(first.Refresh)).Refresh, "a refresh token outlives the power")
	reused := after(2)
	assert.Equal(t, "invalid_grant", reused.ask(t, codeForm(code)).Error, "a code that was used")
	assert.Equal(t, "invalid_grant", reused.ask(t, refreshForm(first.Refresh)).Error, "ends what it was exchanged for")

	second := w.ask(t, refreshForm(first.Refresh))
	require.NotEmpty(t, second.Refresh)
	assert.NotEmpty(t, after(3).ask(t, refreshForm(second.Refresh)).Refresh)
	stolen := after(4)
	assert.Equal(t, "invalid_grant", stolen.ask(t, refreshForm(first.Refresh)).Error, "a refresh token that was used")
	assert.Equal(t, "invalid_grant", stolen.ask(t, refreshForm(second.Refresh)).Error, "ends the authorization")
	_, err := stolen.smart.o.Verifier.Token(t.Context(), second.Access)
	assert.Error(t, err, "and its access tokens")

	w.Do("POST", "/auth/revoke", "client_id=app&token="+second.Refresh, "Content-Type: application/x-www-form-urlencoded")
	assert.Equal(t, "invalid_grant", after(5).ask(t, refreshForm(second.Refresh)).Error, "what was given back")
}
