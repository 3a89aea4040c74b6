package smart

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/rest"
)

// Server is the authorization server.
type Server struct{}

// New makes the server.
func New(Options) (*Server, error) { return &Server{}, nil }

// Mount adds the routes outside of the FHIR base.
func (s *Server) Mount(*echo.Echo) {}

// Extension is what the authorization server adds to the FHIR server: smart-configuration, and what /metadata says of it.
func (s *Server) Extension() rest.Extension { return rest.Extension{} }

// SignedIn goes on with a transaction once the person is known. It answers the request.
func (s *Server) SignedIn(http.ResponseWriter, *http.Request, string, Identity) {}

// NotSignedIn ends a transaction whose person could not, or would not, sign in. It answers the request; a *Refusal's message is shown.
func (s *Server) NotSignedIn(http.ResponseWriter, *http.Request, string, error) {}
