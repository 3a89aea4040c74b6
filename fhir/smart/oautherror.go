package smart

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// oauthError is a refusal in OAuth's terms (RFC 6749, sections 4.1.2.1 and 5.2). The description is a sentence for a developer, without values of the request.
type oauthError struct {
	status            int
	code, description string
	header            http.Header
	cause             error // for the log
}

// Error gives the code and the description.
func (e *oauthError) Error() string { return e.code + ": " + e.description }

func refuse(status int, code, description string) *oauthError {
	return &oauthError{status: status, code: code, description: description}
}

func badRequest(description string) *oauthError {
	return refuse(http.StatusBadRequest, "invalid_request", description)
}

func badGrant(description string) *oauthError {
	return refuse(http.StatusBadRequest, "invalid_grant", description)
}

func badScope(description string) *oauthError {
	return refuse(http.StatusBadRequest, "invalid_scope", description)
}

func badClient(description string) *oauthError {
	return refuse(http.StatusUnauthorized, "invalid_client", description)
}

// broken is for what is the server's own fault.
func broken(cause error) *oauthError {
	return &oauthError{status: http.StatusInternalServerError, code: "server_error", description: "The server met an unexpected condition.", cause: cause}
}

// refusalOf makes an OAuth error of what a Policy or a lower room answered.
func refusalOf(err error) *oauthError {
	var own *oauthError
	if errors.As(err, &own) {
		return own
	}
	var r *Refusal
	if errors.As(err, &r) {
		return refuse(http.StatusBadRequest, r.code(), "The authorization was refused.")
	}
	var f *fault.Fault
	if errors.As(err, &f) && f.Status == http.StatusServiceUnavailable {
		return &oauthError{status: f.Status, code: "temporarily_unavailable", description: "The server cannot answer now.", cause: err}
	}
	return broken(err)
}

// fail answers an error of an endpoint that programs call.
func (s *Server) fail(w http.ResponseWriter, err *oauthError) {
	if err.cause != nil {
		s.o.Logger.Error("an authorization endpoint failed", "code", err.code, "cause", err.cause)
	}
	for name, values := range err.header {
		w.Header()[name] = values
	}
	answerJSON(w, err.status, map[string]any{"error": err.code, "error_description": err.description})
}

// answerJSON answers with what nobody may keep (RFC 6749, section 5.1).
func answerJSON(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil { // maps of strings, numbers and JSON that was read before
		status, text = http.StatusInternalServerError, []byte(`{"error":"server_error"}`)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone: nobody is left to tell
}
