package extract

import (
	"crypto/sha1" //nolint:gosec // UUIDs of version 5 are made so (RFC 4122 section 4.3)
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/google/uuid"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// DefaultMaxResources bounds what one document may become.
const DefaultMaxResources = 10_000

// maxBytes bounds the resources of a document together, in JSON: references let a small document repeat a large text many times. So does narrativeFactor, which is how much
// narrative may be taken up, in sizes of the document.
const (
	maxBytes        = 64 << 20
	narrativeFactor = 8
)

// TagDocumentType is the system of the tag that carries the type of the document that a resource comes from.
const TagDocumentType = "https://carnet-fhir.github.io/CodeSystem/document-type"

// Coding is a code of a FHIR system.
type Coding struct{ System, Code, Display string }

// Options of an extraction.
type Options struct {
	// Subject is the reference to the person ("Patient/1"); "" makes "urn:uuid:" of the document's record target, for a judge that stores nothing.
	Subject string
	// Document is the reference to the DocumentReference; "" as above.
	Document string
	// UniqueID is the document's unique id as a URI ("urn:oid:..."); "" derives it from the header.
	UniqueID string
	// Encounter is the reference to the encounter that the document was written in; "" makes one of the header's, when it names one.
	Encounter string
	// Security are the document's labels, which every resource carries.
	Security []Coding
	// Recorded is when the extraction is made; zero: the document's own time.
	Recorded time.Time
	// MaxResources: 0 is DefaultMaxResources. Statements beyond it stay narrative, and say so.
	MaxResources int
}

// Resource is one resource that was made. Its JSON has no id; FullURL is what others refer to it by.
type Resource struct {
	Type    string
	FullURL string // urn:uuid:...
	JSON    []byte
}

// Fate says what became of a statement.
type Fate string

// Fates. A statement of fate wrapper or document says nothing of the person and is not counted.
const (
	AsResource Fate = "resource"  // at least one resource of its own
	AsPart     Fate = "part"      // an element of another statement's resource
	Narrative  Fate = "narrative" // reachable as narrative only
	Wrapper    Fate = "wrapper"   // holds others and has no code: what is in it counts by itself
	OfDocument Fate = "document"  // about the document, which its DocumentReference stands for: status, a file within it
)

// EntryOutcome is what became of one clinical statement.
type EntryOutcome struct {
	Path      string   // as cda.Document.Path
	Templates []string // roots of its template ids
	Fate      Fate
	Reason    string   // of fate narrative: why
	Resources []string // FullURLs of its own resources, the main one first
}

// Extraction is what came of a document.
type Extraction struct {
	Resources []Resource // those of a statement before the ones that refer to it; the Provenance last
	// Extracted counts statements of fate resource and part, NotExtracted those of fate narrative.
	Extracted, NotExtracted int
	Entries                 []EntryOutcome // in document order, of all statements
}

// Types counts the resources by type.
func (e *Extraction) Types() map[string]int {
	out := map[string]int{}
	for i := range e.Resources {
		out[e.Resources[i].Type]++
	}
	return out
}

// extractor is one extraction under way.
type extractor struct {
	d         *cda.Document
	o         Options
	tables    *vocabulary.Tables
	space     uuid.UUID // namespace of the document's resources
	narrative map[string]*etree.Element
	byID      map[string][]*etree.Element // statements by root^extension
	kinds     map[string]string           // resource type of a reference
	stay      stay
	words     int // bytes of narrative that may still be taken up
	bytes     int // of the resources made
	known     map[*etree.Element]*knowledge
	fresh     []knowledge      // handed out one by one
	statement []*etree.Element // all, in document order
	out       []Resource
	buffer    []byte // of the resource being written
	meta      raw    // the same of all resources
	limit     int
	mappers   map[family]func(*extractor, *etree.Element, scope)
}

// Extract makes the resources of a document. A document of level N1 gives only what its header says.
func Extract(d *cda.Document, o Options) *Extraction {
	x := newExtractor(d, o)
	x.collect()
	x.header()
	if d.Body.Structured != nil {
		for _, s := range d.Body.Structured.Sections {
			x.section(s, scope{})
		}
	}
	x.provenance()
	return x.result()
}

func newExtractor(d *cda.Document, o Options) *extractor {
	if o.UniqueID == "" {
		o.UniqueID = documentURI(d.Header.ID)
	}
	if o.MaxResources <= 0 {
		o.MaxResources = DefaultMaxResources
	}
	x := &extractor{
		d: d, o: o, tables: vocabulary.Load(), space: uuid.NewSHA1(uuid.NameSpaceURL, []byte(o.UniqueID)), limit: o.MaxResources, mappers: mappers(),
		byID: map[string][]*etree.Element{}, kinds: map[string]string{}, known: map[*etree.Element]*knowledge{},
	}
	if x.o.Subject == "" {
		x.o.Subject = x.urn("record-target")
	}
	if x.o.Document == "" {
		x.o.Document = x.urn("document")
	}
	var meta object
	meta.set("source", o.UniqueID)
	for _, s := range o.Security {
		meta.add("security", codingOf(s))
	}
	if code := d.Header.Code; code.Coded() {
		meta.add("tag", codingOf(Coding{TagDocumentType, token(code.Code), ""}))
	}
	x.meta = appendJSON(nil, meta)
	x.words = narrativeFactor * len(d.Raw)
	return x
}

// documentURI gives the unique id of a document as a URI.
func documentURI(id cda.II) string {
	root := strings.ToLower(compact(id.Root))
	prefix := "urn:oid:"
	if _, err := uuid.Parse(root); err == nil {
		prefix = "urn:uuid:"
	}
	if id.Extension == "" {
		return prefix + root
	}
	return prefix + root + "." + strings.Join(strings.Fields(id.Extension), "_")
}

func (x *extractor) urn(name string) string {
	x.buffer = append(append(x.buffer[:0], x.space[:]...), name...)
	sum := sha1.Sum(x.buffer) //nolint:gosec // see above
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x50, id[8]&0x3f|0x80
	return id.URN()
}

// isStatement says whether an element is a clinical statement of an entry.
func isStatement(el *etree.Element) bool {
	if el.Space != cda.NS {
		return false
	}
	switch el.Tag {
	case "act", "observation", "procedure", "organizer", "substanceAdministration", "supply", "encounter", "observationMedia", "regionOfInterest":
		return true
	}
	return false
}

// collect finds all statements below entries, with their paths, and indexes them by id.
func (x *extractor) collect() {
	x.d.Body.Structured.Walk(func(s *cda.Section) {
		base := x.d.Path(s.Element)
		x.gather(s.Element, base, func(el *etree.Element) bool { return el.Tag == "entry" })
	})
}

// maxSameID bounds how many statements are remembered under one id: documents repeat ids, by mistake dozens of times.
const maxSameID = 16

// gather takes up the statements below el, whose path is given, in one pass. into says which elements lead to statements.
func (x *extractor) gather(el *etree.Element, path string, into func(*etree.Element) bool) {
	var seen tally
	for c := range cda.Elements(el) {
		if c.Space == cda.NS && (isStatement(c) || into(c)) {
			seen.of(c.Tag).total++
		}
	}
	for c := range cda.Elements(el) {
		if c.Space != cda.NS {
			continue
		}
		statement := isStatement(c)
		if !statement && !into(c) {
			continue
		}
		at := path + "/" + c.Tag
		if n := seen.of(c.Tag); n.total > 1 {
			n.place++
			at += "[" + strconv.Itoa(n.place) + "]"
		}
		if statement {
			x.remember(c, at)
		}
		x.gather(c, at, relationship)
	}
}

// tally counts elements by name: of statements and what leads to them there are few names.
type tally []counted

type counted struct {
	name         string
	total, place int
}

func (t *tally) of(name string) *counted {
	for i := range *t {
		if (*t)[i].name == name {
			return &(*t)[i]
		}
	}
	*t = append(*t, counted{name: name})
	return &(*t)[len(*t)-1]
}

func relationship(el *etree.Element) bool {
	return el.Tag == "entryRelationship" || el.Tag == "component"
}

func (x *extractor) remember(el *etree.Element, path string) {
	x.statement = append(x.statement, el)
	x.know(el).path = path
	for id := range cda.Children(el, "id") {
		if key := idKey(cda.ReadII(id)); key != "" && len(x.byID[key]) < maxSameID {
			x.byID[key] = append(x.byID[key], el)
		}
	}
}

func idKey(id cda.II) string {
	if id.Root == "" || id.NullFlavor != "" {
		return ""
	}
	return strings.ToLower(id.Root) + "^" + id.Extension
}

// path gives the path of the element that a resource is made of.
func (x *extractor) path(el *etree.Element) string {
	if k := x.known[el]; k != nil && k.path != "" {
		return k.path
	}
	return x.d.Path(el)
}

// put adds a resource made of a statement and gives its reference; "" when the limit is reached. rank tells several resources of one type apart.
func (x *extractor) put(typ string, el *etree.Element, rank string, body object) string {
	if len(x.out) >= x.limit || x.bytes > maxBytes {
		x.narrativeOnly(el, "the document holds more entries than are taken up")
		return ""
	}
	ref := x.urn(typ + " " + rank + " " + x.path(el))
	x.buffer = appendJSON(x.buffer[:0], x.complete(typ, el, body))
	content := slices.Clone(x.buffer)
	x.bytes += len(content)
	x.out = append(x.out, Resource{typ, ref, content})
	x.kinds[ref] = typ
	k := x.know(el)
	k.made = append(k.made, ref)
	x.fate(el, AsResource, "")
	return ref
}

// part marks a statement as an element of the resource of the statement around it.
func (x *extractor) part(el *etree.Element) { x.fate(el, AsPart, "") }

// partOf marks a statement as an element of another's resource.
func (x *extractor) partOf(el, owner *etree.Element) {
	x.part(el)
	x.know(el).owner = owner
}

func (x *extractor) narrativeOnly(el *etree.Element, reason string) { x.fate(el, Narrative, reason) }

func (x *extractor) result() *Extraction {
	e := &Extraction{Resources: x.out, Entries: make([]EntryOutcome, 0, len(x.statement))}
	for _, el := range x.statement {
		k := x.know(el)
		v := k.verdict
		switch {
		case v.fate == "":
			v = verdict{Narrative, "no mapping"}
		case v.fate == AsPart && x.lost(el):
			v = verdict{Narrative, "part of a statement that stays narrative"}
		}
		if v.fate == AsResource || v.fate == AsPart {
			e.Extracted++
		} else if v.fate == Narrative {
			e.NotExtracted++
		}
		e.Entries = append(e.Entries, EntryOutcome{k.path, templates(el), v.fate, v.reason, k.made})
	}
	return e
}

func templates(el *etree.Element) []string {
	var out []string
	for t := range cda.Children(el, "templateId") {
		out = append(out, cda.Attr(t, "root"))
	}
	return out
}
