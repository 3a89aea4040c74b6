package embedded_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
	"github.com/carnet-fhir/carnet/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(testing.TB) storetest.Harness { return harness("/data", vfs.NewMem()) })
}

// TestStoreOnDisk waits for a real disk, so that groups form.
func TestStoreOnDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("the same suite as TestStore, slower")
	}
	storetest.Run(t, func(t testing.TB) storetest.Harness { return harness(t.TempDir(), vfs.Default) })
}

func harness(dir string, fs vfs.FS) storetest.Harness {
	return storetest.Harness{Open: func(t testing.TB) store.Store {
		s, err := embedded.Open(dir, embedded.Options{FS: fs, Logger: quiet()})
		require.NoError(t, err)
		return s
	}}
}
