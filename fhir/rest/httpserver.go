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
	// WriteTimeout (60 s) is for an answer; handlers move it for large ones, by their length and pace. Reading a body has deadlines that the handler sets: see
	// paced. (http.Server.ReadTimeout would also cancel requests whose handlers work long.)
	WriteTimeout time.Duration
	// MaxHeaderBytes: 128 KB, room for the longest page link.
	MaxHeaderBytes int
}

// NewHTTPServer makes the server around a handler: slow or stuck clients lose their connection, not the server its descriptors.
func NewHTTPServer(handler http.Handler, o HTTPServerOptions) *http.Server {
	fill(&o.ReadHeaderTimeout, 10*time.Second)
	fill(&o.IdleTimeout, 2*time.Minute)
	fill(&o.WriteTimeout, time.Minute)
	fill(&o.MaxHeaderBytes, 128*kilobyte)
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: o.ReadHeaderTimeout,
		WriteTimeout:      o.WriteTimeout,
		IdleTimeout:       o.IdleTimeout,
		MaxHeaderBytes:    o.MaxHeaderBytes,
	}
	if o.Logger != nil {
		server.ErrorLog = slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn)
	}
	return server
}
