package rest

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// pageToken is where a walk through a search, a history or $everything stands. Clients see it sealed: no value of the query is readable in a link, and a changed
// link is refused.
type pageToken struct {
	t      store.Time // the snapshot that all pages of the walk show
	total  int64      // -1: not counted
	resume []byte     // nil: the first page
	query  string     // the search as first asked
}

// tokenSealer seals page tokens by AES-GCM. The place that a token is for (search, history; type; compartment) is authenticated with it, so that a link of one search does
// not work as another's.
type tokenSealer struct{ aead cipher.AEAD }

func newTokenSealer(key []byte) (*tokenSealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	// Random nonces: 2^32 links of one key keep the chance of a repeat below 2^-32. A link needs no more than that, as nothing secret
	// depends on its key but links.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &tokenSealer{aead}, nil
}

const (
	tokenFormat  = 1
	maxTokenText = 128 * kilobyte
)

// seal writes a token for a place.
func (s *tokenSealer) seal(p *pageToken, place string) string {
	plain := make([]byte, 0, 40+len(p.resume)+len(p.query))
	plain = append(plain, tokenFormat)
	plain = binary.AppendVarint(plain, int64(p.t))
	plain = binary.AppendVarint(plain, p.total)
	plain = binary.AppendUvarint(plain, uint64(len(p.resume)))
	plain = append(plain, p.resume...)
	plain = append(plain, p.query...)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nil, nil, plain, []byte(place)))
}

func badToken() *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, "http._page", "The page link is not valid here: follow links as they were given, or repeat the search.")
}

// open reads a token; 400 when it was not sealed by this server for this place, 410 when it is of a format that the server no longer reads.
func (s *tokenSealer) open(text, place string) (*pageToken, error) {
	if len(text) > maxTokenText {
		return nil, badToken()
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, badToken()
	}
	plain, err := s.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil || len(plain) == 0 {
		return nil, badToken()
	}
	if plain[0] != tokenFormat {
		return nil, fault.At(http.StatusGone, fault.Expired, "http._page", "The page link was made by another version of the server; repeat the search.")
	}
	return readToken(plain[1:])
}

func readToken(b []byte) (*pageToken, error) {
	t, n := binary.Varint(b)
	if n <= 0 {
		return nil, badToken()
	}
	b = b[n:]
	total, n := binary.Varint(b)
	if n <= 0 {
		return nil, badToken()
	}
	b = b[n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, badToken()
	}
	b = b[n:]
	p := &pageToken{t: store.Time(t), total: total, query: string(b[size:])}
	if size > 0 {
		p.resume = b[:size:size]
	}
	return p, nil
}
