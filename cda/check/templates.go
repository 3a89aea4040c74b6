package check

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed tables/models.txt
var modelsText string

//go:embed tables/sections.txt
var sectionsText string

//go:embed tables/entries.txt
var entriesText string

// sureElements is how often a template was met on an element for any other element to be refused, sureModels in how many models a section had its code.
const sureElements, sureModels = 20, 2

// templates are what is known of template ids, by root.
type templates struct {
	models   map[string]*model
	sections map[string]*sectionTemplate
	entries  map[string]*entryTemplate
}

// model is a model of N3 documents ("volet").
type model struct {
	root, name string
	codes      []string
	sections   []wanted
	header     []demand
}

// wanted is a section that a model asks for.
type wanted struct {
	root string
	sure bool
}

// demand is what a model asks of the header.
type demand struct {
	kind string
	args []string
	text string // the arguments as they stand
	sure bool
}

type sectionTemplate struct {
	label string
	codes []string
	sure  bool
}

// entryTemplate is a template of an entry or of a part of one: the elements that it stands on, and what it asks for.
type entryTemplate struct {
	name       string
	elements   []string
	sure       bool
	parts      []string
	companions []string
	sureParts  bool
}

// loadTemplates panics when the tables that are compiled in cannot be read, which TestTemplates excludes.
var loadTemplates = sync.OnceValue(func() *templates {
	t, err := readTemplates(modelsText, sectionsText, entriesText)
	if err != nil {
		panic(err)
	}
	return t
})

func readTemplates(models, sections, entries string) (*templates, error) {
	t := &templates{models: map[string]*model{}, sections: map[string]*sectionTemplate{}, entries: map[string]*entryTemplate{}}
	var current *model
	for _, part := range []struct {
		text string
		read func([]string) error
	}{
		{models, func(words []string) error { return t.readModel(&current, words) }},
		{sections, t.readSection},
		{entries, t.readEntry},
	} {
		for line := range strings.Lines(part.text) {
			words := strings.Fields(line)
			if len(words) == 0 || words[0][0] == '#' {
				continue
			}
			if err := part.read(words); err != nil {
				return nil, fmt.Errorf("check: %q: %w", strings.TrimSpace(line), err)
			}
		}
	}
	return t, nil
}

var errColumns = fmt.Errorf("too few words")

func (t *templates) readModel(current **model, words []string) error {
	if words[0] == "model" {
		if len(words) < 4 {
			return errColumns
		}
		*current = &model{root: words[1], name: words[2], codes: words[3:]}
		t.models[words[1]] = *current
		return nil
	}
	if *current == nil {
		return errColumns
	}
	switch kind := words[0]; kind {
	case "section", "section?":
		if len(words) != 2 {
			return errColumns
		}
		(*current).sections = append((*current).sections, wanted{words[1], kind == "section"})
	default:
		name := strings.TrimPrefix(kind, "?")
		if demands[name] == nil {
			return fmt.Errorf("unknown demand")
		}
		(*current).header = append((*current).header, demand{name, words[1:], strings.Join(words[1:], " "), name == kind})
	}
	return nil
}

func (t *templates) readSection(words []string) error {
	if len(words) < 4 {
		return errColumns
	}
	models, err := strconv.Atoi(words[2])
	if err != nil {
		return err
	}
	s := t.sections[words[0]]
	if s == nil {
		s = &sectionTemplate{label: strings.Join(words[3:], " "), sure: models >= sureModels}
		t.sections[words[0]] = s
	} else {
		s.sure = false // several codes: there may be more
	}
	s.codes = append(s.codes, words[1])
	return nil
}

func (t *templates) readEntry(words []string) error {
	if len(words) < 3 {
		return errColumns
	}
	if words[0][0] == '+' || words[0][0] == '&' {
		e := t.entries[words[1]]
		if e == nil {
			return fmt.Errorf("unknown template")
		}
		if words[0][0] == '+' {
			e.parts = words[2:]
		} else {
			e.companions = words[2:]
		}
		e.sureParts = len(words[0]) == 1
		return nil
	}
	e := &entryTemplate{name: strings.Join(words[2:], " ")}
	total := 0
	for _, element := range strings.Split(words[1], ",") {
		name, times, _ := strings.Cut(element, ":")
		n, err := strconv.Atoi(times)
		if err != nil {
			return err
		}
		e.elements = append(e.elements, name)
		total += n
	}
	e.sure = total >= sureElements
	t.entries[words[0]] = e
	return nil
}
