package rest

import (
	"context"
	"encoding/binary"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// history is GET _history of an instance, a type or the system (http.html#history).
func (s *Server) history(x *exchange) error {
	ctx, cancel := s.within(x)
	defer cancel()
	a, err := s.historyBundle(ctx, x.typ, x.c.Param("id"), x.r.URL.RawQuery, 0, x.r.Header["Accept"])
	if err != nil {
		return err
	}
	x.query = a.query
	return s.sendJSON(x, a.out, a.bundle, Answer{Status: http.StatusOK, Query: a.query, Records: a.records})
}

func (s *Server) historyBundle(ctx context.Context, typ, id, raw string, at store.Time, accept []string) (*searched, error) {
	values, err := queryOf(raw)
	if err != nil {
		return nil, err
	}
	path := strings.Trim(typ+"/"+id, "/")
	url := strings.TrimRight(s.o.BaseURL+"/"+path, "/") + "/_history"
	place := "history " + path
	token := &pageToken{t: at, total: -1, query: withoutGeneral(raw)}
	further := values.Get("_page") != ""
	if further {
		if token, err = s.tokens.open(values.Get("_page"), place); err != nil {
			return nil, err
		}
		if values, err = s.pageParams(values, token.query); err != nil {
			return nil, err
		}
	}
	out, err := negotiated(accept, values)
	if err != nil {
		return nil, err
	}
	q, err := s.historyQuery(values)
	if err != nil {
		return nil, err
	}
	q.Type, q.ID, q.T, q.CountOnly = typ, id, token.t, q.CountOnly || out.countOnly
	if q.After, err = historyPosition(token.resume); err != nil {
		return nil, err
	}
	page, err := s.repository.History(ctx, q)
	if err != nil {
		return nil, err
	}
	if further {
		page.Total = token.total
	}
	token = &pageToken{t: page.T, total: page.Total, query: token.query}
	general := generalParams(values)
	sealed := func(resume []byte) string {
		p := *token
		p.resume = resume
		return url + "?" + general + "_page=" + s.tokens.seal(&p, place)
	}
	self := url
	if q := strings.TrimSuffix(general+token.query, "&"); further {
		self += "?" + general + "_page=" + values.Get("_page")
	} else if q != "" {
		self += "?" + q
	}
	links := []link{{"self", self}}
	if page.Next != nil {
		links = append(links, link{"first", sealed(nil)}, link{"next", sealed(appendPosition(nil, page.Next))})
	}
	w := newBundle(s.o.BaseURL, "history", page.T, bytesOf(page.Records)+64*len(page.Records))
	w.total(page.Total)
	w.links(links...)
	for _, rec := range page.Records {
		if err := s.historyEntry(ctx, w, out, rec); err != nil {
			return nil, err
		}
	}
	whole := &rendering{contentType: out.contentType, xml: out.xml, pretty: out.pretty}
	return &searched{out: whole, bundle: w.end(), records: page.Records, query: token.query}, nil
}

// historyQuery reads _count, _since and _at; any other parameter is refused rather than taken for fulfilled.
func (s *Server) historyQuery(values url.Values) (q repository.HistoryQuery, err error) {
	q.Count = s.o.Pages.Default
	for name, given := range values {
		v := given[0]
		switch name {
		case "_count":
			n, ok := wholeNumber(v)
			if !ok {
				return q, badParam(name, "is a whole number, not negative")
			}
			q.Count, q.CountOnly = min(n, s.o.Pages.Max), n == 0
		case "_since":
			if q.Since, _, err = periodParam(name, v); err != nil {
				return q, err
			}
		case "_at":
			if q.At, q.AtEnd, err = periodParam(name, v); err != nil {
				return q, err
			}
		case "_page", "_format", "_pretty", "_summary", "_elements":
		default:
			return q, fault.At(http.StatusBadRequest, fault.NotSupported, "http."+safeName(name), "History takes the parameters _count, _since, _at, _format, _pretty, _summary and _elements.")
		}
	}
	return q, nil
}

// precisions are the forms of a date-time, each with the period that it stands for.
var precisions = []struct {
	layout              string
	years, months, days int
	length              time.Duration
}{
	{time.RFC3339Nano, 0, 0, 0, time.Millisecond},
	{"2006-01-02T15:04Z07:00", 0, 0, 0, time.Minute},
	{"2006-01-02", 0, 0, 1, 0},
	{"2006-01", 0, 1, 0, 0},
	{"2006", 1, 0, 0, 0},
}

// periodParam reads a date-time of any precision as the period from begin to before end.
func periodParam(name, v string) (begin, end time.Time, err error) {
	v = strings.ReplaceAll(v, " ", "+") // a plus that was not escaped
	for _, p := range precisions {
		if t, err := time.Parse(p.layout, v); err == nil {
			length := p.length
			if length == time.Millisecond && !strings.Contains(v, ".") {
				length = time.Second
			}
			return t, t.AddDate(p.years, p.months, p.days).Add(length), nil
		}
	}
	return begin, end, badParam(name, "is an instant such as 2024-05-17T08:30:00Z or a date")
}

// safeName keeps what clients invent as parameter names from expressions: only what looks like a name is repeated.
func safeName(name string) string {
	if len(name) > 64 {
		return "parameter"
	}
	for i := range len(name) {
		switch c := name[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':':
		default:
			return "parameter"
		}
	}
	return name
}

// historyEntry writes one version with the request that made it and its response (http.html#history).
func (s *Server) historyEntry(ctx context.Context, w *bundleWriter, out *rendering, rec *store.Record) error {
	method, url, status := "PUT", rec.Type+"/"+rec.ID, "200 OK"
	switch rec.Method {
	case store.Created:
		// A first version may come from POST or PUT; which is not kept. A later one, after a deletion, was put back by its id.
		status = "201 Created"
		if rec.Version == 1 {
			method, url = "POST", rec.Type
		}
	case store.Updated:
	case store.Deleted:
		method, status = "DELETE", "204 No Content"
	}
	w.entry()
	w.fullURL(rec.Type, rec.ID)
	if rec.Method != store.Deleted {
		body, err := s.resourceJSON(ctx, out, rec)
		if err != nil {
			return err
		}
		w.resource(body)
	}
	w.b = append(w.b, `,"request":{"method":"`...)
	w.b = append(w.b, method...)
	w.b = append(w.b, `","url":"`...)
	w.b = append(w.b, url...)
	w.b = append(w.b, `"},"response":{"status":"`...)
	w.b = append(w.b, status...)
	w.b = append(w.b, `","etag":"W/\"`...)
	w.b = strconv.AppendUint(w.b, rec.Version, 10)
	w.b = append(w.b, `\"","lastModified":"`...)
	w.b = element.AppendInstant(w.b, rec.Time.Wall())
	w.b = append(w.b, `"}`...)
	w.endEntry()
	return nil
}

func appendPosition(dst []byte, p *store.HistoryPosition) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(p.Time))
	return binary.BigEndian.AppendUint64(dst, uint64(p.RID))
}

func historyPosition(b []byte) (*store.HistoryPosition, error) {
	switch len(b) {
	case 0:
		return nil, nil
	case 16:
		return &store.HistoryPosition{Time: store.Time(binary.BigEndian.Uint64(b)), RID: store.RID(binary.BigEndian.Uint64(b[8:]))}, nil
	}
	return nil, badToken()
}

// wholeNumber reads a number without sign.
func wholeNumber(v string) (int, bool) {
	n, err := strconv.ParseUint(v, 10, 31)
	return int(n), err == nil
}
