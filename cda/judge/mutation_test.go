package judge_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/internal/worktest"
)

// TestAnyMutationHasAVerdict deletes, doubles, moves, renames and empties elements and attributes of valid documents: each has a verdict with its reasons.
func TestAnyMutationHasAVerdict(t *testing.T) {
	seeds := [][]byte{testdata(t, "n1-pdf"), testdata(t, "n3-ldl-ees"), testdata(t, "n3-vac-note")}
	rapid.Check(t, func(t *rapid.T) {
		tree := etree.NewDocument()
		if err := tree.ReadFromBytes(rapid.SampledFrom(seeds).Draw(t, "seed")); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 4).Draw(t, "mutations") {
			mutate(t, tree)
		}
		raw, err := tree.WriteToBytes()
		if err != nil {
			t.Fatal(err)
		}
		v := judge.Judge(raw, judge.Options{})
		if v.Accepted == cda.Refuses(v.Findings) {
			t.Fatalf("accepted %v with %v", v.Accepted, v.Findings)
		}
		for _, f := range v.Findings {
			if f.Rule == "" || f.Message == "" || v.Document != nil && (f.Line < 1 || !strings.HasPrefix(f.Path, "/ClinicalDocument")) {
				t.Fatalf("a finding without rule, message or place: %+v", f)
			}
		}
	})
}

func mutate(t *rapid.T, tree *etree.Document) {
	all := tree.FindElements("//*")
	el := rapid.SampledFrom(all).Draw(t, "element")
	other := rapid.SampledFrom(all).Draw(t, "other")
	switch rapid.IntRange(0, 6).Draw(t, "kind") {
	case 0:
		if el.Parent() != nil && el != tree.Root() {
			el.Parent().RemoveChild(el)
		}
	case 1:
		if el != tree.Root() {
			el.Parent().AddChild(el.Copy())
		}
	case 2:
		if el != tree.Root() {
			other.AddChild(el.Copy())
		}
	case 3:
		el.Tag = other.Tag
	case 4:
		el.Child = nil
	case 5:
		for i := range el.Attr {
			el.Attr[i].Value = rapid.SampledFrom([]string{"", "x", "1.2.3", "99999999999999", "-1", "#", "CD", "B64"}).Draw(t, "value")
		}
	case 6:
		el.Attr = append([]etree.Attr{{Key: "nullFlavor", Value: "UNK"}}, other.Attr...)
	}
}

// TestWideDocumentsCostWhatTheirSizeCosts judges documents of very many elements.
func TestWideDocumentsCostWhatTheirSizeCosts(t *testing.T) {
	whole := string(testdata(t, "n3-ldl-ees"))
	from, to := strings.Index(whole, "<entry>"), strings.Index(whole, "</entry>")+len("</entry>")
	for name, body := range map[string]struct {
		unit string
		size int
	}{
		"entries":          {whole[from:to], 750},
		"unknown elements": {"<zzz/>", 50_000},
		"broken entries":   {`<entry a="1"><observation><text><reference value="#none"/></text></observation></entry>`, 10_000},
	} {
		t.Run(name, func(t *testing.T) {
			worktest.Linear(t, body.size, func(size int) {
				v := judge.Judge([]byte(whole[:from]+strings.Repeat(body.unit, size)+whole[to:]), judge.Options{})
				require.NotNil(t, v.Document)
				assert.LessOrEqual(t, len(v.Findings), 300)
				assert.LessOrEqual(t, len(v.Extraction.Resources), 10_100)
			})
		})
	}
}
