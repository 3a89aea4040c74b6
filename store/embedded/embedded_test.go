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
	storetest.Run(t, func(testing.TB) storetest.Harness {
		fs := vfs.NewMem()
		return storetest.Harness{Open: func(t testing.TB) store.Store {
			s, err := embedded.Open("data", embedded.Options{FS: fs, Logger: quiet()})
			require.NoError(t, err)
			return s
		}}
	})
}
