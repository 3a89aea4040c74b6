package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// registered is a registry of clients with a professional's software.
func registered(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "clients.json")
	require.NoError(t, os.WriteFile(path, []byte(`{"clients":[{"client_id":"test","client_name":"Logiciel","redirect_uris":["http://127.0.0.1:1/retour"],"launcher":true,"scope":"launch openid fhirUser user/*.cruds"},
		{"client_id":"carnet-de-sante","client_name":"Carnet de santé","redirect_uris":["http://127.0.0.1:1/retour"],"scope":"launch/patient openid fhirUser patient/*.rs"}]}`), 0o600))
	return path
}

// parametersDir is an operator's directory with parameters; "" for none.
func parametersDir(t *testing.T, parameters string) string {
	if parameters == "" {
		return ""
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "parameters.json"), []byte(parameters), 0o600))
	return dir
}

// name gives a new id of the case.
func (r *ruleRun) name(kind string) string {
	r.n++
	return fmt.Sprintf("%s-%s-%d", strings.ToLower(string(r.rule)), kind, r.n)
}

// professional is a new one with codes.
func (r *ruleRun) professional(change func(*rules.Actor)) *rules.Actor {
	r.world.mu.Lock()
	r.world.rpps++
	n := r.world.rpps
	r.world.mu.Unlock()
	for key := 0; ; key++ {
		if number := fmt.Sprintf("81%08d%d", 40000000+n, key); nos.CheckRPPS(number) == "" {
			a := &rules.Actor{Kind: rules.Professional, ID: rules.Identifier{System: nos.SystemRPPS, Value: number}, Authentication: rules.Direct, Mode: rules.Normal}
			change(a)
			return a
		}
	}
}

func (r *ruleRun) doctor() *rules.Actor {
	return r.professional(func(a *rules.Actor) { a.Profession, a.Speciality = "10", "SM26" })
}

// occupational is a médecin du travail.
func (r *ruleRun) occupational() *rules.Actor {
	return r.professional(func(a *rules.Actor) { a.Profession, a.Speciality = "10", "SM25" })
}

func (r *ruleRun) nurse() *rules.Actor {
	return r.professional(func(a *rules.Actor) { a.Profession = "60" })
}

// institution is a certificate of a structure, by its FINESS; staff somebody with its card.
func (r *ruleRun) institution(finess string) *rules.Actor {
	id := rules.Identifier{System: nos.SystemFINESS, Value: finess}
	return &rules.Actor{Kind: rules.Institution, ID: id, Structure: id, Authentication: rules.Indirect, Mode: rules.Normal}
}

func (r *ruleRun) staff(finess string) *rules.Actor {
	return &rules.Actor{Kind: rules.Staff, ID: rules.Identifier{System: nos.SystemIDNPS, Value: "3" + finess + "/7"}, Structure: rules.Identifier{System: nos.SystemFINESS, Value: finess}, Authentication: rules.Direct, Mode: rules.Normal}
}

// in gives an actor in another access mode.
func in(mode rules.AccessMode, a *rules.Actor) *rules.Actor {
	other := *a
	other.Mode, other.Justification = mode, mode == rules.BreakGlass
	return &other
}

// client gives an actor's token for a record. Bris de glace is for one person, whom the token names.
func (r *ruleRun) client(a *rules.Actor, patient string) *habilitation.Client {
	if a.Mode != rules.BreakGlass {
		patient = ""
	}
	return r.as(a, "launch user/*.cruds", patient, "")
}

// holder is the person herself.
func (r *ruleRun) holder(patient string) *habilitation.Client {
	return r.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("holder"), Authentication: rules.Direct}, "patient/*.cruds", patient, "Patient/"+patient)
}

// newRelative adds a RelatedPerson to a record, as who runs the server does on proof, and gives its id.
func (r *ruleRun) newRelative(patient string, relationship ...string) string {
	r.t.Helper()
	id := r.name("rp")
	o := object{"resourceType": "RelatedPerson", "id": id, "active": true, "patient": object{"reference": "Patient/" + patient}, "name": []object{{"family": "EXEMPLE", "given": []string{"CAMILLE"}}}}
	if len(relationship) > 0 {
		o["relationship"] = []object{concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", relationship[0])}
	}
	body, err := json.Marshal(o)
	require.NoError(r.t, err)
	r.store(body)
	return id
}

// parent is a client of a legal representative.
func (r *ruleRun) parent(patient string) *habilitation.Client {
	return r.related(patient, rules.Representative, r.newRelative(patient, "MTH"))
}

// helper is a client of somebody whom the person lets act, or administer her profile.
func (r *ruleRun) helper(patient string, kind rules.Kind, administers bool) *habilitation.Client {
	r.t.Helper()
	id := r.newRelative(patient)
	r.says(patient, consent.Directive{Category: consent.Delegate, References: []string{"RelatedPerson/" + id}, Administers: administers, Read: true, Write: true})
	return r.related(patient, kind, id)
}

func (r *ruleRun) related(patient string, kind rules.Kind, id string) *habilitation.Client {
	return r.as(&rules.Actor{Kind: kind, ID: signin.ClientIdentifier(id), Authentication: rules.Direct}, "patient/*.cruds", patient, "RelatedPerson/"+id)
}

// says stores what a person says, as she does it herself, and gives the Consent's id.
func (r *ruleRun) says(patient string, d consent.Directive) string {
	r.t.Helper()
	status, answer := r.ask(r.holder(patient), "POST", "Consent", r.directive(patient, d))
	require.Equal(r.t, 201, status, "%s", answer)
	return idOf(r.t, answer)
}

// directive is a Consent that is given a minute ago.
func (r *ruleRun) directive(patient string, d consent.Directive) []byte {
	d.Active, d.Patient = true, patient
	if d.Given.IsZero() {
		d.Given = r.now()
	}
	body, err := d.JSON()
	require.NoError(r.t, err)
	return body
}

func idOf(t testing.TB, body []byte) string {
	var head struct{ ID string }
	require.NoError(t, json.Unmarshal(body, &head), "%s", body)
	return head.ID
}

// team authorises somebody as a member of the care team, with the explicit first consent; moment for this consultation.
func (r *ruleRun) team(patient string, a *rules.Actor) string {
	return r.says(patient, consent.Directive{Category: consent.CareTeam, Actors: []rules.Identifier{a.ID}, Means: "oral", Verified: true})
}

func (r *ruleRun) moment(patient string, a *rules.Actor) string {
	return r.says(patient, consent.Directive{Category: consent.Moment, Actors: []rules.Identifier{a.ID}, Means: "oral"})
}

func (r *ruleRun) treating(patient string, a *rules.Actor) string {
	return r.says(patient, consent.Directive{Category: consent.TreatingDoctor, Actors: []rules.Identifier{a.ID}, Means: "written"})
}

func (r *ruleRun) block(patient string, a *rules.Actor) string {
	return r.says(patient, consent.Directive{Category: consent.Block, Actors: []rules.Identifier{a.ID}, Deny: true})
}

// takesBack ends a Consent, as the person does it herself.
func (r *ruleRun) takesBack(patient, id string) {
	r.t.Helper()
	status, answer := r.ask(r.holder(patient), "PATCH", "Consent/"+id, []byte(patchEnd))
	require.Equal(r.t, 200, status, "%s", answer)
}
