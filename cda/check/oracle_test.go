package check

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

// mutantsPerDocument is how many random mutants of each document the oracle judges; CARNET_MUTANTS raises it.
const mutantsPerDocument = 4

// TestXMLLint holds the structure to an independent judge: random structural mutants of the published examples, and the mutations of the table, are judged by
// xmllint with the published schema too, and the verdicts must agree.
func TestXMLLint(t *testing.T) {
	schema := filepath.Join(shared, "schemas", "CDA_extended.xsd")
	files, _ := filepath.Glob(filepath.Join(shared, "examples", "*.xml"))
	if _, err := exec.LookPath("xmllint"); err != nil || len(files) == 0 {
		t.Skip("xmllint or the published documents are not at hand")
	}
	n, err := strconv.Atoi(os.Getenv("CARNET_MUTANTS"))
	if err != nil {
		n = mutantsPerDocument
	}
	dir := t.TempDir()
	mine := map[string][]string{}
	said := map[string]string{}
	keep := func(name string, raw []byte, did string) {
		doc, err := cda.Parse(raw, cda.Limits{})
		if err != nil {
			return
		}
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, raw, 0o600))
		mine[path] = structural(Check(doc))
		said[path] = did
	}
	for i, m := range mutations() {
		keep(fmt.Sprintf("table-%03d.xml", i), m.apply(t), m.rule+" "+m.edits)
	}
	for i, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(file, "Autopresentable") {
			continue
		}
		for k := range n {
			out, did := mutant(t, raw, rand.New(rand.NewPCG(uint64(i), uint64(k))))
			keep(fmt.Sprintf("random-%02d-%04d.xml", i, k), out, filepath.Base(file)+": "+did)
		}
	}
	theirs := xmllint(t, schema, mine)
	disagreements := 0
	for path, errors := range mine {
		if valid, ok := theirs[path]; ok && valid != (len(errors) == 0) {
			disagreements++
			t.Errorf("%s: xmllint says valid=%v, the check says %v", said[path], valid, errors)
		}
	}
	t.Logf("%d documents judged, %d disagreements", len(theirs), disagreements)
}

func structural(findings []cda.Finding) []string {
	var errors []string
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, "schema-") {
			errors = append(errors, f.Rule+" "+f.Path+" "+f.Message)
		}
	}
	return errors
}

// xmllint gives its verdict on each document.
func xmllint(t *testing.T, schema string, documents map[string][]string) map[string]bool {
	t.Helper()
	paths := make([]string, 0, len(documents))
	for path := range documents {
		paths = append(paths, path)
	}
	verdicts := map[string]bool{}
	for len(paths) > 0 {
		batch := paths[:min(200, len(paths))]
		paths = paths[len(batch):]
		var said bytes.Buffer
		cmd := exec.Command("xmllint", append([]string{"--noout", "--nonet", "--huge", "--schema", schema}, batch...)...)
		cmd.Stderr = &said
		_ = cmd.Run() // its exit tells that one of them is invalid
		for line := range strings.Lines(said.String()) {
			line = strings.TrimSpace(line)
			if path, ok := strings.CutSuffix(line, " fails to validate"); ok {
				verdicts[path] = false
			} else if path, ok := strings.CutSuffix(line, " validates"); ok {
				verdicts[path] = true
			}
		}
	}
	require.Len(t, verdicts, len(documents), "xmllint judged all")
	return verdicts
}

// mutant changes one thing at random and tells what.
func mutant(t *testing.T, raw []byte, r *rand.Rand) ([]byte, string) {
	t.Helper()
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromBytes(raw))
	all := doc.Root().FindElements(".//*")
	el := all[r.IntN(len(all))]
	if r.IntN(2) == 0 { // the header is small, and half of what matters
		if header := doc.Root().ChildElements(); len(header) > 1 {
			header = header[:len(header)-1]
			top := header[r.IntN(len(header))]
			below := append(top.FindElements(".//*"), top)
			el = below[r.IntN(len(below))]
		}
	}
	var did string
	switch op := r.IntN(8); op {
	case 0:
		did = "delete " + el.GetPath()
		el.Parent().RemoveChild(el)
	case 1:
		did = "duplicate " + el.GetPath()
		el.Parent().InsertChildAt(el.Index()+1, el.Copy())
	case 2:
		siblings := el.Parent().ChildElements()
		to := siblings[r.IntN(len(siblings))]
		did = "move " + el.GetPath() + " before " + to.Tag
		if to != el {
			parent := el.Parent()
			parent.RemoveChild(el)
			parent.InsertChildAt(to.Index(), el)
		}
	case 3:
		other := all[r.IntN(len(all))]
		did = "put a copy of " + other.GetPath() + " into " + el.GetPath()
		el.InsertChildAt(r.IntN(len(el.Child)+1), other.Copy())
	case 4:
		did = "rename " + el.GetPath()
		el.Tag = all[r.IntN(len(all))].Tag
	case 5:
		did = "text in " + el.GetPath()
		el.AddChild(etree.NewText("texte"))
	default:
		did = mutateAttribute(el, all[r.IntN(len(all))], r, op == 6)
	}
	out, err := doc.WriteToBytes()
	require.NoError(t, err)
	return out, did
}

func mutateAttribute(el, other *etree.Element, r *rand.Rand, remove bool) string {
	if remove && len(el.Attr) > 0 {
		a := el.Attr[r.IntN(len(el.Attr))]
		if a.Space == "xmlns" || a.Key == "xmlns" {
			return "nothing"
		}
		el.RemoveAttr(a.FullKey())
		return "remove @" + a.FullKey() + " of " + el.GetPath()
	}
	if len(other.Attr) == 0 {
		return "nothing"
	}
	a := other.Attr[r.IntN(len(other.Attr))]
	if a.Space == "xmlns" || a.Key == "xmlns" {
		return "nothing"
	}
	values := []string{a.Value, "", "x y", "EVN", "2024", "1.2.3", "true", "-1", " F ", "20240230", "é", "1.5e3"}
	value := values[r.IntN(len(values))]
	el.CreateAttr(a.FullKey(), value)
	return "set @" + a.FullKey() + "=" + value + " on " + el.GetPath()
}
