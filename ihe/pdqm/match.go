package pdqm

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// Supplier is the Patient Demographics Supplier.
type Supplier struct {
	people   *dmp.People
	registry *search.Registry
	domains  Domains
	mode     ins.Mode
	base     string
	// Caller says which professional asks, by national identifier: the answer of TD0.2 tells whether that is a médecin traitant DMP. nil, or false: nothing is told.
	Caller func(context.Context) (dmp.Professional, bool)
	// Treats, when set, says in the place of Caller whether who asks is a médecin traitant DMP of a Patient; told is false when nothing is to be said.
	Treats func(ctx context.Context, patient string) (is, told bool)
}

// Domains say which identifier domains are known.
type Domains interface{ Known(system string) bool }

// NewSupplier makes the supplier; base is the server's FHIR base URL.
func NewSupplier(people *dmp.People, registry *search.Registry, domains Domains, mode ins.Mode, base string) *Supplier {
	return &Supplier{people: people, registry: registry, domains: domains, mode: mode, base: base}
}

const (
	defaultMatches = 20
	maxMatches     = 100
	// maxBlock bounds the candidates that one criterion gives; a name that more people have is no criterion by itself.
	maxBlock = 200
)

// match is $match (ITI-119, section 2:3.119.4.1).
func (s *Supplier) match(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	res := call.Resource("resource")
	if res == nil || res.Type() != "Patient" {
		return nil, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation takes a Patient, as its body or as the parameter resource.")
	}
	count, err := countOf(call.Value("count"))
	if err != nil {
		return nil, err
	}
	a := read(s.mode, res.Root)
	if err := wellFormed(s.mode, a); err != nil {
		return nil, err
	}
	matches, err := s.candidates(ctx, a)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(matches, func(x, y *Match) int {
		return cmp.Or(cmp.Compare(y.Score, x.Score), cmp.Compare(x.Person.Record.ID, y.Person.Record.ID))
	})
	if call.Value("onlyCertainMatches") == "true" {
		matches = onlyCertain(matches)
	}
	matches = matches[:min(count, len(matches))]
	records := make([]*store.Record, len(matches))
	for i, m := range matches {
		records[i] = m.Person.Record
	}
	return &rest.OperationAnswer{Resource: s.bundle(a, matches), Records: records}, nil
}

// onlyCertain keeps the certain matches, and none when they are several people (case 5).
func onlyCertain(matches []*Match) []*Match {
	certain := slices.DeleteFunc(matches, func(m *Match) bool { return m.Grade != Certain })
	if len(certain) > 1 {
		return nil
	}
	return certain
}

func countOf(v string) (int, error) {
	if v == "" {
		return defaultMatches, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, fault.At(http.StatusBadRequest, fault.Value, "Parameters.parameter", "The parameter count is a whole number, at least 1.")
	}
	return min(n, maxMatches), nil
}

// wellFormed refuses an INS that is none: a mistyped number must not quietly turn into a search by name.
func wellFormed(mode ins.Mode, a *asked) error {
	for _, t := range a.tokens {
		if _, isINS := ins.KindOf(t[0]); isINS {
			if _, err := mode.Parse(t[0], t[1]); err != nil {
				return fault.At(http.StatusUnprocessableEntity, fault.Value, "Patient.identifier", err.Error())
			}
		}
	}
	return nil
}

// candidates gathers who may be meant by what searches find fast, and compares each.
func (s *Supplier) candidates(ctx context.Context, a *asked) ([]*Match, error) {
	blocks := a.blocks()
	if len(blocks) == 0 {
		return nil, fault.At(http.StatusUnprocessableEntity, fault.Required, "Patient",
			"A match takes an identifier, a birth date with a name, a telecom, or a family name with a given name: with less everybody would be a candidate.")
	}
	seen := map[string]bool{}
	var out []*Match
	for _, block := range blocks {
		found, err := s.search(ctx, block)
		if err != nil {
			return nil, err
		}
		for _, rec := range found {
			if seen[rec.ID] {
				continue
			}
			seen[rec.ID] = true
			p, err := s.people.Read(rec)
			if err != nil {
				return nil, err
			}
			if p.Into != "" {
				continue // the surviving identity has its identifiers
			}
			if m := a.compare(p, read(s.mode, p.Tree)); m != nil {
				out = append(out, m)
			}
		}
	}
	return out, nil
}

// blocks are the criteria by which candidates are found, each answered from an index.
func (a *asked) blocks() []url.Values {
	var out []url.Values
	for _, t := range a.tokens {
		token := escape(t[1])
		if t[0] != "" {
			token = escape(t[0]) + "|" + token
		}
		out = append(out, url.Values{"identifier": {token}})
	}
	if date := a.traits.BirthDate; date != "" {
		if len(a.families) > 0 {
			out = append(out, url.Values{"birthdate": {date}, "family": {list(a.families)}})
		}
		if len(a.givens) > 0 {
			out = append(out, url.Values{"birthdate": {date}, "given": {list(a.givens)}})
		}
		if len(date) == 10 && date[8:] <= "12" && len(a.families) > 0 { // day and month exchanged
			out = append(out, url.Values{"birthdate": {date[:5] + date[8:] + "-" + date[5:7]}, "family": {list(a.families)}})
		}
	}
	if len(a.families) > 0 && len(a.givens) > 0 {
		out = append(out, url.Values{"family": {list(a.families)}, "given": {list(a.givens)}})
	}
	for _, v := range a.telecoms {
		out = append(out, url.Values{"telecom": {escape(v)}})
	}
	return out
}

func list(values []string) string {
	out := make([]string, 0, len(values))
	for _, v := range slices.Compact(slices.Sorted(slices.Values(values))) {
		out = append(out, escape(v))
	}
	return strings.Join(out, ",")
}

// escape writes a value as searches have it.
func escape(v string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, ",", `\,`, "$", `\$`).Replace(v)
}

// search gives the Patients of a block as the caller sees them.
func (s *Supplier) search(ctx context.Context, block url.Values) ([]*store.Record, error) {
	var params [][2]string
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range block {
			if !yield(name) {
				return
			}
		}
	}) {
		params = append(params, [2]string{name, block.Get(name)})
	}
	q, err := search.ParseQuery(s.registry, search.Scope{Type: "Patient"}, params, search.ParseOptions{})
	if err != nil {
		return nil, err
	}
	q.Total = "none"
	page, err := s.people.Repository().Search(ctx, q, 0, search.Page{Count: maxBlock})
	if err != nil {
		return nil, err
	}
	return page.Matches, nil
}
