package vocabulary

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed tables/sets.tsv
var setsTSV string

//go:embed tables/associations.tsv
var associationsTSV string

//go:embed tables/systems.tsv
var systemsTSV string

// Tables are all value sets, associations and code systems. They never change.
type Tables struct {
	sets            map[Set]*valueSet
	order           []Set
	classes         map[typeKey]Concept
	templateFormats map[string]Concept
	mediaFormats    map[string]Concept
	systems         map[string]*CodeSystem // by OID
	uris            map[string]*CodeSystem // by URI and other spellings
}

// Load gives the tables. They are read at the first call, in about a millisecond, and shared.
func Load() *Tables { return load() }

// load panics when the tables that are compiled in cannot be read, which TestTables excludes.
var load = sync.OnceValue(func() *Tables {
	t, err := read(setsTSV, associationsTSV, systemsTSV)
	if err != nil {
		panic(err)
	}
	return t
})

func read(sets, associations, systems string) (*Tables, error) {
	t := &Tables{
		sets: map[Set]*valueSet{}, classes: map[typeKey]Concept{}, templateFormats: map[string]Concept{}, mediaFormats: map[string]Concept{},
		systems: map[string]*CodeSystem{}, uris: map[string]*CodeSystem{},
	}
	for _, part := range []struct {
		text string
		read func(*Tables, [][]string) error
	}{{sets, readSets}, {associations, readAssociations}, {systems, readSystems}} {
		if err := part.read(t, rows(part.text)); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func readSets(t *Tables, rows [][]string) error {
	var set *valueSet
	system := ""
	for _, row := range rows {
		switch {
		case row[0] == "=" && len(row) == 6:
			set = &valueSet{info: SetInfo{Set: Set(row[1]), OID: row[2], Version: row[3], Until: row[4], Title: row[5]}, byCode: map[string][]int{}}
			t.sets[set.info.Set] = set
			t.order = append(t.order, set.info.Set)
		case row[0] == "~" && len(row) == 2:
			system = row[1]
		case set == nil || system == "":
			return fmt.Errorf("vocabulary: row %q stands outside a set", row)
		default:
			set.byCode[row[0]] = append(set.byCode[row[0]], len(set.concepts))
			set.concepts = append(set.concepts, Concept{Code: row[0], System: system, Label: column(row, 1), Until: column(row, 2)})
		}
	}
	return nil
}

func readAssociations(t *Tables, rows [][]string) error {
	name := ""
	for _, row := range rows {
		if row[0] == "=" {
			name = column(row, 1)
			continue
		}
		if err := t.associate(name, row); err != nil {
			return err
		}
	}
	return nil
}

func (t *Tables) associate(name string, row []string) error {
	set, code := DocumentFormat, column(row, 1)
	if name == "X04" {
		set, code = DocumentClass, column(row, 2)
	}
	systems := t.Systems(set, code)
	if len(systems) != 1 {
		return fmt.Errorf("vocabulary: %s %q is in %d code systems of %s", name, row, len(systems), set)
	}
	to, _ := t.Find(set, code, systems[0])
	switch name {
	case "X04":
		t.classes[typeKey{row[0], row[1]}] = to
	case "A11":
		t.templateFormats[row[0]] = to
	case "A12":
		t.mediaFormats[row[0]] = to
	default:
		return fmt.Errorf("vocabulary: association %q is not known", name)
	}
	return nil
}

func readSystems(t *Tables, rows [][]string) error {
	for _, row := range rows {
		if len(row) < 3 {
			return fmt.Errorf("vocabulary: code system %q has no URI", row)
		}
		s := &CodeSystem{OID: row[0], Name: row[1], URI: row[2]}
		t.systems[s.OID] = s
		for _, uri := range append(row[2:], urnOID+s.OID) {
			if other, ok := t.uris[uri]; ok && other != s {
				return fmt.Errorf("vocabulary: %s is the URI of %s and of %s", uri, other.Name, s.Name)
			}
			t.uris[uri] = s
		}
	}
	return nil
}

// rows splits a table into its rows and columns, without comments.
func rows(text string) [][]string {
	var all [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, strings.Split(line, "\t"))
		}
	}
	return all
}

func column(row []string, i int) string {
	if i < len(row) {
		return row[i]
	}
	return ""
}
