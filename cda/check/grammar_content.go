package check

import (
	"fmt"
	"strconv"
	"strings"
)

// particle is a content model: a symbol, a sequence or a choice, with how often it may stand.
type particle struct {
	symbol      int // -1 for lists
	choice      bool
	parts       []*particle
	least, most int // most -1 without bound
}

// compile reads a content model and makes its automaton.
func (g *grammar) compile(t *complexType, content string) error {
	p := &parser{g: g, t: t, words: strings.Fields(content)}
	model, err := p.list()
	if err != nil {
		return err
	}
	if p.at != len(p.words) {
		return fmt.Errorf("the content model goes on after %q", p.words[:p.at])
	}
	t.states, err = automaton(model, len(t.symbols))
	return err
}

type parser struct {
	g     *grammar
	t     *complexType
	words []string
	at    int
}

// list reads particles up to a closing parenthesis or the end: a sequence, or several with | between them, which are a choice.
func (p *parser) list() (*particle, error) {
	sequence := &particle{symbol: -1, least: 1, most: 1}
	choice := &particle{symbol: -1, least: 1, most: 1, choice: true, parts: []*particle{sequence}}
	for p.at < len(p.words) && p.words[p.at][0] != ')' {
		if p.words[p.at] == "|" {
			sequence = &particle{symbol: -1, least: 1, most: 1}
			choice.parts = append(choice.parts, sequence)
			p.at++
			continue
		}
		part, err := p.particle()
		if err != nil {
			return nil, err
		}
		sequence.parts = append(sequence.parts, part)
	}
	return choice, nil
}

func (p *parser) particle() (*particle, error) {
	word := p.words[p.at]
	p.at++
	if word != "(" {
		return p.element(word)
	}
	list, err := p.list()
	if err != nil {
		return nil, err
	}
	if p.at >= len(p.words) {
		return nil, fmt.Errorf("a parenthesis is not closed")
	}
	end := p.words[p.at]
	p.at++
	list.least, list.most, err = occurs(end[1:])
	return list, err
}

func (p *parser) element(word string) (*particle, error) {
	name, typeName, _ := strings.Cut(word, "=")
	cut := strings.IndexAny(typeName, "?+{")
	if cut < 0 && len(typeName) > 1 {
		if i := strings.LastIndexByte(typeName, '*'); i > 0 {
			cut = i
		}
	}
	if typeName == "" { // any
		cut = strings.IndexAny(word, "?*+{")
		if cut < 0 {
			cut = len(word)
		}
		return p.counted(symbol{wildcard: true, local: "*", t: p.g.types["*"], next: -1}, word[cut:])
	}
	suffix := ""
	if cut >= 0 {
		typeName, suffix = typeName[:cut], typeName[cut:]
	}
	space, local, err := p.g.split(name)
	if err != nil {
		return nil, err
	}
	t, err := p.g.elementType(typeName)
	if err != nil {
		return nil, err
	}
	return p.counted(symbol{space: space, local: local, t: t, next: -1}, suffix)
}

// elementType finds the type of an element: a complex one, "*", or "#" and a simple one.
func (g *grammar) elementType(name string) (*complexType, error) {
	if t, ok := g.types[name]; ok {
		return t, nil
	}
	simple, ok := strings.CutPrefix(name, "#")
	if !ok {
		return nil, fmt.Errorf("type %s is unknown", name)
	}
	text, err := g.simple(simple)
	if err != nil {
		return nil, err
	}
	t := &complexType{name: name, text: text, mixed: true, states: []state{{accepts: true}}}
	return t, nil
}

// counted gives the particle of a symbol; one name has one symbol in a type.
func (p *parser) counted(s symbol, suffix string) (*particle, error) {
	least, most, err := occurs(suffix)
	if err != nil {
		return nil, err
	}
	at := -1
	for i := range p.t.symbols {
		if p.t.symbols[i].space == s.space && p.t.symbols[i].local == s.local {
			at = i
		}
	}
	if at < 0 {
		at = len(p.t.symbols)
		if first, ok := p.t.byName[s.local]; ok {
			s.next = first
		}
		p.t.symbols = append(p.t.symbols, s)
		p.t.byName[s.local] = at
	}
	return &particle{symbol: at, least: least, most: most}, nil
}

func occurs(suffix string) (least, most int, err error) {
	switch suffix {
	case "":
		return 1, 1, nil
	case "?":
		return 0, 1, nil
	case "*":
		return 0, -1, nil
	case "+":
		return 1, -1, nil
	}
	low, high, ok := strings.Cut(strings.Trim(suffix, "{}"), ",")
	if !ok || suffix[0] != '{' {
		return 0, 0, fmt.Errorf("how often is %q", suffix)
	}
	if least, err = strconv.Atoi(low); err != nil {
		return 0, 0, err
	}
	if high == "" {
		return least, -1, nil
	}
	most, err = strconv.Atoi(high)
	return least, most, err
}
