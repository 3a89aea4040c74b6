// Command gen makes the tables of package spec from the official definitions of FHIR R4 (4.0.1).
//
//	go run ./fhir/spec/gen -package DIR [-out fhir/spec/tables]
//
// DIR holds the definition bundles of the R4 download (profiles-types.json, profiles-resources.json, dataelements.json,
// search-parameters.json, valuesets.json, v3-codesystems.json, v2-tables.json). Only facts are taken: names,
// cardinalities, types, bindings, invariants, expressions and codes. Where the bundles were changed after publication
// (some distributions add elements of their own), dataelements.json, the official list of every leaf element, decides.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("package", "", "directory of the R4 definition bundles")
	out := flag.String("out", filepath.Join("fhir", "spec", "tables"), "directory to write the tables to")
	flag.Parse()
	if err := run(*dir, *out); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func run(dir, out string) error {
	if dir == "" {
		return fmt.Errorf("-package is required: the directory of the R4 definition bundles")
	}
	defs, err := read(dir)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	tables := map[string]func(*definitions) ([]byte, error){
		"types.txt":        typesTable,
		"search.txt":       searchTable,
		"compartments.txt": compartmentsTable,
		"operations.txt":   operationsTable,
		"codes.txt":        codesTable,
	}
	for name, table := range tables {
		text, err := table(defs)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(filepath.Join(out, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
