package mcsd_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/mcsd"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

func newDirectory(t testing.TB) *servertest.Server {
	return servertest.New(t, servertest.Options{
		Registry:   func(r *search.Registry) { require.NoError(t, r.Use(mcsd.SearchProfile())) },
		Repository: func(o *repository.Options) { o.Interceptors = append(o.Interceptors, mcsd.Rules{}) },
		REST:       func(o *rest.Options) { o.Extensions = append(o.Extensions, mcsd.Extension()) },
	})
}

// identified makes a resource with identifiers; each is "TYPE system value".
func identified(typ, more string, identifiers ...string) string {
	var ids []string
	for _, i := range identifiers {
		p := strings.Fields(i)
		code := ""
		if p[0] != "-" {
			code = fmt.Sprintf(`"type":{"coding":[{"system":%q,"code":%q}]},`, nos.IdentifierTypes, p[0])
		}
		ids = append(ids, fmt.Sprintf(`{%s"system":%q,"value":%q}`, code, p[1], p[2]))
	}
	return fmt.Sprintf(`{"resourceType":%q,%s"identifier":[%s]}`, typ, more, strings.Join(ids, ","))
}

const (
	rpps  = nos.SystemRPPS
	idnps = nos.SystemIDNPS
)

func TestRules(t *testing.T) {
	s := newDirectory(t)
	as := func(profile string) string { return `"meta":{"profile":["` + profile + `"]},` }
	for _, c := range []struct {
		name, body string
		path, want string // of the first issue; "" when it is taken
	}{
		{"RPPS and IDNPS", identified("Practitioner", "", "RPPS "+rpps+" 99700000013", "IDNPS "+idnps+" 899700000013"), "", ""},
		{"an ADELI", identified("Practitioner", "", "IDNPS "+idnps+" 0759912345"), "", ""},
		{"another register", identified("Practitioner", "", "- urn:oid:1.2.3 x"), "", ""},
		{"RPPS with a wrong key", identified("Practitioner", "", "RPPS "+rpps+" 99700000014"), "Practitioner.identifier[0].value", string(nos.RuleRPPSKey)},
		{"RPPS of 12 digits", identified("Practitioner", "", "RPPS "+rpps+" 899700000013"), "Practitioner.identifier[0].value", string(nos.RuleRPPSPrefix)},
		{"IDNPS without its prefix", identified("Practitioner", "", "IDNPS "+idnps+" 99700000013"), "Practitioner.identifier[0].value", string(nos.RuleIDNPS)},
		{"two people", identified("Practitioner", "", "RPPS "+rpps+" 99700000013", "IDNPS "+idnps+" 899700000021"), "Practitioner.identifier[1].value", "two say different people"},
		{"type and system", identified("Practitioner", "", "ADELI "+rpps+" 99700000013"), "Practitioner.identifier[0].type.coding[0]", "is RPPS"},
		{"no value", `{"resourceType":"Practitioner","identifier":[{"system":"` + rpps + `"}]}`, "Practitioner.identifier[0]", "has a value"},
		{"two prefixes", `{"resourceType":"Practitioner",` + as(nos.ProfileASPerson) + `"name":[{"family":"A","prefix":["M","DR"]}]}`, "Practitioner.name[0].prefix[1]", "one prefix"},
		{"two prefixes, no profile", `{"resourceType":"Practitioner","name":[{"family":"A","prefix":["M","DR"]}]}`, "", ""},
		{"what a document says", identified("Practitioner", `"meta":{"source":"urn:oid:1.2.3.4"},`, "RPPS "+rpps+" 99700000014"), "", ""},
		{"FINESS", identified("Organization", "", "FINEG "+nos.SystemFINESS+" 010000024", "IDNST "+nos.SystemIDNST+" 1010000024", "SIRET "+nos.SystemSIRENE+" 73282932000074"), "", ""},
		{"FINESS of Corsica", identified("Organization", "", "FINEJ "+nos.SystemFINESS+" 2A0000014"), "", ""},
		{"FINESS, key", identified("Organization", "", "FINEG "+nos.SystemFINESS+" 010000025"), "Organization.identifier[0].value", string(nos.RuleFINESSKey)},
		{"SIRET, key", identified("Organization", "", "SIRET "+nos.SystemSIRENE+" 73282932000075"), "Organization.identifier[0].value", string(nos.RuleSIRETKey)},
		{"SIREN as SIRET", identified("Organization", "", "SIRET "+nos.SystemSIRENE+" 732829320"), "Organization.identifier[0].value", "type does not fit"},
		{"La Poste", identified("Organization", "", "SIRET "+nos.SystemSIRENE+" 35600000049837"), "", ""},
		{"IDNST of a wrong FINESS", identified("Organization", "", "IDNST "+nos.SystemIDNST+" 1010000025"), "Organization.identifier[0].value", string(nos.RuleFINESSKey)},
		{"identifier without a system", `{"resourceType":"Organization",` + as(nos.ProfileASStruct) + `"identifier":[{"value":"1"}]}`, "Organization.identifier[0]", "system and a value"},
		{"two kinds of activity", `{"resourceType":"PractitionerRole",` + as(nos.ProfileASRole) + `"code":[{"coding":[{"system":"` + nos.GenreActivite + `","code":"GENR01"}]},{"coding":[{"system":"` + nos.GenreActivite +
			`","code":"GENR02"}]}]}`, "PractitionerRole.code[1].coding[0]", "at most"},
		{"contact without value", `{"resourceType":"PractitionerRole",` + as(nos.ProfileASRole) + `"telecom":[{"system":"phone"}]}`, "PractitionerRole.telecom[0]", "system and a value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			typ := strings.Split(strings.SplitN(c.body, `"`, 5)[3], `"`)[0]
			w := s.Do(http.MethodPost, "/fhir/"+typ, c.body)
			if c.want == "" {
				require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
				s.Do(http.MethodDelete, "/fhir/"+strings.Split(strings.TrimPrefix(w.Header().Get("Location"), "http://test/fhir/"), "/_history")[0], "")
				return
			}
			require.Equal(t, http.StatusUnprocessableEntity, w.Code, w.Body.String())
			assert.Contains(t, w.Body.String(), c.want)
			assert.Contains(t, w.Body.String(), `"`+c.path+`"`)
		})
	}
}

// TestOnePractitionerForEachRPPS: of many who come at once one is taken; the others learn where it is.
func TestOnePractitionerForEachRPPS(t *testing.T) {
	s := newDirectory(t)
	body := identified("Practitioner", "", "RPPS "+rpps+" 99700000013")
	var created, refused atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			switch w := s.Do(http.MethodPost, "/fhir/Practitioner", body); w.Code {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusConflict:
				refused.Add(1)
			default:
				t.Error(w.Code, w.Body.String())
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, created.Load())
	assert.EqualValues(t, 15, refused.Load())

	w := s.Do(http.MethodPost, "/fhir/Practitioner", body)
	require.Equal(t, http.StatusConflict, w.Code)
	first := strings.TrimPrefix(w.Header().Get("Location"), "http://test/fhir/")
	require.Contains(t, first, "Practitioner/")
	assert.Contains(t, w.Body.String(), "Practitioner.identifier[0]")
	assert.NotContains(t, w.Body.String(), "99700000013")

	// What documents say does not count, one that is no longer in use neither.
	require.Equal(t, http.StatusCreated, s.Do(http.MethodPost, "/fhir/Practitioner", identified("Practitioner", `"meta":{"source":"urn:oid:1.2.3"},`, "RPPS "+rpps+" 99700000013")).Code)
	require.Equal(t, http.StatusCreated, s.Do(http.MethodPost, "/fhir/Practitioner", identified("Practitioner", `"active":false,`, "RPPS "+rpps+" 99700000013")).Code)
	patch := s.Do(http.MethodPatch, "/fhir/"+first[strings.Index(first, "Practitioner/"):], `[{"op":"add","path":"/active","value":false}]`, "Content-Type: application/json-patch+json")
	require.Equal(t, http.StatusOK, patch.Code, patch.Body.String())
	require.Equal(t, http.StatusCreated, s.Do(http.MethodPost, "/fhir/Practitioner", body).Code, "the number is free")
	found := s.Do(http.MethodGet, "/fhir/Practitioner?active:missing=true&identifier="+url.QueryEscape(rpps+"|99700000013"), "")
	assert.Contains(t, found.Body.String(), `"total":2`) // the new one, and what the document says
}
