// Command gen writes the grammar of CDA documents that cda/check reads, tables/schema.txt, from a directory of XML schemas:
//
//	go run ./cda/check/gen -from DIR
//
// DIR holds CDA_extended.xsd, the CDA R2 schema with the extensions of the French framework (lab, pharmacy, SDTC, DICOM). Only facts are taken over: which
// elements and attributes a type has, in which order and how often, and which values are allowed. Derivation is resolved: each type is written whole.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	from := flag.String("from", "", "directory of the schemas")
	to := flag.String("to", filepath.Join("cda", "check", "tables", "schema.txt"), "file to write")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	if from == "" {
		return errors.New("-from names the directory of the schemas")
	}
	s := newSchemas()
	if err := s.load(filepath.Join(from, "CDA_extended.xsd"), ""); err != nil {
		return err
	}
	text, err := newWriter(s).write(name{hl7, "ClinicalDocument"})
	if err != nil {
		return err
	}
	return os.WriteFile(to, []byte(text), 0o644)
}
