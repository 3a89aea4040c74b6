package element

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// TestFaults reads testdata/faults: cases of "=== title", content, "----" and the report that it must get.
// An issue is: severity, code, line:column, expression, diagnostics.
func TestFaults(t *testing.T) {
	readers := map[string]func(*spec.Definitions, []byte, Options) (*Resource, error){"json": ParseJSON, "xml": ParseXML}
	files, err := filepath.Glob("testdata/faults/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		read := readers[strings.SplitN(filepath.Base(file), "_", 2)[0]]
		require.NotNil(t, read, file)
		var out strings.Builder
		for _, block := range strings.Split(string(src), "=== ")[1:] {
			title, rest, _ := strings.Cut(block, "\n")
			content, want, _ := strings.Cut(rest, "\n----\n")
			r, err := read(spec.R4(), []byte(content), Options{ExpectType: expected(title)})
			got := show(r, err)
			fmt.Fprintf(&out, "=== %s\n%s\n----\n%s\n", title, content, got)
			if !*rewrite && strings.TrimSpace(want) != strings.TrimSpace(got) {
				t.Errorf("%s: %s\ngot:\n%s\nwant:\n%s", file, title, got, want)
			}
		}
		if *rewrite {
			require.NoError(t, os.WriteFile(file, []byte(out.String()), 0o644))
		}
	}
}

// expected reads "[Patient]" at the end of a title.
func expected(title string) string {
	if i := strings.LastIndexByte(title, '['); i >= 0 && strings.HasSuffix(title, "]") {
		return title[i+1 : len(title)-1]
	}
	return ""
}

func show(r *Resource, err error) string {
	if err == nil {
		return "accepted: " + string(AppendJSON(nil, r.Root)) + "\n"
	}
	f := fault.From(err)
	var b strings.Builder
	fmt.Fprintln(&b, f.Status)
	for _, i := range f.Issues {
		expression := i.Expression
		if expression == "" {
			expression = "-"
		}
		fmt.Fprintf(&b, "%s %s %d:%d %s %s\n", i.Severity, i.Code, i.Line, i.Column, expression, i.Diagnostics)
	}
	return b.String()
}
