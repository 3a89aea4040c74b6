package bench

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // the standard's digest
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each request is what a client would send: the JSON of a Bundle with a document of its own and the document's digest, under a Content-Length that is true.
func TestRequestsAreThoseOfClients(t *testing.T) {
	s, err := newSubmitter(DocumentN1(10 << 10))
	require.NoError(t, err)
	for n := int64(1); n <= 3; n++ {
		request := s.request(nil)
		head, body, _ := bytes.Cut(request, []byte("\r\n\r\n"))
		require.Contains(t, string(head), "Content-Length: "+jsonOf(t, len(body)))
		var bundle struct {
			Entry []struct {
				Resource struct {
					Data             []byte
					MasterIdentifier struct{ Value string }
					Content          []struct{ Attachment struct{ Hash string } }
				}
			}
		}
		require.NoError(t, json.Unmarshal(body, &bundle))
		s.next.Store(n - 1)
		raw := s.document(nil)
		require.Equal(t, string(raw), string(bundle.Entry[2].Resource.Data))
		require.Contains(t, string(raw), bundle.Entry[1].Resource.MasterIdentifier.Value[len("urn:oid:"):])
		sum := sha1.Sum(raw) //nolint:gosec // see above
		require.Equal(t, base64.StdEncoding.EncodeToString(sum[:]), bundle.Entry[1].Resource.Content[0].Attachment.Hash)
	}
}

func jsonOf(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}
