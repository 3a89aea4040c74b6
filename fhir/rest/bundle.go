package rest

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// bundleWriter assembles a Bundle from the bytes of its resources: nothing is decoded or encoded again.
type bundleWriter struct {
	base    string
	b       []byte
	entries int
}

// newBundle begins a Bundle. t is the instant whose state it shows (0: it shows none), which makes equal answers equal bytes; size is an estimate of its
// bytes.
func newBundle(base, typ string, t store.Time, size int) *bundleWriter {
	w := &bundleWriter{base: base, b: make([]byte, 0, size+1024)}
	w.b = append(w.b, `{"resourceType":"Bundle"`...)
	if t != 0 {
		w.b = append(w.b, `,"meta":{"lastUpdated":"`...)
		w.b = element.AppendInstant(w.b, t.Wall())
		w.b = append(w.b, `"}`...)
	}
	w.b = append(w.b, `,"type":"`...)
	w.b = append(w.b, typ...)
	w.b = append(w.b, '"')
	return w
}

func (w *bundleWriter) total(n int64) {
	if n < 0 {
		return
	}
	w.b = append(w.b, `,"total":`...)
	w.b = strconv.AppendInt(w.b, n, 10)
}

type link struct{ relation, url string }

func (w *bundleWriter) links(links ...link) {
	w.b = append(w.b, `,"link":[`...)
	first := true
	for _, l := range links {
		if l.url == "" {
			continue
		}
		if !first {
			w.b = append(w.b, ',')
		}
		first = false
		w.b = append(w.b, `{"relation":"`...)
		w.b = append(w.b, l.relation...)
		w.b = append(w.b, `","url":`...)
		w.b = appendText(w.b, l.url)
		w.b = append(w.b, '}')
	}
	w.b = append(w.b, ']')
}

// entry begins an entry; the caller appends members, each with a leading comma except where noted, and calls endEntry.
func (w *bundleWriter) entry() {
	if w.entries == 0 {
		w.b = append(w.b, `,"entry":[{`...)
	} else {
		w.b = append(w.b, `,{`...)
	}
	w.entries++
}

func (w *bundleWriter) endEntry() { w.b = append(w.b, '}') }

// fullURL opens the entry's members.
func (w *bundleWriter) fullURL(typ, id string) {
	w.b = append(w.b, `"fullUrl":"`...)
	w.b = append(w.b, w.base...)
	w.b = append(w.b, '/')
	w.b = append(w.b, typ...)
	w.b = append(w.b, '/')
	w.b = append(w.b, id...)
	w.b = append(w.b, '"')
}

func (w *bundleWriter) resource(body []byte) {
	w.b = append(w.b, `,"resource":`...)
	w.b = append(w.b, body...)
}

// searched writes an entry of a searchset; extension is the JSON of an extension of Bundle.entry.search, "" for none.
func (w *bundleWriter) searched(rec *store.Record, body []byte, mode, extension string) {
	w.entry()
	w.fullURL(rec.Type, rec.ID)
	w.resource(body)
	w.b = append(w.b, `,"search":{`...)
	if extension != "" {
		w.b = append(append(append(w.b, `"extension":[`...), extension...), `],`...)
	}
	w.b = append(w.b, `"mode":"`...)
	w.b = append(w.b, mode...)
	w.b = append(w.b, `"}`...)
	w.endEntry()
}

// outcome writes the searchset entry of an OperationOutcome.
func (w *bundleWriter) outcome(body []byte) {
	w.entry()
	w.b = append(w.b, `"resource":`...)
	w.b = append(w.b, body...)
	w.b = append(w.b, `,"search":{"mode":"outcome"}`...)
	w.endEntry()
}

// end closes the Bundle and gives its bytes.
func (w *bundleWriter) end() []byte {
	if w.entries > 0 {
		w.b = append(w.b, ']')
	}
	return append(w.b, '}')
}

// queryOf parses a query; a malformed escape is the client's fault and not, as in net/http, a parameter that vanishes.
func queryOf(raw string) (url.Values, error) {
	if raw == "" {
		return nil, nil
	}
	q, err := url.ParseQuery(raw)
	if err != nil {
		return nil, fault.New(400, fault.Invalid, "The query cannot be read: parameters are separated by & and escaped by % and two hexadecimal digits.")
	}
	return q, nil
}

// appendQuery writes parameters in their order.
func appendQuery(dst *strings.Builder, params [][2]string) {
	for i, p := range params {
		if i > 0 {
			dst.WriteByte('&')
		}
		dst.WriteString(url.QueryEscape(p[0]))
		dst.WriteByte('=')
		dst.WriteString(url.QueryEscape(p[1]))
	}
}
