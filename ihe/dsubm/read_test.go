package dsubm

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

func TestGuard(t *testing.T) {
	g := &guard{}
	for text, want := range map[string]bool{
		"93.184.216.34": true, "2606:4700::1": true,
		"127.0.0.1": false, "::1": false, "::ffff:127.0.0.1": false, "10.0.0.1": false, "192.168.1.1": false, "172.16.0.1": false, "169.254.169.254": false, "fe80::1%eth0": false,
		"fd00::1": false, "0.0.0.0": false, "100.64.0.1": false, "224.0.0.1": false, "255.255.255.255": false, "::": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false, "198.18.0.1": false,
	} {
		assert.Equal(t, want, g.allows(netip.MustParseAddr(text)), text)
	}
	assert.True(t, (&guard{loopback: true}).allows(netip.MustParseAddr("127.0.0.1")))
	assert.False(t, (&guard{loopback: true}).allows(netip.MustParseAddr("10.0.0.1")))
	assert.True(t, (&guard{allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}}).allows(netip.MustParseAddr("::ffff:10.1.2.3")))
}

func TestDelaysGrowAndAreBounded(t *testing.T) {
	b := &Broker{o: Options{FirstDelay: time.Second, LongestDelay: 10 * time.Minute}}
	for n, most := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 11: 10 * time.Minute, 64: 10 * time.Minute, 10_000: 10 * time.Minute} {
		for range 50 {
			d := b.delay(n)
			assert.LessOrEqual(t, d, most+1, n)
			assert.GreaterOrEqual(t, d, most/2, n)
		}
	}
}

func TestReasonsSayNothingOfAnybody(t *testing.T) {
	assert.Equal(t, "the endpoint answered with the status 503.", reasonOf(&answerError{status: 503}))
	assert.Equal(t, "the endpoint's address is not one that this server calls.", reasonOf(errForbiddenAddress))
}

func FuzzSubscription(f *testing.F) {
	const head = `{"resourceType":"Subscription","status":"requested","reason":"x",`
	for _, seed := range []string{
		head + `"criteria":"DocumentReference?patient=Patient/1","channel":{"type":"rest-hook","endpoint":"https://example.org/a","payload":"application/fhir+json"}}`,
		head + `"criteria":"` + topicBase + `DocumentReference-PatientDependent","_criteria":{"extension":[{"url":"` + extFilter + `","valueString":"DocumentReference?patient=1&type=a|b"}]},"channel":{"type":"rest-hook","endpoint":"http://localhost:1/","header":["A: b"]}}`,
	} {
		f.Add(seed)
	}
	registry := search.NewRegistry(search.RegistryOptions{Definitions: spec.R4()})
	f.Fuzz(func(t *testing.T, text string) {
		res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{ExpectType: "Subscription"})
		if err != nil {
			return
		}
		r := reader{root: res.Root, registry: registry}
		terms, err := r.read()
		if err != nil {
			return
		}
		require.True(t, strings.HasPrefix(strings.ToLower(terms.endpoint), "https://"), "outside a sandbox an endpoint is https")
		for _, h := range terms.headers {
			require.NotContains(t, h[0]+h[1], "\n")
		}
		for _, query := range terms.filters {
			_, err := condition(registry, terms.resource, query)
			require.NoError(t, err)
		}
	})
}
