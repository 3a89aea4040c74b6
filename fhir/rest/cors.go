package rest

import (
	"net/http"
	"slices"
	"strings"
)

// cors answers a browser's preflight (true: answered) and marks the answers that scripts of other origins may read. It is off unless Options.CORS names origins, and of the FHIR API alone: pages beside it, which know
// their user by a cookie, are nobody else's to read.
func (s *Server) cors(x *exchange) bool {
	origin := x.r.Header.Get("Origin")
	if origin == "" || x.r.URL.Path != base && !strings.HasPrefix(x.r.URL.Path, base+"/") {
		return false
	}
	h := x.w.Header()
	any := slices.Contains(s.o.CORS, "*")
	if !any && !slices.Contains(s.o.CORS, origin) {
		return false
	}
	if any {
		origin = "*"
	}
	h["Access-Control-Allow-Origin"] = []string{origin}
	h["Access-Control-Expose-Headers"] = []string{"Content-Location, ETag, Last-Modified, Location, Preference-Applied, WWW-Authenticate, X-Request-Id"}
	if x.r.Method != http.MethodOptions || x.r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	x.route = "preflight"
	h["Access-Control-Allow-Methods"] = []string{"GET, HEAD, POST, PUT, PATCH, DELETE"}
	h["Access-Control-Allow-Headers"] = []string{
		"Accept, Authorization, Content-Type, DPoP, If-Match, If-Modified-Since, If-None-Exist, If-None-Match, Prefer, Range, X-Request-Id, X-Security-Context",
	}
	h["Access-Control-Max-Age"] = []string{"600"}
	x.WriteHeader(http.StatusNoContent)
	return true
}
