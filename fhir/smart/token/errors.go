package token

import "errors"

// Errors that callers tell apart, by errors.Is.
var (
	// ErrReplayed says that a value was used before.
	ErrReplayed = errors.New("token: used before")
	// ErrProof says that a DPoP proof is missing where it is needed or is not valid: the error invalid_dpop_proof of OAuth.
	ErrProof = errors.New("token: invalid DPoP proof")
)
