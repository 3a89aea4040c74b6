package extraction

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s set
		model := map[uint64]bool{}
		for _, k := range rapid.SliceOfN(rapid.Uint64Range(0, 5000), 0, 3000).Draw(t, "keys") {
			if k == 0 {
				k = 1 // zero stands for one: digests meet it once in 2^64
			}
			require.Equal(t, !model[k], s.add(k))
			model[k] = true
		}
		require.Equal(t, len(model), s.used)
		for k := uint64(1); k < 5000; k += 7 {
			require.Equal(t, model[k], s.has(k))
		}
	})
}

func TestIdents(t *testing.T) {
	h := newHasher()
	a := h.of("finess", "010000024")
	assert.Len(t, a.id, 26)
	assert.Equal(t, a, h.of("finess", "010000024"))
	assert.NotEqual(t, a, h.of("finess0", "10000024"))
	key, ok := keyOf(a.id)
	assert.True(t, ok)
	assert.Equal(t, a.key, key)
	p := h.about("899700000013", "person", "899700000013")
	assert.Len(t, p.id, 31)
	key, ok = keyOf(p.id)
	assert.True(t, ok)
	assert.Equal(t, p.key, key)
	assert.Equal(t, h.of("person", "899700000013").key, p.key)
	assert.Less(t, p.id, h.about("899800000012", "person", "899800000012").id, "ids are in the order of the register")
	assert.Less(t, h.about("0759912345", "x").id[:5], p.id[:5])
	for _, other := range []string{"", "ps-0001", "0190f6f0-1111-7000-8000-000000000000"} {
		_, ok := keyOf(other)
		assert.False(t, ok, other)
	}
}
