package judge_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
)

var rewrite = flag.Bool("rewrite", false, "write the table of docs/documents.md anew")

const (
	documentsPage = "../../docs/documents.md"
	tableBegin    = "<!-- begin: table -->\n"
	tableEnd      = "<!-- end: table -->\n"
)

// TestPublishedTable holds the table of docs/documents.md to what is said of the published documents now.
func TestPublishedTable(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/cda/examples/*.xml")
	require.NoError(t, err)
	if len(files) == 0 {
		t.Skip("the published CI-SIS documents are not beside this repository: ../shared/data/cda/examples")
	}
	page, err := os.ReadFile(documentsPage)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(page), tableBegin)
	require.True(t, ok)
	old, after, ok := strings.Cut(rest, tableEnd)
	require.True(t, ok)
	table := tableOf(t, files)
	if *rewrite {
		require.NoError(t, os.WriteFile(documentsPage, []byte(before+tableBegin+table+tableEnd+after), 0o600))
		return
	}
	assert.Equal(t, old, table)
}

func tableOf(t *testing.T, files []string) string {
	var b strings.Builder
	b.WriteString("\n| document | level | type | class | format | findings | extracted | not | resources |\n|---|---|---|---|---|---|---|---|---|\n")
	extracted, left := 0, 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		r := judge.Judge(raw, judge.Options{}).Report(filepath.Base(file))
		require.True(t, r.Accepted)
		extracted, left = extracted+r.Extracted, left+r.NotExtracted
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d | %d | %s |\n",
			r.File, r.Level, r.TypeCode, r.ClassCode, r.FormatCode, counted(r.Findings), r.Extracted, r.NotExtracted, listed(r.Resources))
	}
	fmt.Fprintf(&b, "| **all** | | | | | | **%d** | **%d** | |\n\n", extracted, left)
	return b.String()
}

// counted gives the findings by rule.
func counted(findings []cda.Finding) string {
	rules := map[string]int{}
	for _, f := range findings {
		rules[string(f.Severity)+" "+f.Rule]++
	}
	if len(rules) == 0 {
		return "none"
	}
	return listed(rules)
}

func listed(counts map[string]int) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, fmt.Sprintf("%d %s", counts[name], name))
	}
	return strings.Join(words, ", ")
}
