package mhd

import (
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
)

// A submission of one document that came without a Bundle gets its Binary and its submission set from the server.

// newSingle makes a submission of one DocumentReference.
func newSingle(res *element.Resource, level Level) *submission {
	in := &repository.BundleEntry{Method: http.MethodPost, URL: "DocumentReference", Resource: res}
	return &submission{
		level: level, single: true, byURL: map[string]int{},
		entries: []entry{{in: in, root: res.Root, part: PartDocumentReference, path: "DocumentReference", base: "DocumentReference"}},
	}
}

// writeSingle adds the Binary and the submission set of a document that came alone, and points the attachment to it.
func (p *plan) writeSingle(e *entry) error {
	s := p.s
	if s.binaryID == "" {
		s.binaryID, s.setID = p.r.o.NewID(), p.r.o.NewID()
	}
	attachment := firstOf(e.root, "content.attachment")
	if data := attachment.Child("data"); data != nil {
		if err := attachment.Remove(data); err != nil {
			return err
		}
	}
	if _, err := attachment.SetChild("url", "Binary/"+s.binaryID); err != nil {
		return err
	}
	e.in.Resource.Changed()
	binary, err := p.binaryOf(e)
	if err != nil {
		return err
	}
	set, err := p.setOf(e)
	if err != nil {
		return err
	}
	p.add(-1, repository.BundleEntry{Method: http.MethodPost, URL: "Binary", ID: s.binaryID, Resource: binary, Blob: e.document.blob, Own: true})
	p.add(-1, repository.BundleEntry{Method: http.MethodPost, URL: "List", ID: s.setID, Resource: set, Own: true})
	return nil
}

// binaryOf makes the Binary of a document.
func (p *plan) binaryOf(e *entry) (*element.Resource, error) {
	root := element.NewRoot(spec.R4().Types["Binary"])
	if _, err := root.SetChild("contentType", e.document.media); err != nil {
		return nil, err
	}
	security, err := root.NewChild("securityContext")
	if err != nil {
		return nil, err
	}
	if _, err := security.SetChild("reference", "DocumentReference/"+e.id); err != nil {
		return nil, err
	}
	return element.NewResource(root), tagRegistered(root)
}

// setOf makes the submission set of one DocumentReference (IHE PCC TF-2, 4.1): its type is the type of content, its first author the source, its custodian the sourceId.
func (p *plan) setOf(e *entry) (*element.Resource, error) {
	b := builder{root: element.NewRoot(spec.R4().Types["List"])}
	for _, held := range reached(e.root, firstOf(e.root, "author")) {
		b.hang(b.root, "contained", element.Clone(held))
	}
	if code := e.root.Child("type"); code != nil {
		x := b.child(b.root, "extension")
		b.set(x, "url", extDesignationType)
		b.hang(x, "valueCodeableConcept", element.Clone(code))
	}
	x := b.child(b.root, "extension")
	b.set(x, "url", extSourceID)
	source := b.child(x, "valueIdentifier")
	system, value := sourceOf(e.root)
	b.set(source, "system", system)
	b.set(source, "value", value)
	for _, id := range [][2]string{{"usual", "urn:oid:" + oidOf(p.s.setID)}, {"official", "urn:uuid:" + p.s.setID}} {
		identifier := b.child(b.root, "identifier")
		b.set(identifier, "use", id[0])
		b.set(identifier, "system", systemURI)
		b.set(identifier, "value", id[1])
	}
	b.set(b.root, "status", "current")
	b.set(b.root, "mode", "working")
	coding := b.child(b.child(b.root, "code"), "coding")
	b.set(coding, "system", systemListTypes)
	b.set(coding, "code", codeSubmissionSet)
	if subject := e.root.Child("subject"); subject != nil {
		b.hang(b.root, "subject", element.Clone(subject))
	}
	b.set(b.root, "date", p.r.o.Now().Format(time.RFC3339))
	if author := e.root.Child("author"); author != nil {
		b.hang(b.root, "source", element.Clone(author))
	}
	b.set(b.child(b.child(b.root, "entry"), "item"), "reference", "DocumentReference/"+e.id)
	if b.err == nil {
		b.err = tagRegistered(b.root)
	}
	return element.NewResource(b.root), b.err
}

// sourceOf gives the identifier of who submits: that of the custodian, or else the server's word that nobody was named.
func sourceOf(root *element.Element) (system, value string) {
	custodian := root.Child("custodian")
	if custodian != nil {
		if identifier := custodian.Child("identifier"); identifier != nil && identifier.ChildValue("value") != "" {
			return identifier.ChildValue("system"), identifier.ChildValue("value")
		}
		for id, held := range element.Contained(root) {
			if "#"+id == custodian.ChildValue("reference") && valueAt(held, "identifier.value") != "" {
				return valueAt(held, "identifier.system"), valueAt(held, "identifier.value")
			}
		}
	}
	return systemURI, unnamedSource
}

// unnamedSource is the sourceId of a submission set that the server made for a document without a custodian that can be named: 2.25 and a UUID made once for it.
const unnamedSource = "urn:oid:2.25.60213840283450192718274651099823755120"

// oidOf writes a UUID as an OID (ITU-T X.667).
func oidOf(id string) string {
	u, err := uuid.Parse(id)
	if err != nil {
		u = uuid.NewSHA1(uuid.NameSpaceURL, []byte(id))
	}
	return "2.25." + new(big.Int).SetBytes(u[:]).String()
}

// reached gives the contained resources that a reference leads to, one behind the other.
func reached(root, from *element.Element) []*element.Element {
	if from == nil {
		return nil
	}
	held := map[string]*element.Element{}
	for id, r := range element.Contained(root) {
		held[id] = r
	}
	var out []*element.Element
	taken := map[string]bool{}
	queue := []*element.Element{from}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		for link := range element.References(next) {
			id, ok := strings.CutPrefix(link.Value, "#")
			if r := held[id]; ok && r != nil && !taken[id] {
				taken[id] = true
				out = append(out, r)
				queue = append(queue, r)
			}
		}
	}
	return out
}

// builder makes trees and keeps the first error.
type builder struct {
	root *element.Element
	err  error
}

func (b *builder) child(parent *element.Element, name string) *element.Element {
	if b.err != nil {
		return parent
	}
	var c *element.Element
	if c, b.err = parent.NewChild(name); b.err != nil {
		return parent
	}
	return c
}

func (b *builder) set(parent *element.Element, name, value string) {
	if b.err == nil && value != "" {
		_, b.err = parent.SetChild(name, value)
	}
}

func (b *builder) hang(parent *element.Element, name string, child *element.Element) {
	if b.err == nil {
		b.err = parent.Add(name, child)
	}
}
