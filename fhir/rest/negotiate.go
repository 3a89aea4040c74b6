package rest

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// rendering says how an answer is written: format, layout, projection. The shared ones must not be changed.
type rendering struct {
	contentType []string
	xml, pretty bool
	summary     element.SummaryMode // 0: whole
	countOnly   bool                // _summary=count
	elements    []string
	// raw says that nobody asked for FHIR explicitly: a Binary answers with its own bytes.
	raw bool
}

// stored says that the bytes of the store can be sent as they are.
func (o *rendering) stored() bool {
	return !o.xml && !o.pretty && o.summary == 0 && len(o.elements) == 0
}

// projected says that resources lose elements.
func (o *rendering) projected() bool { return o.summary != 0 || len(o.elements) > 0 }

var (
	typeFHIRJSON  = []string{"application/fhir+json; charset=utf-8"}
	typeFHIRXML   = []string{"application/fhir+xml; charset=utf-8"}
	typeFHIRJSON4 = []string{"application/fhir+json; charset=utf-8; fhirVersion=4.0"}
	typeFHIRXML4  = []string{"application/fhir+xml; charset=utf-8; fhirVersion=4.0"}
	typeJSON      = []string{"application/json; charset=utf-8"}
	typeXML       = []string{"application/xml; charset=utf-8"}
	typeTextJSON  = []string{"text/json; charset=utf-8"}
	typeTextXML   = []string{"text/xml; charset=utf-8"}

	whole         = &rendering{contentType: typeFHIRJSON, raw: true}
	wholeFHIRJSON = &rendering{contentType: typeFHIRJSON}
	wholeJSON     = &rendering{contentType: typeJSON, raw: true}
)

// negotiate reads Accept and the general parameters of the URL (http.html#general).
func (s *Server) negotiate(x *exchange) (*rendering, error) {
	accept := x.r.Header["Accept"]
	if x.r.URL.RawQuery == "" { // nearly every read: no parameters, one of three headers
		if len(accept) == 0 {
			return whole, nil
		}
		if len(accept) == 1 {
			switch accept[0] {
			case "", "*/*":
				return whole, nil
			case "application/fhir+json":
				return wholeFHIRJSON, nil
			case "application/json":
				return wholeJSON, nil
			}
		}
		return negotiated(accept, nil)
	}
	q, err := queryOf(x.r.URL.RawQuery)
	if err != nil {
		return nil, err
	}
	return negotiated(accept, q)
}

// negotiated is negotiate on a header and parameters, which for a search come from a form too.
func negotiated(accept []string, q url.Values) (*rendering, error) {
	out := &rendering{}
	if format := q.Get("_format"); format != "" {
		// A plus that was not escaped arrives as a space.
		if !out.take(strings.ReplaceAll(format, " ", "+"), true) {
			return nil, fault.New(http.StatusNotAcceptable, fault.NotSupported, "The server does not write this _format; it writes json and xml.")
		}
	} else if err := out.accept(accept); err != nil {
		return nil, err
	}
	var err error
	if out.pretty, err = boolParam(q, "_pretty"); err != nil {
		return nil, err
	}
	switch q.Get("_summary") {
	case "", "false":
	case "true":
		out.summary = element.SummaryTrue
	case "text":
		out.summary = element.SummaryText
	case "data":
		out.summary = element.SummaryData
	case "count":
		out.countOnly = true
	default:
		return nil, badParam("_summary", "is one of true, text, data, count and false")
	}
	for _, list := range q["_elements"] {
		for name := range strings.SplitSeq(list, ",") {
			// Elements may be named with their type ("Patient.birthDate"); other types' do not matter to this projection.
			if _, after, ok := strings.Cut(name, "."); ok {
				name = after
			}
			if name = strings.TrimSpace(name); name != "" {
				out.elements = append(out.elements, name)
			}
		}
	}
	if out.summary != 0 && len(out.elements) > 0 {
		return nil, badParam("_elements", "and _summary exclude each other")
	}
	return out, nil
}

func badParam(name, rule string) *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, "http."+name, "The parameter "+name+" "+rule+".")
}

func boolParam(q url.Values, name string) (bool, error) {
	switch q.Get(name) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	}
	return false, badParam(name, "is true or false")
}

// accept chooses the media type of greatest quality that the server writes, JSON at equal quality; the order of the header decides between
// names of one format.
func (o *rendering) accept(values []string) error {
	best := -1.0
	count := 0
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			if count++; count > 64 {
				break
			}
			media, q := quality(part)
			var candidate rendering
			if q <= 0 || q < best || !candidate.take(media, false) {
				continue
			}
			if q > best || o.xml && !candidate.xml {
				best, *o = q, candidate
			}
		}
	}
	if best > 0 {
		return nil
	}
	if count == 0 {
		*o = *whole
		return nil
	}
	return fault.New(http.StatusNotAcceptable, fault.NotSupported,
		"None of the media types in Accept can be given; the server writes application/fhir+json and application/fhir+xml in FHIR version 4.0.")
}

// quality splits the weight from a media range.
func quality(part string) (media string, q float64) {
	i := strings.LastIndex(part, ";")
	for rest := part; i >= 0; i = strings.LastIndex(rest, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(rest[i+1:]), "=")
		if strings.EqualFold(strings.TrimSpace(name), "q") {
			f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || f < 0 || f > 1 {
				return "", 0
			}
			return part[:i], f
		}
		rest = rest[:i]
	}
	return part, 1
}

// take sets the format of one media range, with its parameters; false when the server does not write it. Short names count in _format only.
func (o *rendering) take(media string, short bool) bool {
	name, params, _ := strings.Cut(media, ";")
	version, ok := mediaParams(params)
	if !ok {
		return false
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "application/fhir+json", "application/json+fhir":
		o.contentType = typeFHIRJSON
	case "application/json":
		o.contentType, o.raw = typeJSON, !short
	case "text/json":
		o.contentType, o.raw = typeTextJSON, !short
	case "application/fhir+xml", "application/xml+fhir":
		o.contentType, o.xml = typeFHIRXML, true
	case "application/xml":
		o.contentType, o.xml, o.raw = typeXML, true, !short
	case "text/xml":
		o.contentType, o.xml, o.raw = typeTextXML, true, !short
	case "*/*", "application/*":
		o.contentType, o.raw = typeFHIRJSON, true
	case "text/*":
		o.contentType, o.raw = typeTextJSON, true
	case "json":
		o.contentType = typeFHIRJSON
		return short
	case "xml":
		o.contentType, o.xml = typeFHIRXML, true
		return short
	default:
		return false
	}
	if version && !o.raw { // whoever names a version is told it
		o.contentType = typeFHIRJSON4
		if o.xml {
			o.contentType = typeFHIRXML4
		}
	}
	return true
}

// mediaParams reads the parameters of a media type: whether a FHIR version is named, and whether the server speaks that version and charset.
func mediaParams(params string) (version, ok bool) {
	for params != "" {
		var part string
		part, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(part, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "fhirversion":
			if value != "4.0" && value != "4.0.1" {
				return true, false
			}
			version = true
		case "charset":
			if !strings.EqualFold(value, "utf-8") && !strings.EqualFold(value, "utf8") {
				return version, false
			}
		}
	}
	return version, true
}

// contentFormat is the format of a request's body.
type contentFormat uint8

const (
	formatOther contentFormat = iota
	formatJSON
	formatXML
)

// bodyFormat reads Content-Type: 415 when it is neither JSON nor XML in UTF-8 of this version.
func bodyFormat(h http.Header) (contentFormat, error) {
	media := h.Get("Content-Type")
	name, params, _ := strings.Cut(media, ";")
	if _, ok := mediaParams(params); !ok {
		return formatOther, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The body must be in UTF-8 and in FHIR version 4.0.")
	}
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "application/fhir+json", "application/json", "text/json", "application/json+fhir":
		return formatJSON, nil
	case "application/fhir+xml", "application/xml", "text/xml", "application/xml+fhir":
		return formatXML, nil
	}
	return formatOther, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported,
		"The Content-Type of the body must be application/fhir+json or application/fhir+xml.")
}
