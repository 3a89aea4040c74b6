package signin

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
)

// addUserinfo fetches the userinfo, a signed JWT (FranceConnect always, Pro Santé Connect when the client is set up so) or JSON, and lays its claims over those of the ID token.
func (c *Client) addUserinfo(ctx context.Context, p *provider, token *oauth2.Token, claims *Claims) error {
	body, contentType, err := c.get(ctx, p.userinfo, token.AccessToken)
	if err != nil {
		return refused("the userinfo cannot be read")
	}
	var got map[string]json.RawMessage
	switch kind, _, _ := mime.ParseMediaType(contentType); {
	case kind == "application/jwt":
		if got, err = c.signedUserinfo(ctx, p, strings.TrimSpace(string(body))); err != nil {
			return err
		}
	case c.SignedUserinfo:
		return refused("the userinfo is not signed")
	case json.Unmarshal(body, &got) != nil:
		return refused("the userinfo is not JSON")
	}
	var subject string
	if json.Unmarshal(got["sub"], &subject) != nil || subject != claims.Subject {
		return refused("the userinfo is of another person") // OpenID Connect Core §5.3.2
	}
	for _, own := range []string{"iss", "aud", "exp", "iat", "nonce", "acr", "auth_time", "azp"} {
		delete(got, own) // these the ID token says
	}
	maps.Copy(claims.All, got)
	return nil
}

// signedUserinfo verifies a JWT. Its issuer and audience are judged as those of an ID token; it need not say when it expires, but holds no longer than it says.
func (c *Client) signedUserinfo(ctx context.Context, p *provider, raw string) (map[string]json.RawMessage, error) {
	var out map[string]json.RawMessage
	id, err := c.verifier(p, true).Verify(ctx, raw)
	if err != nil {
		return nil, refused("the userinfo: " + reason(err))
	}
	if !id.Expiry.IsZero() && id.Expiry.Unix() > 0 && c.now().After(id.Expiry.Add(skew)) {
		return nil, refused("the userinfo: it has expired")
	}
	if id.Claims(&out) != nil {
		return nil, refused("the userinfo: it is not JSON")
	}
	return out, nil
}

// get fetches a document of a provider.
func (c *Client) get(ctx context.Context, address, bearer string) (body []byte, contentType string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, "", err
	}
	if bearer != "" {
		req.Header.Set("Authorization", "Bearer "+bearer)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", errors.New("signin: status " + resp.Status)
	}
	body, err = io.ReadAll(resp.Body)
	return body, resp.Header.Get("Content-Type"), err
}

// maxAnswer bounds what a provider may send in one answer. The largest userinfo seen has 20 KB.
const maxAnswer = 1 << 20

var errTooLong = errors.New("signin: the answer is too long")

// bounded is a transport whose answers end with an error at maxAnswer, also those that the libraries read.
type bounded struct{ inner http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{resp.Body, maxAnswer}
	return resp, nil
}

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// random gives 256 bits that nobody guesses, as 43 characters.
func random() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
