package cda_test

import (
	"bytes"
	"testing"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// benchDocuments gives an N1 with a payload of 100 KB and an N3 of 200 KB.
func benchDocuments(b *testing.B) map[string][]byte {
	n1 := testdata(b, "n1-pdf.xml")
	at := bytes.Index(n1, []byte("</text>"))
	n1 = append(append(bytes.Clone(n1[:at]), bytes.Repeat([]byte("QUJD"), 23_000)...), n1[at:]...)
	n3 := testdata(b, "n3-ldl-ees.xml")
	from, to := bytes.Index(n3, []byte("<structuredBody>"))+len("<structuredBody>"), bytes.Index(n3, []byte("</structuredBody>"))
	body := bytes.Clone(n3[from:to])
	n3 = append(append(bytes.Clone(n3[:to]), bytes.Repeat(body, (200<<10-len(n3))/len(body))...), n3[to:]...)
	return map[string][]byte{"N1": n1, "N3": n3}
}

func BenchmarkParse(b *testing.B) {
	for name, raw := range benchDocuments(b) {
		b.Run(name+"/cda", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cda.Parse(raw, cda.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/etree", func(b *testing.B) {
			b.SetBytes(int64(len(raw)))
			b.ReportAllocs()
			for b.Loop() {
				if err := etree.NewDocument().ReadFromBytes(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
