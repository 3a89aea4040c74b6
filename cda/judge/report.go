package judge

import "github.com/carnet-fhir/carnet/cda"

// Report is a verdict as one line of JSON: what carnet import --report writes. It holds the person's INS and the document's title, so it is health data.
type Report struct {
	File             string         `json:"file"`
	Accepted         bool           `json:"accepted"`
	Level            string         `json:"level,omitempty"` // N1, N3
	TypeCode         string         `json:"typeCode,omitempty"`
	ClassCode        string         `json:"classCode,omitempty"`
	FormatCode       string         `json:"formatCode,omitempty"`
	MimeType         string         `json:"mimeType,omitempty"`
	UniqueID         string         `json:"uniqueId,omitempty"` // root, or root^extension
	Patient          string         `json:"patient,omitempty"`  // INS, 15 characters
	Title            string         `json:"title,omitempty"`
	CreationTime     string         `json:"creationTime,omitempty"`     // HL7 v3 TS as in the header
	ServiceStartTime string         `json:"serviceStartTime,omitempty"` // same
	Findings         []cda.Finding  `json:"findings"`
	Extracted        int            `json:"extracted"`    // coded entries that became resources
	NotExtracted     int            `json:"notExtracted"` // those that stay narrative only
	Resources        map[string]int `json:"resources"`    // type: count
	// Outcome of a submission: "", "submitted" or "already known".
	Outcome string `json:"outcome,omitempty"`
}

// Report makes the line of a file.
func (v *Verdict) Report(file string) Report {
	r := Report{File: file, Accepted: v.Accepted, Findings: v.Findings, Resources: map[string]int{}}
	if r.Findings == nil {
		r.Findings = []cda.Finding{}
	}
	if e := v.Entry; e != nil {
		r.Level, r.TypeCode, r.ClassCode, r.FormatCode = string(e.Level), e.TypeCode.Code, e.ClassCode.Code, e.FormatCode.Code
		r.MimeType, r.UniqueID, r.Patient, r.Title = e.MimeType, e.UniqueID(), e.Patient.Extension, e.Title
		r.CreationTime, r.ServiceStartTime = e.CreationTime.Value, e.ServiceStart.Value
	}
	if x := v.Extraction; x != nil {
		r.Extracted, r.NotExtracted, r.Resources = x.Extracted, x.NotExtracted, x.Types()
	}
	return r
}

// Outcomes of a submission.
const (
	Submitted    = "submitted"
	AlreadyKnown = "already known" // the record has this document, byte for byte
)
