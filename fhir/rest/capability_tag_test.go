package rest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestTagsHaveOneWidth: a hash that begins with a zero keeps it.
func TestTagsHaveOneWidth(t *testing.T) {
	for i := range 100 {
		assert.Len(t, tagOf([]byte(strconv.Itoa(i))), 16)
	}
}
