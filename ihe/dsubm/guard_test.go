package dsubm

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// TestLiteralAddressesAreJudgedAtOnce: a Subscription whose endpoint is an address that would never be called is refused when it is stored. Nothing is resolved, nothing is called.
func TestLiteralAddressesAreJudgedAtOnce(t *testing.T) {
	registry := search.NewRegistry(search.RegistryOptions{Definitions: spec.R4()})
	networks := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16")}
	for host, c := range map[string]struct{ open, sandbox bool }{
		"hook.example.org": {true, true}, "xn--hpital-xya.example": {true, true}, "8.8.8.8": {true, true}, "[2606:4700::1111]": {true, true}, "10.20.1.1": {true, true},
		"127.0.0.1": {false, true}, "[::1]": {false, true}, "localhost": {false, true}, "a.LOCALHOST": {false, true}, "localhost.": {false, true},
		"10.0.0.1": {}, "192.168.1.20": {}, "172.16.0.1": {}, "169.254.169.254": {}, "100.64.0.1": {}, "0.0.0.0": {}, "255.255.255.255": {}, "224.0.0.1": {},
		"[fd00::1]": {}, "[fe80::1%25eth0]": {}, "[::ffff:10.0.0.1]": {}, "[64:ff9b::a00:1]": {}, "[::]": {},
		"127.1": {}, "2130706433": {}, "0x7f000001": {}, "0177.0.0.1": {}, "10.0.0.1.": {},
	} {
		for sandbox, want := range map[bool]bool{false: c.open, true: c.sandbox} {
			b := NewBroker(registry, Options{Sandbox: sandbox, Networks: networks})
			res, err := element.ParseJSON(spec.R4(), []byte(`{"resourceType":"Subscription","status":"requested","reason":"x","criteria":"DocumentReference?patient=Patient/a&status=current",
				"channel":{"type":"rest-hook","endpoint":"https://`+host+`/hook","payload":"application/fhir+json"}}`), element.Options{})
			require.NoError(t, err)
			err = b.BeforeWrite(t.Context(), repository.Create, res)
			if want {
				assert.NoError(t, err, "%s %t", host, sandbox)
				continue
			}
			var f *fault.Fault
			require.ErrorAs(t, err, &f, "%s %t", host, sandbox)
			assert.Equal(t, http.StatusUnprocessableEntity, f.Status)
			assert.Equal(t, "Subscription.channel.endpoint", f.Issues[0].Expression)
			assert.NotContains(t, f.Issues[0].Diagnostics, host)
		}
	}
}

// TestNamesAreJudgedWhenTheyAreCalled: where a name leads is known behind its resolution, and no connection is made to a forbidden address. The name is this machine's own, from its hosts file.
func TestNamesAreJudgedWhenTheyAreCalled(t *testing.T) {
	called := false
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer server.Close()
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	require.NoError(t, err)
	for _, loopback := range []bool{false, true} {
		g := guard{loopback: loopback}
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost:"+port+"/", nil)
		require.NoError(t, err)
		answer, err := g.client().Do(request)
		if loopback {
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
		} else {
			require.ErrorIs(t, err, errForbiddenAddress)
		}
		assert.Equal(t, loopback, called)
	}
}
