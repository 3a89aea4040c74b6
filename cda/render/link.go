package render

import (
	"net/url"
	"strings"
)

// safeLink gives the address of a link that a reader may follow, or none: web, mail and telephone addresses only, re-written by the URL parser so
// that no control character, blank or quote of the source survives. Relative addresses point at files that did not come along and are not
// followed either.
func safeLink(raw string) (string, bool) {
	raw = strings.Join(strings.Fields(raw), "") // blanks are line breaks of the source's layout
	if raw == "" || len(raw) > 2048 || strings.ContainsFunc(raw, func(r rune) bool { return r < 0x20 || r == 0x7f }) {
		return "", false
	}
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return "", false
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" || u.Opaque != "" {
			return "", false
		}
	case "mailto", "tel":
		if u.Opaque == "" || u.Host != "" {
			return "", false
		}
		u = &url.URL{Scheme: u.Scheme, Opaque: opaque(u.Opaque)}
	default:
		return "", false
	}
	return u.String(), true
}

// opaque keeps of a mail or telephone address what one may hold and leaves out the rest, headers of a mail included.
func opaque(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune("@.+-_()*#", r):
			return r
		default:
			return -1
		}
	}, s)
}

// payloadLink gives the address of Options.PayloadURL when it is one that the page's policy lets through: a path on the same server, or https.
func payloadLink(raw string) (string, bool) {
	u, err := url.Parse(raw)
	switch {
	case raw == "" || err != nil || u.User != nil:
		return "", false
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(u.Path, "/") && !strings.HasPrefix(raw, "//"):
		return u.String(), true
	case u.Scheme == "https" && u.Host != "":
		return u.String(), true
	default:
		return "", false
	}
}
