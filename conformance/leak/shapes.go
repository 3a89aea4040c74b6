package leak

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// builder gathers shapes.
type builder struct {
	w      *World
	shapes []Shape
}

// Shapes generates the requests. The order is fixed; those that write come last, as a server that took one is another server afterwards.
func (w *World) Shapes() []Shape {
	b := &builder{w: w}
	b.searches()
	b.results()
	b.links()
	b.whole()
	for i := range w.Hidden {
		b.instance(&w.Hidden[i])
	}
	b.instance(&w.Visible[0])
	for i := range w.Hidden {
		b.writes(&w.Hidden[i])
	}
	return b.shapes
}

func (b *builder) add(method, path string, header http.Header, body string) {
	b.shapes = append(b.shapes, Shape{Name: fmt.Sprintf("%03d %s %s", len(b.shapes), method, path), Method: method, Path: path, Header: header, Body: body})
}

func (b *builder) get(path string) { b.add(http.MethodGet, path, nil, "") }

// form is the same search by POST.
func (b *builder) form(typ, query string) {
	b.add(http.MethodPost, typ+"/_search", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, query)
}

// searches asks by every parameter that tells a hidden document from the others.
func (b *builder) searches() {
	w := b.w
	person := []string{"patient=Patient/" + w.Patient, "subject=Patient/" + w.Patient, "patient.identifier=" + url.QueryEscape(w.INS), "subject:Patient.identifier=" + url.QueryEscape(w.INS)}
	docs := append(append([]Document(nil), w.Hidden...), w.Visible[0])
	for _, status := range []string{"current", "superseded", "entered-in-error", "current,superseded", "current,superseded,entered-in-error"} {
		for _, who := range person {
			b.get("DocumentReference?" + who + "&status=" + status)
		}
		b.form("DocumentReference", person[2]+"&status="+url.QueryEscape(status))
		b.get("List?" + person[2] + "&status=current&code=submissionset")
	}
	for i := range docs {
		d := &docs[i]
		for _, q := range []string{
			"type=" + url.QueryEscape(d.Type), "type:not=" + url.QueryEscape(d.Type), "category=" + url.QueryEscape(d.Category), "identifier=" + url.QueryEscape("urn:ietf:rfc:3986|"+d.Unique),
			"description=" + url.QueryEscape(d.Title), "description:contains=" + url.QueryEscape(d.Title[:min(6, len(d.Title))]), "_id=" + d.ID, "_id=" + d.ID + "," + w.Visible[0].ID,
			"related=DocumentReference/" + d.ID, "relatesto=DocumentReference/" + d.ID, "location=Binary/" + d.Binary, "_content=" + url.QueryEscape(d.Title),
			"_filter=" + url.QueryEscape(`type eq "`+d.Type+`"`), "_filter=" + url.QueryEscape(`not (type eq "`+d.Type+`")`),
		} {
			b.get("DocumentReference?" + person[0] + "&status=current&" + q)
			b.get("DocumentReference?" + person[0] + "&status=current&_summary=count&" + q)
		}
		b.get("DocumentReference?identifier=" + url.QueryEscape("urn:ietf:rfc:3986|"+d.Unique))
		b.get("DocumentReference?_id=" + d.ID)
		b.get("Observation?_id=" + d.Data)
		b.get("Binary?_id=" + d.Binary)
		b.get("List?_id=" + d.List)
	}
	for _, q := range []string{
		"security-label=MASQUE_PS", "security-label:not=MASQUE_PS", "security-label=INVISIBLE_PATIENT", "security-label=INVISIBLE_REPRESENTANTS_LEGAUX", "security-label:missing=true", "security-label:missing=false",
		"author.identifier=" + url.QueryEscape(w.Author), "author:missing=false", "isArchived=true", "isArchived=false", "date=ge2000-01-01", "date=lt2100", "period=ge2000-01-01", "period-start=ge2000", "creation=ge2000",
		"contenttype=text/plain", "format:missing=false", "facility:missing=true", "setting:missing=true", "event:missing=true", "language=fr-FR", "custodian:missing=true", "relation=replaces", "_lastUpdated=gt2000-01-01",
		"_tag:missing=true", "_security=MASQUE_PS", "_profile:missing=true", "_has:Provenance:target:_id=x", "_has:Provenance:entity:_lastUpdated=gt2000",
	} {
		b.get("DocumentReference?" + person[1] + "&status=current&" + q)
		b.form("DocumentReference", person[0]+"&status=current&"+q)
	}
	for _, typ := range []string{"Observation", "Condition", "AllergyIntolerance", "MedicationRequest", "Procedure", "Immunization", "DiagnosticReport", "Provenance", "Composition", "Encounter", "Communication", "AuditEvent"} {
		b.get(typ + "?patient=Patient/" + w.Patient)
		b.get(typ + "?patient=Patient/" + w.Patient + "&_summary=count")
		b.get(typ + "?patient.identifier=" + url.QueryEscape(w.INS) + "&_total=accurate&_count=1")
		b.get(typ + "?_security=MASQUE_PS")
		b.get("Patient/" + w.Patient + "/" + typ)
	}
}

// results varies what a search answers.
func (b *builder) results() {
	base := "DocumentReference?patient=Patient/" + b.w.Patient + "&status=current"
	for _, q := range []string{
		"_count=0", "_count=1", "_count=2", "_count=3", "_count=1000", "_summary=count", "_summary=true", "_summary=text", "_summary=data", "_total=none", "_total=estimate", "_total=accurate", "_elements=type", "_elements=description,securityLabel",
		"_sort=date", "_sort=-date", "_sort=type", "_sort=-_lastUpdated", "_sort=_id", "_sort=-_id", "_sort=description", "_sort=category,-date", "_include=DocumentReference:subject", "_include=DocumentReference:relatesto", "_include=*",
		"_include:iterate=DocumentReference:relatesto", "_revinclude=Provenance:target", "_revinclude=Provenance:entity", "_revinclude=List:item", "_revinclude=DocumentReference:relatesto", "_revinclude=*", "_format=xml", "_pretty=true",
		"_contained=true", "_contained=both", "_score=true", "_explain=true", "_query=x",
	} {
		b.get(base + "&" + q)
		b.get(base + "&_count=1&" + q)
		b.form("DocumentReference", strings.TrimPrefix(base, "DocumentReference?")+"&"+q)
	}
}

// links looks for hidden documents through what refers to them, or is referred to by them.
func (b *builder) links() {
	w := b.w
	docs := append(append([]Document(nil), w.Hidden...), w.Visible[0])
	ins := url.QueryEscape(w.INS)
	for i := range docs {
		d := &docs[i]
		typ := url.QueryEscape(d.Type)
		for _, q := range []string{
			"Patient?identifier=" + ins + "&_has:DocumentReference:patient:type=" + typ, "Patient?identifier=" + ins + "&_has:DocumentReference:subject:_id=" + d.ID,
			"Patient?identifier=" + ins + "&_has:DocumentReference:patient:security-label=MASQUE_PS", "Patient?identifier=" + ins + "&_revinclude=DocumentReference:patient",
			"Patient?identifier=" + ins + "&_has:Observation:patient:_id=" + d.Data, "Patient?identifier=" + ins + "&_has:List:patient:item=DocumentReference/" + d.ID,
			"List?patient.identifier=" + ins + "&status=current&item=DocumentReference/" + d.ID, "List?patient.identifier=" + ins + "&status=current&item:DocumentReference.type=" + typ,
			"List?patient.identifier=" + ins + "&status=current&_include=List:item", "Provenance?target=DocumentReference/" + d.ID, "Provenance?entity=DocumentReference/" + d.ID,
			"Provenance?entity:DocumentReference.type=" + typ, "Provenance?target:DocumentReference.identifier=" + url.QueryEscape("urn:ietf:rfc:3986|"+d.Unique), "DocumentReference?patient=Patient/" + w.Patient + "&status=current&relatesto:DocumentReference.type=" + typ,
			"DocumentReference?patient=Patient/" + w.Patient + "&status=current&_list=" + d.List, "Observation?_list=" + d.List, "Observation?patient=Patient/" + w.Patient + "&derived-from=DocumentReference/" + d.ID,
			"Observation?patient=Patient/" + w.Patient + "&derived-from:DocumentReference.type=" + typ, "Communication?about=DocumentReference/" + d.ID, "AuditEvent?entity=DocumentReference/" + d.ID,
			"Task?focus=DocumentReference/" + d.ID, "Consent?data=DocumentReference/" + d.ID, "Consent?patient=Patient/" + w.Patient + "&data:DocumentReference.type=" + typ,
			"?_type=DocumentReference,Observation&_id=" + d.ID, "?_type=DocumentReference,Binary,List&_lastUpdated=gt2000-01-01&_count=5", "DocumentReference?patient:Patient._has:DocumentReference:patient:type=" + typ,
		} {
			b.get(q)
		}
	}
}

// whole asks for all there is.
func (b *builder) whole() {
	p := b.w.Patient
	for _, path := range []string{
		"Patient/" + p, "Patient/" + p + "/$everything", "Patient/" + p + "/$everything?_count=1", "Patient/" + p + "/$everything?_type=DocumentReference", "Patient/" + p + "/$everything?_type=DocumentReference,Observation,Binary",
		"Patient/" + p + "/$everything?_since=2000-01-01T00:00:00Z", "Patient/" + p + "/$everything?start=2000-01-01&end=2100-01-01", "Patient/" + p + "/$habilitation", "Patient/" + p + "/_history", "Patient/" + p + "/*", "Patient/" + p + "/DocumentReference?status=current",
		"Patient/" + p + "/DocumentReference?status=current&_summary=count", "Patient/" + p + "/List?status=current", "DocumentReference/_history", "DocumentReference/_history?_count=1", "DocumentReference/_history?_summary=count", "DocumentReference/_history?_since=2000-01-01T00:00:00Z",
		"Observation/_history", "Binary/_history", "List/_history", "_history", "_history?_count=2", "$meta", "DocumentReference/$meta", "Observation/$meta", "Binary/$meta", "metadata", "DocumentReference", "DocumentReference?_summary=count", "Observation", "Observation?_summary=count", "Binary", "List",
		"Patient", "Patient?_summary=count", "Provenance", "?_type=DocumentReference", "Consent", "Consent?_summary=count", "Subscription", "AuditEvent", "Communication",
	} {
		b.get(path)
	}
}

// instance reads one document in all ways; a hidden one must answer like one that never was.
func (b *builder) instance(d *Document) {
	for _, ref := range []string{"DocumentReference/" + d.ID, "Binary/" + d.Binary, "List/" + d.List, "Observation/" + d.Data} {
		typ, id, _ := strings.Cut(ref, "/")
		for _, path := range []string{ref, ref + "/_history", ref + "/_history/1", ref + "/_history/2", ref + "/$meta", ref + "?_summary=true", ref + "?_elements=id", ref + "?_format=xml", typ + "?_id=" + id + "&_summary=count"} {
			b.get(path)
			b.add(http.MethodHead, path, nil, "")
		}
		for name, value := range map[string]string{"If-None-Match": `W/"1"`, "If-Modified-Since": "Mon, 01 Jan 2001 00:00:00 GMT"} {
			b.add(http.MethodGet, ref, http.Header{name: {value}}, "")
		}
	}
	for _, accept := range []string{"text/html", "application/pdf", "text/plain", "application/xml", "*/*", "application/fhir+json", "image/png"} {
		b.add(http.MethodGet, "Binary/"+d.Binary, http.Header{"Accept": {accept}}, "")
		b.add(http.MethodGet, "Binary/"+d.Binary, http.Header{"Accept": {accept}, "Range": {"bytes=0-3"}}, "")
	}
	b.batch(d)
}

// batch reads inside a batch and a transaction.
func (b *builder) batch(d *Document) {
	for _, kind := range []string{"batch", "transaction"} {
		entries := []map[string]any{}
		for _, u := range []string{"DocumentReference/" + d.ID, "Binary/" + d.Binary, "DocumentReference?patient=Patient/" + b.w.Patient + "&status=current&_summary=count", "Patient/" + b.w.Patient + "/$everything?_summary=count"} {
			entries = append(entries, map[string]any{"request": map[string]any{"method": "GET", "url": u}})
		}
		b.post("", map[string]any{"resourceType": "Bundle", "type": kind, "entry": entries}, nil)
	}
}

func (b *builder) post(path string, resource any, header http.Header) {
	b.send(http.MethodPost, path, resource, header)
}

func (b *builder) send(method, path string, resource any, header http.Header) {
	text, err := json.Marshal(resource)
	if err != nil {
		text = []byte(err.Error()) // maps of strings are always written
	}
	h := http.Header{"Content-Type": {"application/fhir+json"}}
	for k, v := range header {
		h[k] = v
	}
	b.add(method, path, h, string(text))
}
