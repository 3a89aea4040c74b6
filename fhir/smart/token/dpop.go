package token

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
)

// ProofsOptions configure Proofs. Replays is needed.
type ProofsOptions struct {
	Replays *Replays
	// Window is how old a proof may be, and Leeway how far in the future: 60 s and 5 s.
	Window, Leeway time.Duration
	Clock          func() time.Time
}

// Proofs checks DPoP proofs (RFC 9449, section 4.3). It is safe for concurrent use.
type Proofs struct {
	o          ProofsOptions
	started    int64 // seconds: no proof from before is taken
	algorithms string
}

// MaxProof is the length in bytes beyond which a proof is not even read.
const MaxProof = 8 << 10

// proofAlgorithms are those whose keys a proof may bring.
var proofAlgorithms = []jwa.SignatureAlgorithm{jwa.ES256, jwa.ES384, jwa.EdDSA, jwa.PS256, jwa.RS256}

// NewProofs makes the checker. Proofs made before it are refused: which of them were seen then is not known any more.
func NewProofs(o ProofsOptions) (*Proofs, error) {
	fill(&o.Window, time.Minute)
	fill(&o.Leeway, 5*time.Second)
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Replays == nil {
		return nil, errors.New("token: Proofs need Replays")
	}
	if o.Window+2*o.Leeway > o.Replays.o.Horizon {
		return nil, errors.New("token: proofs must not be valid for longer than Replays remember them")
	}
	p := &Proofs{o: o, started: o.Clock().Add(time.Second - 1).Unix()}
	names := make([]string, len(proofAlgorithms))
	for i, a := range proofAlgorithms {
		names[i] = a.String()
	}
	p.algorithms = strings.Join(names, " ")
	return p, nil
}

// Algorithms are the algorithms of proofs, for dpop_signing_alg_values_supported.
func (p *Proofs) Algorithms() []string { return strings.Fields(p.algorithms) }

// Check verifies the one DPoP header of a request for the URL (htu, as the client sees it, without query) and gives the thumbprint of its key (jkt). accessToken is the token that comes with it, "" at
// the token endpoint. A request without the header gives "" and no error. Errors are ErrProof, or ErrFull when no more proofs can be remembered.
func (p *Proofs) Check(_ context.Context, r *http.Request, url, accessToken string) (jkt string, err error) {
	if len(r.Header["Dpop"]) == 0 {
		return "", nil
	}
	proof, err := p.read(r, url, accessToken)
	if err != nil {
		return "", err
	}
	return proof.jkt, p.once(proof, "dpop")
}

// bound verifies the proof that must come with a bound token. Replays of such proofs are remembered apart, so that nobody without a token can fill the memory for those who have one.
func (p *Proofs) bound(r *http.Request, url, accessToken, jkt string) error {
	proof, err := p.read(r, url, accessToken)
	if err != nil {
		return err
	}
	if proof.jkt != jkt {
		return wrong("of another key")
	}
	return p.once(proof, "dpop with token")
}

// proof is a verified proof.
type proof struct {
	jkt    string
	claims proofClaims
}

type proofClaims struct {
	ID     string  `json:"jti"`
	Method string  `json:"htm"`
	URL    string  `json:"htu"`
	Issued seconds `json:"iat"`
	Hash   string  `json:"ath"`
}

// wrong is an ErrProof with its reason, for logs: it names claims and no values.
func wrong(reason string) error { return fmt.Errorf("%w: %s", ErrProof, reason) }

// read verifies all of a proof but that it was not used before.
func (p *Proofs) read(r *http.Request, address, accessToken string) (*proof, error) {
	values := r.Header["Dpop"]
	if len(values) != 1 {
		return nil, wrong("not one DPoP header")
	}
	if len(values[0]) > MaxProof {
		return nil, wrong("too long")
	}
	c, err := parseCompact(values[0])
	if err != nil || !c.header.isType("dpop+jwt") {
		return nil, wrong("not a JWT of type dpop+jwt")
	}
	out := &proof{}
	var public any
	if public, out.jkt, err = c.proofKey(); err != nil {
		return nil, err
	}
	if c.verify(jwa.SignatureAlgorithm(c.header.Algorithm), public) != nil {
		return nil, wrong("signature")
	}
	if json.Unmarshal(c.payload, &out.claims) != nil || out.claims.ID == "" || len(out.claims.ID) > 256 || out.claims.Issued == 0 {
		return nil, wrong("claims")
	}
	if err := p.current(int64(out.claims.Issued)); err != nil {
		return nil, err
	}
	if out.claims.Method != r.Method || !sameAddress(out.claims.URL, address) {
		return nil, wrong("htm or htu")
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		if out.claims.Hash != base64url.EncodeToString(sum[:]) {
			return nil, wrong("ath")
		}
	}
	return out, nil
}

func (p *Proofs) current(issued int64) error {
	now := p.o.Clock().Unix()
	if issued < now-int64(p.o.Window/time.Second) || issued > now+int64(p.o.Leeway/time.Second) || issued < p.started {
		return wrong("iat")
	}
	return nil
}

// once notes the proof as used until it could not be taken any more.
func (p *Proofs) once(proof *proof, kind string) error {
	until := time.Unix(int64(proof.claims.Issued), 0).Add(p.o.Window + time.Second)
	switch err := p.o.Replays.Remember(kind, proof.jkt+" "+proof.claims.ID, until); {
	case errors.Is(err, ErrReplayed):
		return wrong("used before")
	case err != nil:
		return err
	}
	return nil
}

// proofKey reads the public key that a proof brings along: an asymmetric one, of the proof's algorithm, and no private one (RFC 9449, section 4.3, 5 to 7).
func (c *compact) proofKey() (public any, jkt string, err error) {
	j, err := jwk.ParseKey(c.header.JWK)
	if err != nil {
		return nil, "", wrong("jwk")
	}
	if err := j.Raw(&public); err != nil {
		return nil, "", wrong("jwk")
	}
	if !fits(jwa.SignatureAlgorithm(c.header.Algorithm), public) {
		return nil, "", wrong("alg and jwk")
	}
	jkt, err = thumbprint(public)
	if err != nil {
		return nil, "", wrong("jwk")
	}
	return public, jkt, nil
}

// fits says whether a key is a public one for the algorithm, and of a strength and cost that the server takes. Private and symmetric keys fit nothing.
func fits(algorithm jwa.SignatureAlgorithm, public any) bool {
	switch k := public.(type) {
	case *ecdsa.PublicKey:
		if _, err := k.ECDH(); err != nil {
			return false // not on the curve
		}
		return algorithm == jwa.ES256 && k.Curve.Params().BitSize == 256 || algorithm == jwa.ES384 && k.Curve.Params().BitSize == 384
	case *rsa.PublicKey:
		return (algorithm == jwa.RS256 || algorithm == jwa.PS256) && k.N.BitLen() >= 2048 && k.N.BitLen() <= 4096 && k.E >= 3 && k.E <= 1<<31-1 && k.E%2 == 1
	case ed25519.PublicKey:
		return algorithm == jwa.EdDSA && len(k) == ed25519.PublicKeySize
	}
	return false
}

// sameAddress compares two URLs without query and fragment, after the normalization of RFC 3986, sections 6.2.2 and 6.2.3. A slash at the end is forgiven, as the server's router does.
func sameAddress(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	if err != nil {
		return false
	}
	return strings.EqualFold(x.Scheme, y.Scheme) && x.User == nil && hostPort(x) == hostPort(y) && strings.TrimRight(x.Path, "/") == strings.TrimRight(y.Path, "/")
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return strings.ToLower(u.Hostname()) + ":" + port
}
