package token

import (
	"context"
	"net/http"
	"time"
)

// ProofsOptions configure Proofs. Replays is needed.
type ProofsOptions struct {
	Replays *Replays
	// Window is how old a proof may be, and Leeway how far in the future: 60 s and 5 s.
	Window, Leeway time.Duration
	Clock          func() time.Time
}

// Proofs checks DPoP proofs (RFC 9449, section 4.3).
type Proofs struct{}

// NewProofs makes the checker. Proofs made before it are refused: those that were seen then are not known.
func NewProofs(o ProofsOptions) (*Proofs, error) { return &Proofs{}, nil }

// Check verifies the one DPoP header of a request for the URL (htu, as the client sees it, without query) and gives the thumbprint of its key (jkt). accessToken is the token that comes with it, "" at the
// token endpoint. A request without the header gives "" and no error. Errors are ErrProof.
func (p *Proofs) Check(ctx context.Context, r *http.Request, url, accessToken string) (jkt string, err error) {
	return "", nil
}

// Algorithms are the algorithms of proofs, for dpop_signing_alg_values_supported.
func (p *Proofs) Algorithms() []string { return nil }
