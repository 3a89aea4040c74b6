package spec

import (
	_ "embed" // the tables
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed tables/types.txt
var typesText string

//go:embed tables/search.txt
var searchText string

//go:embed tables/compartments.txt
var compartmentsText string

//go:embed tables/operations.txt
var operationsText string

//go:embed tables/codes.txt
var codesText string

// R4 gives the definitions of FHIR R4, loaded once per process. The tables are compiled in and tested, so that an
// error of Load is a fault of the build; it panics then.
var R4 = sync.OnceValue(func() *Definitions {
	d, err := Load()
	if err != nil {
		panic(err)
	}
	return d
})

// Load parses the tables that are compiled into the binary.
func Load() (*Definitions, error) {
	d := &Definitions{
		Types:        make(map[string]*Type, 1024),
		Compartments: make(map[string]*Compartment, 8),
		CodeSets:     make(map[string]*CodeSet, 512),
	}
	parts := []struct {
		name, text string
		parse      func(*Definitions, string) error
	}{
		{"types", typesText, loadTypes},
		{"search", searchText, loadSearch},
		{"compartments", compartmentsText, loadCompartments},
		{"operations", operationsText, loadOperations},
		{"codes", codesText, loadCodes},
	}
	for _, p := range parts {
		if err := p.parse(d, p.text); err != nil {
			return nil, fmt.Errorf("spec: table %s: %w", p.name, err)
		}
	}
	return d, nil
}

// eachLine calls do with the cells of each line; the cells slice is reused.
func eachLine(text string, do func(cells []string) error) error {
	cells := make([]string, 0, 64)
	for number := 1; text != ""; number++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		cells = cells[:0]
		for {
			cell, rest, more := strings.Cut(line, "\t")
			cells = append(cells, cell)
			if !more {
				break
			}
			line = rest
		}
		if err := do(cells); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func wantCells(cells []string, n int) error {
	if len(cells) < n {
		return fmt.Errorf("%q has %d cells, want %d", cells[0], len(cells), n)
	}
	return nil
}

// words splits a cell at its spaces; nil for an empty cell.
func words(cell string) []string {
	if cell == "" {
		return nil
	}
	return strings.Split(cell, " ")
}

func loadSearch(d *Definitions, text string) error {
	var last *SearchParameter
	d.SearchParameters = make([]*SearchParameter, 0, 1400)
	return eachLine(text, func(cells []string) error {
		switch {
		case cells[0] == "S" && len(cells) == 7:
			last = &SearchParameter{URL: cells[1], Code: cells[2], Type: cells[3], Base: words(cells[4]),
				Target: words(cells[5]), Expression: cells[6]}
			d.SearchParameters = append(d.SearchParameters, last)
		case cells[0] == "C" && len(cells) == 3 && last != nil:
			last.Components = append(last.Components, Component{Definition: cells[1], Expression: cells[2]})
		default:
			return fmt.Errorf("unexpected row %q", cells[0])
		}
		return nil
	})
}

func loadCompartments(d *Definitions, text string) error {
	var last *Compartment
	return eachLine(text, func(cells []string) error {
		switch {
		case cells[0] == "P" && len(cells) == 2:
			last = &Compartment{Code: cells[1], Params: make(map[string][]string, 80)}
			d.Compartments[last.Code] = last
		case cells[0] == "R" && len(cells) == 3 && last != nil:
			last.Params[cells[1]] = words(cells[2])
		default:
			return fmt.Errorf("unexpected row %q", cells[0])
		}
		return nil
	})
}

func loadOperations(d *Definitions, text string) error {
	return eachLine(text, func(cells []string) error {
		if err := wantCells(cells, 6); err != nil {
			return err
		}
		has := func(flag string) bool { return strings.Contains(cells[4], flag) }
		d.Operations = append(d.Operations, Operation{URL: cells[1], Name: cells[2], Code: cells[3],
			System: has("s"), Type: has("t"), Instance: has("i"), AffectsState: has("a"), Resource: words(cells[5])})
		return nil
	})
}

func loadCodes(d *Definitions, text string) error {
	var last *CodeSet
	single := map[string][]string{} // one shared slice per system, since nearly all codes have just one
	return eachLine(text, func(cells []string) error {
		switch {
		case cells[0] == "V" && len(cells) == 3:
			last = &CodeSet{URL: cells[1], Complete: cells[2] == "complete", Codes: map[string][]string{}}
			d.CodeSets[last.URL] = last
		case cells[0] == "C" && len(cells) > 2 && last != nil:
			system := single[cells[1]]
			if system == nil {
				system = []string{cells[1]}
				single[cells[1]] = system
			}
			for _, code := range cells[2:] {
				if others := last.Codes[code]; others != nil {
					last.Codes[code] = append(others[:len(others):len(others)], cells[1])
				} else {
					last.Codes[code] = system
				}
			}
		default:
			return fmt.Errorf("unexpected row %q", cells[0])
		}
		return nil
	})
}

func parseCardinality(cell string) (least, most int, err error) {
	low, high, ok := strings.Cut(cell, "..")
	if !ok {
		return 0, 0, fmt.Errorf("cardinality %q", cell)
	}
	if least, err = strconv.Atoi(low); err != nil {
		return 0, 0, err
	}
	if high == "*" {
		return least, -1, nil
	}
	most, err = strconv.Atoi(high)
	return least, most, err
}
