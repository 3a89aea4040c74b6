package rest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// TestPacedBody: deadlines move with what arrives, and a body that stops is a fault.
func TestPacedBody(t *testing.T) {
	c := &deadlines{ResponseWriter: httptest.NewRecorder()}
	x := &exchange{w: c, r: httptest.NewRequest(http.MethodPost, "/fhir/Binary", bytes.NewReader(make([]byte, 3<<20)))}
	body, err := x.body(10 << 20)
	require.NoError(t, err)
	n, err := io.Copy(io.Discard, body)
	require.NoError(t, err)
	require.EqualValues(t, 3<<20, n)
	require.GreaterOrEqual(t, len(c.read), 3)
	require.True(t, c.read[len(c.read)-1].IsZero(), "the deadline ends with the body")
	for i := 1; i < len(c.read)-1; i++ {
		require.True(t, c.read[i].After(c.read[i-1]))
	}

	x.r = httptest.NewRequest(http.MethodPost, "/fhir/Binary", io.MultiReader(strings.NewReader("x"), stuck{}))
	body, err = x.body(10)
	require.NoError(t, err)
	_, err = io.ReadAll(body)
	require.Equal(t, http.StatusRequestTimeout, faultOf(err).Status)
}

// deadlines is a response writer that notes the read deadlines that it is given.
type deadlines struct {
	http.ResponseWriter
	read []time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = append(d.read, t)
	return nil
}

// stuck is a connection whose deadline has passed.
type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// TestFullDisk: a store that takes no more is told from a fault of the server's.
func TestFullDisk(t *testing.T) {
	for err, status := range map[error]int{
		fmt.Errorf("write: %w", syscall.ENOSPC):   http.StatusInsufficientStorage,
		fmt.Errorf("commit: %w", store.ErrFailed): http.StatusServiceUnavailable,
	} {
		f := faultOf(err)
		require.Equal(t, status, statusOf(f))
		require.Equal(t, fault.NoStore, f.Issues[0].Code)
	}
}
