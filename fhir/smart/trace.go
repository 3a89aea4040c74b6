package smart

import (
	"context"
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
)

// Issuance is an access token that is about to leave.
type Issuance struct {
	Session *token.Session
	// GrantType is that of OAuth ("authorization_code"), Scope the scopes granted, Remote the address that asked.
	GrantType, Scope, Remote string
}

// Failure is somebody who was not let in: a client that did not authenticate, a person who did not sign in or was refused.
type Failure struct {
	// Client is the client's id where it is one of ours, "" otherwise; Code is the OAuth error.
	Client, Code, Remote string
}

// issuing tells of a token. An error keeps it from leaving.
func (s *Server) issuing(ctx context.Context, x *exchange, session *token.Session) error {
	if s.o.Issued == nil {
		return nil
	}
	return s.o.Issued(ctx, Issuance{Session: session, GrantType: x.form.get("grant_type"), Scope: session.Scopes.Spelled(), Remote: x.remote})
}

// failed tells of who was not let in. That it could not be told changes nothing for them.
func (s *Server) failed(r *http.Request, client, code string) {
	if s.o.Failed == nil {
		return
	}
	if s.o.Clients.Find(client) == nil {
		client = ""
	}
	if err := s.o.Failed(r.Context(), Failure{Client: client, Code: code, Remote: remote(r)}); err != nil {
		s.o.Logger.Error("a failed login was not traced", "cause", err)
	}
}
