package token

import (
	"encoding/base64"
	"errors"
	"math"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// MaxToken is the length in bytes beyond which an access token is not even read.
const MaxToken = 32 << 10

// base64url is that of RFC 7515: without padding, and one spelling for each value only.
var base64url = base64.RawURLEncoding.Strict()

// header is what a JOSE header says, as far as the server takes notice. Keys that it names by address (jku, x5u) or brings along (x5c) are never followed.
type header struct {
	Algorithm string         `json:"alg"`
	Key       string         `json:"kid"`
	Type      string         `json:"typ"`
	JWK       jsontext.Value `json:"jwk"`
	Critical  jsontext.Value `json:"crit"`
}

// compact is a JWS in compact serialization, taken apart and not verified.
type compact struct {
	header  header
	signed  string // what the signature is of
	payload []byte
	sig     []byte
}

var errMalformed = errors.New("token: not a JWS in compact serialization")

// parseCompact takes a JWS apart (RFC 7515, section 7.1). Names that stand twice in a JSON object are refused, as are extensions that must be understood.
func parseCompact(text string) (*compact, error) {
	dot := strings.LastIndexByte(text, '.')
	if dot < 0 || strings.Count(text, ".") != 2 {
		return nil, errMalformed
	}
	c := &compact{signed: text[:dot]}
	head, body, _ := strings.Cut(c.signed, ".")
	rawHead, err := base64url.DecodeString(head)
	if err != nil {
		return nil, errMalformed
	}
	if c.payload, err = base64url.DecodeString(body); err != nil {
		return nil, errMalformed
	}
	if c.sig, err = base64url.DecodeString(text[dot+1:]); err != nil || len(c.sig) == 0 {
		return nil, errMalformed
	}
	if err := json.Unmarshal(rawHead, &c.header); err != nil || c.header.Critical != nil {
		return nil, errMalformed
	}
	return c, nil
}

// verify checks the signature by an algorithm that the verifier chose, not the token.
func (c *compact) verify(algorithm jwa.SignatureAlgorithm, public any) error {
	v, err := jws.NewVerifier(algorithm)
	if err != nil {
		return err
	}
	return v.Verify([]byte(c.signed), c.sig, public)
}

// isType compares media types as RFC 7515, section 4.1.9 has them: without case, "application/" left out.
func (h *header) isType(typ string) bool {
	return strings.EqualFold(strings.TrimPrefix(strings.ToLower(h.Type), "application/"), typ)
}

// seconds is a NumericDate (RFC 7519, section 2): seconds since the Unix epoch, a fraction cut off; 0 for none.
type seconds int64

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

// UnmarshalJSON reads a number between 1970 and 9999.
func (s *seconds) UnmarshalJSON(text []byte) error {
	var f float64
	if err := json.Unmarshal(text, &f); err != nil {
		return err
	}
	if math.IsNaN(f) || f < 1 || f > lastSecond {
		return errors.New("token: not a date")
	}
	*s = seconds(f)
	return nil
}

// oneOrMore is a string, or an array of strings.
type oneOrMore []string

// UnmarshalJSON reads either form.
func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*o = oneOrMore{""}
		return json.Unmarshal(text, &(*o)[0])
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// sign makes a JWS of a header and a payload that are JSON.
func sign(k *key, typ string, payload []byte) (string, error) {
	head, err := json.Marshal(map[string]string{"alg": k.algorithm.String(), "kid": k.id, "typ": typ}, json.Deterministic(true))
	if err != nil {
		return "", err
	}
	signed := base64url.EncodeToString(head) + "." + base64url.EncodeToString(payload)
	sig, err := signPayload(k.algorithm, k.private, signed)
	return signed + "." + base64url.EncodeToString(sig), err
}

func signPayload(algorithm jwa.SignatureAlgorithm, private any, signed string) ([]byte, error) {
	signer, err := jws.NewSigner(algorithm)
	if err != nil {
		return nil, err
	}
	return signer.Sign([]byte(signed), private)
}
