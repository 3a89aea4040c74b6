package token

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// rsaBits is the size of RSA keys that the server makes: good beyond 2030 by the rules of ANSSI and NIST alike.
const rsaBits = 3072

// key is one signing key. It is immutable.
type key struct {
	id        string // its thumbprint (RFC 7638)
	algorithm jwa.SignatureAlgorithm
	private   crypto.Signer
	published time.Time
	signs     time.Time // from when on
}

// keyRow is a key in the store: its private JWK, or that under AES-256-GCM (nonce, ciphertext).
type keyRow struct {
	ID        string         `json:"kid"`
	Algorithm string         `json:"alg"`
	Published int64          `json:"published"`
	Signs     int64          `json:"signs"`
	JWK       jsontext.Value `json:"jwk,omitempty"`
	Sealed    []byte         `json:"sealed,omitempty"`
}

func newKey(algorithm jwa.SignatureAlgorithm, published, signs time.Time) (*key, error) {
	k := &key{algorithm: algorithm, published: published, signs: signs}
	var err error
	if algorithm == jwa.RS256 {
		k.private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	} else {
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	k.id, err = thumbprint(k.private.Public())
	return k, err
}

// thumbprint is the base64url SHA-256 of a public key's JWK (RFC 7638).
func thumbprint(public any) (string, error) {
	j, err := jwk.FromRaw(public)
	if err != nil {
		return "", err
	}
	sum, err := j.Thumbprint(crypto.SHA256)
	return base64url.EncodeToString(sum), err
}

// public gives the key's JWK for the JWKS.
func (k *key) public() (jwk.Key, error) {
	j, err := jwk.FromRaw(k.private.Public())
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]any{jwk.KeyIDKey: k.id, jwk.AlgorithmKey: k.algorithm, jwk.KeyUsageKey: jwk.ForSignature} {
		if err := j.Set(name, value); err != nil {
			return nil, err
		}
	}
	return j, nil
}

func (k *key) row(sealer cipher.AEAD) (keyRow, error) {
	r := keyRow{ID: k.id, Algorithm: k.algorithm.String(), Published: k.published.Unix(), Signs: k.signs.Unix()}
	j, err := jwk.FromRaw(k.private)
	if err != nil {
		return r, err
	}
	if r.JWK, err = json.Marshal(j); err != nil || sealer == nil {
		return r, err
	}
	nonce := make([]byte, sealer.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return r, err
	}
	r.Sealed, r.JWK = sealer.Seal(nonce, nonce, r.JWK, []byte(r.ID)), nil
	return r, nil
}

func (r *keyRow) key(sealer cipher.AEAD) (*key, error) {
	text := []byte(r.JWK)
	if r.Sealed != nil {
		if sealer == nil {
			return nil, fmt.Errorf("%w, and no secret was given", ErrSealed)
		}
		n := sealer.NonceSize()
		if len(r.Sealed) < n {
			return nil, errBadKey
		}
		var err error
		if text, err = sealer.Open(nil, r.Sealed[:n], r.Sealed[n:], []byte(r.ID)); err != nil {
			return nil, fmt.Errorf("%w under another secret", ErrSealed)
		}
	}
	j, err := jwk.ParseKey(text)
	if err != nil {
		return nil, errBadKey
	}
	k := &key{id: r.ID, algorithm: jwa.SignatureAlgorithm(r.Algorithm), published: time.Unix(r.Published, 0), signs: time.Unix(r.Signs, 0)}
	var raw any
	if err := j.Raw(&raw); err != nil {
		return nil, errBadKey
	}
	var ok bool
	if k.private, ok = raw.(crypto.Signer); !ok {
		return nil, errBadKey
	}
	if id, err := thumbprint(k.private.Public()); err != nil || id != k.id {
		return nil, errBadKey
	}
	return k, nil
}

// ErrSealed says that the signing keys in the store are encrypted and cannot be opened.
var ErrSealed = errors.New("token: the signing keys in the store are encrypted")

// errBadKey says nothing of the key.
var errBadKey = errors.New("token: a signing key in the store cannot be read")

func newSealer(secret []byte) (cipher.AEAD, error) {
	if secret == nil {
		return nil, nil
	}
	if len(secret) != 32 {
		return nil, fmt.Errorf("token: the secret of the signing keys has %d bytes, not 32", len(secret))
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
