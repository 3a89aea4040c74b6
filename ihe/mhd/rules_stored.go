package mhd

import (
	"net/http"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// contentRules are judged by the bytes of the documents.
var contentRules = []Rule{
	{ID: "mhd-doc-data", Levels: anyLevel, Source: sourceITI65, Code: fault.Required, XDS: xdsMissingDocument, Text: "The document has no bytes."},
	{ID: "mhd-doc-base64", Levels: anyLevel, Source: "FHIR R4, datatypes.html#base64Binary", Code: fault.Value, Status: http.StatusBadRequest, XDS: xdsMissingDocument, Text: "The data is not base64 (RFC 4648, with padding)."},
	{ID: "mhd-doc-size", Levels: anyLevel, Source: sourceITI65 + ": size of the raw bytes", Code: fault.Value, XDS: xdsRepository, Text: "The attachment's size is not the number of bytes of the document."},
	{ID: "mhd-doc-hash", Levels: anyLevel, Source: sourceITI65 + ": SHA-1 of the raw bytes, in base64", Code: fault.Value, XDS: xdsRepository, Text: "The attachment's hash is not the SHA-1 of the document's bytes, in base64."},
	{ID: "carnet-doc-media", Levels: anyLevel, Source: "docs/design/sharing.md, media types", Code: fault.NotSupported, Status: http.StatusUnsupportedMediaType, XDS: xdsRepository, Text: "Documents of this media type are not taken."},
	{ID: "carnet-doc-sniff", Levels: anyLevel, Source: "docs/design/sharing.md, media types", Code: fault.Value, XDS: xdsContent, Text: "The document's bytes are not of the media type that is named."},
	{ID: "carnet-doc-length", Levels: anyLevel, Source: "docs/design/sharing.md, limits", Code: fault.TooLong, Status: http.StatusRequestEntityTooLarge, XDS: xdsRepository, Text: "The document is longer than this server takes in a submission."},
	{ID: "cisis-doc-check", Levels: anyLevel, Source: "CI-SIS, Volet Structuration Minimale", Code: fault.Invariant, XDS: xdsContent, Text: "The CDA document breaks a rule of the CI-SIS."},
	{ID: "cisis-doc-unique-id", Levels: anyLevel, Source: "IHE ITI TF-3, 4.2.3.2.26; CDA ClinicalDocument/id", Code: fault.Value, XDS: xdsMetadata, Text: "The masterIdentifier is not the id in the document's header."},
	{ID: "cisis-doc-patient", Levels: anyLevel, Source: "CI-SIS; CDA recordTarget", Code: fault.Value, XDS: xdsPatientMismatch, Text: "The subject is not the person in the document's header."},
	{ID: "dmp-doc-traits", Levels: anyLevel, Source: "RNIV, traits stricts; docs/decisions/0023", Warning: true, Code: fault.BusinessRule, XDS: xdsPatientMismatch, Text: "A trait of the person in the document's header is another than in the record of the same INS."},
	{ID: "cisis-doc-type", Levels: anyLevel, Source: "CI-SIS; CDA ClinicalDocument/code", Code: fault.Value, XDS: xdsMetadata, Text: "The type is not the code in the document's header."},
	{ID: "drim-doc-kos", Levels: anyLevel, Source: "IHE RAD XDS-I.b; DRIM-M; docs/decisions/0027", Code: fault.Value, XDS: xdsContent, Text: "The DICOM object is no Key Object Selection. Images stay where they were made; share the KOS that names them."},
	{ID: "carnet-doc-extract", Levels: anyLevel, Source: "docs/design/documents.md", Warning: true, Code: fault.Incomplete, Text: "Not all coded entries of the document were extracted."},
	{ID: "cisis-doc-metadata", Levels: anyLevel, Source: "CI-SIS, metadata from the CDA header", Warning: true, Code: fault.Value, XDS: xdsMetadata, Text: "The metadata differ from the document's header."},
}

// storedRules are judged by what the store holds.
var storedRules = []Rule{
	{ID: "mhd-patient-known", Levels: anyLevel, Source: "IHE ITI TF-3, table 4.2.4.1-2", Code: fault.NotFound, XDS: xdsUnknownPatient, Text: "The patient is not known here: there is no record to which the document could go."},
	{ID: "mhd-patient-one", Levels: anyLevel, Source: sourceITI65 + ": all point to the same Patient", Code: fault.BusinessRule, XDS: xdsPatientMismatch, Text: "All parts of a submission are about one patient."},
	{ID: "dmp-patient-open", Levels: anyLevel, Source: "PDSm4DMP 0.1.0, TD2: active DMP", Code: fault.BusinessRule, XDS: xdsUnknownPatient, Text: "The patient's record is closed and takes no documents."},
	{ID: "mhd-document-unique", Levels: anyLevel, Source: "IHE ITI TF-3, table 4.2.4.1-2", Code: fault.Duplicate, Status: http.StatusConflict, XDS: xdsOtherHash, Text: "A document with this masterIdentifier is there already, with another content."},
	{ID: "mhd-list-unique", Levels: inBundle, Source: "IHE ITI TF-3, table 4.2.4.1-2", Code: fault.Duplicate, Status: http.StatusConflict, XDS: xdsDuplicateID, Text: "A List with this unique id is there already."},
	{ID: "mhd-list-items-known", Levels: inBundle, Source: "IHE ITI TF-3, 4.2.2.1; docs/decisions/0025", Code: fault.NotFound, XDS: xdsUnresolved, Text: "The List names what is not in the patient's record: a document or folder that is not there or is another patient's, or the List itself."},
	{ID: "mhd-related-patient", Levels: anyLevel, Source: "docs/decisions/0025", Code: fault.BusinessRule, XDS: xdsPatientMismatch, Text: "What context.related refers to is not in the patient's record: it is not there, or it is about another patient."},
	{ID: "mhd-relates-known", Levels: anyLevel, Source: sourceITI65 + ": relatesTo", Code: fault.NotFound, XDS: xdsUnresolved, Text: "The document that relatesTo names, in a CDA header relatedDocument, is not there."},
	{ID: "mhd-relates-patient", Levels: anyLevel, Source: "IHE ITI TF-3, 4.2.2.2", Code: fault.BusinessRule, XDS: xdsPatientMismatch, Text: "The document that relatesTo names is another patient's."},
	{ID: "mhd-relates-current", Levels: anyLevel, Source: "IHE ITI TF-3, 4.2.2.2", Code: fault.BusinessRule, XDS: xdsDeprecated, Text: "The document that relatesTo names was replaced or deleted."},
	{ID: "mhd-replace-once", Levels: anyLevel, Source: "IHE ITI TF-3, 4.2.2.2.3", Code: fault.BusinessRule, XDS: xdsReplaceFailed, Text: "Two documents of the submission replace the same one."},
	{ID: "mhd-replace-patched", Levels: inBundle, Source: sourceITI65 + ": UpdateDocumentRefs", Code: fault.BusinessRule, XDS: xdsReplaceFailed, Text: "The patch is of a DocumentReference that no document of the submission replaces."},
	{ID: "mhd-folder-known", Levels: inBundle, Source: sourceITI65 + ": Folder update", Code: fault.NotFound, XDS: xdsUnresolved, Text: "The folder to update is not there."},
}
