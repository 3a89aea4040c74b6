package mhd_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFindDocuments is ITI-67 for a patient with 200 documents among 4,000, a page of 20, without a network.
func BenchmarkFindDocuments(b *testing.B) {
	s := emptySharing(b)
	text := ""
	for _, line := range recordLines(b) {
		if strings.Contains(line, `"id": "d2"`) {
			text = line
		}
	}
	const patients, each = 20, 200
	for p := range patients {
		s.Put(b, fmt.Sprintf("Patient/p%d", p), fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.10","value":"%015d"}]}`, p, p))
	}
	for n := range each {
		for p := range patients {
			id := fmt.Sprintf("d%d-%d", p, n)
			doc := strings.NewReplacer(`"id": "d2"`, fmt.Sprintf(`"id": %q`, id), "Patient/pa", fmt.Sprintf("Patient/p%d", p), "1.2.250.1.999.2.2", "1.2.250.1.999.2."+strings.ReplaceAll(id[1:], "-", ".")).Replace(text)
			s.Put(b, "DocumentReference/"+id, doc)
		}
	}
	for _, query := range []string{"patient.identifier=urn:oid:1.2.250.1.213.1.4.10%%7C%015d", "patient=Patient/p%d", "_total=none&patient=Patient/p%d"} {
		b.Run(strings.SplitN(query, "=", 2)[0], func(b *testing.B) {
			i := 0
			for b.Loop() {
				i++
				r := httptest.NewRequest(http.MethodGet, "/fhir/DocumentReference?status=current&_count=20&"+fmt.Sprintf(query, i%patients), nil)
				w := httptest.NewRecorder()
				s.REST.ServeHTTP(w, r)
				require.Equal(b, http.StatusOK, w.Code)
			}
		})
	}
}
