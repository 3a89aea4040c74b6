package patch

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

var rewrite = flag.Bool("rewrite", false, "write what comes out into the golden files")

// goldenCase is one case of a golden file: "# name", the resource on a line (empty: that of the case before), the patch, "----", and what
// comes out: the resource or the fault.
type goldenCase struct{ name, resource, patch, want string }

func readCases(t *testing.T, file string) []goldenCase {
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	var cases []goldenCase
	resource := ""
	for block := range strings.SplitSeq(strings.TrimSpace(string(src)), "\n\n") {
		name, rest, _ := strings.Cut(block, "\n")
		request, want, _ := strings.Cut(rest, "\n----")
		want = strings.TrimPrefix(want, "\n")
		if strings.HasPrefix(request, `{"resourceType":`) && !strings.HasPrefix(request, `{"resourceType":"Parameters"`) {
			resource, request, _ = strings.Cut(request, "\n")
		}
		cases = append(cases, goldenCase{strings.TrimPrefix(name, "# "), resource, request, want})
	}
	return cases
}

func TestGolden(t *testing.T) {
	for _, set := range []struct {
		file string
		kind Kind
	}{{"json.txt", JSON}, {"xml.txt", XML}, {"fhirpath.txt", FHIRPathJSON}} {
		file := filepath.Join("testdata", set.file)
		var out strings.Builder
		before := ""
		for _, c := range readCases(t, file) {
			t.Run(set.file+"/"+c.name, func(t *testing.T) {
				got := outcome(t, set.kind, c.resource, c.patch)
				if set.kind == FHIRPathJSON {
					require.Equal(t, got, outcome(t, FHIRPathXML, c.resource, c.patch), "the patch as XML")
				}
				if !*rewrite {
					require.Equal(t, c.want, got)
				}
				fmt.Fprintf(&out, "# %s\n", c.name)
				if c.resource != before {
					fmt.Fprintln(&out, c.resource)
				}
				before = c.resource
				fmt.Fprintf(&out, "%s\n----\n%s\n\n", c.patch, got)
			})
		}
		if *rewrite && !t.Failed() {
			require.NoError(t, os.WriteFile(file, []byte(strings.TrimSpace(out.String())+"\n"), 0o644))
		}
	}
}

func parse(t testing.TB, src string) *element.Resource {
	r, err := element.ParseJSON(spec.R4(), []byte(src), element.Options{})
	require.NoError(t, err)
	return r
}

// outcome applies a patch and tells what came of it in one line.
func outcome(t *testing.T, kind Kind, resource, patch string) string {
	current := parse(t, resource)
	body := []byte(patch)
	switch kind {
	case FHIRPathJSON:
		body = parameters(t, patch)
	case FHIRPathXML:
		p, err := element.ParseJSON(spec.R4(), parameters(t, patch), element.Options{})
		if err != nil {
			return describe(err)
		}
		body = element.AppendXML(nil, p.Root)
	default:
	}
	got, err := Apply(spec.R4(), current, kind, body)
	require.Equal(t, resource, string(current.Compact()), "the current resource stays as it is")
	if err != nil {
		return describe(err)
	}
	return string(got.Compact())
}

func describe(err error) string {
	var f *fault.Fault
	if !errors.As(err, &f) {
		return "not a fault: " + err.Error()
	}
	return fmt.Sprintf("%d %s", f.Status, f.Error())
}

// parameters writes the operations of a case, which are given in short, as Parameters.
func parameters(t *testing.T, short string) []byte {
	if strings.HasPrefix(short, "{") {
		return []byte(short)
	}
	var operations []map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(short), &operations))
	out := map[string]any{"resourceType": "Parameters"}
	var list []any
	for _, o := range operations {
		var parts []any
		part := func(name, member string) {
			if v, ok := o[name]; ok {
				parts = append(parts, map[string]any{"name": name, member: v})
			}
		}
		part("type", "valueCode")
		part("path", "valueString")
		part("name", "valueString")
		for _, name := range []string{"index", "source", "destination"} {
			part(name, "valueInteger")
		}
		for name, v := range o {
			switch {
			case name == "parts":
				parts = append(parts, map[string]any{"name": "value", "part": v})
			case name == "resource" || strings.HasPrefix(name, "value"):
				parts = append(parts, map[string]any{"name": "value", name: v})
			}
		}
		list = append(list, map[string]any{"name": "operation", "part": parts})
	}
	if len(list) > 0 {
		out["parameter"] = list
	}
	src, err := json.Marshal(out)
	require.NoError(t, err)
	return src
}
