// Command gen writes the tables of cda/vocabulary from a directory of published value sets and associations of the CI-SIS:
//
//	go run ./cda/vocabulary/gen -from DIR
//
// DIR holds IHE SVS answers (JDV_*.xml) and tab-separated transcriptions of what is published as tables only (JDV_J06*, JDV_J10*, ASS_*.tsv). Only facts are taken
// over: codes, code systems, labels, dates. The labels of format codes, which JDV_J10 is published without, are in formats.tsv beside this file.
package main

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// header stands atop each table that is made here.
const header = `# Made by cda/vocabulary/gen. Do not edit.
# Facts of the CI-SIS framework (Agence du Numérique en Santé): value sets "JDV" and associations "ASS" as published with the conformance
# documents of February 2025; classes, formats and associations as of April 2024.
`

func main() {
	from := flag.String("from", "", "directory of the published value sets")
	to := flag.String("to", filepath.Join("cda", "vocabulary", "tables"), "directory of the tables")
	labels := flag.String("labels", filepath.Join("cda", "vocabulary", "gen", "formats.tsv"), "labels of format codes")
	flag.Parse()
	if err := run(*from, *to, *labels); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, to, labels string) error {
	if from == "" {
		return errors.New("-from names the directory of the published value sets")
	}
	sets, err := readSets(from)
	if err != nil {
		return err
	}
	formats, err := readRows(labels, 2)
	if err != nil {
		return err
	}
	label := map[string]string{}
	for _, row := range formats {
		label[row[0]] = row[1]
	}
	for _, transcribed := range []func(string, map[string]string) (*set, error){readClasses, readFormats} {
		s, err := transcribed(from, label)
		if err != nil {
			return err
		}
		sets = append(sets, s)
	}
	sort.Slice(sets, func(i, j int) bool { return sets[i].name < sets[j].name })
	if err := os.WriteFile(filepath.Join(to, "sets.tsv"), []byte(formatSets(sets)), 0o644); err != nil {
		return err
	}
	associations, err := formatAssociations(from)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, "associations.tsv"), []byte(associations), 0o644)
}

// formatSets writes each set as a line "= name OID version until title", then its concepts by runs of one system: a line "~ system" and lines "code label until".
func formatSets(sets []*set) string {
	var b strings.Builder
	b.WriteString(header)
	for _, s := range sets {
		fmt.Fprintf(&b, "=\t%s\t%s\t%s\t%s\t%s\n", s.name, s.oid, s.version, s.until, s.title)
		system := ""
		for _, c := range s.concepts {
			if c.system != system {
				system = c.system
				fmt.Fprintf(&b, "~\t%s\n", system)
			}
			b.WriteString(strings.TrimRight(c.code+"\t"+c.label+"\t"+c.until, "\t") + "\n")
		}
	}
	return b.String()
}

// association is one published table: its columns to keep.
type association struct {
	name, file string
	columns    []int
}

func formatAssociations(from string) (string, error) {
	var b strings.Builder
	b.WriteString(header)
	for _, a := range []association{
		{name: "X04", file: "ASS_X04_TypeCode_to_ClassCode.tsv", columns: []int{0, 1, 3}}, // type, its system, class
		{name: "A11", file: "ASS_A11_TemplateId_to_FormatCode.tsv", columns: []int{0, 1}}, // template, format
		{name: "A12", file: "ASS_A12_MediaType_to_FormatCode.tsv", columns: []int{0, 1}},  // media type, format
	} {
		rows, err := readRows(filepath.Join(from, a.file), a.columns[len(a.columns)-1]+1)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "=\t%s\n", a.name)
		for _, row := range rows[1:] { // the first row names the columns
			kept := make([]string, 0, len(a.columns))
			for _, c := range a.columns {
				kept = append(kept, row[c])
			}
			b.WriteString(strings.Join(kept, "\t") + "\n")
		}
	}
	return b.String(), nil
}

// readRows reads a tab-separated file without its comments; each row has at least that many columns.
func readRows(path string, columns int) ([][]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var rows [][]string
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		row := strings.Split(line, "\t")
		if len(row) < columns {
			return nil, fmt.Errorf("%s:%d has %d columns, not %d", path, n, len(row), columns)
		}
		rows = append(rows, row)
	}
	return rows, lines.Err()
}
