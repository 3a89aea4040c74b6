package mhd

import (
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// The repository's faults name the plan's entries, which are not those of the request: some are added, some left out.

var entryPattern = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// plannedEntry gives the index of the plan's entry that an expression names.
func plannedEntry(expression string) (index int, rest string, ok bool) {
	m := entryPattern.FindStringSubmatch(expression)
	if m == nil {
		return 0, "", false
	}
	index, err := strconv.Atoi(m[1])
	return index, expression[len(m[0]):], err == nil
}

// placeOf gives the place in the request that a planned entry answers, -1 for none.
func (p *plan) placeOf(index int) int {
	for place := range p.places {
		if p.places[place].index == index && p.s.entries[place].part != PartOther {
			return place
		}
	}
	return -1
}

// refused gives the fault of a refusal, nil for failures.
func refused(err error) *fault.Fault {
	var f *fault.Fault
	if !errors.As(err, &f) || f.Status >= http.StatusInternalServerError {
		return nil
	}
	return f
}

// blames says whether a refusal is of what was extracted only.
func (p *plan) blames(err error) bool {
	f := refused(err)
	if f == nil || len(f.Issues) == 0 || p.s.bare {
		return false
	}
	for _, issue := range f.Issues {
		index, _, ok := plannedEntry(issue.Expression)
		if !ok || index < p.extractedFrom || p.extractedFrom == 0 {
			return false
		}
	}
	return true
}

// named puts the request's own names into a refusal.
func (p *plan) named(err error) error {
	f := refused(err)
	if f == nil || p == nil {
		return err
	}
	out := *f
	out.Issues = append([]fault.Issue(nil), f.Issues...)
	for i := range out.Issues {
		index, rest, ok := plannedEntry(out.Issues[i].Expression)
		if !ok {
			continue
		}
		place := p.placeOf(index)
		switch {
		case place < 0:
			out.Issues[i].Expression = ""
		case strings.HasPrefix(rest, ".resource"):
			out.Issues[i].Expression = p.s.entries[place].base + strings.TrimPrefix(rest, ".resource")
		default:
			out.Issues[i].Expression = p.s.entries[place].path + rest
		}
	}
	return &out
}
