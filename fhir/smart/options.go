package smart

import (
	"log/slog"
	"time"

	"github.com/carnet-fhir/carnet/store"
)

// Options configure a Server. BaseURL, Store, Clients and Policy are needed.
type Options struct {
	// BaseURL is the FHIR base as clients know it ("https://dmp.example/fhir"). The issuer is its origin: what stands before "/fhir".
	BaseURL string
	Store   store.Store
	Clients *Clients
	Logins  []Login
	Policy  Policy
	Picker  PatientPicker // nil: professionals choose no patient
	Logger  *slog.Logger
	Clock   func() time.Time
}

// Clients are the registered clients.
type Clients struct{}

// Client is a registered client.
type Client struct{ ID, Name string }
