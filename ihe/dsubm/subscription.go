package dsubm

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/search"
)

// Extensions of the R4 backport.
const (
	backport     = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	extFilter    = backport + "backport-filter-criteria"
	extContent   = backport + "backport-payload-content"
	extHeartbeat = backport + "backport-heartbeat-period"
	extTimeout   = backport + "backport-timeout"
	extMaxCount  = backport + "backport-max-count"
)

// The statuses of a Subscription in R4.
const (
	statusRequested = "requested"
	statusActive    = "active"
	statusError     = "error"
	statusOff       = "off"
)

// content is how much a notification carries.
type content string

const (
	contentEmpty content = "empty"
	contentIDs   content = "id-only"
	contentFull  content = "full-resource"
)

// terms are what a Subscription asks for, checked.
type terms struct {
	topic     string // "" for plain R4 criteria
	resource  string
	events    event
	filters   []string // queries, any of which may match; none: everything
	endpoint  string
	headers   [][2]string
	payload   string // "" sends no body
	content   content
	heartbeat time.Duration // 0: none
	timeout   time.Duration // 0: the broker's
	maxCount  int           // events in one notification
	end       time.Time     // zero: none
}

func (t *terms) equal(other *terms) bool { return reflect.DeepEqual(t, other) }

// Bounds of what a subscription may ask for.
const (
	maxHeaders   = 10
	maxMaxCount  = 100
	maxTimeout   = time.Minute
	maxEndpoint  = 2048
	maxFilters   = 10
	minHeartbeat = 10 * time.Second
)

// reader reads the terms of a Subscription and gathers what is wrong with them.
type reader struct {
	root     *element.Element
	registry *search.Registry
	insecure bool   // loopback endpoints without TLS are taken
	guard    *guard // judges addresses that stand in the endpoint itself
	issues   []fault.Issue
}

// read gives the terms; the fault has an issue for each thing that is wrong (422).
func (r *reader) read() (*terms, error) {
	t := &terms{maxCount: 1}
	r.criteria(t)
	channel := r.root.Child("channel")
	if channel == nil {
		r.wrong("channel", fault.Required, "A Subscription has a channel.")
	} else {
		r.channel(t, channel)
	}
	if end := r.root.ChildValue("end"); end != "" {
		at, err := time.Parse(time.RFC3339Nano, end)
		if err != nil {
			r.wrong("end", fault.Value, "The end of a Subscription is an instant.")
		}
		t.end = at
	}
	if f := fault.Of(http.StatusUnprocessableEntity, r.issues); f != nil {
		return nil, f
	}
	return t, nil
}

func (r *reader) wrong(at string, code fault.Code, text string) {
	r.issues = append(r.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: "Subscription." + at, Diagnostics: text})
}

// criteria reads a topic with its filters, or the plain criteria of R4.
func (r *reader) criteria(t *terms) {
	text := r.root.ChildValue("criteria")
	if !strings.Contains(text, "://") {
		r.plain(t, text)
		return
	}
	url, _, _ := strings.Cut(text, "|")
	topics := Topics()
	i := slices.IndexFunc(topics, func(topic Topic) bool { return topic.URL == url })
	if i < 0 {
		r.wrong("criteria", fault.NotSupported, "The server has the topics of DSUBm for DocumentReference (basic, MinUpdate, AllEvents) and for SubmissionSet, patient-dependent and multi-patient, and not this one.")
		return
	}
	topic := &topics[i]
	t.topic, t.resource, t.events = topic.URL, topic.Resource, topic.events
	for filter := range r.root.Child("criteria").Children("extension") {
		if filter.ChildValue("url") == extFilter {
			t.filters = append(t.filters, r.filter(topic, filter.ChildValue("value"))...)
		}
	}
	if len(t.filters) > maxFilters {
		r.wrong("criteria.extension", fault.TooLong, "A Subscription has at most "+strconv.Itoa(maxFilters)+" filters.")
	}
	if topic.Patient && len(t.filters) == 0 && len(r.issues) == 0 {
		r.wrong("criteria.extension", fault.Required, "A patient-dependent topic needs a filter by patient or patient.identifier.")
	}
	if t.resource == "List" && len(t.filters) == 0 {
		t.filters = []string{"code=submissionset"}
	}
}

// filter reads "DocumentReference?patient=...&type=..." of a topic.
func (r *reader) filter(topic *Topic, text string) []string {
	typ, query, ok := strings.Cut(text, "?")
	if !ok || typ != topic.Resource {
		r.wrong("criteria.extension", fault.Value, "A filter is written as a search: "+topic.Resource+"? and its parameters.")
		return nil
	}
	query = strings.ReplaceAll(query, "&amp;", "&") // as some samples have it
	params, err := search.SplitQuery(query)
	if err != nil {
		r.wrong("criteria.extension", fault.Value, "The filter is not a query: parameters are separated by & and escaped by %.")
		return nil
	}
	patient := false
	for _, p := range params {
		head := headOf(p[0])
		patient = patient || head == "patient"
		if !slices.Contains(topic.Filters, head) {
			r.wrong("criteria.extension", fault.NotSupported, "The topic can be filtered by "+strings.Join(topic.Filters, ", ")+" only.")
			return nil
		}
	}
	if topic.Patient && !patient {
		r.wrong("criteria.extension", fault.Required, "A patient-dependent topic needs a filter by patient or patient.identifier.")
	}
	if topic.Resource == "List" {
		query = "code=submissionset&" + query
	}
	r.parsable(topic.Resource, query, "criteria.extension")
	return []string{query}
}

// plain reads R4's own criteria: events are creations and updates after which the resource matches.
func (r *reader) plain(t *terms, text string) {
	typ, query, _ := strings.Cut(text, "?")
	if typ != "DocumentReference" && typ != "List" {
		r.wrong("criteria", fault.NotSupported, "The criteria are a topic's canonical URL, or a search of DocumentReference or List.")
		return
	}
	t.resource, t.events = typ, created|statusChanged|updated
	if query == "" {
		return
	}
	t.filters = []string{query}
	r.parsable(typ, query, "criteria")
}

func (r *reader) parsable(typ, query, at string) {
	if _, err := condition(r.registry, typ, query); err != nil {
		for _, issue := range fault.From(err).Issues {
			r.wrong(at, issue.Code, issue.Diagnostics)
		}
	}
}

// condition parses a filter.
func condition(registry *search.Registry, typ, query string) (search.Expr, error) {
	params, err := search.SplitQuery(query)
	if err != nil {
		return nil, err
	}
	return search.ParseCondition(registry, typ, params, search.ParseOptions{MaxConditions: 200})
}

// headOf gives the parameter that a name of a query begins with.
func headOf(name string) string {
	head, _, _ := strings.Cut(name, ".")
	head, _, _ = strings.Cut(head, ":")
	return head
}

func (r *reader) channel(t *terms, channel *element.Element) {
	if channel.ChildValue("type") != "rest-hook" {
		r.wrong("channel.type", fault.NotSupported, "The server notifies by rest-hook only.")
	}
	t.endpoint = channel.ChildValue("endpoint")
	r.endpoint(t.endpoint)
	for header := range channel.Children("header") {
		r.header(t, header.Value)
	}
	r.payload(t, channel.Child("payload"))
	t.heartbeat = time.Duration(r.number(channel, extHeartbeat, 0, 86400)) * time.Second
	if t.heartbeat > 0 && t.heartbeat < minHeartbeat && !r.insecure {
		t.heartbeat = minHeartbeat
	}
	t.timeout = min(maxTimeout, time.Duration(r.number(channel, extTimeout, 0, 3600))*time.Second)
	t.maxCount = int(min(maxMaxCount, r.number(channel, extMaxCount, 1, 1_000_000)))
}

// number reads an extension with a whole number; otherwise when it is not there.
func (r *reader) number(channel *element.Element, ext string, otherwise, most int64) int64 {
	for e := range channel.Children("extension") {
		if e.ChildValue("url") != ext {
			continue
		}
		n, err := strconv.ParseInt(e.ChildValue("value"), 10, 64)
		if err != nil || n < 1 || n > most {
			r.wrong("channel.extension", fault.Value, "An extension of the channel has a number out of its range.")
			return otherwise
		}
		return n
	}
	return otherwise
}

func (r *reader) endpoint(text string) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		r.wrong("channel.endpoint", fault.Required, "A rest-hook has an endpoint.")
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || len(text) > maxEndpoint:
		r.wrong("channel.endpoint", fault.Value, "The endpoint is an absolute https URL.")
	case u.User != nil || u.Fragment != "":
		r.wrong("channel.endpoint", fault.Value, "The endpoint's URL holds no credentials and no fragment; credentials go into channel.header.")
	case u.Scheme == "http" && !(r.insecure && isLoopbackName(u.Hostname())):
		r.wrong("channel.endpoint", fault.Security, "The endpoint must be https.")
	case r.guard != nil && !r.guard.allowsHost(u.Hostname()):
		r.wrong("channel.endpoint", fault.Security, "The endpoint's host is this machine, or an address that is not on the internet: the server does not call it, unless its operator names the network (--notify-network).")
	}
}

// forbiddenHeaders are the connection's own, which a client has no say in.
var forbiddenHeaders = []string{"Host", "Content-Length", "Content-Type", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Expect", "Keep-Alive"}

// isToken says whether a name is one of a header field (RFC 9110, 5.6.2).
func isToken(name string) bool {
	return name != "" && len(name) <= 100 && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", c)
	})
}

// isControl says whether a character cannot stand in a header's value.
func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

func (r *reader) header(t *terms, text string) {
	name, value, ok := strings.Cut(text, ":")
	name, value = http.CanonicalHeaderKey(strings.TrimSpace(name)), strings.TrimSpace(value)
	switch {
	case !ok || !isToken(name) || strings.ContainsFunc(value, isControl):
		r.wrong("channel.header", fault.Value, "A header is written as in HTTP: a name, a colon and a value in one line.")
	case slices.Contains(forbiddenHeaders, name) || strings.HasPrefix(name, "Proxy-"):
		r.wrong("channel.header", fault.Security, "A subscription cannot set this header.")
	case len(t.headers) >= maxHeaders:
		r.wrong("channel.header", fault.TooLong, "A subscription has at most "+strconv.Itoa(maxHeaders)+" headers.")
	default:
		t.headers = append(t.headers, [2]string{name, value})
	}
}

// payload reads the format and the level of content; without a level notifications carry ids, without a format nothing.
func (r *reader) payload(t *terms, payload *element.Element) {
	if payload == nil {
		t.content = contentEmpty
		if t.topic != "" {
			t.payload = "application/fhir+json"
		}
		return
	}
	switch payload.Value {
	case "application/fhir+json", "application/json":
		t.payload = "application/fhir+json"
	case "application/fhir+xml", "application/xml":
		t.payload = "application/fhir+xml"
	default:
		r.wrong("channel.payload", fault.NotSupported, "Notifications are sent as application/fhir+json or application/fhir+xml.")
	}
	t.content = contentIDs
	for e := range payload.Children("extension") {
		if e.ChildValue("url") != extContent {
			continue
		}
		t.content = content(e.ChildValue("value"))
		if t.content != contentEmpty && t.content != contentIDs && t.content != contentFull {
			r.wrong("channel.payload", fault.CodeInvalid, "The content of notifications is empty, id-only or full-resource.")
		}
	}
}
