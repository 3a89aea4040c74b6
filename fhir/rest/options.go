package rest

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
)

// Options configure a Server. Repository, Definitions, Registry, BaseURL and PageKey are needed; the rest has defaults.
type Options struct {
	Repository  *repository.Repository
	Definitions *spec.Definitions
	Registry    *search.Registry
	// Store gives figures to /metrics; nil leaves them out.
	Store store.Store
	// BaseURL is the address under which clients reach the server ("http://localhost:8080/fhir"), without a slash at its end.
	BaseURL string
	// PageKey (32 bytes) seals page links. Kept with the data, it makes them survive a restart.
	PageKey []byte
	// Version is the software's, for the CapabilityStatement.
	Version string
	Logger  *slog.Logger
	// AccessLog says which requests are logged.
	AccessLog AccessLog
	// Tracing makes an OpenTelemetry span of each request, with the global tracer provider.
	Tracing bool
	// RequestTimeout is the time budget of one request, 30 s when zero. Bytes on their way in or out have their own deadlines.
	RequestTimeout time.Duration
	Limits         Limits
	// Pages bound _count.
	Pages Pages
	// CORS lists the origins of browser applications that may call ("*": all); empty: none.
	CORS []string
	// NoStore tells clients to keep no answer (Cache-Control: no-store), where otherwise a private cache may keep it and ask again.
	NoStore bool
	// Ready is asked by /readyz besides the server's own state; nil: always ready.
	Ready func() error
	// SecurityDescription is rest.security.description of the CapabilityStatement.
	SecurityDescription string
	// ConditionalDeleteMultiple repeats the repository's option of this name, for the CapabilityStatement.
	ConditionalDeleteMultiple bool
	// Extensions are what other packages add.
	Extensions []Extension
}

// Limits are the largest request bodies in bytes, after decompression. Zero fields take the defaults.
type Limits struct {
	Resource int64 // 16 MB
	Bundle   int64 // 64 MB: batch, transaction
	Binary   int64 // 512 MB
	// Query bounds a search's parameters, in a URL or in a form: 64 KB.
	Query int64
}

// Pages bound the size of pages: Default (20) where a client names none, Max (1000) for what it may ask.
type Pages struct {
	Default, Max int
}

const (
	kilobyte = 1 << 10
	megabyte = 1 << 20
)

func (o *Options) complete() error {
	switch {
	case o.Repository == nil || o.Definitions == nil || o.Registry == nil:
		return errors.New("rest: Repository, Definitions and Registry are needed")
	case len(o.PageKey) != 16 && len(o.PageKey) != 32:
		return errors.New("rest: PageKey must have 16 or 32 bytes")
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" {
		return errors.New("rest: BaseURL must be an absolute URL")
	}
	o.BaseURL = strings.TrimRight(o.BaseURL, "/")
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	fill(&o.RequestTimeout, 30*time.Second)
	fill(&o.Limits.Resource, 16*megabyte)
	fill(&o.Limits.Bundle, 64*megabyte)
	fill(&o.Limits.Binary, 512*megabyte)
	fill(&o.Limits.Query, 64*kilobyte)
	fill(&o.Pages.Default, 20)
	fill(&o.Pages.Max, 1000)
	if o.Version == "" {
		o.Version = "dev"
	}
	return nil
}

func fill[T ~int | ~int64](field *T, value T) {
	if *field <= 0 {
		*field = value
	}
}
