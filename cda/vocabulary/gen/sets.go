package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
)

// set is a value set as the tables hold it. Dates are written YYYY-MM-DD.
type set struct {
	name, oid, version, until, title string
	concepts                         []concept
}

type concept struct{ code, system, label, until string }

// response is what is read of an IHE SVS RetrieveValueSetResponse.
type response struct {
	ValueSet struct {
		OID      string `xml:"id,attr"`
		Title    string `xml:"displayName,attr"`
		Updated  string `xml:"dateMaj,attr"`
		Revised  string `xml:"revisionDate,attr"`
		Until    string `xml:"dateFin,attr"`
		Concepts []struct {
			Code   string `xml:"code,attr"`
			System string `xml:"codeSystem,attr"`
			Label  string `xml:"displayName,attr"`
			Until  string `xml:"dateFin,attr"`
		} `xml:"ConceptList>Concept"`
	} `xml:"ValueSet"`
}

func readSets(from string) ([]*set, error) {
	files, err := filepath.Glob(filepath.Join(from, "JDV_*.xml"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no JDV_*.xml in %s", from)
	}
	sort.Strings(files)
	sets := make([]*set, 0, len(files))
	for _, file := range files {
		s, err := readSet(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		sets = append(sets, s)
	}
	return sets, nil
}

func readSet(file string) (*set, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var r response
	if err := xml.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	v := &r.ValueSet
	title := strings.TrimSuffix(strings.TrimPrefix(v.Title, "JDV_"), ".tabs")
	s := &set{name: shortName(title), oid: v.OID, version: day(v.Updated), until: day(v.Until), title: title}
	if s.version == "" {
		s.version = day(v.Revised)
	}
	for _, c := range v.Concepts {
		s.concepts = append(s.concepts, concept{code: c.Code, system: c.System, label: clean(c.Label), until: day(c.Until)})
	}
	if s.name == "" || len(s.concepts) == 0 {
		return nil, fmt.Errorf("value set %q has %d concepts", v.Title, len(s.concepts))
	}
	return s, nil
}

// numbered matches the titles of value sets that have a number, which is their name.
var numbered = regexp.MustCompile(`^(J[0-9]+)_`)

func shortName(title string) string {
	if m := numbered.FindStringSubmatch(title); m != nil {
		return m[1]
	}
	return strings.ReplaceAll(strings.TrimSuffix(title, "_CISIS"), "_", "")
}

func readClasses(from string, _ map[string]string) (*set, error) {
	rows, err := readRows(filepath.Join(from, "JDV_J06_XdsClassCode.tsv"), 3)
	if err != nil {
		return nil, err
	}
	s := &set{name: "J06", oid: "1.2.250.1.213.1.1.5.462", version: "2023-09-22", title: "J06_XdsClassCode_CISIS"}
	for _, row := range rows[1:] {
		s.concepts = append(s.concepts, concept{code: row[0], system: row[1], label: clean(row[2])})
	}
	return s, nil
}

func readFormats(from string, label map[string]string) (*set, error) {
	rows, err := readRows(filepath.Join(from, "JDV_J10_XdsFormatCode.tsv"), 2)
	if err != nil {
		return nil, err
	}
	s := &set{name: "J10", oid: "1.2.250.1.213.1.1.5.465", version: "2024-04-26", title: "J10_XdsFormatCode_CISIS"}
	for _, row := range rows[1:] {
		s.concepts = append(s.concepts, concept{code: row[0], system: row[1], label: label[row[0]]})
	}
	return s, nil
}

// day turns "20241213120000" or "2024-12-13T12:00:00+01:00" into "2024-12-13".
func day(s string) string {
	if len(s) >= 10 && s[4] == '-' {
		return s[:10]
	}
	if len(s) >= 8 {
		return s[:4] + "-" + s[4:6] + "-" + s[6:8]
	}
	return ""
}

func clean(label string) string { return strings.Join(strings.Fields(label), " ") }
