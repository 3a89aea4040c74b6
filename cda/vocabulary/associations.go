package vocabulary

// Code systems and template ids that the associations speak of.
const (
	SystemLOINC  = "2.16.840.1.113883.6.1"
	SystemTypes  = "1.2.250.1.213.1.1.4.12"    // TRE_A05: types of documents that LOINC lacks
	SystemClass  = "1.2.250.1.213.1.1.4.1"     // TRE_A03
	SystemFormat = "1.2.250.1.213.1.1.4.2.282" // TRE_A06: French formats

	TemplateFrance = "2.16.840.1.113883.2.8.2.1" // HL7 France: every document
	TemplateCISIS  = "1.2.250.1.213.1.1.1.1"     // CI-SIS: every document
	TemplateN1     = "1.3.6.1.4.1.19376.1.2.20"  // IHE XDS-SD: a document whose body is a file

	formatOutsideProfiles = "urn:asipSante:modelesHorsProfils:2011"
)

type typeKey struct{ code, system string }

// ClassOf gives the class of a document type (ASS_X04 of 2024-04-26). A type without a row has no class: it must be asked for, not guessed.
// The class is found under the type's own code system, or under any when system is "".
func (t *Tables) ClassOf(typeCode, system string) (Concept, bool) {
	if system == "" {
		for _, s := range []string{SystemLOINC, SystemTypes, "ASTM"} {
			if c, ok := t.classes[typeKey{typeCode, s}]; ok {
				return c, true
			}
		}
		return Concept{}, false
	}
	c, ok := t.classes[typeKey{typeCode, system}]
	return c, ok
}

// FormatOfTemplates gives the format of an N3 document: that of the first of its template ids (roots, in document order) that ASS_A11 knows.
// The second result is false when none is known; FormatOutsideProfiles is what such a document has.
func (t *Tables) FormatOfTemplates(roots []string) (Concept, bool) {
	for _, root := range roots {
		if c, ok := t.templateFormats[root]; ok {
			return c, true
		}
	}
	return Concept{}, false
}

// FormatOfMediaType gives the format of an N1 document by the media type of its body (ASS_A12).
func (t *Tables) FormatOfMediaType(mediaType string) (Concept, bool) {
	c, ok := t.mediaFormats[mediaType]
	return c, ok
}

// FormatOutsideProfiles is the format of a document whose model neither IHE nor the CI-SIS knows.
func (t *Tables) FormatOutsideProfiles() Concept {
	c, _ := t.Find(DocumentFormat, formatOutsideProfiles, SystemFormat)
	return c
}
