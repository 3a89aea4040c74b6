package check

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// maxFindings bounds what is said about one document. More would help nobody, and a broken document could have one for each of its elements.
const maxFindings = 200

// Check gives the findings about a document, errors and warnings, in document order as far as they were found in one walk. The same document has always the same.
// It never fails: what cannot be read as stated is a finding.
func Check(doc *cda.Document) []cda.Finding {
	if doc == nil || doc.Root == nil {
		return nil
	}
	c := &checker{d: doc, g: loadGrammar(), v: vocabulary.Load(), r: loadRules(), t: loadTemplates(), level: doc.Body.Level()}
	c.walk(doc.Root, c.g.root, &c.r.root, true)
	c.references()
	c.narrativeReferences()
	c.payload()
	c.sections()
	return c.findings
}

// checker is one walk over one document.
type checker struct {
	d     *cda.Document
	g     *grammar
	v     *vocabulary.Tables
	r     *ruleIndex
	t     *templates
	level cda.Level

	findings []cda.Finding
	blamed   map[blame]bool
	ids      map[string]bool
	idrefs   []reference
	found    map[string]bool // template ids of sections
	// narrative are the references of entries into the narrative.
	narrative []reference
}

// blame is a place that the structure has been blamed for: an element, or its attribute ("@value") or child below.
type blame struct {
	el    *etree.Element
	below string
}

// reference is a use of an XML identifier.
type reference struct {
	el     *etree.Element
	below  string
	target string
}

// structure reports what the schema forbids, and blames the place.
func (c *checker) structure(rule string, el *etree.Element, below, format string, args ...any) {
	if c.blamed == nil {
		c.blamed = map[blame]bool{}
	}
	c.blamed[blame{el, below}] = true
	c.add(rule, cda.Error, el, below, format, args...)
}

// report reports what a rule forbids, unless the structure was blamed for the place.
func (c *checker) report(r *Rule, el *etree.Element, below, format string, args ...any) {
	if c.blamed != nil && (c.blamed[blame{el, below}] || c.blamed[blame{el, ""}]) {
		return
	}
	c.add(r.ID, r.Severity, el, below, format, args...)
}

func (c *checker) add(rule string, severity cda.Severity, el *etree.Element, below, format string, args ...any) {
	if len(c.findings) >= maxFindings {
		return
	}
	c.findings = append(c.findings, c.d.FindingAt(rule, severity, el, below, format, args...))
}

// Errors gives the ids of the rules that refuse a document, each once, in the order of their findings.
func Errors(findings []cda.Finding) []string {
	var ids []string
	for i := range findings {
		if findings[i].Severity == cda.Error && !slices.Contains(ids, findings[i].Rule) {
			ids = append(ids, findings[i].Rule)
		}
	}
	return ids
}
