package embedded_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// A guard is not asked, and the group not ended for it, when nothing that it rests on was written since its caller read.
func TestGuardsOfUntouchedReadsAreNotAsked(t *testing.T) {
	s, err := embedded.Open(t.TempDir(), embedded.Options{Logger: quiet()})
	require.NoError(t, err)
	defer s.Close()
	write := func(id, value string) store.Write {
		return store.Write{Type: "A", ID: id, Body: content("{}"), Entries: []store.Entry{{Index: "A.key", Value: []byte(value)}}}
	}
	asked := 0
	guarded := func(id string, at store.Time, reads *store.Reads) {
		_, err := s.Commit(context.Background(), &store.Tx{Writes: []store.Write{write(id, id)}, ReadAt: at, Reads: reads, Guard: func(store.View) error { asked++; return nil }})
		require.NoError(t, err)
	}
	key := &store.Reads{Entries: []store.Entry{{Index: "A.key", Value: []byte("x")}}, Records: []store.Name{{Type: "A", ID: "x"}, {Type: "B", ID: "1"}}}

	guarded("0", 0, key)
	require.Equal(t, 1, asked, "who read nothing is always guarded")
	at := s.Head()
	guarded("1", at, key)
	require.Equal(t, 1, asked, "nothing was committed since")
	guarded("2", at, key)
	require.Equal(t, 2, asked, "nobody had asked for the index before")
	at = s.Head()
	for _, id := range []string{"3", "4", "5"} {
		guarded(id, at, key)
	}
	require.Equal(t, 2, asked, "others were written")
	guarded("6", at, nil)
	require.Equal(t, 3, asked, "it may read anything")
	guarded("x", at, key)
	require.Equal(t, 3, asked)
	guarded("7", at, key)
	require.Equal(t, 4, asked, "x was written")
	require.NoError(t, s.Reindex(context.Background(), nil))
	at = s.Head()
	guarded("8", s.Head(), nil)
	guarded("9", at, key)
	require.Equal(t, 5, asked, "maintenance may have written anything until then")
}
