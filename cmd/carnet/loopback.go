package main

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// inTheClear refuses a server of real people whose tokens and records would cross a network without TLS, and warns about one of a sandbox. base is the address that clients know: behind a proxy that ends TLS it is the proxy's.
func inTheClear(base string, mode ins.Mode, log *slog.Logger) error {
	u, err := url.Parse(base)
	if err != nil || u.Scheme == "https" || loopbackName(u.Hostname()) {
		return err
	}
	if mode == ins.Production {
		return errors.New("with production identities tokens and records cross networks by TLS only: give --tls-cert and --tls-key, or as --base-url the https address of the proxy that ends TLS")
	}
	log.Warn("tokens cross the network in the clear: use TLS for anything but a sandbox of your own", "base", base)
	return nil
}

func loopbackName(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// onlyOurName is a server without security, which answers under its own name only: a page of the web whose host's name was led to this machine (DNS rebinding) would otherwise read everything by way of somebody's browser.
func onlyOurName(handler http.Handler, base string) http.Handler {
	known := ""
	if u, err := url.Parse(base); err == nil {
		known = u.Host
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if r.Host != known && !loopbackName(host) {
			http.Error(w, "This server runs without security, for this machine only: call it as localhost or 127.0.0.1.", http.StatusMisdirectedRequest)
			return
		}
		handler.ServeHTTP(w, r)
	})
}
