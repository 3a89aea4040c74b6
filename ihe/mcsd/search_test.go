package mcsd_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/mcsd"
	"github.com/carnet-fhir/carnet/internal/servertest"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

func filled(t testing.TB) *servertest.Server {
	s := newDirectory(t)
	for _, r := range synthetic.New(1).Directory(synthetic.DirectorySize) {
		s.Put(t, r.Type+"/"+r.ID, string(r.JSON))
	}
	return s
}

var total = regexp.MustCompile(`"total":(\d+)`)

func count(t testing.TB, s *servertest.Server, query string) string {
	t.Helper()
	typ, q, _ := strings.Cut(query, "?")
	var parts []string
	for _, p := range strings.Split(q, "&") {
		name, value, _ := strings.Cut(p, "=")
		parts = append(parts, name+"="+url.QueryEscape(value))
	}
	w := s.Do(http.MethodGet, "/fhir/"+typ+"?"+strings.Join(parts, "&")+"&_total=accurate&_count=1", "")
	require.Equal(t, http.StatusOK, w.Code, query+": "+w.Body.String())
	m := total.FindStringSubmatch(w.Body.String())
	require.NotNil(t, m, w.Body.String())
	return m[1]
}

// TestFindMatchingCareServices asks for everything that ITI-90 (IHE mCSD 4.0, §2:3.90) requires a Directory to answer, and what this directory adds.
func TestFindMatchingCareServices(t *testing.T) {
	s := filled(t)
	g := synthetic.New(1)
	for query, want := range map[string]string{
		"Practitioner?active=true":                                              "50",
		"Practitioner?_id=ps-0000":                                              "1",
		"Practitioner?_lastUpdated=gt2000-01-01":                                "50",
		"Practitioner?identifier=https://rpps.esante.gouv.fr|" + first(t, g, 7): "1",
		"Practitioner?identifier=urn:oid:1.2.250.1.71.4.2.1|8" + first(t, g, 7): "1",
		"Practitioner?given:contains=zzz":                                       "0",
		"Practitioner?family:exact=nobody":                                      "0",
		"Practitioner?name=nobody":                                              "0",
		"Practitioner?qualification-code=40":                                    "1", // the dentist
		"Practitioner?mailbox-mss=ps7@medecin":                                  "1",
		"PractitionerRole?active=true":                                          "50",
		"PractitionerRole?practitioner=Practitioner/ps-0003":                    "1",
		"PractitionerRole?organization=Organization/org-0003":                   "1",
		"PractitionerRole?location=Location/loc-0003":                           "1",
		"PractitionerRole?role=https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante|40": "1",
		"PractitionerRole?specialty=SM54":                                                        "10",
		"PractitionerRole?service=HealthcareService/hs-0001":                                     "0",
		"PractitionerRole?practitioner.identifier=https://rpps.esante.gouv.fr|" + first(t, g, 7): "1",
		"PractitionerRole?organization.type=SA33":                                                "3",
		"Organization?active=true&name:contains=synth":                                           "68",
		"Organization?name:exact=nothing":                                                        "0",
		"Organization?partof=Organization/ej-0001":                                               "1",
		"Organization?type=SA25":                                                                 "3",
		"Organization?identifier=https://finess.esante.gouv.fr|":                                 "45",
		"Location?organization=Organization/org-0001":                                            "1",
		"Location?status=active":                                                                 "50",
		"Location?partof=Location/x":                                                             "0",
		"Location?type=x":                                                                        "0",
		"HealthcareService?active=true&organization=Organization/org-0001":                       "1",
		"HealthcareService?location=Location/loc-0001":                                           "1",
		"HealthcareService?service-type=x":                                                       "0",
		"Endpoint?organization=Organization/org-0001&status=active":                              "1",
		"OrganizationAffiliation?active=true&date=gt2000&primary-organization=Organization/x&participating-organization=Organization/y&role=z": "0",
	} {
		assert.Equal(t, want, count(t, s, query), query)
	}
	w := s.Do(http.MethodGet, "/fhir/PractitionerRole?_id=role-0001&_include=PractitionerRole:practitioner&_include=PractitionerRole:organization", "")
	assert.Equal(t, 2, strings.Count(w.Body.String(), `"mode":"include"`))
	w = s.Do(http.MethodGet, "/fhir/Organization?_id=org-0001&_revinclude=Location:organization&_include=Organization:endpoint", "")
	assert.Equal(t, 1, strings.Count(w.Body.String(), `"mode":"include"`))
}

func first(t testing.TB, g *synthetic.Generator, i int) string {
	t.Helper()
	for _, r := range g.Directory(i + 1) {
		if r.ID != synthetic.ProfessionalID(i) {
			continue
		}
		var p struct {
			Identifier []struct{ Value string } `json:"identifier"`
		}
		require.NoError(t, json.Unmarshal(r.JSON, &p, json.MatchCaseInsensitiveNames(true)))
		return p.Identifier[0].Value
	}
	t.Fatal("no such professional")
	return ""
}

// TestByPlace finds structures by city (without accents), postal code, INSEE code and its department, and places by distance.
func TestByPlace(t *testing.T) {
	s := newDirectory(t)
	put := func(id, city, postcode, insee string, lat, lon string) {
		address := `{"city":"` + city + `","postalCode":"` + postcode + `","extension":[{"url":"https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code",` +
			`"valueCoding":{"system":"https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM","code":"` + insee + `"}}]}`
		s.Put(t, "Organization/"+id, `{"resourceType":"Organization","id":"`+id+`","name":"`+id+`","address":[`+address+`]}`)
		s.Put(t, "Location/"+id, `{"resourceType":"Location","id":"`+id+`","address":`+address+`,"position":{"latitude":`+lat+`,"longitude":`+lon+`},"managingOrganization":{"reference":"Organization/`+id+`"}}`)
		s.Put(t, "PractitionerRole/"+id, `{"resourceType":"PractitionerRole","id":"`+id+`","organization":{"reference":"Organization/`+id+`"},"location":[{"reference":"Location/`+id+`"}]}`)
	}
	put("nantes", "Nantes", "44000", "44109", "47.2186", "-1.5541")
	put("reze", "Rezé", "44400", "44143", "47.1907", "-1.5692")
	put("angers", "Angers", "49000", "49007", "47.4784", "-0.5632")
	put("ajaccio", "Ajaccio", "20000", "2A004", "41.9267", "8.7369")
	for query, want := range map[string]string{
		"Organization?address-city=reze":                                "1",
		"Organization?address-postalcode=44":                            "2",
		"Organization?address-insee=44109":                              "1",
		"Organization?address-insee=44":                                 "2",
		"Organization?address-insee=2A":                                 "1",
		"Organization?address-insee:exact=44":                           "0",
		"Location?address-insee=49007":                                  "1",
		"PractitionerRole?organization.address-insee=44":                "2",
		"PractitionerRole?organization.address-city=ANGERS":             "1",
		"PractitionerRole?location.near=47.2186|-1.5541|10|km":          "2",
		"Location?near=47.2186|-1.5541|100|km":                          "3",
		"Location?near=47.2186|-1.5541|1000|m":                          "1",
		"Location?near=47.2186|-1.5541|100|km&organization.name=angers": "1",
	} {
		assert.Equal(t, want, count(t, s, query), query)
	}
	w := s.Do(http.MethodGet, "/fhir/Location?near="+url.QueryEscape("47.19|-1.57|100|km"), "")
	body := w.Body.String()
	assert.Less(t, strings.Index(body, `"id":"reze"`), strings.Index(body, `"id":"nantes"`))
	assert.Less(t, strings.Index(body, `"id":"nantes"`), strings.Index(body, `"id":"angers"`))
	assert.Contains(t, body, `"search":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/location-distance","valueDistance":{"value":0.099,"unit":"km","system":"http://unitsofmeasure.org","code":"km"}}],"mode":"match"}`)
	assert.Equal(t, http.StatusBadRequest, s.Do(http.MethodGet, "/fhir/Location?near=here", "").Code)
}

// TestRequestCareServicesUpdates follows changes as ITI-91 does: the history of a type since the latest known update, deletions included.
func TestRequestCareServicesUpdates(t *testing.T) {
	s := filled(t)
	s.Advance(time.Minute)
	since := s.Now().UTC().Format(time.RFC3339)
	s.Advance(time.Minute)
	s.Put(t, "Location/loc-0003", `{"resourceType":"Location","id":"loc-0003","status":"suspended"}`)
	require.Less(t, s.Do(http.MethodDelete, "/fhir/Location/loc-0004", "").Code, 300)
	w := s.Do(http.MethodGet, "/fhir/Location/_history?_since="+url.QueryEscape(since), "")
	require.Equal(t, http.StatusOK, w.Code)
	var bundle struct {
		Type  string `json:"type"`
		Entry []struct {
			Request struct {
				Method string `json:"method"`
				URL    string `json:"url"`
			} `json:"request"`
		} `json:"entry"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &bundle))
	assert.Equal(t, "history", bundle.Type)
	require.Len(t, bundle.Entry, 2)
	assert.Equal(t, "DELETE", bundle.Entry[0].Request.Method)
	assert.Equal(t, "PUT", bundle.Entry[1].Request.Method)
}

func TestMetadata(t *testing.T) {
	s := newDirectory(t)
	body := s.Do(http.MethodGet, "/fhir/metadata", "").Body.String()
	for _, url := range mcsd.Extension().Instantiates {
		assert.Contains(t, body, url)
	}
	for _, p := range mcsd.SearchProfile().Parameters {
		assert.Contains(t, body, p.URL)
	}
}
