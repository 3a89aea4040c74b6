package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	models "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// capabilities caches the CapabilityStatement. It is written anew when the search parameters changed.
type capabilities struct {
	mu       sync.Mutex
	snapshot *search.Snapshot
	body     []byte
	tag      string
	began    time.Time
}

// metadata is GET [base]/metadata (http.html#capabilities).
func (s *Server) metadata(x *exchange) error {
	out, err := s.negotiate(x)
	if err != nil {
		return err
	}
	q, err := queryOf(x.r.URL.RawQuery)
	if err != nil {
		return err
	}
	var body []byte
	var tag string
	switch q.Get("mode") {
	case "", "full", "normative":
		body, tag, err = s.statementFor(s.o.Registry)
	case "terminology":
		body, tag, err = s.terminologyCapabilities()
	default:
		return badParam("mode", "is full, normative or terminology")
	}
	if err != nil {
		return err
	}
	h := x.w.Header()
	h["Etag"] = []string{`W/"` + tag + `"`}
	if v := x.r.Header.Get("If-None-Match"); v != "" {
		if l, ok := parseETags(v); ok && (l.star || slices.Contains(l.tags, tag)) {
			s.send(x, http.StatusNotModified, nil, nil)
			return nil
		}
	}
	return s.sendJSON(x, out, body, Answer{Status: http.StatusOK})
}

// statementFor gives the CapabilityStatement of a registry's present state.
func (s *Server) statementFor(r *search.Registry) (body []byte, tag string, err error) {
	c := &s.statement
	c.mu.Lock()
	defer c.mu.Unlock()
	now := r.Snapshot()
	if c.snapshot != now {
		if c.began.IsZero() {
			c.began = time.Now().UTC()
		}
		body, err := s.writeStatement(now, c.began)
		if err != nil {
			return nil, "", err
		}
		c.snapshot, c.body, c.tag = now, body, tagOf(body)
	}
	return c.body, c.tag, nil
}

func tagOf(body []byte) string {
	h := fnv.New64a()
	_, _ = h.Write(body)
	return fmt.Sprintf("%016x", h.Sum64())
}

func ptr[T any](v T) *T { return &v }

// notEmpty gives nil for "": an element of R4 is not there rather than empty.
func notEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// writeStatement writes the statement from the declarations that route, the registry that searches and what extensions added.
func (s *Server) writeStatement(params *search.Snapshot, date time.Time) ([]byte, error) {
	st := models.CapabilityStatement{
		Url:         ptr(s.o.BaseURL + "/metadata"),
		Version:     ptr(s.o.Version),
		Name:        ptr("Carnet"),
		Title:       ptr("Carnet FHIR server"),
		Status:      models.PublicationStatusActive,
		Date:        date.Format(time.RFC3339),
		Kind:        models.CapabilityStatementKindInstance,
		Software:    &models.CapabilityStatementSoftware{Name: "Carnet", Version: ptr(s.o.Version)},
		FhirVersion: models.FHIRVersion4_0_1,
		Format:      []string{"application/fhir+json", "application/fhir+xml", "json", "xml"},
		PatchFormat: []string{"application/fhir+json", "application/fhir+xml"},
		Implementation: &models.CapabilityStatementImplementation{
			Description: "FHIR R4 of this server", Url: ptr(s.o.BaseURL),
		},
	}
	for _, f := range patchMedia {
		st.PatchFormat = append(st.PatchFormat, f.media)
	}
	profiles := map[string][]string{}
	var services []string
	var security []models.Extension
	for _, e := range s.o.Extensions {
		st.Instantiates = append(st.Instantiates, e.Instantiates...)
		st.ImplementationGuide = append(st.ImplementationGuide, e.ImplementationGuides...)
		services = append(services, e.Security...)
		security = append(security, e.SecurityExtensions...)
		for typ, urls := range e.Profiles {
			profiles[typ] = append(profiles[typ], urls...)
		}
	}
	rest := models.CapabilityStatementRest{
		Mode: models.RestfulCapabilityModeServer,
		Security: &models.CapabilityStatementRestSecurity{
			Cors: ptr(len(s.o.CORS) > 0), Description: notEmpty(s.o.SecurityDescription), Service: securityServices(services), Extension: security,
		},
		Interaction: systemInteractions(s.declarations),
		Operation:   s.operationsAt(SystemLevel, ""),
		SearchParam: commonParams(params, s.o.Definitions.Resources),
	}
	for code := range s.o.Definitions.Compartments {
		rest.Compartment = append(rest.Compartment, "http://hl7.org/fhir/CompartmentDefinition/"+lower(code))
	}
	sort.Strings(rest.Compartment)
	interactions, err := typeInteractions(s.declarations)
	if err != nil {
		return nil, err
	}
	targets := reverseIncludes(params, s.o.Definitions.Resources)
	for _, typ := range s.o.Definitions.Resources {
		r, err := s.describe(typ, params, interactions, targets[typ])
		if err != nil {
			return nil, err
		}
		r.SupportedProfile = profiles[typ]
		rest.Resource = append(rest.Resource, r)
	}
	st.Rest = []models.CapabilityStatementRest{rest}
	return typeFirst(json.Marshal(st))
}

// typeFirst moves resourceType from the end, where the models write it, to where readers look for it.
func typeFirst(body []byte, err error) ([]byte, error) {
	at := bytes.LastIndex(body, []byte(`,"resourceType":`))
	if err != nil || at < 0 {
		return body, err
	}
	out := make([]byte, 0, len(body))
	out = append(out, '{')
	out = append(out, body[at+1:len(body)-1]...)
	out = append(out, ',')
	out = append(out, body[1:at]...)
	return append(out, '}'), nil
}

// describe writes one type's part.
func (s *Server) describe(typ string, params *search.Snapshot, interactions []models.CapabilityStatementRestResourceInteraction, revIncludes []string) (models.CapabilityStatementRestResource, error) {
	r := models.CapabilityStatementRestResource{
		Profile:           ptr("http://hl7.org/fhir/StructureDefinition/" + typ),
		Interaction:       interactions,
		Versioning:        ptr(models.ResourceVersionPolicyVersionedUpdate),
		ReadHistory:       ptr(true),
		UpdateCreate:      ptr(true),
		ConditionalCreate: ptr(true),
		ConditionalRead:   ptr(models.ConditionalReadStatusFullSupport),
		ConditionalUpdate: ptr(true),
		ConditionalDelete: ptr(models.ConditionalDeleteStatusSingle),
		SearchRevInclude:  revIncludes,
		Operation:         s.operationsAt(TypeLevel|InstanceLevel, typ),
	}
	if err := json.Unmarshal([]byte(strconv.Quote(typ)), &r.Type); err != nil {
		return r, fmt.Errorf("rest: the models do not know the type %s: %w", typ, err)
	}
	if s.o.ConditionalDeleteMultiple {
		r.ConditionalDelete = ptr(models.ConditionalDeleteStatusMultiple)
	}
	for _, p := range params.Params(typ) {
		if common(p) {
			continue
		}
		sp, err := declareParam(p)
		if err != nil {
			return r, err
		}
		r.SearchParam = append(r.SearchParam, sp)
		if p.Type == search.Reference {
			r.SearchInclude = append(r.SearchInclude, typ+":"+p.Code)
		}
	}
	if len(r.SearchInclude) > 0 {
		r.SearchInclude = append([]string{"*"}, r.SearchInclude...)
	}
	return r, nil
}

func declareParam(p *search.Param) (models.CapabilityStatementRestResourceSearchParam, error) {
	sp := models.CapabilityStatementRestResourceSearchParam{Name: p.Code, Definition: notEmpty(p.URL)}
	if err := json.Unmarshal([]byte(strconv.Quote(string(p.Type))), &sp.Type); err != nil {
		return sp, fmt.Errorf("rest: search parameter type %s: %w", p.Type, err)
	}
	switch {
	case p.Building:
		sp.Documentation = ptr("Existing resources are still being indexed; searching by it is an error until that is done.")
	case p.Type == search.Reference && len(p.Targets) > 0 && len(p.Targets) < 20:
		sp.Documentation = ptr("References to " + join(p.Targets))
	}
	return sp, nil
}

func join(names []string) string {
	out := ""
	for i, n := range names {
		if i > 0 {
			out += ", "
		}
		out += n
	}
	return out
}

// common says whether a parameter is one of all resources (_id, _tag...); those are declared once, for the system.
func common(p *search.Param) bool { return len(p.Code) > 0 && p.Code[0] == '_' && !p.Custom }

func commonParams(params *search.Snapshot, types []string) (out []models.CapabilityStatementRestResourceSearchParam) {
	seen := map[string]bool{}
	for _, typ := range types {
		for _, p := range params.Params(typ) {
			if !common(p) || seen[p.Code] {
				continue
			}
			seen[p.Code] = true
			if sp, err := declareParam(p); err == nil {
				out = append(out, sp)
			}
		}
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out
}

// reverseIncludes gives, for each type, the parameters of other resources that may point to it.
func reverseIncludes(params *search.Snapshot, types []string) map[string][]string {
	out := make(map[string][]string, len(types))
	for _, typ := range types {
		for _, p := range params.Params(typ) {
			if p.Type != search.Reference {
				continue
			}
			for _, target := range p.Targets {
				out[target] = append(out[target], typ+":"+p.Code)
			}
		}
	}
	return out
}

func typeInteractions(declarations []declaration) (out []models.CapabilityStatementRestResourceInteraction, err error) {
	for _, d := range declarations {
		if d.per != perType {
			continue
		}
		var i models.CapabilityStatementRestResourceInteraction
		if err := json.Unmarshal([]byte(strconv.Quote(string(d.interaction))), &i.Code); err != nil {
			return nil, fmt.Errorf("rest: interaction %s: %w", d.interaction, err)
		}
		out = append(out, i)
	}
	return out, nil
}

func systemInteractions(declarations []declaration) (out []models.CapabilityStatementRestInteraction) {
	for _, d := range declarations {
		if d.per != perSystem {
			continue
		}
		var i models.CapabilityStatementRestInteraction
		if err := json.Unmarshal([]byte(strconv.Quote(string(d.interaction))), &i.Code); err == nil {
			out = append(out, i)
		}
	}
	return out
}

// operationsAt lists the operations of any of the levels, for a type.
func (s *Server) operationsAt(levels Level, typ string) (out []models.CapabilityStatementRestResourceOperation) {
	seen := map[*Operation]bool{}
	for k, op := range s.operations {
		if k.level&levels == 0 || seen[op] || k.typ != "" && k.typ != typ {
			continue
		}
		seen[op] = true
		out = append(out, models.CapabilityStatementRestResourceOperation{Name: op.Code, Definition: op.Definition, Documentation: notEmpty(op.Documentation)})
	}
	sort.Slice(out, func(i, k int) bool { return out[i].Name < out[k].Name })
	return out
}

func securityServices(codes []string) (out []models.CodeableConcept) {
	for _, code := range codes {
		out = append(out, models.CodeableConcept{Coding: []models.Coding{{
			System: ptr("http://terminology.hl7.org/CodeSystem/restful-security-service"), Code: ptr(code),
		}}})
	}
	return out
}

func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// terminologyCapabilities says that the server stores terminology and does not serve it yet.
func (s *Server) terminologyCapabilities() (body []byte, tag string, err error) {
	if _, _, err := s.statementFor(s.o.Registry); err != nil { // its date is the same
		return nil, "", err
	}
	st := models.TerminologyCapabilities{
		Url: ptr(s.o.BaseURL + "/metadata?mode=terminology"), Version: ptr(s.o.Version), Name: ptr("CarnetTerminology"),
		Status: models.PublicationStatusActive, Date: s.statement.began.Format(time.RFC3339), Kind: models.CapabilityStatementKindInstance,
		Software:       &models.TerminologyCapabilitiesSoftware{Name: "Carnet", Version: ptr(s.o.Version)},
		Implementation: &models.TerminologyCapabilitiesImplementation{Description: "FHIR R4 of this server", Url: ptr(s.o.BaseURL)},
	}
	if body, err = typeFirst(json.Marshal(st)); err != nil {
		return nil, "", fault.From(err)
	}
	return body, tagOf(body), nil
}
