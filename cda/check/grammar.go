package check

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"github.com/carnet-fhir/carnet/cda"
)

//go:embed tables/schema.txt
var schemaText string

// grammar is the structure of a ClinicalDocument: its types, each with a deterministic automaton over the names of its children.
type grammar struct {
	types   map[string]*complexType
	root    *complexType
	simples map[string]*simpleType
	spaces  map[string]string // prefix to URI
}

// complexType is what an element may hold. any stands for a type without constraints.
type complexType struct {
	name            string
	base            *complexType
	mixed, abstract bool
	any             bool
	text            *simpleType // of an element with text only
	attributes      []attribute
	required        uint64 // bits of attributes that must be there
	symbols         []symbol
	byName          map[string]int // first symbol of a local name
	states          []state
	kind            datatype
}

type attribute struct {
	space, name string
	simple      *simpleType
	fixed       string
	isFixed     bool
}

// symbol is a child that a type knows; next is the position of another one with the same local name, -1 when there is none.
type symbol struct {
	space, local string
	t            *complexType
	wildcard     bool
	next         int
}

// state of the automaton: where each symbol leads to, dead when nowhere.
type state struct {
	accepts bool
	next    []int16
}

const dead = int16(-1)

// loadGrammar panics when the table that is compiled in cannot be read, which TestGrammar excludes.
var loadGrammar = sync.OnceValue(func() *grammar {
	g, err := readGrammar(schemaText)
	if err != nil {
		panic(err)
	}
	return g
})

func readGrammar(text string) (*grammar, error) {
	g := &grammar{types: map[string]*complexType{}, simples: map[string]*simpleType{}, spaces: map[string]string{"": cda.NS, "xml": "http://www.w3.org/XML/1998/namespace"}}
	g.types["*"] = &complexType{name: "anyType", any: true, mixed: true}
	contents := map[*complexType]string{}
	var t *complexType
	var bases []func() error
	root := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		var err error
		switch word, rest, _ := strings.Cut(line, " "); {
		case line == "" || line[0] == '#':
		case word == "namespace":
			prefix, uri, _ := strings.Cut(rest, " ")
			g.spaces[strings.TrimSuffix(prefix, ":")] = uri
		case word == "simple":
			err = g.addSimple(rest)
		case word == "type":
			var base func() error
			t, base = g.addType(strings.Fields(rest))
			bases = append(bases, base)
		case word == "root":
			root = rest
		case t == nil:
			err = fmt.Errorf("check: line %q stands outside a type", line)
		case strings.HasPrefix(line, " @"):
			err = g.addAttribute(t, strings.Fields(line[2:]), line)
		default:
			contents[t] = strings.TrimSpace(line)
		}
		if err != nil {
			return nil, err
		}
	}
	return g, g.finish(contents, bases, root)
}

// finish resolves what needs all types to be there.
func (g *grammar) finish(contents map[*complexType]string, bases []func() error, root string) error {
	for _, base := range bases {
		if err := base(); err != nil {
			return err
		}
	}
	for t, content := range contents {
		if err := g.compile(t, content); err != nil {
			return fmt.Errorf("check: type %s: %w", t.name, err)
		}
	}
	for _, t := range g.types {
		if t.states == nil {
			t.states = []state{{accepts: true}}
		}
		t.kind = datatypeOf(t)
	}
	_, top, _ := strings.Cut(root, "=")
	if g.root = g.types[top]; g.root == nil {
		return fmt.Errorf("check: the root %q has no type", root)
	}
	return nil
}

func (g *grammar) addType(words []string) (*complexType, func() error) {
	t := &complexType{name: words[0], byName: map[string]int{}}
	g.types[t.name] = t
	base := ""
	for _, word := range words[1:] {
		switch word {
		case "mixed":
			t.mixed = true
		case "abstract":
			t.abstract = true
		default:
			base = strings.TrimPrefix(word, "base=")
		}
	}
	return t, func() error {
		if base == "" {
			return nil
		}
		if t.base = g.types[base]; t.base == nil {
			return fmt.Errorf("check: type %s has the unknown base %s", t.name, base)
		}
		return nil
	}
}

func (g *grammar) addAttribute(t *complexType, words []string, line string) error {
	if len(words) < 2 || len(t.attributes) == 64 {
		return fmt.Errorf("check: attribute %q of %s", line, t.name)
	}
	space, local, err := g.split(words[0])
	if err != nil {
		return err
	}
	a := attribute{name: local}
	if space != cda.NS {
		a.space = space
	}
	if a.simple, err = g.simple(words[1]); err != nil {
		return err
	}
	for _, word := range words[2:] {
		if word == "required" {
			t.required |= 1 << len(t.attributes)
		}
	}
	_, a.fixed, a.isFixed = strings.Cut(line, " fixed=")
	t.attributes = append(t.attributes, a)
	return nil
}

// split resolves the prefix of a name.
func (g *grammar) split(name string) (space, local string, err error) {
	prefix, local, ok := strings.Cut(name, ":")
	if !ok {
		return cda.NS, name, nil
	}
	space, ok = g.spaces[prefix]
	if !ok {
		return "", "", fmt.Errorf("check: the prefix of %s is unknown", name)
	}
	return space, local, nil
}

// derives says whether t is base or derived from it.
func (t *complexType) derives(base *complexType) bool {
	for ; t != nil; t = t.base {
		if t == base {
			return true
		}
	}
	return false
}

// symbol finds a child's symbol, -1 when the type does not know it.
func (t *complexType) symbol(space, local string) int {
	i, ok := t.byName[local]
	if !ok {
		i = -1
	}
	for ; i >= 0; i = t.symbols[i].next {
		if t.symbols[i].space == space {
			return i
		}
	}
	if w, ok := t.byName["*"]; ok && space != cda.NS {
		return w
	}
	return -1
}
