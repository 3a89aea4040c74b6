package mhd_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/servertest"
)

const patientINS = "urn:oid:1.2.250.1.213.1.4.10|299999999999934"

// searchCases hold one search for each parameter of ITI-66 and ITI-67 that finds something, and one that does not. The documents' parameters come behind "patient.identifier=INS&status=current", those of lists behind the same and code.
var searchCases = []struct {
	query string // of DocumentReference, or of List when it begins with "List?"
	want  string // ids, sorted
}{
	{"", "d1 d2 d3 d4 d6"},
	{"type=11488-4", "d1"},
	{"type=http://loinc.org|18748-4", "d2"},
	{"type=http://example.org|18748-4", ""},
	{"type=11488-4,57833-6", "d1 d3"},
	{"category=10", "d1"},
	{"category=99", ""},
	{"facility=SA01", "d2"},
	{"facility=SA02", ""},
	{"setting=ETABLISSEMENT", "d2"},
	{"setting=HAD", ""},
	{"format=urn:asip:ci-sis:vsm:2012", "d4"},
	{"format=urn:ihe:iti:xds-sd:text:2008", ""},
	{"event=DEQP003", "d1"},
	{"event=DEQP004", ""},
	{"security-label=MASQUE_PS", "d4"},
	{"security-label=INVISIBLE_PATIENT", ""},
	{"security-label:not=MASQUE_PS", "d1 d2 d3 d6"},
	{"isArchived=true", "d3"},
	{"isArchived=false", "d1 d2 d4 d6"},
	{"creation=2024-02-10", "d2"},
	{"creation=ge2024-03-01&creation=lt2024-04-01", "d3 d4"},
	{"creation=lt2020-01-01", ""},
	{"date=ge2024-03-11", "d4 d6"},
	{"date=2024-01", "d1"},
	{"period=2024-01-10", "d1"},
	{"period=eb2020-01-01", ""},
	{"period-start=lt2024-01-31", "d1"},
	{"period-start=2024-02-09", "d2"},
	{"period-end=2024-01-10", "d1"},
	{"period-end=gt2024-01-10T23:00:00Z", ""},
	{"identifier=urn:ietf:rfc:3986|urn:oid:1.2.250.1.999.2.2", "d2"},
	{"identifier=urn:oid:1.2.250.1.999.2.99", ""},
	{"relatesto=DocumentReference/d5", "d6"},
	{"relatesTo=DocumentReference/d5", "d6"},
	{"relatesto=DocumentReference/d6", ""},
	{"related:identifier=ACC-7", "d2"},
	{"related.identifier=urn:oid:1.2.250.1.999.1|ACC-7", "d2"},
	{"related:identifier=ACC-8", ""},
	{"author.family=roux", "d1"},
	{"author.given=elise", "d1"},
	{"author:Practitioner.family=Roux", "d1"},
	{"author:Practitioner.family:exact=roux", ""},
	{"author:Practitioner.family:contains=ou", "d1"},
	{"author.family=Lebrun", "d2"},
	{"author.family=Faure", "d3 d4"},
	{"author:Practitioner.family=Faure", "d3"},
	{"author:PractitionerRole.name=Faure", "d4"},
	{"author:PractitionerRole.name=Lebrun", "d2"},
	{"author:PractitionerRole.practitioner.family=Lebrun", "d2"},
	{"author:PractitionerRole.practitioner:Practitioner.family:exact=Lebrun", "d2"},
	{"author:PractitionerRole.specialty=SM54", "d2"},
	{"author:PractitionerRole.organization.name=hopital", "d2"},
	{"author.identifier=urn:oid:1.2.250.1.71.4.2.1|899700000001", "d1"},
	{"author:Patient.family=Moreau", "d6"},
	{"author:Patient.family=Roux", ""},
	{"author=Practitioner/dr", "d3"},
	{"author.family=Nobody", ""},
	{"_lastUpdated=gt2020-01-01&type=11488-4", "d1"},
	{"_id=d1,d3", "d1 d3"},
	{"_list=l3", "d1 d2"},
	{"List?code=submissionset", "l1 l2 l4"},
	{"List?code=https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes|folder", "l3"},
	{"List?code=submissionset&date=ge2024-03-01", "l2 l4"},
	{"List?code=submissionset&date=lt2024-01-01", ""},
	{"List?code=submissionset&designationType=07", "l1"},
	{"List?code=submissionset&designationType=99", ""},
	{"List?code=submissionset&sourceId=urn:oid:1.2.250.1.999.9.2", "l2"},
	{"List?code=submissionset&sourceId=urn:oid:1.2.250.1.999.9.9", ""},
	{"List?code=submissionset&identifier=urn:oid:1.2.250.1.999.3.1", "l1"},
	{"List?code=submissionset&isArchived=true", "l2"},
	{"List?code=submissionset&isArchived=false", "l1 l4"},
	{"List?code=submissionset&title=lot l4", "l4"},
	{"List?code=submissionset&source.family=Lebrun", "l1"},
	{"List?code=submissionset&source.given=Camille", "l2"},
	{"List?code=submissionset&source:Patient.family=Moreau", "l2"},
	{"List?code=submissionset&source:Patient.family:contains=orea", "l2"},
	{"List?code=submissionset&source:PractitionerRole.name=Lebrun", "l1"},
	{"List?code=submissionset&source:PractitionerRole.partOf.practitioner.given=Marc", "l1"},
	{"List?code=submissionset&source:PractitionerRole.partOf.familyEx:exact=Lebrun", "l1"},
	{"List?code=submissionset&source:PractitionerRole.name=Roux", ""},
	{"List?code=submissionset&authorOrg.name=hopital", "l4"},
	{"List?code=submissionset&authorOrg.identifier=1750000001", "l4"},
	{"List?code=submissionset&authorOrg.name=clinique", ""},
	{"List?code=submissionset&item=DocumentReference/d6", "l2"},
}

func TestEverySearchParameter(t *testing.T) {
	s := sharing(t)
	for _, c := range searchCases {
		typ, query := "DocumentReference", c.query
		if rest, isList := strings.CutPrefix(query, "List?"); isList {
			typ, query = "List", rest
		}
		full := "patient.identifier=" + url.QueryEscape(patientINS) + "&status=current"
		for part := range strings.SplitSeq(query, "&") {
			if name, value, ok := strings.Cut(part, "="); ok {
				full += "&" + name + "=" + url.QueryEscape(value)
			}
		}
		got := found(t, s.Do(http.MethodGet, "/fhir/"+typ+"?"+full, ""))
		assert.Equal(t, c.want, strings.Join(got, " "), c.query)

		w := s.Do(http.MethodPost, "/fhir/"+typ+"/_search", full, "Content-Type: application/x-www-form-urlencoded")
		assert.Equal(t, got, found(t, w), "POST %s", c.query)
		assert.Equal(t, got, paged(t, s, typ, full), "page by page: %s", c.query)
	}
}

// found gives the sorted ids of a searchset's matches, and holds its total against them.
func found(t *testing.T, w interface{ Result() *http.Response }) []string {
	t.Helper()
	ids, _, total := searchset(t, w)
	assert.Equal(t, len(ids), total)
	return ids
}

func searchset(t *testing.T, w interface{ Result() *http.Response }) (ids []string, next string, total int) {
	t.Helper()
	response := w.Result()
	defer response.Body.Close()
	var bundle struct {
		Total *int
		Link  []struct{ Relation, URL string }
		Entry []struct {
			FullURL  string
			Search   struct{ Mode string }
			Resource struct {
				ID      string
				Content []struct{ Attachment struct{ URL string } }
			}
		}
	}
	require.NoError(t, json.NewDecoder(response.Body).Decode(&bundle))
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NotNil(t, bundle.Total, "MHD requires a total")
	for _, e := range bundle.Entry {
		if e.Search.Mode != "match" {
			continue
		}
		require.NotEmpty(t, e.FullURL)
		for _, c := range e.Resource.Content {
			require.Equal(t, servertest.Base+"/Binary/b-"+e.Resource.ID, c.Attachment.URL, "the address can be fetched as it stands")
		}
		ids = append(ids, e.Resource.ID)
	}
	for _, l := range bundle.Link {
		if l.Relation == "next" {
			next = l.URL
		}
	}
	slices.Sort(ids)
	return ids, next, *bundle.Total
}

// paged gives the same search one match a page.
func paged(t *testing.T, s *servertest.Server, typ, query string) []string {
	t.Helper()
	var all []string
	at := "/fhir/" + typ + "?_count=1&" + query
	for at != "" {
		ids, next, _ := searchset(t, s.Do(http.MethodGet, at, ""))
		all = append(all, ids...)
		at = strings.TrimPrefix(next, "http://test")
	}
	slices.Sort(all)
	return all
}
