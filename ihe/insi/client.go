package insi

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// ClientOptions say where the real service is and who asks it.
type ClientOptions struct {
	// URL is the service's address.
	URL string
	// Certificate is the structure's or the professional's client certificate for TLS (IGC Santé); nil: none, for tests.
	Certificate *tls.Certificate
	// Software is sent as the context of the software that asks (ContexteLPS): its authorisation number (numéro AM), name and version, and who asks.
	Software Software
	// Timeout of one call; 0: 10 s.
	Timeout time.Duration
	// HTTP replaces the HTTP client, for tests.
	HTTP *http.Client
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// NewID makes the ids of messages; nil: random UUIDs.
	NewID func() string
	// Mode refuses numbers that are not of the server's mode.
	Mode ins.Mode
}

// Software identifies the software to the service.
type Software struct {
	Authorisation, Name, Version, Instance, Sender string
}

// Client asks the real service. The message is the service's own (SOAP 1.2, rechercherInsAvecTraitsIdentite). How it wraps a verification is not published, so the client verifies as its users did before that
// operation existed: it retrieves by the traits and compares the INS and every trait of reference.
type Client struct {
	o    ClientOptions
	http *http.Client
}

// NewClient makes a client.
func NewClient(o ClientOptions) (*Client, error) {
	if o.URL == "" {
		return nil, errors.New("insi: the service's URL is needed")
	}
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = randomUUID
	}
	c := &Client{o: o, http: o.HTTP}
	if c.http == nil {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if o.Certificate != nil {
			config.Certificates = []tls.Certificate{*o.Certificate}
		}
		c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, CheckRedirect: noRedirect}
	}
	return c, nil
}

// noRedirect: traits go to the address that was configured, and nowhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// maxAnswer bounds an answer in bytes.
const maxAnswer = 1 << 20

// Retrieve implements Service.
func (c *Client) Retrieve(ctx context.Context, q Query) (*Identity, error) {
	body, err := request(&envelope{id: c.o.NewID(), context: c.o.NewID(), at: c.o.Now(), software: c.o.Software, query: q})
	if err != nil {
		return nil, err
	}
	answer, err := c.call(ctx, body)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return result(answer, c.o.Mode)
}

// Verify implements Service.
func (c *Client) Verify(ctx context.Context, v Verification) (bool, error) {
	found, err := c.Retrieve(ctx, Query(v.Traits))
	switch {
	case errors.Is(err, ErrNone), errors.Is(err, ErrSeveral):
		return false, nil
	case err != nil:
		return false, err
	}
	return found.INS == v.INS && agree(&found.Traits, &v.Traits), nil
}

func (c *Client) call(ctx context.Context, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.URL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", `application/soap+xml; charset=utf-8; action="`+action+`"`)
	w, err := c.http.Do(r)
	if err != nil {
		return nil, errors.New("the request failed") // the inner error may hold the URL
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(w.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, errors.New("the answer broke off")
	case len(answer) > maxAnswer:
		return nil, errors.New("the answer is too long")
	case w.StatusCode != http.StatusOK && w.StatusCode != http.StatusInternalServerError:
		return nil, fmt.Errorf("status %d", w.StatusCode)
	}
	return answer, nil
}

func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
