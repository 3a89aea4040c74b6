package b64

import "testing"

// WithoutBlocks has a test use what processors without AVX2 do.
func WithoutBlocks(t *testing.T) {
	was := useBlocks
	useBlocks = false
	t.Cleanup(func() { useBlocks = was })
}
