package element

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// seed adds the valid samples, and the contents of the golden fault reports of the format.
func seed(f *testing.F, format string) {
	for _, src := range samples(f, "valid/*.json") {
		if format == "xml" {
			f.Add(AppendXML(nil, parse(f, src).Root))
			continue
		}
		f.Add([]byte(src))
	}
	for _, kind := range []string{"structure", "syntax", "values"} {
		src, err := os.ReadFile("testdata/faults/" + format + "_" + kind + ".txt")
		if err != nil {
			continue // XML has no file of values
		}
		for _, block := range strings.Split(string(src), "=== ")[1:] {
			_, rest, _ := strings.Cut(block, "\n")
			content, _, _ := strings.Cut(rest, "\n----\n")
			f.Add([]byte(content))
		}
	}
}

// FuzzParseJSON: nothing panics; what is accepted is JSON for encoding/json too, and comes back equal through both formats.
func FuzzParseJSON(f *testing.F) {
	seed(f, "json")
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := ParseJSON(spec.R4(), src, Options{MaxElements: 2000})
		if err != nil {
			return
		}
		if !json.Valid(bytes.TrimPrefix(src, []byte("\uFEFF"))) {
			t.Fatal("accepted what is not JSON")
		}
		checkRoundTrip(t, r)
		stored, err := ParseJSON(spec.R4(), r.Compact(), Options{})
		if err != nil || !Equal(r.Root, stored.Root) {
			t.Fatalf("Compact does not read back: %v", err)
		}
	})
}

// FuzzParseXML: nothing panics; what is accepted is XML for encoding/xml too, and comes back equal through both formats.
func FuzzParseXML(f *testing.F) {
	seed(f, "xml")
	f.Fuzz(func(t *testing.T, src []byte) {
		r, err := ParseXML(spec.R4(), src, Options{MaxElements: 2000})
		if err != nil {
			return
		}
		d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(src, []byte("\uFEFF"))))
		for {
			if _, err := d.RawToken(); err != nil {
				if !errors.Is(err, io.EOF) && !lenientName(src) {
					t.Fatalf("accepted what encoding/xml refuses: %v", err)
				}
				break
			}
		}
		checkRoundTrip(t, r)
	})
}

// lenientName excuses names beyond ASCII, which the scanner does not look at closely (they can only be in what is skipped), and the
// encoding US-ASCII, which encoding/xml does not know.
func lenientName(src []byte) bool {
	return bytes.Contains(bytes.ToLower(src), []byte("us-ascii")) || bytes.ContainsFunc(src, func(r rune) bool { return r >= 0x80 })
}

func checkRoundTrip(t *testing.T, r *Resource) {
	t.Helper()
	encoded := AppendJSON(nil, r.Root)
	again, err := ParseJSON(spec.R4(), encoded, Options{})
	if err != nil || !Equal(r.Root, again.Root) {
		t.Fatalf("JSON does not read back: %v\n%s", err, encoded)
	}
	markup := AppendXML(nil, r.Root)
	fromXML, err := ParseXML(spec.R4(), markup, Options{})
	if err != nil || !Equal(r.Root, fromXML.Root) {
		t.Fatalf("XML does not read back: %v\n%s", err, markup)
	}
}
