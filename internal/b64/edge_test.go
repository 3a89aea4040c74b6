//go:build unix

package b64_test

import (
	"encoding/base64"
	"os"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/b64"
)

// atEdge gives memory of a page that ends where no other may be read: who reads or writes behind it ends the process.
func atEdge(t *testing.T) []byte {
	page := os.Getpagesize()
	m, err := syscall.Mmap(-1, 0, 2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(m)) })
	require.NoError(t, syscall.Mprotect(m[page:], syscall.PROT_NONE))
	return m[:page:page]
}

// Nothing is read behind the text, and nothing written behind the room that there is.
func TestNothingBehindTheEnd(t *testing.T) {
	content := make([]byte, 300)
	for i := range content {
		content[i] = byte(i * 41)
	}
	from, to := atEdge(t), atEdge(t)
	for n := range content {
		text := base64.StdEncoding.EncodeToString(content[:n])
		for _, cut := range []int{0, 1, 2, 3} {
			src := from[len(from)-max(len(text)-cut, 0):]
			copy(src, text)
			s := unsafe.String(unsafe.SliceData(src), len(src))
			b64.Letters(s)
			room := to[len(to)-n-8 : len(to)-n-8 : len(to)]
			got, err := b64.AppendDecode(room, s)
			if cut == 0 {
				require.NoError(t, err)
				require.Equal(t, string(content[:n]), string(got))
			}
		}
	}
}
