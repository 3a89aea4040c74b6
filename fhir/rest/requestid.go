package rest

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
)

// requestID takes the client's X-Request-Id when it is harmless, and makes one otherwise (http.html#custom). given tells that the client sent one that was
// not taken; it is not echoed back then.
func requestID(h http.Header) string {
	if v := h["X-Request-Id"]; len(v) == 1 && harmless(v[0]) {
		return v[0]
	}
	var raw [8]byte
	var text [16]byte
	binary.BigEndian.PutUint64(raw[:], rand.Uint64())
	hex.Encode(text[:], raw[:])
	return string(text[:])
}

// harmless admits what may stand in a log line: letters, digits and -._ up to 64.
func harmless(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return true
}

type requestIDKey struct{}

// RequestID gives the id of the request that a context belongs to, for logs and traces of other packages; "" outside a request.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
