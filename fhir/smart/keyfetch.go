package smart

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwk"
)

const (
	keysTimeout = 5 * time.Second
	maxKeySet   = 64 << 10
	// keysFresh is how long a key set is used without asking again; keysRetry is how soon it is asked for again, for a key that it does not have or after a failure.
	keysFresh = 15 * time.Minute
	keysRetry = 30 * time.Second
	// keysStale is how long a key set is used whose source does not answer any more: a withdrawn key must not live for ever because its owner's server is kept down.
	keysStale     = 24 * time.Hour
	maxKeySources = 2000
)

// keyFetcher reads the key sets of clients by their jwks_uri: https, bounded, without redirections, and into private networks only where that is allowed.
type keyFetcher struct {
	client *http.Client
	clock  func() time.Time

	mu   sync.Mutex
	sets map[string]*keySource
}

// keySource is one address and what was read there.
type keySource struct {
	mu           sync.Mutex
	set          jwk.Set
	read, asked  time.Time
	lastFailures error
}

func newKeyFetcher(allowed []netip.Prefix, clock func() time.Time) *keyFetcher {
	dialer := &net.Dialer{Timeout: keysTimeout, Control: func(_, address string, _ syscall.RawConn) error { return reachable(address, allowed) }}
	return &keyFetcher{
		clock: clock, sets: map[string]*keySource{},
		client: &http.Client{
			Timeout:       keysTimeout,
			Transport:     &http.Transport{DialContext: dialer.DialContext, TLSHandshakeTimeout: keysTimeout, MaxIdleConns: 10, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 16 << 10},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// reachable judges an address where it is known for certain: behind name resolution, when the connection is made.
func reachable(address string, allowed []netip.Prefix) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	ip := at.Addr().Unmap()
	for _, network := range allowed {
		if network.Contains(ip) {
			return nil
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || special(ip) {
		return errors.New("smart: a jwks_uri leads into a private or special network")
	}
	return nil
}

// special are networks that are neither private nor of anybody on the Internet (RFC 6890): shared address space, IETF protocols, benchmarking, NAT64.
func special(ip netip.Addr) bool {
	for _, text := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "198.18.0.0/15", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/23", "2002::/16"} {
		if netip.MustParsePrefix(text).Contains(ip) {
			return true
		}
	}
	return false
}

// fetch gives the key set of an address, which is asked again when it has not the key.
func (f *keyFetcher) fetch(ctx context.Context, url, kid string) (jwk.Set, error) {
	s, err := f.source(url)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := f.clock()
	if s.set != nil && now.Sub(s.read) < keysFresh {
		if _, ok := s.set.LookupKeyID(kid); ok {
			return s.set, nil
		}
	}
	if s.asked.IsZero() || now.Sub(s.asked) >= keysRetry {
		s.asked = now
		if set, err := f.get(ctx, url); err == nil {
			s.set, s.read, s.lastFailures = set, now, nil
		} else {
			s.lastFailures = err
		}
	}
	switch {
	case s.set == nil:
		return nil, fmt.Errorf("smart: a client's key set was not read: %w", s.lastFailures)
	case now.Sub(s.read) > keysStale:
		return nil, errors.New("smart: a client's key set is too old")
	}
	return s.set, nil
}

func (f *keyFetcher) source(url string) (*keySource, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.sets[url]
	if s == nil {
		if len(f.sets) >= maxKeySources {
			return nil, errors.New("smart: too many sources of keys")
		}
		s = &keySource{}
		f.sets[url] = s
	}
	return s, nil
}

func (f *keyFetcher) get(ctx context.Context, url string) (jwk.Set, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	answer, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("smart: a jwks_uri answered %d", answer.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxKeySet+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxKeySet {
		return nil, errors.New("smart: a key set is longer than 64 KB")
	}
	return readKeys(text)
}
