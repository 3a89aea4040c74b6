package servertest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGolden(t *testing.T) {
	Golden(t, "testdata/*.txt", func(t testing.TB) *Server { return New(t, Options{}) })
}

func TestCases(t *testing.T) {
	require.Equal(t, map[string][2]int{"PATCHED": {1, 1}}, Cases(t, "testdata/*.txt"))
}
