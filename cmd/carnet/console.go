package main

import (
	"embed"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/cda/render"
	"github.com/carnet-fhir/carnet/fhir/rest"
)

// The console is what a professional's software opens on a patient (contextual call, TD0.9), and what a holder signs in to: a SMART application of three static files.
//
//go:embed console
var consoleFiles embed.FS

// consolePolicy lets the console run its own script and style, call its own server, and show documents in frames; the style of a rendered CDA document is let through by its hash.
func consolePolicy() string {
	style := "'self'"
	for _, part := range strings.Split(render.ContentSecurityPolicy, ";") {
		if hash, ok := strings.CutPrefix(strings.TrimSpace(part), "style-src "); ok {
			style += " " + hash
		}
	}
	return "default-src 'none'; script-src 'self'; style-src " + style + "; connect-src 'self'; img-src blob: data:; frame-src blob: data: 'self'; object-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
}

// mountConsole adds the console's routes.
func mountConsole(e *echo.Echo) {
	policy := consolePolicy()
	file := func(name, contentType string) echo.HandlerFunc {
		body, err := consoleFiles.ReadFile("console/" + name)
		return rest.Outside(func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cache-Control", "no-store") // addresses carry launch handles and codes
			if err != nil {
				return err
			}
			return c.Blob(http.StatusOK, contentType, body)
		})
	}
	page := file("index.html", "text/html; charset=utf-8")
	e.GET("/console", page) // a slash at the end does not count
	e.GET("/console/launch", page)
	e.GET("/console/app.js", file("app.js", "text/javascript; charset=utf-8"))
	e.GET("/console/style.css", file("style.css", "text/css; charset=utf-8"))
}
