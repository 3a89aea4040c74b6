package consent

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// reader gathers what is wrong with a Consent.
type reader struct {
	d      *Directive
	shape  shape
	issues []fault.Issue
}

func (r *reader) wrong(at *element.Element, code fault.Code, format string, args ...any) {
	r.issues = append(r.issues, fault.Issue{Severity: fault.Error, Code: code, Expression: element.Path(at), Diagnostics: fmt.Sprintf(format, args...)})
}

// CategoryOf gives the category of a Consent, "" when it is none of ours.
func CategoryOf(root *element.Element) Category {
	for c := range root.Children("category") {
		for coding := range c.Children("coding") {
			if coding.ChildValue("system") == CategorySystem {
				return Category(coding.ChildValue("code"))
			}
		}
	}
	return ""
}

// Parse reads a Consent of one of the categories; nil and no error for one of another kind. The error is a 422 with an issue for each thing that is missing or that would not be enforced.
func Parse(root *element.Element) (*Directive, error) {
	category := CategoryOf(root)
	if category == "" {
		return nil, nil
	}
	r := &reader{d: &Directive{Category: category, Active: root.ChildValue("status") == "active"}}
	var known bool
	if r.shape, known = shapes[category]; !known {
		r.wrong(root.Child("category"), fault.CodeInvalid, "The categories of consent of this server are %s.", Categories())
		return nil, fault.Of(http.StatusUnprocessableEntity, r.issues)
	}
	r.head(root)
	if p := root.Child("provision"); p != nil {
		r.provision(p)
	} else {
		r.wrong(root, fault.Required, "A Consent of this category has a provision.")
	}
	if len(r.issues) > 0 {
		return nil, fault.Of(http.StatusUnprocessableEntity, r.issues)
	}
	return r.d, nil
}

// Categories lists the categories' codes.
func Categories() string {
	var names []string
	for c := range shapes {
		names = append(names, string(c))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (r *reader) head(root *element.Element) {
	own := 0
	for c := range root.Children("category") {
		for coding := range c.Children("coding") {
			if coding.ChildValue("system") == CategorySystem {
				own++
			}
		}
	}
	if own > 1 {
		r.wrong(root.Child("category"), fault.BusinessRule, "A Consent has one category of this server: send one for each thing that is decided.")
	}
	if coding := root.Child("scope").Child("coding"); coding == nil || coding.ChildValue("system") != systemScope || coding.ChildValue("code") != "patient-privacy" {
		r.wrong(root.Child("scope"), fault.CodeInvalid, "The scope is patient-privacy of %s.", systemScope)
	}
	typ, id, ok := strings.Cut(root.Child("patient").ChildValue("reference"), "/")
	if !ok || typ != "Patient" || !element.IsID(id) {
		r.wrong(orRoot(root.Child("patient"), root), fault.Required, "Consent.patient is a reference to the person's Patient on this server.")
	}
	r.d.Patient = id
	if r.d.Given = moment(root.ChildValue("dateTime"), false); r.d.Given.IsZero() {
		r.wrong(orRoot(root.Child("dateTime"), root), fault.Required, "Consent.dateTime is when the person said so.")
	}
	for e := range root.Children("extension") {
		r.extension(e)
	}
	for v := range root.Children("verification") {
		r.d.Verified = r.d.Verified || v.ChildValue("verified") == "true"
	}
	for id := range root.Children("identifier") {
		if id.ChildValue("system") != SystemAccessCode {
			continue
		}
		if r.d.CodeDigest = id.ChildValue("value"); !r.shape.code || len(r.d.CodeDigest) != 2*sha256.Size {
			r.wrong(id, fault.Value, "An access code is kept as the hexadecimal SHA-256 of the code, in Consents of category access-code.")
		}
	}
	if r.shape.word && r.d.Active && !r.d.Deny && r.d.Means == "" && root.Child("provision").ChildValue("type") != "deny" {
		r.wrong(root, fault.Required, "The extension %s says how the person gave her word: oral, written or electronic.", ExtensionMeans)
	}
	if r.shape.code && r.d.CodeDigest == "" {
		r.wrong(root, fault.Required, "An identifier of the system %s holds the digest of the access code.", SystemAccessCode)
	}
}

func orRoot(e, root *element.Element) *element.Element {
	if e == nil {
		return root
	}
	return e
}

func (r *reader) extension(e *element.Element) {
	value := e.ChildValue("value")
	switch e.ChildValue("url") {
	case ExtensionMeans:
		if r.d.Means = value; !slices.Contains(means, value) {
			r.wrong(e, fault.CodeInvalid, "The person's word was given oral, written or electronic.")
		}
	case ExtensionCollector:
		if r.d.Collector = identifier(e.Child("value").Child("identifier")); r.d.Collector.Zero() {
			r.wrong(e, fault.Value, "The collector is a reference with an identifier.")
		}
	case ExtensionReason:
		if r.d.Reason = value != ""; !r.shape.reason {
			r.wrong(e, fault.BusinessRule, "A reason belongs to an opposition to feeding.")
		}
	}
}

// Digest is what a Consent keeps of a temporary access code: the code itself is kept nowhere. Codes are drawn at random with 50 bits or more, as a short one could be found from its digest.
func Digest(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

// moment reads a date, dateTime or instant; a day's end is the next day's begin. Zero when it is none.
func moment(text string, end bool) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01", "2006"} {
		at, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		switch {
		case !end || layout == time.RFC3339Nano:
			return at
		case layout == "2006-01-02":
			return at.AddDate(0, 0, 1)
		case layout == "2006-01":
			return at.AddDate(0, 1, 0)
		}
		return at.AddDate(1, 0, 0)
	}
	return time.Time{}
}

func identifier(e *element.Element) habilitation.Identifier {
	return habilitation.Identifier{System: e.ChildValue("system"), Value: e.ChildValue("value")}
}
