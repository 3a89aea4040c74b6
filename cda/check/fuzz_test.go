package check

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/carnet-fhir/carnet/cda"
)

// FuzzCheck holds the check to saying something of every document that can be read, and the same each time.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{filepath.Join("testdata", "*.xml"), filepath.Join("..", "testdata", "*.xml")} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(raw)
		}
	}
	f.Add([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"/>`))
	f.Add([]byte(`<ClinicalDocument xmlns="urn:hl7-org:v3"><component><nonXMLBody><text mediaType="application/pdf" representation="B64">JVBERi0=</text></nonXMLBody></component></ClinicalDocument>`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) > 64<<10 {
			return
		}
		doc, err := cda.Parse(raw, cda.Limits{})
		if err != nil {
			return
		}
		first := Check(doc)
		again, err := cda.Parse(raw, cda.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if second := Check(again); !reflect.DeepEqual(first, second) {
			t.Fatalf("the findings differ:\n%v\n%v", first, second)
		}
		if len(first) > maxFindings {
			t.Fatal("too many findings")
		}
		for _, finding := range first {
			if finding.Rule == "" || finding.Message == "" || finding.Path == "" || finding.Line < 1 {
				t.Fatalf("an incomplete finding: %+v", finding)
			}
		}
	})
}
