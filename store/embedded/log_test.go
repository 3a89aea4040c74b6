package embedded

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/stretchr/testify/require"
)

func TestBlot(t *testing.T) {
	key := appendIndexKey(nil, 7, []byte("Leger"), 1000)
	for _, message := range []string{
		blot("a key: %s", key),
		blot("a key: %s", pebble.DefaultComparer.FormatKey(key)),
		blot("wrapped: %v", fmt.Errorf("corrupt near %s", key)),
	} {
		require.NotContains(t, message, "Leger")
	}
	require.Contains(t, blot("gone: %v", &fs.PathError{Op: "write", Path: "/data/000007.sst", Err: syscall.ENOSPC}), "no space left")
	require.Contains(t, blot("%v", syscall.ENOSPC), "no space left")
}
