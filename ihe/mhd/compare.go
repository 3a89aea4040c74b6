package mhd

import (
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/metadata"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/fhir/element"
)

// classOf gives the category that the submitter names, as the class of a document whose type has none.
func classOf(root *element.Element) metadata.Code {
	coding := firstOf(root, "category.coding")
	if coding == nil {
		return metadata.Code{}
	}
	oid, _ := vocabulary.Load().SystemOID(coding.ChildValue("system"))
	return metadata.Code{Code: coding.ChildValue("code"), System: oid, Display: coding.ChildValue("display")}
}

// compare holds the metadata to the document's header: what names the document and says what it is must agree, in the rest a difference is told.
func (s *submission) compare(e *entry, header *metadata.Entry) {
	root := e.root
	path := element.Path(root)
	if !sameUniqueID(root, header) {
		s.breach("cisis-doc-unique-id", path+".masterIdentifier", "", e.place)
	}
	tables := vocabulary.Load()
	if !header.TypeCode.IsZero() && root.Child("type") != nil && !hasCode(tables, root, "type.coding", header.TypeCode) {
		s.breach("cisis-doc-type", path+".type", "", e.place)
	}
	differs := func(name, what string) {
		s.breach("cisis-doc-metadata", path+"."+name, "In the document's header "+what+" is another.", e.place)
	}
	for _, c := range []struct {
		path, what string
		code       metadata.Code
	}{
		{"category", "the class of the document's type", header.ClassCode}, {"content.format", "the format of the document's template", header.FormatCode},
		{"securityLabel", "the confidentiality", header.Confidentiality}, {"context.facilityType", "the type of facility", header.FacilityType},
		{"context.practiceSetting", "the practice setting", header.PracticeSetting},
	} {
		coding := c.path
		if c.path != "content.format" {
			coding += ".coding"
		}
		if !c.code.IsZero() && firstOf(root, c.path) != nil && !hasCode(tables, root, coding, c.code) && !(c.path == "securityLabel" && onlyMasks(root)) {
			differs(c.path, c.what)
		}
	}
	for _, c := range []struct{ path, what, value string }{
		{"content.attachment.title", "the title", header.Title}, {"content.attachment.language", "the language", header.Language},
	} {
		if v := valueAt(root, c.path); v != "" && c.value != "" && strings.Join(strings.Fields(v), " ") != strings.Join(strings.Fields(c.value), " ") {
			differs(c.path, c.what)
		}
	}
	for _, c := range []struct {
		path, what string
		value      cda.TS
	}{
		{"content.attachment.creation", "the time of the document", header.CreationTime}, {"context.period.start", "the begin of the act", header.ServiceStart},
		{"context.period.end", "the end of the act", header.ServiceStop},
	} {
		if v := valueAt(root, c.path); v != "" && !sameTime(v, c.value) {
			differs(c.path, c.what)
		}
	}
	if v := valueAt(root, "content.attachment.contentType"); !sameMedia(v, header.MimeType) {
		differs("content.attachment.contentType", "the media type, by the document's root,")
	}
}

// onlyMasks says that no label is a code of confidentiality: a mask may stand in its place.
func onlyMasks(root *element.Element) bool {
	only := true
	along(root, "securityLabel.coding", func(c *element.Element) { only = only && visibilitySystems[c.ChildValue("system")] })
	return only
}

// sameUniqueID compares the masterIdentifier with the header's id in each of the forms in which it is met.
func sameUniqueID(root *element.Element, header *metadata.Entry) bool {
	if header.ID.Root == "" {
		return true // the check tells it
	}
	m := root.Child("masterIdentifier")
	if m == nil {
		return true // a rule of shape tells it
	}
	system, value := header.MasterIdentifier()
	is, has := m.ChildValue("system"), m.ChildValue("value")
	if strings.EqualFold(is, system) && (has == value || system == systemURI && strings.EqualFold(has, value)) {
		return true
	}
	return is == systemURI && strings.EqualFold(has, "urn:oid:"+header.UniqueID())
}

func hasCode(tables *vocabulary.Tables, root *element.Element, path string, want metadata.Code) bool {
	found := false
	along(root, path, func(coding *element.Element) {
		oid, known := tables.SystemOID(coding.ChildValue("system"))
		found = found || coding.ChildValue("code") == want.Code && (!known || oid == want.System)
	})
	return found
}

// sameTime compares instants where both are, and else the text, as far as the shorter goes.
func sameTime(value string, ts cda.TS) bool {
	m, err := ts.Moment()
	if err != nil {
		return true // the check tells it, or there is none
	}
	want := m.FHIR()
	a, errA := time.Parse(time.RFC3339, value)
	b, errB := time.Parse(time.RFC3339, want)
	if errA == nil && errB == nil {
		return a.Equal(b)
	}
	n := min(len(value), len(want))
	return value[:n] == want[:n]
}
