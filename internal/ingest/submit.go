package ingest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/cda/metadata"
)

// Rules of a submission.
const (
	RuleUnknownPerson = "record-unknown"   // no Patient has the INS, and none may be made
	RuleDuplicateID   = "record-duplicate" // the unique id is that of another document
	RuleRefused       = "record-refused"   // the server refused, with its own words
	RuleNotReplaced   = "record-replaced"  // the replaced document is not there: a warning
)

// Submitter submits judged documents to the records of a server, each as a Provide Document Bundle (ITI-65). It may be used by many at once; a document that
// replaces another is to be submitted after it.
type Submitter struct {
	Target      Target
	OpenRecords bool   // make the Patient of an INS that is not known
	SourceOID   string // of the submitting system
	Now         func() time.Time

	mu     sync.Mutex
	people map[string]string // INS token to reference
}

func (s *Submitter) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

// Submit submits an accepted document and gives its outcome. A refusal is put among the findings of the verdict, which is no longer accepted then. The error is
// one of reaching the server.
func (s *Submitter) Submit(ctx context.Context, v *judge.Verdict) (outcome string, err error) {
	known, err := s.known(ctx, v.Entry)
	if err != nil {
		return "", err
	}
	switch known.same(v.Entry) {
	case sameDocument:
		return judge.AlreadyKnown, nil
	case sameID:
		refuse(v, RuleDuplicateID, "id", "the server has another document of this unique id")
		return "", nil
	}
	subject, err := s.person(ctx, v)
	if err != nil || subject == "" {
		return "", err
	}
	older, err := s.older(ctx, v)
	if err != nil {
		return "", err
	}
	bundle, err := s.provideBundle(v, v.Document.Raw, subject, older)
	if err != nil {
		refuse(v, metadata.RuleClass, "code/@code", err.Error())
		return "", nil
	}
	status, answer, err := s.Target.send(ctx, http.MethodPost, "", "application/fhir+json", bundle)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		for _, text := range diagnostics(status, answer) {
			refuse(v, RuleRefused, "", text)
		}
		return "", nil
	}
	return judge.Submitted, nil
}

func refuse(v *judge.Verdict, rule, below, text string) {
	v.Accepted = false
	v.Findings = append(v.Findings, v.Document.FindingAt(rule, cda.Error, nil, below, "%s", text))
}

// searchset is what a search answers, as far as it is read here.
type searchset struct {
	Entry []struct {
		Resource struct {
			ResourceType string `json:"resourceType"`
			ID           string `json:"id"`
			Status       string `json:"status"`
			Content      []struct {
				Attachment struct {
					Hash string `json:"hash"`
				} `json:"attachment"`
			} `json:"content"`
		} `json:"resource"`
	} `json:"entry"`
}

type sameness int

const (
	unknown sameness = iota
	sameDocument
	sameID
)

// same says whether the documents found are the entry's: same unique id, and same bytes.
func (b *searchset) same(e *metadata.Entry) sameness {
	result := unknown
	for _, found := range b.Entry {
		if found.Resource.ResourceType != "DocumentReference" {
			continue
		}
		result = max(result, sameID)
		for _, c := range found.Resource.Content {
			if c.Attachment.Hash == base64.StdEncoding.EncodeToString(e.Hash[:]) {
				return sameDocument
			}
		}
	}
	return result
}

// search posts a search, so that no identifier of a person gets into a URL.
func (s *Submitter) search(ctx context.Context, typ string, params url.Values) (*searchset, error) {
	status, answer, err := s.Target.send(ctx, http.MethodPost, typ+"/_search", "application/x-www-form-urlencoded", []byte(params.Encode()))
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("the server answers a search for %s with %d: %s", typ, status, strings.Join(diagnostics(status, answer), "; "))
	}
	var found searchset
	if err := json.Unmarshal(answer, &found); err != nil {
		return nil, fmt.Errorf("the server's answer to a search for %s is no Bundle: %w", typ, err)
	}
	return &found, nil
}

func (s *Submitter) known(ctx context.Context, e *metadata.Entry) (*searchset, error) {
	system, value := e.MasterIdentifier()
	return s.search(ctx, "DocumentReference", url.Values{"identifier": {token(system, value)}, "status": {"current,superseded"}})
}

// token writes a token search value, its delimiters escaped (FHIR R4 search.html#escaping).
func token(system, value string) string {
	escape := strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`)
	return escape.Replace(system) + "|" + escape.Replace(value)
}

// person finds the Patient of the INS, or makes it; "" when there is none and none may be made, which is a refusal.
func (s *Submitter) person(ctx context.Context, v *judge.Verdict) (string, error) {
	key := v.Patient.Token()
	s.mu.Lock()
	subject, ok := s.people[key]
	s.mu.Unlock()
	if ok {
		return subject, nil
	}
	found, err := s.search(ctx, "Patient", url.Values{"identifier": {key}})
	if err != nil {
		return "", err
	}
	for _, e := range found.Entry {
		if e.Resource.ResourceType == "Patient" {
			subject = "Patient/" + e.Resource.ID
			break
		}
	}
	if subject == "" {
		if subject, err = s.open(ctx, v, key); err != nil || subject == "" {
			return "", err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.people == nil {
		s.people = map[string]string{}
	}
	s.people[key] = subject
	return subject, nil
}

// open makes the Patient by conditional create, so that of several who come at once one does.
func (s *Submitter) open(ctx context.Context, v *judge.Verdict, key string) (string, error) {
	if !s.OpenRecords {
		refuse(v, RuleUnknownPerson, "recordTarget/patientRole/id", "nobody on the server has this INS; --open-records opens the record")
		return "", nil
	}
	patient, err := metadata.InsPatient(&v.Document.Header)
	if err != nil {
		refuse(v, judge.RuleINS, "recordTarget/patientRole/id", err.Error())
		return "", nil
	}
	status, location, answer, err := s.Target.create(ctx, "Patient", patient, "identifier="+url.QueryEscape(key))
	if err != nil {
		return "", err
	}
	if status != http.StatusOK && status != http.StatusCreated {
		for _, text := range diagnostics(status, answer) {
			refuse(v, RuleRefused, "recordTarget", text)
		}
		return "", nil
	}
	id := idOfLocation(location, "Patient")
	if id == "" {
		return "", fmt.Errorf("the server names no Location of the Patient that it has made")
	}
	return "Patient/" + id, nil
}

// older finds the DocumentReference that the document replaces. One that is not there is a warning: the document is submitted as a first one.
func (s *Submitter) older(ctx context.Context, v *judge.Verdict) (string, error) {
	for _, id := range v.Entry.Replaces {
		parent := metadata.Entry{ID: id}
		found, err := s.known(ctx, &parent)
		if err != nil {
			return "", err
		}
		for _, e := range found.Entry {
			if e.Resource.ResourceType == "DocumentReference" && e.Resource.Status == "current" {
				return "DocumentReference/" + e.Resource.ID, nil
			}
		}
		v.Findings = append(v.Findings, v.Document.FindingAt(RuleNotReplaced, cda.Warning, nil, "relatedDocument/parentDocument/id",
			"the server has no current document of the unique id that is replaced; submitted as a document that replaces none"))
	}
	return "", nil
}

// diagnostics gives what an answer says went wrong.
func diagnostics(status int, answer []byte) []string {
	var outcome struct {
		Issue []struct {
			Severity    string   `json:"severity"`
			Diagnostics string   `json:"diagnostics"`
			Expression  []string `json:"expression"`
		} `json:"issue"`
	}
	var texts []string
	if json.Unmarshal(bytes.TrimSpace(answer), &outcome) == nil {
		for _, i := range outcome.Issue {
			if i.Diagnostics != "" && i.Severity != "information" && i.Severity != "warning" {
				texts = append(texts, i.Diagnostics)
			}
		}
	}
	if len(texts) == 0 {
		texts = append(texts, fmt.Sprintf("the server answers %d %s", status, http.StatusText(status)))
	}
	return texts
}

// idOfLocation finds the id in [base]/Type/id/_history/version.
func idOfLocation(location, typ string) string {
	_, rest, ok := strings.Cut(location, "/"+typ+"/")
	if !ok {
		return ""
	}
	id, _, _ := strings.Cut(rest, "/")
	return id
}
