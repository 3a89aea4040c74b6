package pixm

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// Manager is the Patient Identifier Cross-reference Manager.
type Manager struct {
	domains *Domains
	people  *dmp.People
	mode    ins.Mode
}

// NewManager makes the manager.
func NewManager(domains *Domains, people *dmp.People, mode ins.Mode) *Manager {
	return &Manager{domains: domains, people: people, mode: mode}
}

// query is $ihe-pix (ITI-83, section 2:3.83.4.1).
func (m *Manager) query(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	source, err := sourceOf(call)
	if err != nil {
		return nil, err
	}
	targets := call.Values("targetSystem")
	if !m.domains.Known(source.system) {
		return nil, fault.At(http.StatusBadRequest, fault.CodeInvalid, "http.sourceIdentifier", "sourceIdentifier Assigning Authority not found")
	}
	for i, target := range targets {
		targets[i], _ = dmp.CanonicalToken(target, "")
		if !m.domains.Known(targets[i]) {
			return nil, fault.At(http.StatusForbidden, fault.CodeInvalid, "http.targetSystem", "targetSystem not found")
		}
	}
	if _, isINS := ins.KindOf(source.system); isINS {
		if _, err := m.mode.Parse(source.system, source.value); err != nil {
			return nil, fault.At(http.StatusBadRequest, fault.Value, "http.sourceIdentifier", err.Error())
		}
	}
	found, err := m.people.ByIdentifier(ctx, source.system, source.value)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, fault.At(http.StatusNotFound, fault.NotFound, "http.sourceIdentifier", "sourceIdentifier Patient Identifier not found")
	}
	out := &parameters{}
	records := make([]*store.Record, 0, len(found))
	for _, p := range found {
		for _, identifier := range given(p, targets) {
			if !source.is(identifier) {
				out.add("targetIdentifier", "valueIdentifier", element.AppendJSON(nil, identifier))
			}
		}
		if len(targets) == 0 {
			out.add("targetId", "valueReference", []byte(`{"reference":"Patient/`+p.Record.ID+`"}`))
		}
		records = append(records, p.Record)
	}
	return &rest.OperationAnswer{Resource: out.json(), Records: records}, nil
}

// given lists the identifiers of a person that are given away. Of a qualified identity that is the INS; a local identifier is given to who names its domain, which is its own establishment or one that
// it works with. Identifiers that are old, such as those of merged identities, stay here.
func given(p *dmp.Person, targets []string) []*element.Element {
	var out []*element.Element
	for e := range p.Tree.Children("identifier") {
		system := e.ChildValue("system")
		_, isINS := ins.KindOf(system)
		switch {
		case system == "" || e.ChildValue("use") == "old":
		case len(targets) > 0 && !slices.Contains(targets, system):
		case len(targets) == 0 && !p.INS.IsZero() && !isINS:
		default:
			out = append(out, e)
		}
	}
	return out
}

type sourceIdentifier struct{ system, value string }

func (s sourceIdentifier) is(e *element.Element) bool {
	return s.system == e.ChildValue("system") && strings.EqualFold(s.value, e.ChildValue("value"))
}

// sourceOf reads the sourceIdentifier of a GET (a token) or of a POST (an Identifier).
func sourceOf(call *rest.OperationCall) (sourceIdentifier, error) {
	var system, value string
	if identifier := parameterValue(call, "sourceIdentifier"); identifier != nil && !identifier.IsPrimitive() {
		system, value = identifier.ChildValue("system"), identifier.ChildValue("value")
	} else {
		token := call.Value("sourceIdentifier")
		if token == "" {
			return sourceIdentifier{}, fault.At(http.StatusBadRequest, fault.Required, "http.sourceIdentifier", "The operation takes one sourceIdentifier, written system|value.")
		}
		if s, v, ok := strings.Cut(token, "|"); ok {
			system, value = s, v
		} else {
			value = token
		}
	}
	system, value = dmp.CanonicalToken(system, value)
	if value == "" {
		return sourceIdentifier{}, fault.At(http.StatusBadRequest, fault.Required, "http.sourceIdentifier", "The sourceIdentifier has a value behind the '|'.")
	}
	return sourceIdentifier{system, value}, nil
}

// parameterValue gives the value of a parameter of a POST, nil when there is none.
func parameterValue(call *rest.OperationCall, name string) *element.Element {
	if call.Parameters == nil || call.Parameters.Type() != "Parameters" {
		return nil
	}
	for p := range call.Parameters.Root.Children("parameter") {
		if p.ChildValue("name") == name {
			return p.Child("value")
		}
	}
	return nil
}
