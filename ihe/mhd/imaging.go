package mhd

import (
	"errors"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/internal/dicom"
)

// Imaging (DRIM-M, IHE XDS-I.b): the images stay where they were made. What is shared is a Key Object Selection that names them, and its studies and orders become the document's referenceIdList, so that it is found from the report that has the same numbers, and
// the report from it. The KOS itself, with the addresses of the images, is kept as it came.

const mediaDICOM = "application/dicom"

// Kinds of referenceIdList (PDSm, context.related; IHE ITI TF-3, table 4.2.3.1.7-2).
const (
	kindStudy     = "urn:ihe:iti:xds:2016:studyInstanceUID"
	kindAccession = "urn:ihe:iti:xds:2013:accession"
	kindOrder     = "urn:ihe:iti:xds:2013:order"
)

// systemDICOM is the system of DICOM UIDs in FHIR.
const systemDICOM = "urn:dicom:uid"

// reference is one identifier of a referenceIdList.
type referenceID struct{ kind, system, value string }

// imagingReferences gives the identifiers by which a KOS is found. A study stands there twice: as XDS writes it, a bare UID, and as FHIR does, a URN in the system of DICOM.
func imagingReferences(k *dicom.KOS) []referenceID {
	var all []referenceID
	for i := range k.Studies {
		id := k.Studies[i].UID
		all = append(all, referenceID{kindStudy, "", id}, referenceID{kindStudy, systemDICOM, "urn:oid:" + id})
	}
	for _, n := range k.Accessions {
		all = append(all, numbered(kindAccession, n))
	}
	for _, n := range k.Orders {
		all = append(all, numbered(kindOrder, n))
	}
	return all
}

func numbered(kind string, n dicom.Number) referenceID {
	if n.Issuer == "" {
		return referenceID{kind, "", n.Value}
	}
	return referenceID{kind, "urn:oid:" + n.Issuer, n.Value}
}

// indexImaging adds to a DocumentReference the identifiers that its KOS names and that the submitter did not give.
func (s *submission) indexImaging(e *entry, d *document) {
	k, err := dicom.ReadKOS(d.raw)
	if err != nil {
		s.noKOS(e, d, err)
		return
	}
	context := e.root.Child("context")
	if context == nil {
		if context, err = e.root.NewChild("context"); err != nil {
			return
		}
	}
	given := map[referenceID]bool{}
	along(context, "related.identifier", func(id *element.Element) {
		given[referenceID{"", id.ChildValue("system"), id.ChildValue("value")}] = true
	})
	for _, r := range imagingReferences(k) {
		if given[referenceID{"", r.system, r.value}] {
			continue
		}
		_ = addReferenceID(context, r) // the elements are R4's own
	}
}

// noKOS tells of a DICOM object that is not read as a KOS. PDSm shares no images (docs/decisions/0027); MHD may. A KOS in a transfer syntax that is not read, or too large, is stored without being indexed.
func (s *submission) noKOS(e *entry, d *document, err error) {
	rule, f := ruleByID["drim-doc-kos"], finding{at: d.at, place: e.place}
	f.rule, f.warn = rule, s.level&national == 0 || errors.Is(err, dicom.ErrSyntax) || errors.Is(err, dicom.ErrTooMuch)
	if f.warn {
		f.text = "The DICOM object is no Key Object Selection that the server can read: it is stored, and is not found by its studies and orders. Images stay where they were made; share the KOS that names them."
	}
	s.findings = append(s.findings, f)
}

func addReferenceID(context *element.Element, r referenceID) error {
	related, err := context.NewChild("related")
	if err != nil {
		return err
	}
	identifier, err := related.NewChild("identifier")
	if err != nil {
		return err
	}
	kind, err := identifier.NewChild("type")
	if err != nil {
		return err
	}
	if err := addCoding(kind, "coding", systemURI, r.kind); err != nil {
		return err
	}
	if r.system != "" {
		if _, err := identifier.SetChild("system", r.system); err != nil {
			return err
		}
	}
	_, err = identifier.SetChild("value", r.value)
	return err
}

// isImaging says whether a document's media type is DICOM's.
func isImaging(media string) bool {
	base, _, _ := strings.Cut(media, ";")
	return strings.EqualFold(strings.TrimSpace(base), mediaDICOM)
}
