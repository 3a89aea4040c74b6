package rest

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// operation routes a call to what is declared for its level, type and code (http://hl7.org/fhir/R4/operations.html).
func (s *Server) operation(x *exchange) error {
	ctx, cancel := s.within(x)
	defer cancel()
	call := &OperationCall{Level: SystemLevel, Type: x.typ, ID: x.c.Param("id"), Query: x.r.URL.RawQuery, Request: x.r}
	switch {
	case call.ID != "":
		call.Level = InstanceLevel
	case call.Type != "":
		call.Level = TypeLevel
	}
	op := s.operations.find(call.Level, call.Type, x.c.Param("op"))
	if op == nil {
		return unknownOperation()
	}
	if x.r.Method != http.MethodPost && !op.ReadOnly {
		f := fault.New(http.StatusMethodNotAllowed, fault.NotSupported, "The operation changes state: call it by POST.")
		f.Header = http.Header{"Allow": {"OPTIONS, POST"}}
		return f
	}
	if _, err := queryOf(call.Query); err != nil {
		return err
	}
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	if x.r.Method == http.MethodPost {
		if err := s.operationBody(x, op, call); err != nil {
			return err
		}
	}
	a, err := op.Handle(ctx, call)
	if err != nil {
		return err
	}
	status := a.Status
	if status == 0 {
		status = http.StatusOK
	}
	for name, values := range a.Header {
		x.w.Header()[name] = values
	}
	if a.Resource == nil {
		if err := s.tell(x, Answer{Status: status, Records: a.Records}); err != nil {
			return err
		}
		s.send(x, status, nil, nil)
		return nil
	}
	return s.sendJSON(x, out, a.Resource, Answer{Status: status, Records: a.Records})
}

func unknownOperation() *fault.Fault {
	return fault.New(http.StatusNotFound, fault.NotSupported, "The server has no such operation here; its CapabilityStatement lists those that it has.")
}

// operationBody reads the body of a POST, which may be empty.
func (s *Server) operationBody(x *exchange, op *Operation, call *OperationCall) error {
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	raw := err == nil && slices.Contains(op.RawMedia, media)
	switch {
	case raw:
		return s.rawBody(x, op, call, params["charset"])
	case x.r.ContentLength == 0:
		return nil
	}
	format, err := bodyFormat(x.r.Header)
	if err != nil && len(op.RawMedia) > 0 {
		return fault.New(http.StatusUnsupportedMediaType, fault.NotSupported,
			"The Content-Type of the body must be application/fhir+json or application/fhir+xml, in UTF-8, or, for content as it is, "+strings.Join(op.RawMedia, ", ")+".")
	}
	if err != nil {
		return err
	}
	limit := s.o.Limits.Resource
	if call.Type == "Bundle" {
		limit = s.o.Limits.Bundle
	}
	body, err := x.readAll(limit)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	call.Parameters, err = s.parse(format, body, "")
	var f *fault.Fault
	if op.tolerant && errors.As(err, &f) && f.Status == http.StatusUnprocessableEntity {
		call.wrong = f
		return nil
	}
	return err
}

// ownOperations are the operations of R4 that the server has itself.
func (s *Server) ownOperations() []Operation {
	const definitions = "http://hl7.org/fhir/OperationDefinition/"
	return []Operation{
		{
			Code: "validate", Definition: definitions + "Resource-validate", Levels: TypeLevel | InstanceLevel, ReadOnly: true, tolerant: true, Handle: s.validate,
			Documentation: "Takes Parameters or the bare resource, a mode (create, update, delete) and a profile. Nothing is written.",
		},
		{Code: "meta", Definition: definitions + "Resource-meta", Levels: SystemLevel | TypeLevel | InstanceLevel, ReadOnly: true, Handle: s.meta},
		{Code: "meta-add", Definition: definitions + "Resource-meta-add", Levels: InstanceLevel, Handle: s.metaAdd},
		{Code: "meta-delete", Definition: definitions + "Resource-meta-delete", Levels: InstanceLevel, Handle: s.metaDelete},
		{
			Code: "everything", Definition: definitions + "Patient-everything", Levels: InstanceLevel, Types: []string{"Patient"}, ReadOnly: true, Handle: s.everything,
			Documentation: "Takes start, end, _since, _type and _count. Pages are snapshots, as those of a search.",
		},
	}
}

// only refuses parameters that the operation does not have: what is not understood must not be taken for fulfilled.
func (c *OperationCall) only(names ...string) error {
	refuse := func(name string) error {
		return fault.At(http.StatusBadRequest, fault.NotSupported, "http."+safeName(name), "The operation does not have this parameter.")
	}
	q, err := queryOf(c.Query)
	if err != nil {
		return err
	}
	for name := range q {
		if name != "_format" && name != "_pretty" && !slices.Contains(names, name) {
			return refuse(name)
		}
	}
	if c.Parameters == nil || c.Parameters.Type() != "Parameters" || c.Type == "Parameters" {
		return nil
	}
	for p := range c.Parameters.Root.Children("parameter") {
		if name := p.ChildValue("name"); !slices.Contains(names, name) {
			return refuse(name)
		}
	}
	return nil
}

// validate is $validate: 200 with all that was found, also when the resource would be refused.
func (s *Server) validate(ctx context.Context, call *OperationCall) (*OperationAnswer, error) {
	if err := call.only("resource", "mode", "profile"); err != nil {
		return nil, err
	}
	var issues []fault.Issue
	if call.wrong != nil {
		issues = call.wrong.Issues
	} else {
		res := call.Resource("resource")
		if call.Type == "Parameters" && res != nil && call.Parameters.Type() == "Parameters" && call.parameter("resource") == nil {
			res = call.Parameters
		}
		var err error
		if issues, err = s.repository.Validate(ctx, call.Type, call.ID, res, call.Value("mode"), call.Value("profile")); err != nil {
			return nil, err
		}
	}
	if len(issues) == 0 {
		issues = []fault.Issue{{Severity: fault.Information, Code: fault.Informational, Diagnostics: "No issue was found."}}
	}
	return &OperationAnswer{Resource: appendOutcome(nil, issues)}, nil
}

func (s *Server) meta(ctx context.Context, call *OperationCall) (*OperationAnswer, error) {
	if err := call.only(); err != nil {
		return nil, err
	}
	body, err := s.repository.Meta(ctx, call.Type, call.ID)
	return &OperationAnswer{Resource: body}, err
}

func (s *Server) metaAdd(ctx context.Context, call *OperationCall) (*OperationAnswer, error) {
	if err := call.needParameters(); err != nil {
		return nil, err
	}
	body, err := s.repository.MetaAdd(ctx, call.Type, call.ID, call.Parameters)
	return &OperationAnswer{Resource: body}, err
}

func (s *Server) metaDelete(ctx context.Context, call *OperationCall) (*OperationAnswer, error) {
	if err := call.needParameters(); err != nil {
		return nil, err
	}
	body, err := s.repository.MetaDelete(ctx, call.Type, call.ID, call.Parameters)
	return &OperationAnswer{Resource: body}, err
}

func (c *OperationCall) needParameters() error {
	if err := c.only("meta"); err != nil {
		return err
	}
	if c.Parameters == nil || c.Parameters.Type() != "Parameters" {
		return fault.At(http.StatusBadRequest, fault.Required, "Parameters", "The operation takes a Parameters resource.")
	}
	return nil
}

// everything is Patient/[id]/$everything.
func (s *Server) everything(ctx context.Context, call *OperationCall) (*OperationAnswer, error) {
	if err := call.only("start", "end", "_since", "_type", "_count", "_page"); err != nil {
		return nil, err
	}
	place := "everything " + call.ID
	url := s.o.BaseURL + "/Patient/" + call.ID + "/$everything"
	token := &pageToken{t: call.At, total: -1}
	given, err := queryOf(call.Query)
	if err != nil {
		return nil, err
	}
	general, self := generalParams(given), url
	further := call.Value("_page") != ""
	if further {
		self += "?" + general + "_page=" + call.Value("_page")
		if token, err = s.tokens.open(call.Value("_page"), place); err != nil {
			return nil, err
		}
		call = &OperationCall{Level: call.Level, Type: call.Type, ID: call.ID, Query: token.query, Request: call.Request}
	} else {
		token.query = everythingParams(call)
		if q := strings.TrimSuffix(general+token.query, "&"); q != "" {
			self += "?" + q
		}
	}
	q, err := s.everythingQuery(call)
	if err != nil {
		return nil, err
	}
	q.T, q.After = token.t, token.resume
	page, err := s.repository.Everything(ctx, call.ID, q)
	if err != nil {
		return nil, err
	}
	sealed := func(resume []byte) string {
		return url + "?" + general + "_page=" + s.tokens.seal(&pageToken{t: page.T, total: -1, resume: resume, query: token.query}, place)
	}
	links := []link{{"self", self}}
	if page.Next != nil || further {
		links = append(links, link{"first", sealed(nil)})
	}
	if page.Next != nil {
		links = append(links, link{"next", sealed(page.Next)})
	}
	w := newBundle(s.o.BaseURL, "searchset", page.T, bytesOf(page.Matches, page.Included))
	if !further && page.Next == nil && page.Total < 0 {
		page.Total = int64(len(page.Matches))
	}
	w.total(page.Total)
	w.links(links...)
	if err := s.searchEntries(ctx, w, whole, page.Result); err != nil {
		return nil, err
	}
	return &OperationAnswer{Resource: w.end(), Records: append(page.Matches[:len(page.Matches):len(page.Matches)], page.Included...)}, nil
}

func everythingParams(call *OperationCall) string {
	var params [][2]string
	for _, name := range []string{"start", "end", "_since", "_count"} {
		if v := call.Value(name); v != "" {
			params = append(params, [2]string{name, v})
		}
	}
	if types := call.Values("_type"); len(types) > 0 {
		params = append(params, [2]string{"_type", strings.Join(types, ",")})
	}
	var b strings.Builder
	appendQuery(&b, params)
	return b.String()
}

func (s *Server) everythingQuery(call *OperationCall) (q repository.EverythingQuery, err error) {
	for i := range s.o.Extensions {
		for typ, where := range s.o.Extensions[i].Everything {
			if q.Where == nil {
				q.Where = map[string]search.Expr{}
			}
			if had := q.Where[typ]; had != nil {
				where = search.And{had, where}
			}
			q.Where[typ] = where
		}
	}
	q.Start, q.End, q.Types = call.Value("start"), call.Value("end"), call.Values("_type")
	if v := call.Value("_since"); v != "" {
		if q.Since, _, err = periodParam("_since", v); err != nil {
			return q, err
		}
	}
	if v := call.Value("_count"); v != "" {
		n, ok := wholeNumber(v)
		if !ok || n == 0 {
			return q, badParam("_count", "is a whole number, at least 1")
		}
		q.Count = min(n, s.o.Pages.Max)
	}
	return q, nil
}
