package mhd_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/mhd"
	"github.com/carnet-fhir/carnet/internal/dicom"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

// whole makes a server with all of the package: submissions, searches and updates.
func whole(t testing.TB) *servertest.Server {
	t.Helper()
	records := dmp.NewRecords(ins.Sandbox)
	recipient := mhd.NewRecipient(mhd.Options{Records: records})
	return servertest.New(t, servertest.Options{
		Registry: func(r *search.Registry) { require.NoError(t, r.Use(mhd.SearchProfile())) },
		Repository: func(o *repository.Options) {
			o.Interceptors = append(o.Interceptors, &mhd.MetadataRules{}, mhd.Guard{})
		},
		Made: func(s *servertest.Server) {
			records.Bind(s.Repository)
			recipient.Bind(s.Repository)
		},
		REST: func(o *rest.Options) {
			o.Extensions = append(o.Extensions, mhd.SearchExtension(o.Registry, o.BaseURL), recipient.Extension())
		},
	})
}

// share publishes a document of a type (ITI-105).
func share(t *testing.T, s *servertest.Server, uid, typ, media string, data []byte, context string) {
	t.Helper()
	w := s.Do(http.MethodPost, "/fhir/DocumentReference", fmt.Sprintf(`{"resourceType":"DocumentReference",
		"meta":{"profile":["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"]},
		"masterIdentifier":{"use":"usual","system":"urn:ietf:rfc:3986","value":"urn:oid:%s"},"status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},
		"subject":{"reference":"Patient/pa"},"securityLabel":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"N"}]}],
		"content":[{"attachment":{"contentType":%q,"data":%q,"title":"Document"}}]%s}`, uid, typ, media, base64.StdEncoding.EncodeToString(data), context))
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
}

func TestImagesAreFoundFromTheReport(t *testing.T) {
	const study, issuer = "1.2.250.1.999.4.77", "1.2.250.1.999.1"
	s := whole(t)
	s.Put(t, "Patient/pa", `{"resourceType":"Patient","id":"pa","active":true,"identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.10","value":"299999999999934"}],"name":[{"family":"Moreau"}]}`)
	report := `,"context":{"related":[{"identifier":{"type":{"coding":[{"system":"urn:ietf:rfc:3986","code":"urn:ihe:iti:xds:2013:accession"}]},"system":"urn:oid:` + issuer + `","value":"ACC-7"}}]}`
	share(t, s, "1.2.250.1.999.5.1", "18748-4", "application/pdf", []byte("%PDF-1.4\n%%EOF\n"), report)
	kos := dicom.Writer{Implicit: true, Undefined: true}.File(dicom.SampleKOS(study, "ACC-7", issuer))
	share(t, s, "1.2.250.1.999.5.2", "IMG-KOS", "application/dicom", kos, "")
	share(t, s, "1.2.250.1.999.5.3", "IMG-KOS", "application/dicom", dicom.Writer{}.File(dicom.SampleKOS("1.2.250.1.999.4.78", "ACC-8", issuer)), "")
	share(t, s, "1.2.250.1.999.5.4", "18748-4", "application/dicom", dicom.Writer{}.File(nil), "")

	find := func(name, value string) int {
		_, _, total := searchTotals(t, s, "patient=Patient/pa&status=current&"+name+"="+url.QueryEscape(value))
		return total
	}
	for name, want := range map[string]int{"ACC-7": 2, "urn:oid:" + issuer + "|ACC-7": 2, study: 1, "urn:dicom:uid|urn:oid:" + study: 1, "ORD-77": 2, "ACC-8": 1, "ACC-9": 0} {
		assert.Equal(t, want, find("related:identifier", name), name)
		assert.Equal(t, want, find("related.identifier", name), name)
	}
	w := s.Do(http.MethodGet, "/fhir/DocumentReference?patient=Patient/pa&status=current&related:identifier="+study, "")
	_, binary, _ := searchTotals(t, s, "patient=Patient/pa&status=current&related:identifier="+study)
	require.Equal(t, http.StatusOK, w.Code)
	got := s.Do(http.MethodGet, binary, "", "Accept: application/dicom")
	assert.Equal(t, kos, got.Body.Bytes(), "the KOS with the addresses of the images is given as it came")
}

// searchTotals gives the ids, the address of the first document and the total of a search for documents.
func searchTotals(t *testing.T, s *servertest.Server, query string) (ids []string, address string, total int) {
	t.Helper()
	w := s.Do(http.MethodGet, "/fhir/DocumentReference?"+query, "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	return documentsIn(t, w.Body.Bytes())
}
