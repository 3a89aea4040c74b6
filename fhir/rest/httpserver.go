package rest

import (
	"log/slog"
	"net/http"
	"time"
)

// HTTPServerOptions bound what one connection may take. Zero fields take the defaults.
type HTTPServerOptions struct {
	Logger *slog.Logger
	// ReadHeaderTimeout (10 s) is for the head of a request, IdleTimeout (2 min) for a connection between requests.
	ReadHeaderTimeout, IdleTimeout time.Duration
	// Timeout (60 s) is for reading a request and for writing its answer. Handlers move it for large bodies, by their length and pace.
	Timeout time.Duration
	// MaxHeaderBytes: 128 KB, room for the longest page link.
	MaxHeaderBytes int
}

// NewHTTPServer makes the server around a handler: slow or stuck clients lose their connection, not the server its descriptors.
func NewHTTPServer(handler http.Handler, o HTTPServerOptions) *http.Server {
	fill(&o.ReadHeaderTimeout, 10*time.Second)
	fill(&o.IdleTimeout, 2*time.Minute)
	fill(&o.Timeout, time.Minute)
	fill(&o.MaxHeaderBytes, 128*kilobyte)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: o.ReadHeaderTimeout,
		ReadTimeout:       o.Timeout,
		WriteTimeout:      o.Timeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeaderBytes,
	}
	if o.Logger != nil {
		server.ErrorLog = slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn)
	}
	return server
}
