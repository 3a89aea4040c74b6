package dsubm

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// A subscription makes the server call an address that a client chose. So that it cannot be made to call its own neighbours, the address is judged where the connection is made, behind the resolution of names: what a name pointed to when it was
// checked says nothing of where it points now. Redirects are not followed, proxies of the environment are not used.

// errForbiddenAddress says that an endpoint leads to where the server does not go.
var errForbiddenAddress = errors.New("dsubm: the address of the endpoint is not allowed")

// inner are the networks that are nobody's on the internet, beside those that netip knows.
var inner = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("fec0::/10"),
}

// guard says which addresses may be called.
type guard struct {
	loopback bool // a sandbox's own machine
	allowed  []netip.Prefix
}

func (g *guard) allows(addr netip.Addr) bool {
	addr = addr.Unmap().WithZone("")
	contains := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case slices.ContainsFunc(g.allowed, contains):
		return true
	case addr.IsLoopback():
		return g.loopback
	case !addr.IsGlobalUnicast() || addr.IsPrivate() || addr.IsLinkLocalUnicast():
		return false
	}
	return !slices.ContainsFunc(inner, contains)
}

// allowsHost judges the host of an endpoint as far as it is an address itself, so that who subscribes is told at once. Names are judged when they are resolved.
func (g *guard) allowsHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		return g.allows(addr)
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, 6.3
		return g.loopback
	}
	return !isOddAddress(host)
}

// isOddAddress says whether a host is an IPv4 address in a spelling that resolvers take and netip does not (127.1, 0x7f000001, 017700000001): one whose last label is a number (WHATWG URL, "ends in a number").
func isOddAddress(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// control judges the address of a connection that is about to be made.
func (g *guard) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !g.allows(at.Addr()) {
		return errForbiddenAddress
	}
	return nil
}

// client makes the HTTP client for all notifications.
func (g *guard) client() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second, ControlContext: g.control}
	return &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second,
			MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// isLoopbackName says whether a host names this machine.
func isLoopbackName(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
