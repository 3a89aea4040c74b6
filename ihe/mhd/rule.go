package mhd

import (
	"context"
	"net/http"
	"slices"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// Part is the part of a submission that a rule is about.
type Part uint8

// The parts.
const (
	PartBundle Part = iota
	PartSubmissionSet
	PartFolder
	PartDocumentReference
	PartBinary
	PartUpdate // a Parameters entry that patches
	PartPatient
	PartOther
)

// Rule is one rule of MHD or PDSm, or of this server's own, that submissions are held to.
type Rule struct {
	// ID names it for ever: "pdsm-dr-date".
	ID string
	// Levels are the profiles that have it.
	Levels Level
	Part   Part
	// Source is where it is written.
	Source string
	// Text is the sentence that a breach is answered with; findings may say more.
	Text string
	// Warning rules do not refuse.
	Warning bool
	Code    fault.Code
	// Status is the HTTP status of a breach, 422 when zero.
	Status int
	// XDS is the error code of IHE.
	XDS string
	// check looks at one part; nil for rules that are judged by what is stored or by the document's bytes.
	check func(c *checking)
}

// Rules lists all rules, in the order in which they are looked at.
func Rules() []Rule { return slices.Clone(allRules) }

var allRules = slices.Concat(bundleRules, setRules, folderRules, referenceRules, attachmentRules, codeRules, contentRules, storedRules)

// ruleByID finds a rule by its name; it is for rules that code names.
var ruleByID = func() map[string]*Rule {
	out := make(map[string]*Rule, len(allRules))
	for i := range allRules {
		out[allRules[i].ID] = &allRules[i]
	}
	return out
}()

// finding is one breach of a rule.
type finding struct {
	rule *Rule
	at   string // FHIRPath
	text string
	warn bool
	// place is the entry that a warning is told with, -1: none.
	place int
}

func (f *finding) issue() fault.Issue {
	i := fault.Issue{Severity: fault.Error, Code: f.rule.Code, Expression: f.at, Diagnostics: f.text}
	if i.Diagnostics == "" {
		i.Diagnostics = f.rule.Text
	}
	if f.warn {
		i.Severity = fault.Warning
	}
	i.Details = fault.Details{System: systemRules, Code: f.rule.ID, Text: f.rule.XDS}
	return i
}

func (f *finding) status() int {
	if f.rule.Status != 0 {
		return f.rule.Status
	}
	return http.StatusUnprocessableEntity
}

// checking is one rule looking at one part.
type checking struct {
	s    *submission
	e    *entry // nil for the Bundle
	root *element.Element
	rule *Rule
	// out receives the findings.
	out *[]finding
}

// at reports a breach at an element.
func (c *checking) at(el *element.Element, text string) {
	c.report(element.Path(el), text, c.rule.Warning)
}

// warnAt reports what is only to be told of.
func (c *checking) warnAt(el *element.Element, text string) { c.report(element.Path(el), text, true) }

// missing reports a breach at a child that is not there.
func (c *checking) missing(parent *element.Element, name, text string) {
	c.report(element.Path(parent)+"."+name, text, c.rule.Warning)
}

func (c *checking) report(path, text string, warn bool) {
	place := -1
	if c.e != nil {
		place = c.e.place
	}
	*c.out = append(*c.out, finding{rule: c.rule, at: path, text: text, warn: warn, place: place})
}

// judge holds the submission to the rules that need nothing but itself. It stops with the context's error: rules look from each part at the others, so that a large submission takes its time.
func (s *submission) judge(ctx context.Context) error {
	s.done = ctx.Done()
	for i := range allRules {
		rule := &allRules[i]
		if rule.check == nil || rule.Levels&s.level == 0 {
			continue
		}
		c := checking{s: s, rule: rule, out: &s.findings}
		if rule.Part == PartBundle {
			if err := ctx.Err(); err != nil {
				return err
			}
			c.root = s.bundle
			rule.check(&c)
			continue
		}
		for k := range s.entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			if e := &s.entries[k]; e.part == rule.Part && e.root != nil {
				c.e, c.root = e, e.root
				rule.check(&c)
			}
		}
	}
	return ctx.Err()
}

// stopped says that nobody waits for the judgement any more. What is looked up then does not matter.
func (s *submission) stopped() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// breach adds a finding of a rule that code judges.
func (s *submission) breach(id, at, text string, place int) {
	rule := ruleByID[id]
	s.findings = append(s.findings, finding{rule: rule, at: at, text: text, warn: rule.Warning, place: place})
}

// refusal makes one fault of all breaches, nil when none refuses. Its status is that of the breaches when they agree, 413 when a document is too long whatever else is wrong, as nothing that is mended elsewhere would have it taken, and 422
// otherwise.
func refusal(findings []finding) *fault.Fault {
	status := 0
	var issues []fault.Issue
	for i := range findings {
		f := &findings[i]
		if f.warn {
			continue
		}
		switch {
		case status == 0 || f.status() == http.StatusRequestEntityTooLarge:
			status = f.status()
		case status == http.StatusRequestEntityTooLarge:
		case status != f.status():
			status = http.StatusUnprocessableEntity
		}
		if len(issues) < element.MaxIssues {
			issues = append(issues, f.issue())
		}
	}
	if status == 0 {
		return nil
	}
	return &fault.Fault{Status: status, Issues: issues}
}
