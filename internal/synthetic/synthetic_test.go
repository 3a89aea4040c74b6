package synthetic

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSameSeedSameRecords(t *testing.T) {
	a, b := New(7), New(7)
	b.Record(3, 20) // what was made before does not matter
	assert.Equal(t, a.Record(11, 20), b.Record(11, 20))
	assert.NotEqual(t, New(7).Patient(11), New(8).Patient(11))
}

func TestINSKey(t *testing.T) {
	born := time.Date(1980, 5, 1, 0, 0, 0, 0, time.UTC)
	for _, insee := range []string{"75114", "2A004", "2B033"} {
		ins := INS(true, born, insee, 42)
		require.Len(t, ins, 15)
		digits := strings.NewReplacer("2A", "19", "2B", "18").Replace(ins[:13])
		n, err := strconv.ParseInt(digits, 10, 64)
		require.NoError(t, err)
		key, err := strconv.ParseInt(ins[13:], 10, 64)
		require.NoError(t, err)
		assert.Equal(t, int64(97)-n%97, key)
	}
}

func TestPatientIsOfTheBenchmarkSize(t *testing.T) {
	total := 0
	for i := range 100 {
		total += len(New(1).Patient(i).JSON)
	}
	assert.InDelta(t, 1300, total/100, 400, "the mean Patient is what benchmarks call a 1.3 KB resource")
}
