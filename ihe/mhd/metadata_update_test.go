package mhd_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

func TestSearchConversations(t *testing.T) { servertest.Golden(t, "testdata/search/*.txt", sharing) }

func TestUpdateConversations(t *testing.T) { servertest.Golden(t, "testdata/update/*.txt", sharing) }

// TestSharingRulesHaveCases counts that the rules of search and update are shown.
func TestSharingRulesHaveCases(t *testing.T) {
	cases, refused := 0, 0
	for _, pattern := range []string{"testdata/search/*.txt", "testdata/update/*.txt"} {
		for _, n := range servertest.Cases(t, pattern) {
			cases += n[0] + n[1]
			refused += n[1]
		}
	}
	assert.Greater(t, cases, 50)
	assert.Greater(t, refused, 25)
}
