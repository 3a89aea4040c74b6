package main

import (
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// testing is the test of the case, for helpers of browsers.
func (r *ruleRun) testing() *testing.T { return r.t.(*testing.T) }

// bearing is a client with a token that the authorization server gave.
func (r *ruleRun) bearing(token string) *habilitation.Client {
	return &habilitation.Client{Base: r.base, HTTP: r.http, Token: token}
}

// read reads a resource as a client.
func (r *ruleRun) read(c *habilitation.Client, path string, into any) {
	r.t.Helper()
	status, body := r.ask(c, "GET", path, nil)
	require.Equal(r.t, 200, status, "%s", body)
	require.NoError(r.t, json.Unmarshal(body, into))
}

// inDirectory puts a professional into the directory, with the situations of exercise in a structure of that name: the sandbox's Pro Santé Connect knows him then.
func (r *ruleRun) inDirectory(a *rules.Actor, structure string, more ...*rules.Actor) {
	r.t.Helper()
	id, org := r.name("ps"), r.name("org")
	resources := []object{
		{"resourceType": "Practitioner", "id": id, "active": true, "identifier": []object{{"system": a.ID.System, "value": a.ID.Value}}, "name": []object{{"family": "EXEMPLE", "given": []string{"Dominique"}}}},
		{"resourceType": "Organization", "id": org, "active": true, "name": structure},
	}
	for _, situation := range append([]*rules.Actor{a}, more...) {
		role := object{"resourceType": "PractitionerRole", "id": r.name("role"), "active": true, "practitioner": object{"reference": "Practitioner/" + id}, "organization": object{"reference": "Organization/" + org}}
		var codes []object
		for system, code := range map[string]string{nos.ProfessionSante: situation.Profession, nos.ProfessionSocial: situation.SocialProfession, nos.GenreActivite: situation.Activity, nos.RolePriseCharge: situation.Role} {
			if code != "" {
				codes = append(codes, concept(system, code))
			}
		}
		if role["code"] = codes; situation.Speciality != "" {
			role["specialty"] = []object{concept("https://mos.esante.gouv.fr/NOS/TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale", situation.Speciality)}
		}
		resources = append(resources, role)
	}
	for _, o := range resources {
		body, err := json.Marshal(o)
		require.NoError(r.t, err)
		r.store(body)
	}
}

// atConsent signs a professional of the directory in at the sandbox's provider and opens a record, up to the screen that asks how.
func (r *ruleRun) atConsent(a *rules.Actor, patient string) (*browser, *attempt) {
	r.t.Helper()
	b, begun := newBrowser(r.testing()), console(r.base)
	b.open(begun.address)
	b.follow("sandbox-psc")
	b.follow("login_hint=" + a.ID.Value)
	_, ins, _ := strings.Cut(r.insOf(patient), "|")
	b.submit(url.Values{"typed": {ins}, "patient": {ins}})
	require.Contains(r.t, b.page, "Mode d", b.page)
	return b, begun
}

// signInScreen is the screen on which a professional opens a record.
func (r *ruleRun) signInScreen(patient string) string {
	r.t.Helper()
	who := r.doctor()
	r.inDirectory(who, "Cabinet médical")
	b, _ := r.atConsent(who, patient)
	return b.page
}

// registry is a file of clients with one that says what kind of actor it is.
func (r *ruleRun) registry(kind string) string {
	r.t.Helper()
	path := filepath.Join(r.testing().TempDir(), "clients.json")
	body, err := json.Marshal(object{"clients": []object{{
		"client_id": "logiciel", "client_name": "Logiciel", "scope": "system/*.rs", "grant_types": []string{"client_credentials"}, "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://logiciel.example.org/jwks",
		"attributes": object{"dmp": object{"kind": kind, "structure": object{"system": nos.SystemFINESS, "value": "990000341"}}},
	}}})
	require.NoError(r.t, err)
	require.NoError(r.t, os.WriteFile(path, body, 0o600))
	return path
}
