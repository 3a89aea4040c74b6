package signin

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// desk is the policy of a town, with what it told of.
type desk struct {
	*town
	policy *Policy
	told   []Emergency
}

func newDesk(t *testing.T) *desk {
	o := &desk{town: newTown(t)}
	o.policy = &Policy{Records: o.records, Repository: o.Repository, Now: o.who.Now, Emergency: func(_ context.Context, i Emergency) error {
		o.told = append(o.told, i)
		return nil
	}}
	return o
}

func (o *desk) request(t *testing.T, client *smart.Client, patient string) *smart.Request {
	scopes, err := scope.Parse("patient/*.rs openid")
	require.NoError(t, err)
	return &smart.Request{Client: client, Scopes: scopes, Patient: patient}
}

func professionalIdentity(t *testing.T, p *Professional) *smart.Identity {
	text, err := json.Marshal(principal{Professional: p})
	require.NoError(t, err)
	return &smart.Identity{Issuer: "i", Subject: "s", FHIRUser: "Practitioner/x", Claims: map[string]json.RawMessage{ClaimActor: text}}
}

// personIdentity is the person of a number as who signed in.
func (o *desk) personIdentity(t *testing.T, i int) *smart.Identity {
	rec, err := o.records.Find(t.Context(), insOf(t, o.town, i))
	require.NoError(t, err)
	p, err := o.who.Person(t.Context(), rec)
	require.NoError(t, err)
	text, err := json.Marshal(principal{Person: p})
	require.NoError(t, err)
	return &smart.Identity{Issuer: "i", Subject: "s", FHIRUser: "Patient/" + rec.ID, Claims: map[string]json.RawMessage{ClaimActor: text}}
}

func actorOf(t *testing.T, g *smart.Granted) habilitation.Actor {
	t.Helper()
	var a habilitation.Actor
	require.NoError(t, json.Unmarshal(g.Claims[ClaimActor], &a))
	return a
}

func names(questions []smart.Question) (out []string) {
	for _, q := range questions {
		out = append(out, q.Name)
		for _, option := range q.Options {
			out = append(out, "  "+option.Value)
		}
	}
	return out
}

func twoSituations(regulation bool) *Professional {
	p := &Professional{System: nos.SystemRPPS, ID: "99900000003", Family: "ESSAI", Given: "CAMILLE", Regulation: regulation, Situations: []Situation{
		{Profession: "10", Skill: "SM26", StructureSystem: nos.SystemFINESS, StructureID: "010000024", StructureName: "A"}, {Profession: "10", Skill: "SM25", StructureName: "B"},
	}}
	p.number()
	return p
}

func TestProfessionalsAreAskedForModeAndSituation(t *testing.T) {
	o := newDesk(t)
	client := &smart.Client{ID: "app", Name: "Logiciel"}
	for name, c := range map[string]struct {
		patient    string
		regulation bool
		want       []string
	}{
		"without a patient":       {"", false, []string{"situation", "  10.SM26....010000024", "  10.SM25....", "mode", "  normal"}},
		"on an adult":             {synthetic.PatientID(0), false, []string{"situation", "  10.SM26....010000024", "  10.SM25....", "mode", "  normal", "  bris_de_glace", "justification", "code"}},
		"of the SAMU":             {"", true, []string{"situation", "  10.SM26....010000024", "  10.SM25....", "mode", "  normal", "  centre_15"}},
		"on a minor, of the SAMU": {synthetic.PatientID(child(t, o.town)), true, []string{"situation", "  10.SM26....010000024", "  10.SM25....", "mode", "  normal", "  bris_de_glace", "  centre_15", "justification", "code", "secret", "  non", "  oui"}},
	} {
		questions, err := o.policy.Questions(t.Context(), o.request(t, client, c.patient), professionalIdentity(t, twoSituations(c.regulation)))
		require.NoError(t, err)
		assert.Equal(t, c.want, names(questions), name)
	}
}

func TestGrantsOfProfessionals(t *testing.T) {
	o := newDesk(t)
	client := &smart.Client{ID: "app", Name: "Logiciel"}
	patient := synthetic.PatientID(0)
	first := twoSituations(true).Situations[0].Key
	ask := func(patient string, regulation bool, answers smart.Answers) (*smart.Granted, error) {
		return o.policy.Grant(t.Context(), o.request(t, client, patient), professionalIdentity(t, twoSituations(regulation)), answers)
	}
	granted, err := ask(patient, false, smart.Answers{askSituation: first, askMode: "normal"})
	require.NoError(t, err)
	a := actorOf(t, granted)
	assert.Equal(t, []string{"10", "SM26", "010000024", "normal"}, []string{a.Profession, a.Speciality, a.Structure.Value, string(a.Mode)})
	assert.JSONEq(t, `{"ihe_iua":{"subject_name":"CAMILLE ESSAI","subject_organization":"A","subject_organization_id":"010000024","national_provider_identifier":"99900000003",
		"subject_role":[{"system":"`+nos.ProfessionSante+`","code":"10"},{"system":"`+nos.SavoirFaireSystem("SM26")+`","code":"SM26"}],"purpose_of_use":[{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}]}}`,
		string(granted.Claims["extensions"]))

	granted, err = ask(patient, false, smart.Answers{askSituation: first, askMode: "normal", askCode: " 7f3k-9q2m-x4tz "})
	require.NoError(t, err)
	assert.JSONEq(t, `"7f3k-9q2m-x4tz"`, string(granted.Claims[access.ClaimAccessCode]))

	granted, err = ask(patient, false, smart.Answers{askSituation: first, askMode: "bris_de_glace", askJustification: "Patient inconscient, choc", askSecret: "oui"})
	require.NoError(t, err)
	a = actorOf(t, granted)
	assert.True(t, a.Justification && a.Secret)
	assert.Equal(t, habilitation.BreakGlass, a.Mode)
	assert.Equal(t, emergencyLength, granted.Lifetime, "an emergency ends")
	assert.NotContains(t, string(granted.Claims[ClaimActor]), "inconscient", "why is in the trace, not in the token")
	last := o.told[len(o.told)-1]
	assert.Equal(t, "Patient inconscient, choc", last.Justification)
	assert.Equal(t, patient, last.Patient)

	for name, c := range map[string]struct {
		patient    string
		regulation bool
		answers    smart.Answers
	}{
		"no situation chosen":       {patient, false, smart.Answers{askMode: "normal"}},
		"somebody else's situation": {patient, false, smart.Answers{askSituation: "21", askMode: "normal"}},
		"a mode that is none":       {patient, false, smart.Answers{askSituation: first, askMode: "administrateur"}},
		"no justification":          {patient, false, smart.Answers{askSituation: first, askMode: "bris_de_glace"}},
		"a justification of a word": {patient, false, smart.Answers{askSituation: first, askMode: "bris_de_glace", askJustification: "oui"}},
		"the glass of everybody":    {"", false, smart.Answers{askSituation: first, askMode: "bris_de_glace", askJustification: "Patient inconscient"}},
		"no regulation":             {patient, false, smart.Answers{askSituation: first, askMode: "centre_15"}},
	} {
		_, err := ask(c.patient, c.regulation, c.answers)
		var refusal *smart.Refusal
		require.ErrorAs(t, err, &refusal, name)
		assert.NotEmpty(t, refusal.Message, name)
	}
	o.policy.Emergency = func(context.Context, Emergency) error { return errors.New("the disk is full") }
	_, err = ask(patient, true, smart.Answers{askSituation: first, askMode: "centre_15"})
	require.Error(t, err, "what cannot be traced is not granted")
}

func TestHoldersAndWhoActsForThem(t *testing.T) {
	o := newDesk(t)
	minor := child(t, o.town)
	console := &smart.Client{ID: "console", Name: "Console", Trusted: true}
	granted, err := o.policy.Grant(t.Context(), o.request(t, console, synthetic.PatientID(minor-2)), o.personIdentity(t, minor-2), nil)
	require.NoError(t, err)
	assert.Equal(t, habilitation.Holder, actorOf(t, granted).Kind)
	assert.Equal(t, "Patient/"+synthetic.PatientID(minor-2), granted.FHIRUser)
	granted, err = o.policy.Grant(t.Context(), o.request(t, console, synthetic.PatientID(minor)), o.personIdentity(t, minor-2), nil)
	require.NoError(t, err)
	assert.Equal(t, habilitation.Representative, actorOf(t, granted).Kind)
	assert.True(t, strings.HasPrefix(granted.FHIRUser, "RelatedPerson/"))
	_, err = o.policy.Grant(t.Context(), o.request(t, console, synthetic.PatientID(9)), o.personIdentity(t, minor-2), nil)
	var refusal *smart.Refusal
	require.ErrorAs(t, err, &refusal, "nobody chooses the record of a stranger")
}

// TestApplicationsGetWhatTheHolderLeavesThem: the agreement is a Consent that the access rules read.
func TestApplicationsGetWhatTheHolderLeavesThem(t *testing.T) {
	o := newDesk(t)
	app := &smart.Client{ID: "mon-suivi", Name: "Mon suivi"}
	patient := synthetic.PatientID(0)
	request, who := o.request(t, app, patient), o.personIdentity(t, 0)
	questions, err := o.policy.Questions(t.Context(), request, who)
	require.NoError(t, err)
	require.Equal(t, askContent, questions[0].Name)
	require.Len(t, questions, 2+11, "the eleven headings")
	for _, wrong := range []smart.Answers{{}, {askDuration: "toujours", askContent: "tout"}, {askDuration: "mois", askContent: "choix"}} {
		_, err := o.policy.Grant(t.Context(), request, who, wrong)
		var refusal *smart.Refusal
		require.ErrorAs(t, err, &refusal)
	}
	found := func() []consent.Directive {
		var bundle struct {
			Entry []struct{ Resource json.RawMessage }
		}
		w := o.Do(http.MethodGet, "/fhir/Consent?patient="+patient, "")
		require.Equal(t, http.StatusOK, w.Code)
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &bundle))
		var out []consent.Directive
		for _, e := range bundle.Entry {
			res, err := element.ParseJSON(spec.R4(), e.Resource, element.Options{})
			require.NoError(t, err)
			d, err := consent.Parse(res.Root)
			require.NoError(t, err)
			out = append(out, *d)
		}
		return out
	}
	require.Empty(t, found(), "a refusal stores nothing")
	granted, err := o.policy.Grant(t.Context(), request, who, smart.Answers{askDuration: "mois", askContent: "choix", classPrefix + "10": "oui", classPrefix + "31": "non"})
	require.NoError(t, err)
	a := actorOf(t, granted)
	assert.Equal(t, []any{habilitation.Application, ClientIdentifier("mon-suivi")}, []any{a.Kind, a.ID})
	assert.Equal(t, 30*24*time.Hour, granted.Lifetime)
	stored := found()
	require.Len(t, stored, 1)
	assert.Equal(t, []any{consent.Application, true, false, []string{"10"}, []habilitation.Identifier{ClientIdentifier("mon-suivi")}}, []any{stored[0].Category, stored[0].Read, stored[0].Write, stored[0].Classes, stored[0].Actors})
	assert.Equal(t, 30*24.0, stored[0].Until.Sub(stored[0].From).Hours())
	_, err = o.policy.Grant(t.Context(), request, who, smart.Answers{askDuration: "an", askContent: "tout"})
	require.NoError(t, err)
	stored = found()
	require.Len(t, stored, 1, "a new agreement takes the place of the earlier one")
	assert.Empty(t, stored[0].Classes)
}

func TestBackendServices(t *testing.T) {
	o := newDesk(t)
	hospital := habilitation.Identifier{System: nos.SystemFINESS, Value: "010000024"}
	registered := func(kind, more string) map[string]json.RawMessage {
		return map[string]json.RawMessage{AttributeDMP: json.RawMessage(`{"kind":"` + kind + `"` + more + `}`)}
	}
	structure := `,"structure":{"system":"` + nos.SystemFINESS + `","value":"010000024"}`
	user := func(more string) map[string]json.RawMessage {
		return map[string]json.RawMessage{"extensions": json.RawMessage(`{"ihe_iua":{"subject_name":"Camille Essai"` + more + `}}`)}
	}
	nurse := `,"national_provider_identifier":"99900000003","subject_role":[{"system":"` + nos.ProfessionSante + `","code":"60"}]`
	certificate := func(unit string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{Organization: []string{"CH de test"}, OrganizationalUnit: []string{unit}}}
	}
	for name, c := range map[string]struct {
		client *smart.Client
		claims map[string]json.RawMessage
		cert   *x509.Certificate
		want   string // kind, authentication, structure, profession, mode; "" refused
	}{
		"an operator":                       {&smart.Client{Attributes: registered("operator", "")}, nil, nil, "operator||||normal"},
		"an application":                    {&smart.Client{}, nil, nil, "application||||normal"},
		"an institution":                    {&smart.Client{Attributes: registered("institution", structure)}, user(""), nil, "institution|indirect|010000024||normal"},
		"without its user":                  {&smart.Client{Attributes: registered("institution", structure)}, nil, nil, ""},
		"a professional of a plain one":     {&smart.Client{Attributes: registered("institution", structure)}, user(nurse), nil, "institution|indirect|010000024||normal"},
		"a professional, reinforced":        {&smart.Client{Attributes: registered("institution", structure+`,"reinforced_indirect":true`)}, user(nurse), nil, "professional|reinforced-indirect|010000024|60|normal"},
		"reinforced, an RPPS of no key":     {&smart.Client{Attributes: registered("institution", structure+`,"reinforced_indirect":true`)}, user(`,"national_provider_identifier":"99900000004"`), nil, ""},
		"in Centre 15":                      {&smart.Client{Attributes: registered("institution", structure)}, user(`,"purpose_of_use":{"system":"x","code":"ETREAT"}`), nil, "institution|indirect|010000024||centre_15"},
		"breaking the glass":                {&smart.Client{Attributes: registered("institution", structure)}, user(`,"purpose_of_use":[{"system":"x","code":"BTG"}]`), nil, ""},
		"of another structure":              {&smart.Client{Attributes: registered("institution", structure)}, user(`,"subject_organization_id":"750000001"`), nil, ""},
		"by certificate":                    {&smart.Client{AuthMethod: smart.AuthCertificate, Attributes: registered("institution", "")}, user(""), certificate("1010000024"), "institution|indirect|010000024||normal"},
		"by certificate, nobody named":      {&smart.Client{AuthMethod: smart.AuthCertificate, Attributes: registered("institution", "")}, nil, certificate("1010000024"), "institution|indirect|010000024||normal"},
		"by the certificate of another one": {&smart.Client{AuthMethod: smart.AuthCertificate, Attributes: registered("institution", structure)}, user(""), certificate("373282932000074"), ""},
		"by a certificate of nobody":        {&smart.Client{AuthMethod: smart.AuthCertificate, Attributes: registered("institution", "")}, user(""), certificate("Direction"), ""},
		"neither certificate nor structure": {&smart.Client{Attributes: registered("institution", "")}, user(""), nil, ""},
		"a kind that no client has":         {&smart.Client{Attributes: registered("professional", "")}, user(""), nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.client.ID, c.client.Name = "client", "Client"
			granted, err := o.policy.Service(t.Context(), &smart.ServiceRequest{Client: c.client, Assertion: c.claims, Certificate: c.cert})
			if c.want == "" {
				require.Error(t, err)
				return
			}
			require.NoError(t, err)
			a := actorOf(t, granted)
			assert.Equal(t, c.want, strings.Join([]string{string(a.Kind), string(a.Authentication), a.Structure.Value, a.Profession, string(a.Mode)}, "|"))
		})
	}
	id, organization, err := Institution(certificate("1010000024"))
	require.NoError(t, err)
	assert.Equal(t, hospital, id)
	assert.Equal(t, "CH de test", organization)
	two := certificate("1010000024")
	two.Subject.OrganizationalUnit = append(two.Subject.OrganizationalUnit, "373282932000074")
	_, _, err = Institution(two)
	require.ErrorIs(t, err, ErrCertificate)
}

func TestProfessionalsFindRecordsByINS(t *testing.T) {
	o := newDesk(t)
	number := insOf(t, o.town, 3)
	picker := Picker{Records: o.records}
	n := number.Number()
	choice, err := picker.Find(t.Context(), nil, nil, n[:1]+" "+n[1:3]+" "+n[3:5]+" "+n[5:13]+" "+n[13:])
	require.NoError(t, err)
	require.Equal(t, synthetic.PatientID(3), choice.ID)
	choice, err = picker.Find(t.Context(), nil, nil, matricule(t, "2850544109999").Number())
	require.NoError(t, err)
	require.Nil(t, choice, "nobody has it")
	var refusal *smart.Refusal
	_, err = picker.Find(t.Context(), nil, nil, "MARTIN")
	require.ErrorAs(t, err, &refusal)
	require.True(t, refusal.Again)
}

// TestHeadings: what people choose among are the headings of the record by their names, and no class for what is none.
func TestHeadings(t *testing.T) {
	headings := classes()
	assert.NotEmpty(t, headings)
	for _, c := range headings {
		assert.NotEqual(t, "99", c.Code)
		assert.NotRegexp(t, `^[0-9.]*$`, c.Label)
	}
}
