package rest

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/store"
)

// scope is where a search looks: the system, a type, or a compartment.
type scope struct {
	// typ is the type searched, "" for all.
	typ string
	// compartment and owner name a compartment ("Patient", "123"); "" outside one.
	compartment, owner string
}

// path is the scope's URL below the base.
func (c scope) path() string {
	if c.compartment == "" {
		return c.typ
	}
	inner := c.typ
	if inner == "" {
		inner = "*"
	}
	return c.compartment + "/" + c.owner + "/" + inner
}

// search is every search interaction: GET and POST, type, system and compartment.
func (s *Server) search(x *exchange) error {
	in := scope{typ: x.typ}
	if inner := x.c.Param("inner"); inner != "" {
		in = scope{typ: inner, compartment: x.typ, owner: x.c.Param("id")}
		if inner == "*" {
			in.typ = ""
		}
	}
	return s.searchIn(x, in)
}

// searchCompartment is POST [base]/[compartment]/[id]/_search: all types of the compartment.
func (s *Server) searchCompartment(x *exchange) error {
	return s.searchIn(x, scope{compartment: x.typ, owner: x.c.Param("id")})
}

func (s *Server) searchIn(x *exchange, in scope) error {
	raw, err := s.searchParams(x)
	if err != nil {
		return err
	}
	x.raw = raw
	p := preferenceOf(x.r.Header)
	ctx, cancel := s.within(x)
	defer cancel()
	a, err := s.searchset(ctx, in, raw, p, 0, x.r.Header["Accept"])
	if err != nil {
		return err
	}
	x.query = a.query
	switch {
	case p.lenient:
		x.w.Header()["Preference-Applied"] = headerLenient
	case p.strict:
		x.w.Header()["Preference-Applied"] = headerStrict
	}
	return s.sendJSON(x, a.out, a.bundle, Answer{Status: http.StatusOK, Query: a.query, Records: a.records})
}

// searchParams gives the parameters of a search: those of the URL, and for a POST those of the form behind them (http.html#search).
func (s *Server) searchParams(x *exchange) (string, error) {
	raw := x.r.URL.RawQuery
	if int64(len(raw)) > s.o.Limits.Query {
		return "", fault.New(http.StatusRequestURITooLong, fault.TooLong, "The query is longer than "+size(s.o.Limits.Query)+".")
	}
	if x.r.Method != http.MethodPost {
		return raw, nil
	}
	media, params, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if x.r.ContentLength == 0 && x.r.Header.Get("Content-Type") == "" {
		return raw, nil
	}
	if err != nil || media != "application/x-www-form-urlencoded" {
		return "", fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The Content-Type of a search by POST must be application/x-www-form-urlencoded.")
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return "", fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The form of a search must be in UTF-8.")
	}
	form, err := x.readAll(s.o.Limits.Query)
	if err != nil {
		return "", err
	}
	body := strings.Trim(strings.TrimSpace(string(form)), "&")
	if raw == "" || body == "" {
		return raw + body, nil
	}
	return raw + "&" + body, nil
}

// searched is an answered search.
type searched struct {
	out     *rendering
	bundle  []byte // JSON
	records []*store.Record
	query   string
}

// searchset answers a search, or one further page of it. at is the time to search at (0: now).
func (s *Server) searchset(ctx context.Context, in scope, raw string, prefers preference, at store.Time, accept []string) (*searched, error) {
	where, err := s.searchScope(in)
	if err != nil {
		return nil, err
	}
	values, err := queryOf(raw)
	if err != nil {
		return nil, err
	}
	place := "search " + in.path()
	token := &pageToken{t: at, total: -1, query: withoutGeneral(raw)}
	further := values.Get("_page") != ""
	if further {
		if token, err = s.tokens.open(values.Get("_page"), place); err != nil {
			return nil, err
		}
		prefers = preference{} // what was ignored is not in the token
		if values, err = s.pageParams(values, token.query); err != nil {
			return nil, err
		}
	}
	out, err := negotiated(accept, values)
	if err != nil {
		return nil, err
	}
	q, err := s.parseSearch(where, token.query, prefers)
	if err != nil {
		return nil, err
	}
	warnings, err := s.ruled(ctx, in, q, prefers.lenient || further)
	if err != nil {
		return nil, err
	}
	page := search.Page{Count: s.pageSize(q), Resume: token.resume}
	if further && q.Total != "" {
		q.Total = "none" // counted on the first page
	}
	res, err := s.repository.Search(ctx, q, token.t, page)
	if err != nil {
		return nil, err
	}
	if further {
		res.Total = token.total
	}
	token = &pageToken{t: res.T, total: res.Total, query: usedQuery(q)}
	w := newBundle(s.o.BaseURL, "searchset", res.T, bytesOf(res.Matches, res.Included))
	w.total(res.Total)
	w.links(s.searchLinks(in, values, token, res.Next, further)...)
	if err := s.searchEntries(ctx, w, out, narrowed(q, res.Result)); err != nil {
		return nil, err
	}
	if issues := append(searchIssues(q, warnings, further), warnings...); len(issues) > 0 {
		w.outcome(appendOutcome(nil, issues))
	}
	if q.Explain && res.Plan != nil {
		w.outcome(appendPlan(nil, res.Plan))
	}
	// What is left to do to the whole is its format and layout: the resources are projected already.
	whole := &rendering{contentType: out.contentType, xml: out.xml, pretty: out.pretty}
	return &searched{out: whole, bundle: w.end(), records: append(res.Matches[:len(res.Matches):len(res.Matches)], res.Included...), query: token.query}, nil
}

// narrowed gives the result as the query shows it.
func narrowed(q *search.Query, res *search.Result) *search.Result {
	if q.Narrow == nil {
		return res
	}
	out := *res
	out.Matches = make([]*store.Record, len(res.Matches))
	for i, rec := range res.Matches {
		shown := *rec
		shown.Body = q.Narrow(rec.Body)
		out.Matches[i] = &shown
	}
	return &out
}

func (s *Server) searchEntries(ctx context.Context, w *bundleWriter, out *rendering, res *search.Result) error {
	for _, part := range []struct {
		records []*store.Record
		mode    string
	}{{res.Matches, "match"}, {res.Included, "include"}} {
		for i, rec := range part.records {
			body, err := s.resourceJSON(ctx, out, rec)
			if err != nil {
				return err
			}
			w.searched(rec, body, part.mode, distanceOf(res, part.mode, i))
		}
	}
	return nil
}

// searchLinks gives self, first and next. Self of a first page tells the parameters that were understood; all other links are sealed.
func (s *Server) searchLinks(in scope, values url.Values, token *pageToken, next []byte, further bool) []link {
	url := s.o.BaseURL
	if p := in.path(); p != "" {
		url += "/" + p
	}
	place := "search " + in.path()
	general := generalParams(values)
	sealed := func(resume []byte) string {
		p := *token
		p.resume = resume
		return url + "?" + general + "_page=" + s.tokens.seal(&p, place)
	}
	self := url
	if further {
		self += "?" + general + "_page=" + values.Get("_page")
	} else if q := strings.TrimSuffix(general+token.query, "&"); q != "" {
		self += "?" + q
	}
	links := []link{{"self", self}}
	if further || next != nil {
		links = append(links, link{"first", sealed(nil)})
	}
	if next != nil {
		links = append(links, link{"next", sealed(next)})
	}
	return links
}

// generalParams carries format and layout to the next page, in the clear: they say nothing of the search.
func generalParams(values url.Values) string {
	var b strings.Builder
	for _, name := range []string{"_format", "_pretty"} {
		if v := values.Get(name); v != "" {
			b.WriteString(name + "=" + url.QueryEscape(strings.ReplaceAll(v, " ", "+")) + "&")
		}
	}
	return b.String()
}

// pageParams puts the parameters of a page link together: those sealed in it, and format and layout from the URL.
func (s *Server) pageParams(given url.Values, sealed string) (url.Values, error) {
	for name := range given {
		switch name {
		case "_page", "_format", "_pretty":
		default:
			return nil, fault.At(http.StatusBadRequest, fault.Invalid, "http._page", "A page link takes no further parameters but _format and _pretty; repeat the search to change it.")
		}
	}
	values, err := queryOf(sealed)
	if err != nil {
		return nil, err
	}
	if values == nil {
		values = url.Values{}
	}
	for _, name := range []string{"_page", "_format", "_pretty"} {
		if v, ok := given[name]; ok {
			values[name] = v
		}
	}
	return values, nil
}

// withoutGeneral takes _format and _pretty out of a query, which are not search's.
func withoutGeneral(raw string) string {
	if !strings.Contains(raw, "_format") && !strings.Contains(raw, "_pretty") {
		return raw
	}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		switch name, _, _ := strings.Cut(part, "="); name {
		case "_format", "_pretty":
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// searchScope checks a scope. A compartment that R4 does not define, or a type that is not in it, is a 404: the URL names nothing.
func (s *Server) searchScope(in scope) (search.Scope, error) {
	out := search.Scope{Type: in.typ}
	if in.typ != "" {
		if !s.isType(in.typ) {
			return out, unknownType()
		}
	}
	if in.compartment == "" {
		return out, nil
	}
	def := s.o.Definitions.Compartments[in.compartment]
	if def == nil {
		return out, fault.New(http.StatusNotFound, fault.NotSupported, "FHIR R4 defines compartments for Device, Encounter, Patient, Practitioner and RelatedPerson only.")
	}
	if !element.IsID(in.owner) {
		return out, fault.New(http.StatusNotFound, fault.NotFound, "The URL holds no valid id: letters, digits, - and . up to 64.")
	}
	if in.typ != "" && in.typ != in.compartment && len(def.Params[in.typ]) == 0 {
		return out, fault.New(http.StatusNotFound, fault.NotSupported, "Resources of type "+in.typ+" are never in a compartment of a "+in.compartment+".")
	}
	out.Compartment = &search.InCompartment{Type: in.compartment, ID: in.owner}
	return out, nil
}

// parseSearch reads a query in its scope.
func (s *Server) parseSearch(in search.Scope, raw string, prefers preference) (*search.Query, error) {
	params, err := search.SplitQuery(raw)
	if err != nil {
		return nil, err
	}
	kept := params[:0]
	for _, p := range params {
		if p[0] != "_page" {
			kept = append(kept, p)
		}
	}
	return search.ParseQuery(s.o.Registry, in, kept, search.ParseOptions{Lenient: prefers.lenient, Strict: prefers.strict, BaseURL: s.o.BaseURL, MaxLength: int(s.o.Limits.Query)})
}

// pageSize gives the number of matches of a page; 0 asks for the total only.
func (s *Server) pageSize(q *search.Query) int {
	switch {
	case q.Summary == "count":
		return 0
	case q.Count < 0:
		return s.o.Pages.Default
	}
	return min(q.Count, s.o.Pages.Max)
}

// usedQuery writes the parameters that were understood.
func usedQuery(q *search.Query) string {
	var b strings.Builder
	appendQuery(&b, q.Used)
	return b.String()
}

func bytesOf(lists ...[]*store.Record) int {
	n := 0
	for _, l := range lists {
		for _, rec := range l {
			n += len(rec.Body) + 192
		}
	}
	return n
}

// searchIssues tells what a lenient search left out, and on the first page which criteria nothing can satisfy, unless a rule said so.
func searchIssues(q *search.Query, said []fault.Issue, further bool) []fault.Issue {
	issues := make([]fault.Issue, 0, len(q.Ignored))
	for _, name := range q.Ignored {
		issues = append(issues, fault.Issue{
			Severity: fault.Warning, Code: fault.NotSupported,
			Diagnostics: "The parameter " + name + " was not understood and was left out, as Prefer: handling=lenient asks.",
		})
	}
	for _, hint := range q.Hints {
		same := func(i fault.Issue) bool { return i.Code == hint.Code && i.Expression == hint.Expression }
		if !further && !slices.ContainsFunc(said, same) {
			issues = append(issues, hint)
		}
	}
	return issues
}
