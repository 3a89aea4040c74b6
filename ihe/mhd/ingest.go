package mhd

import (
	"context"
	"crypto/sha1" //nolint:gosec // the standard's digest
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/cda/metadata"
	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/store"
)

// operations are ITI-106 and $ingest-cda: the metadata come from the document.
func (r *Recipient) operations() []rest.Operation {
	return []rest.Operation{
		{
			Code: "generate-metadata", Definition: mhdBase + "/OperationDefinition/generate-metadata", Levels: rest.TypeLevel, Types: []string{"DocumentReference"},
			Documentation: "ITI-106: takes Parameters with one parameter, document: a Binary with a CDA document. The document is stored with a DocumentReference made of its header.",
			Handle:        r.generateMetadata,
		},
		{
			Code: "ingest-cda", Definition: "https://carnet-fhir.github.io/OperationDefinition/ingest-cda", Levels: rest.SystemLevel,
			RawMedia: []string{"text/xml", "application/xml", metadata.MimeAutoPresentable, "application/hl7-v3+xml"}, RawLimit: int64(min(r.o.MaxDocumentBytes, cda.DefaultLimits().Bytes)),
			Documentation: "Takes a CDA document as it is, or in a Binary (bare, or the parameter document), and dry-run. The document is judged and stored with the metadata of its header and what its coded entries say; with dry-run=true it is judged only.",
			Handle:        r.ingest,
		},
	}
}

// documentOfCall gives the bytes of the document that an operation is called with, and the expression of where they stood. A document that is the body itself stands where a Binary would have it.
func (r *Recipient) documentOfCall(call *rest.OperationCall) (raw []byte, at string, err error) {
	if call.Body != nil {
		return call.Body, bareBinary, r.fits(call.Body, bareBinary)
	}
	res := call.Resource("document")
	at = documentAt(call)
	switch {
	case res == nil:
		return nil, at, fault.At(http.StatusBadRequest, fault.Required, "Parameters.parameter", "The operation needs the parameter document with a Binary that holds a CDA document.")
	case res.Type() == "Bundle":
		f := fault.At(http.StatusUnprocessableEntity, fault.NotSupported, "Parameters.parameter", "FHIR documents are not supported: the document is a Binary with CDA.")
		f.Issues[0].Details = fault.Details{Text: fhirDocument}
		return nil, at, f
	case res.Type() != "Binary":
		return nil, at, fault.At(http.StatusUnprocessableEntity, fault.Value, "Parameters.parameter", "The document is a Binary with CDA.")
	}
	raw, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(res.Root.ChildValue("data")), ""))
	if err != nil || len(raw) == 0 {
		return nil, at, fault.At(http.StatusBadRequest, fault.Value, at, "The data is not base64, or it is empty.")
	}
	return raw, at, r.fits(raw, at)
}

// bareBinary is where the data of a Binary stand that is no parameter.
const bareBinary = "Binary.data"

// documentAt gives the expression of the document's data in a call.
func documentAt(call *rest.OperationCall) string {
	if call.Parameters == nil || call.Parameters.Type() != "Parameters" {
		return bareBinary
	}
	i := 0
	for p := range call.Parameters.Root.Children("parameter") {
		if p.ChildValue("name") == "document" {
			return "Parameters.parameter[" + strconv.Itoa(i) + "].resource.data"
		}
		i++
	}
	return "Parameters.parameter"
}

// fits refuses a document that is longer than the server takes.
func (r *Recipient) fits(raw []byte, at string) error {
	if most := min(r.o.MaxDocumentBytes, cda.DefaultLimits().Bytes); len(raw) > most {
		return fault.At(http.StatusRequestEntityTooLarge, fault.TooLong, at, "The document is longer than "+strconv.Itoa(most)+" bytes, the most that this server takes.")
	}
	return nil
}

// generateMetadata is ITI-106.
func (r *Recipient) generateMetadata(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	raw, at, err := r.documentOfCall(call)
	if err != nil {
		return nil, err
	}
	written, s, err := r.take(ctx, raw, at)
	if err != nil {
		return nil, err
	}
	p := parameters{{"name": "DocumentReference", "valueReference": object{"reference": "DocumentReference/" + written.Record.ID}}}
	if warnings := warningsOf(written.Issues); len(warnings) > 0 {
		p = append(p, object{"name": "warnings", "resource": json.RawMessage(rest.Outcome(warnings))})
	}
	body, err := json.Marshal(p)
	records := s.made
	if len(records) == 0 {
		records = []*store.Record{written.Record}
	}
	return &rest.OperationAnswer{Resource: body, Records: records}, err
}

// take judges a CDA document and commits it with the metadata of its header. A refusal tells everything that is wrong.
func (r *Recipient) take(ctx context.Context, raw []byte, at string) (*repository.Written, *submission, error) {
	verdict := judge.Judge(raw, judge.Options{Modes: []ins.Mode{r.o.Records.Mode()}, NoExtract: true})
	s, err := r.submissionOf(raw, at, verdict)
	if err != nil {
		return nil, s, err
	}
	written, err := r.submitOne(ctx, s)
	return written, s, err
}

// submissionOf makes the submission of a judged document that stood at an expression of the request.
func (r *Recipient) submissionOf(raw []byte, at string, verdict *judge.Verdict) (*submission, error) {
	if !verdict.Accepted {
		return nil, refusedDocument(at, verdict)
	}
	made, err := verdict.Entry.DocumentReference(metadata.ReferenceOptions{Date: r.o.Now(), Subject: "Patient?identifier=" + verdict.Patient.Token()})
	if err != nil {
		return nil, fault.Wrap(err, http.StatusUnprocessableEntity, fault.BusinessRule, "The type of the document has no class (ASS_X04): submit it with metadata that name one.")
	}
	res, err := element.ParseJSON(spec.R4(), made, element.Options{ExpectType: "DocumentReference"})
	if err != nil {
		return nil, err
	}
	s := newSingle(res, SimplifiedPDSm)
	s.entries[0].document = &document{at: at, media: verdict.Entry.MimeType, raw: raw, sum: sha1.Sum(raw), verdict: verdict} //nolint:gosec // see above
	s.takeFindings(&s.entries[0], s.entries[0].document)
	return s, nil
}

// refusedDocument tells what is wrong with a document.
func refusedDocument(at string, verdict *judge.Verdict) error {
	s := &submission{level: SimplifiedPDSm}
	s.takeFindings(&entry{place: -1}, &document{at: at, verdict: verdict})
	if f := refusal(s.findings); f != nil {
		return f
	}
	return fault.At(http.StatusUnprocessableEntity, fault.Invariant, at, "The document is not accepted.")
}

type object = map[string]any

// parameters is a Parameters resource.
type parameters []object

// MarshalJSON writes the resource.
func (p parameters) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		ResourceType string   `json:"resourceType"`
		Parameter    []object `json:"parameter"`
	}{"Parameters", p})
}

// ingest is $ingest-cda.
func (r *Recipient) ingest(ctx context.Context, call *rest.OperationCall) (*rest.OperationAnswer, error) {
	if err := knownQuery(call, "dry-run"); err != nil {
		return nil, err
	}
	dry := call.Value("dry-run")
	if dry != "" && dry != "true" && dry != "false" {
		return nil, fault.At(http.StatusBadRequest, fault.Invalid, "http.dry-run", "The parameter dry-run is true or false.")
	}
	raw, at, err := r.documentOfCall(call)
	if err != nil {
		return nil, err
	}
	if dry == "true" {
		return ingested(judge.Judge(raw, judge.Options{Modes: []ins.Mode{r.o.Records.Mode()}}), nil, nil)
	}
	written, s, err := r.take(ctx, raw, at)
	if err != nil {
		return nil, err
	}
	return ingested(s.entries[0].document.verdict, written, s)
}

// knownQuery refuses parameters that the operation does not have: a mistyped dry-run must not store a document.
func knownQuery(call *rest.OperationCall, names ...string) error {
	if call.Request == nil {
		return nil
	}
	for name := range call.Request.URL.Query() {
		if !slices.Contains(names, name) && name != "_format" && name != "_pretty" {
			return fault.At(http.StatusBadRequest, fault.NotSupported, "http", "The operation has no such parameter; it knows "+strings.Join(names, ", ")+".")
		}
	}
	return nil
}

// ingested tells the verdict and, when the document was stored, what was made.
func ingested(v *judge.Verdict, written *repository.Written, s *submission) (*rest.OperationAnswer, error) {
	p := parameters{{"name": "accepted", "valueBoolean": v.Accepted}}
	report := v.Report("")
	for _, member := range [][2]string{{"level", report.Level}, {"typeCode", report.TypeCode}, {"classCode", report.ClassCode}, {"formatCode", report.FormatCode}, {"uniqueId", report.UniqueID}} {
		if member[1] != "" {
			p = append(p, object{"name": member[0], "valueString": member[1]})
		}
	}
	answer := &rest.OperationAnswer{}
	if written != nil {
		outcome := judge.Submitted
		if written.Status == http.StatusOK {
			outcome, answer.Status = judge.AlreadyKnown, http.StatusOK
		} else {
			answer.Status = http.StatusCreated
		}
		p = append(p, object{"name": "outcome", "valueString": outcome})
		if answer.Records = s.made; len(s.made) == 0 {
			answer.Records = []*store.Record{written.Record}
			p = append(p, object{"name": "resource", "valueReference": object{"reference": "DocumentReference/" + written.Record.ID}})
		}
		for _, rec := range s.made {
			if rec != nil {
				p = append(p, object{"name": "resource", "valueReference": object{"reference": rec.Type + "/" + rec.ID}})
			}
		}
	} else if v.Extraction != nil && v.Accepted {
		for _, res := range v.Extraction.Resources {
			p = append(p, object{"name": "resource", "valueCode": res.Type})
		}
	}
	issues := findingsOf(v)
	if written != nil {
		for _, issue := range warningsOf(written.Issues) {
			if issue.Details.Code != "cisis-doc-check" { // those are the verdict's own, said above with their place
				issues = append(issues, issue)
			}
		}
	}
	p = append(p, object{"name": "findings", "resource": json.RawMessage(rest.Outcome(issues))})
	var err error
	answer.Resource, err = json.Marshal(p)
	return answer, err
}

// warningsOf gives what a writer is warned of.
func warningsOf(issues []fault.Issue) []fault.Issue {
	return slices.DeleteFunc(slices.Clone(issues), func(i fault.Issue) bool { return i.Severity != fault.Warning })
}

// findingsOf gives the findings of a verdict as issues.
func findingsOf(v *judge.Verdict) []fault.Issue {
	var issues []fault.Issue
	for _, f := range v.Findings {
		severity := fault.Warning
		switch f.Severity {
		case cda.Error:
			severity = fault.Error
		case cda.Information:
			severity = fault.Information
		}
		issues = append(issues, fault.Issue{
			Severity: severity, Code: fault.Invariant, Diagnostics: f.Message, Expression: f.Path, Line: f.Line,
			Details: fault.Details{System: systemRules, Code: f.Rule},
		})
	}
	return issues
}
