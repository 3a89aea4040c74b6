package smart

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/carnet-fhir/carnet/store"
)

// secretSetting is the server's own secret: all keys of this package are derived from it. It is made once and kept with the data, so that what was handed out stays valid.
const secretSetting = "smart.secret"

// secrets are keys that never leave the server, each for one purpose.
type secrets struct {
	seal          cipher.AEAD // refresh tokens
	code, subject []byte
	form          []byte
}

func openSecrets(ctx context.Context, s store.Store) (*secrets, error) {
	root, err := setting(s, secretSetting)
	if err != nil {
		return nil, err
	}
	if root == nil {
		root = make([]byte, 32)
		_, _ = rand.Read(root) // never fails
		if _, err := s.Commit(ctx, &store.Tx{Meta: map[string][]byte{secretSetting: root}}); err != nil {
			return nil, fmt.Errorf("smart: keeping the server's secret: %w", err)
		}
	}
	if len(root) != 32 {
		return nil, errors.New("smart: the server's secret among the store's settings has not 32 bytes")
	}
	block, err := aes.NewCipher(mac(root, "refresh token"))
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &secrets{seal: seal, code: mac(root, "authorization code"), subject: mac(root, "subject"), form: mac(root, "form")}, nil
}

// setting gives a setting of the store, nil when it is not set.
func setting(s store.Store, name string) ([]byte, error) {
	view, err := s.View(0)
	if err != nil {
		return nil, err
	}
	defer view.Close()
	value, err := view.Meta(name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return value, err
}

// mac is HMAC-SHA-256 over the parts, each closed by a zero byte: none of ours holds one.
func mac(key []byte, parts ...string) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(p))
		m.Write([]byte{0})
	}
	return m.Sum(nil)
}

// subjectOf makes the subject of our tokens: the same person is the same subject, and neither the provider nor the number that it knows the person by can be guessed back (professionals are numbered with eleven digits).
func (k *secrets) subjectOf(who *Identity) string {
	return encode(mac(k.subject, who.Issuer, who.Subject)[:16])
}

// sealed encrypts; the purpose is authenticated with it.
func (k *secrets) sealed(purpose string, plain []byte) string {
	nonce := make([]byte, k.seal.NonceSize(), k.seal.NonceSize()+len(plain)+k.seal.Overhead())
	_, _ = rand.Read(nonce)
	return encode(k.seal.Seal(nonce, nonce, plain, []byte(purpose)))
}

func (k *secrets) unsealed(purpose, text string) ([]byte, bool) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < k.seal.NonceSize() {
		return nil, false
	}
	n := k.seal.NonceSize()
	plain, err := k.seal.Open(nil, b[:n], b[n:], []byte(purpose))
	return plain, err == nil
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// random makes n random bytes in base64url.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return encode(b)
}

// hashed is what is kept of a secret of at least 128 random bits.
func hashed(secret string) string {
	h := sha256.Sum256([]byte(secret))
	return string(h[:])
}
