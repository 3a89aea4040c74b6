package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/synthetic"
	"github.com/carnet-fhir/carnet/store/embedded"
)

// securedServer is a server as serve runs it with security on, in this process, over HTTP on a loopback address.
type securedServer struct {
	t    testing.TB
	base string
	*security
	http     *http.Client
	operator *habilitation.Client
	requests *atomic.Int64
}

func startSecured(t testing.TB, o securityOptions) *securedServer {
	t.Helper()
	return startSecuredAs(t, o, "")
}

// startSecuredAs starts a server that its clients know under a base URL; "": its address. identities are sandbox (the default) or production.
func startSecuredAs(t testing.TB, o securityOptions, known string, identities ...string) *securedServer {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base := "http://" + l.Addr().String() + "/fhir"
	if known == "" {
		known = base
	}
	dir := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	in, err := opening{baseURL: known, identities: strings.Join(identities, ""), sizes: embedded.Options{Logger: log, NoSync: true, Clock: o.clock}, secured: &o}.open(dir)
	require.NoError(t, err)
	f := serveFlags{security: "on", data: dir, secured: o, timeout: time.Minute, maxBody: 16 << 20, maxBundle: 64 << 20, maxBinary: 64 << 20}
	handler, secured, err := f.handler(context.Background(), in, known, log, rest.AccessLog{Off: true})
	require.NoError(t, err)
	server := rest.NewHTTPServer(handler, rest.HTTPServerOptions{Logger: log})
	go server.Serve(l) // ends with the test
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	s := &securedServer{t: t, base: base, security: secured, requests: &atomic.Int64{}}
	s.http = &http.Client{Transport: counting{transport, s.requests}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	s.operator = s.as(&rules.Actor{Kind: rules.Operator, ID: signin.ClientIdentifier("operator")}, "system/*.cruds", "", "")
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		require.NoError(t, server.Close())
		require.NoError(t, handler.Close())
		require.NoError(t, in.Close())
	})
	return s
}

// counting counts requests.
type counting struct {
	http.RoundTripper
	n *atomic.Int64
}

func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.RoundTripper.RoundTrip(r)
}

// as gives a client with a token of an actor.
func (s *securedServer) as(a *rules.Actor, scopes, patient, user string) *habilitation.Client {
	set, err := scope.Parse(scopes)
	require.NoError(s.t, err)
	claims, err := signin.ActorClaims(a, "")
	require.NoError(s.t, err)
	extra := map[string]any{}
	for name, value := range claims {
		extra[name] = value
	}
	made, _, err := s.Minter.Access(context.Background(), token.Access{
		Client: "test", Subject: a.ID.Value + string(a.Mode), FHIRUser: user, Patient: patient, Scopes: set, Extra: extra, Lifetime: tokenLifetime,
	})
	require.NoError(s.t, err)
	return &habilitation.Client{Base: s.base, HTTP: s.http, Token: made}
}

// professional is an Actor of a situation of exercise.
func professional(p *habilitation.Professional, mode habilitation.Mode) *rules.Actor {
	c := p.Codes
	return &rules.Actor{
		Kind: rules.Professional, ID: rules.Identifier{System: habilitation.RPPSSystem, Value: p.RPPS}, Profession: c["G15"], TrainingProfession: c["G16"], Speciality: c["R01"], Section: c["G05"],
		Role: c["R85"], Activity: c["R22"], SocialProfession: c["R94"], Title: c["R95"], Mode: rules.AccessMode(mode), Justification: mode == habilitation.BreakGlass, Authentication: rules.Direct,
	}
}

// put stores resources as the operator, in transactions.
func (s *securedServer) put(resources ...[]byte) {
	s.t.Helper()
	const size = 400
	for len(resources) > 0 {
		n := min(size, len(resources))
		var entries []map[string]any
		for _, body := range resources[:n] {
			var head struct{ ResourceType, ID string }
			require.NoError(s.t, json.Unmarshal(body, &head))
			request := map[string]any{"method": http.MethodPut, "url": head.ResourceType + "/" + head.ID}
			if head.ID == "" {
				request = map[string]any{"method": http.MethodPost, "url": head.ResourceType}
			}
			entries = append(entries, map[string]any{"resource": json.RawMessage(body), "request": request})
		}
		bundle, err := json.Marshal(map[string]any{"resourceType": "Bundle", "type": "transaction", "entry": entries})
		require.NoError(s.t, err)
		status, answer, err := s.operator.Do(context.Background(), http.MethodPost, "", bundle)
		require.NoError(s.t, err)
		require.Equal(s.t, http.StatusOK, status, "%.600s", answer)
		resources = resources[n:]
	}
}

// person stores a synthetic person under an id.
func (s *securedServer) person(id string, n int) {
	g := synthetic.New(11)
	p := g.Patient(n)
	s.put([]byte(strings.Replace(string(p.JSON), `"id":"`+p.ID+`"`, `"id":"`+id+`"`, 1)))
}

// said is a Consent in which a person says something of a professional, or of nobody in particular.
func said(t testing.TB, category consent.Category, patient, rpps string, deny bool) []byte {
	d := consent.Directive{Category: category, Active: true, Patient: patient, Given: time.Now().Add(-time.Minute), Deny: deny, Verified: true}
	if rpps != "" {
		d.Actors = []rules.Identifier{{System: habilitation.RPPSSystem, Value: rpps}}
	}
	if !deny && rpps != "" {
		d.Means = "oral"
	}
	body, err := d.JSON()
	require.NoError(t, err)
	return body
}
