package mhd

import (
	"context"
	"crypto/sha1" //nolint:gosec // the standard's digest (DocumentReference.content.attachment.hash); nothing rests on its strength
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/internal/b64"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// document is the document of one DocumentReference: decoded once, hashed once, parsed once.
type document struct {
	binary *entry // nil when the data stood in the attachment
	at     string // where the bytes came from, for expressions
	media  string
	raw    []byte
	sum    [sha1.Size]byte
	// verdict is that on a CDA document, nil for others.
	verdict *judge.Verdict
	blob    *store.BlobRef
}

func (d *document) hash() string { return base64.StdEncoding.EncodeToString(d.sum[:]) }

// limits of what is reported of one document.
const (
	maxDocumentErrors   = 30
	maxDocumentWarnings = 10
)

// readDocuments finds, decodes, hashes and judges the document of each DocumentReference.
func (s *submission) readDocuments(ctx context.Context, o *Options) error {
	for e := range s.of(PartDocumentReference) {
		if err := ctx.Err(); err != nil {
			return err
		}
		attachment := firstOf(e.root, "content.attachment")
		if attachment == nil {
			continue
		}
		var data *element.Element
		d := &document{media: attachment.ChildValue("contentType")}
		if s.level&published != 0 {
			data = attachment.Child("data")
		} else if target := s.target(e, attachment.ChildValue("url")); target != nil && target.part == PartBinary && target.root != nil {
			d.binary, data = target, target.root.Child("data")
			d.at = element.Path(target.root) + ".data"
			if data == nil || data.Value == "" {
				s.breach("mhd-doc-data", d.at, "", target.place)
				continue
			}
		}
		if data == nil || data.Value == "" {
			continue // a rule of shape tells it, or the document is elsewhere
		}
		if d.binary == nil {
			d.at = element.Path(data)
		}
		if s.decode(d, data, o) {
			e.document = d
			s.measure(e, attachment, d)
			s.look(e, d, o)
		}
	}
	return nil
}

// decode takes the bytes out of the tree, so that they are held once.
func (s *submission) decode(d *document, data *element.Element, o *Options) bool {
	place := -1
	if d.binary != nil {
		place = d.binary.place
	}
	if base64.StdEncoding.DecodedLen(len(data.Value)) > o.MaxDocumentBytes+3 {
		s.breach("carnet-doc-length", d.at, "The document is longer than "+strconv.Itoa(o.MaxDocumentBytes)+" bytes, the most that this server takes in a submission.", place)
		return false
	}
	raw, err := b64.Decode(data.Value)
	if err != nil && strings.ContainsAny(data.Value, " \t") {
		raw, err = b64.Decode(strings.NewReplacer(" ", "", "\t", "").Replace(data.Value))
	}
	if err != nil {
		s.breach("mhd-doc-base64", d.at, "", place)
		return false
	}
	d.raw, d.sum = raw, sha1.Sum(raw) //nolint:gosec // see above
	_ = data.Parent.Remove(data)      // it is a child; the text goes with it
	return true
}

// measure compares what the attachment says of the bytes with the bytes.
func (s *submission) measure(e *entry, attachment *element.Element, d *document) {
	if size := attachment.Child("size"); size != nil && size.Value != strconv.Itoa(len(d.raw)) {
		s.breach("mhd-doc-size", element.Path(size), "", e.place)
	}
	if hash := attachment.Child("hash"); hash != nil && hash.Value != d.hash() {
		s.breach("mhd-doc-hash", element.Path(hash), "", e.place)
	}
}

// look judges the bytes: their media type, and of a CDA document all that it says.
func (s *submission) look(e *entry, d *document, o *Options) {
	place := e.place
	kind, ok := media[mediaKey(d.media)]
	switch {
	case d.media == "":
		return // a rule of shape tells it
	case !ok:
		s.breach("carnet-doc-media", element.Path(e.root)+".content[0].attachment.contentType", "", place)
		return
	case !kind.sniff(d.raw):
		s.breach("carnet-doc-sniff", d.at, "", place)
		return
	}
	if isImaging(d.media) {
		s.indexImaging(e, d)
	}
	if !kind.cda || !kind.mustCDA && isSignature(e.root) {
		return
	}
	if most := cda.DefaultLimits().Bytes; len(d.raw) > most {
		s.breach("carnet-doc-length", d.at, "The CDA document is longer than "+strconv.Itoa(most)+" bytes, the most that this server reads.", place)
		return
	}
	d.verdict = judge.Judge(d.raw, judge.Options{Limits: cda.Limits{}, Modes: []ins.Mode{o.Records.Mode()}, ClassCode: classOf(e.root), Hash: &d.sum, NoExtract: true})
	s.takeFindings(e, d)
	if d.verdict.Document == nil {
		d.verdict = nil
		return
	}
	s.compare(e, d.verdict.Entry)
}

// isSignature says whether the document is a digital signature, which is XML and no CDA document.
func isSignature(root *element.Element) bool {
	return strings.HasPrefix(valueAt(root, "content.format.code"), "urn:ihe:iti:dsg:")
}

// takeFindings tells what the judgement of the CDA document found. At the levels of MHD, whose documents need not be French, it warns.
func (s *submission) takeFindings(e *entry, d *document) {
	errors, warnings := 0, 0
	for _, f := range d.verdict.Findings {
		refuses := f.Severity == cda.Error && s.level&national != 0
		switch {
		case refuses:
			errors++
		case f.Severity == cda.Information:
			continue
		default:
			warnings++
		}
		if errors > maxDocumentErrors || !refuses && warnings > maxDocumentWarnings {
			continue
		}
		text := "The CDA document, rule " + f.Rule + ": " + f.Message
		if f.Path != "" {
			text += " (line " + strconv.Itoa(f.Line) + ", " + f.Path + ")"
		}
		rule := ruleByID["cisis-doc-check"]
		s.findings = append(s.findings, finding{rule: rule, at: d.at, text: text + ".", warn: !refuses, place: e.place})
	}
}
