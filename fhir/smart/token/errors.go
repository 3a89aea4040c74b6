package token

import "errors"

// Errors that callers tell apart, by errors.Is.
var (
	// ErrReplayed says that a value was used before.
	ErrReplayed = errors.New("token: used before")
	// ErrFull says that no more values can be remembered for now, so that none can be used: the answer is 503.
	ErrFull = errors.New("token: too many values are remembered")
	// ErrProof says that a DPoP proof is missing where it is needed or is not valid: the error invalid_dpop_proof of OAuth.
	ErrProof = errors.New("token: invalid DPoP proof")
)
