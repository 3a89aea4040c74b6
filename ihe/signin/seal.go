package signin

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
)

// sealer encrypts what lies in the browser: nobody reads it there, and nobody else writes it.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &sealer{aead}, err
}

// seal encrypts for one use, which opening names again.
func (s *sealer) seal(use string, what any) (string, error) {
	plain, err := json.Marshal(what)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(use))), nil
}

// maxSealed bounds what is opened; a browser keeps 4096 bytes a cookie.
const maxSealed = 4096

var errSeal = errors.New("signin: not sealed here")

func (s *sealer) open(use, sealed string, into any) error {
	if len(sealed) > maxSealed {
		return errSeal
	}
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return errSeal
	}
	n := s.aead.NonceSize()
	plain, err := s.aead.Open(nil, raw[:n], raw[n:], []byte(use))
	if err != nil {
		return errSeal
	}
	return json.Unmarshal(plain, into)
}
