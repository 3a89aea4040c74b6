package token

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// VerifierOptions configure a Verifier. Keys, Issuer and Audience are needed.
type VerifierOptions struct {
	Keys             *Keys
	Issuer, Audience string
	Revocations      *Revocations // nil: nothing is revoked
	Proofs           *Proofs      // nil: DPoP is not taken
	// Leeway is how far clocks may differ: 5 s.
	Leeway time.Duration
	Clock  func() time.Time
	// Decode makes Session.Actor, once for each token; nil: it stays nil. A fault refuses the request with it, another error refuses the token.
	Decode func(*Session) (any, error)
	// CacheSize is how many verified tokens are kept: 10,000.
	CacheSize int
	// Certificate gives the client's certificate (DER) of a request; nil: that of the TLS connection. A server behind a proxy that ends TLS reads the proxy's header here.
	Certificate func(*http.Request) []byte
	// Public says which requests need no token, besides GET /metadata; nil: none.
	Public func(*http.Request) bool
	// Realm of challenges: "fhir".
	Realm string
}

// Verifier judges access tokens. It is safe for concurrent use.
type Verifier struct {
	o     VerifierOptions
	cache *cache
}

// NewVerifier checks the options.
func NewVerifier(o VerifierOptions) (*Verifier, error) {
	fill(&o.Leeway, 5*time.Second)
	fill(&o.CacheSize, 10_000)
	fill(&o.Realm, "fhir")
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Certificate == nil {
		o.Certificate = connectionCertificate
	}
	if o.Keys == nil {
		return nil, errors.New("token: a Verifier needs Keys")
	}
	if err := absolute("Issuer", o.Issuer); err != nil {
		return nil, err
	}
	if err := absolute("Audience", o.Audience); err != nil {
		return nil, err
	}
	if strings.ContainsAny(o.Realm, `"\`) {
		return nil, errors.New("token: the realm stands between quotation marks")
	}
	o.Audience = strings.TrimRight(o.Audience, "/")
	return &Verifier{o: o, cache: newCache(o.CacheSize)}, nil
}

// Token verifies an access token itself (signature, type, issuer, audience, times, revocation), without its binding: what introspection asks. The fault is 401.
//
// A token that was verified before costs its SHA-256 and a look in the cache. What can change meanwhile is judged each time: its time, and, whenever anything was revoked or a key was withdrawn,
// the token again.
func (v *Verifier) Token(_ context.Context, token string) (*Session, error) {
	if len(token) > MaxToken {
		return nil, v.refuse(fault.Unknown, "The access token is longer than any that this server makes.")
	}
	sum := sum256(token)
	now := v.o.Clock()
	e := v.cache.get(&sum)
	if e == nil || e.withdrawals != v.o.Keys.ring.Load().withdrawals {
		var err error
		if e, err = v.verify(token, now); err != nil {
			return nil, err
		}
		v.cache.put(&sum, e)
	} else if now.Unix() >= e.until {
		return nil, v.expired()
	}
	if r := v.o.Revocations; r != nil {
		if count := r.count.Load() + 1; e.judged.Load() != count {
			if r.Revoked(e.session) {
				return nil, v.refuse(fault.Unknown, "The access token was revoked.")
			}
			e.judged.Store(count)
		}
	}
	return e.session, nil
}

// sum256 is the SHA-256 of a string, without a copy on the heap for tokens of a usual length.
func sum256(text string) [sha256.Size]byte {
	var room [2048]byte
	return sha256.Sum256(append(room[:0], text...))
}

// verify judges a token that is not in the cache.
func (v *Verifier) verify(token string, now time.Time) (*entry, error) {
	c, err := parseCompact(token)
	if err != nil {
		return nil, v.refuse(fault.Unknown, "The access token is not one of this server.")
	}
	ring := v.o.Keys.ring.Load()
	k := ring.byID[c.header.Key]
	// The algorithm is the key's: a token that names another one (none, HS256 over the public key) is not even tried.
	if k == nil || c.header.Algorithm != k.algorithm.String() || c.verify(k.algorithm, k.private.Public()) != nil {
		return nil, v.refuse(fault.Unknown, "The access token was not signed by this server.")
	}
	if !c.header.isType(accessType) {
		return nil, v.refuse(fault.Unknown, "The token is not an access token (RFC 9068).")
	}
	claims, others, err := readClaims(c.payload)
	if err != nil {
		return nil, v.refuse(fault.Unknown, "The claims of the access token cannot be read.")
	}
	if claims.Issuer != v.o.Issuer || !slices.Contains(claims.Audience, v.o.Audience) {
		return nil, v.refuse(fault.Unknown, "The access token is for another server.")
	}
	leeway := int64(v.o.Leeway / time.Second)
	until := int64(claims.Expires) + leeway
	if now.Unix() >= until {
		return nil, v.expired()
	}
	if from := max(claims.NotBefore, claims.Issued); now.Unix() < int64(from)-leeway {
		return nil, v.refuse(fault.Unknown, "The access token is not valid yet.")
	}
	s, err := claims.session(others)
	if err != nil {
		return nil, v.refuse(fault.Unknown, "The claims of the access token cannot be read.")
	}
	if v.o.Decode != nil {
		if s.Actor, err = v.o.Decode(s); err != nil {
			var f *fault.Fault
			if errors.As(err, &f) {
				return nil, f
			}
			return nil, v.refuse(fault.Unknown, "The access token does not say who acts in a way that this server understands.")
		}
	}
	return &entry{session: s, until: until, withdrawals: ring.withdrawals}, nil
}
