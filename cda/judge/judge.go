// Package judge says of the bytes of one CDA document everything that can be said without a store: whether it is one, what level and type it has, what it breaks,
// what metadata and what resources come of it, and whether it may enter a record. It is pure, and what carnet import --dry-run, $ingest-cda and ITI-65 all use.
package judge

import (
	"crypto/sha1" //nolint:gosec // the standard's digest of documents (XDS, PDSm)
	"errors"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/check"
	"github.com/carnet-fhir/carnet/cda/extract"
	"github.com/carnet-fhir/carnet/cda/metadata"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// RuleINS refuses a document whose person cannot be told: a valid CDA document may lack an INS, a record cannot.
const RuleINS = "record-ins"

// Options of a judgement.
type Options struct {
	Limits cda.Limits
	// Modes say whose INS are taken; none: those of both, which only a judge that nothing is stored after may.
	Modes []ins.Mode
	// ClassCode is the class that the submitter names for a type that has none in ASS_X04.
	ClassCode metadata.Code
	// Hash is the SHA-1 of the bytes, when the caller knows it.
	Hash *[sha1.Size]byte
	// Extract is how resources are made of the entries.
	Extract extract.Options
	// NoExtract leaves the entries alone.
	NoExtract bool
}

// Verdict is the judgement on one document.
type Verdict struct {
	Accepted bool
	Findings []cda.Finding // refusing ones first, else in the order of the document
	// Document and Entry are nil when the bytes are no CDA document.
	Document *cda.Document
	Entry    *metadata.Entry
	// Extraction is nil when the bytes are no CDA document, or nothing was to be extracted.
	Extraction *extract.Extraction
	// Patient is the person's INS, zero when there is none that the mode takes.
	Patient ins.Matricule
}

// Judge judges the bytes of a document. It keeps raw.
func Judge(raw []byte, o Options) *Verdict {
	d, err := cda.Parse(raw, o.Limits)
	if err != nil {
		return &Verdict{Findings: []cda.Finding{parseFinding(err)}}
	}
	v := &Verdict{Document: d}
	var derived []cda.Finding
	if o.Hash != nil {
		v.Entry, derived = metadata.DeriveHashed(d, *o.Hash)
	} else {
		v.Entry, derived = metadata.Derive(d)
	}
	if !o.ClassCode.IsZero() {
		derived = slices.DeleteFunc(derived, func(f cda.Finding) bool { return f.Rule == metadata.RuleClass })
	}
	v.Findings = combine(check.Check(d), append(derived, v.identify(o.Modes)...))
	slices.SortStableFunc(v.Findings, func(a, b cda.Finding) int { return rank(a.Severity) - rank(b.Severity) })
	v.Accepted = !cda.Refuses(v.Findings)
	if !o.NoExtract {
		v.Extraction = extract.Extract(d, o.Extract)
	}
	return v
}

func rank(s cda.Severity) int {
	switch s {
	case cda.Error:
		return 0
	case cda.Warning:
		return 1
	}
	return 2
}

func parseFinding(err error) cda.Finding {
	var p *cda.ParseError
	if errors.As(err, &p) {
		return p.Finding
	}
	return cda.Finding{Rule: cda.RuleXML, Severity: cda.Error, Message: "the document cannot be read"}
}

// combine puts what the metadata and the record need beside what the check found. One defect is said once: what is missing because the header is broken is the
// check's to say, and where a record refuses what the check only warns of, the refusal stands.
func combine(checked, derived []cda.Finding) []cda.Finding {
	broken := cda.Refuses(checked)
	all := slices.Clone(checked)
	for _, f := range derived {
		consequence := f.Rule == metadata.RuleRequired || f.Rule == metadata.RuleTime || f.Rule == metadata.RuleFormat
		if broken && (consequence || slices.ContainsFunc(checked, func(e cda.Finding) bool { return e.Severity == cda.Error && samePlace(e.Path, f.Path) })) {
			continue
		}
		all = slices.DeleteFunc(all, func(w cda.Finding) bool { return w.Severity == cda.Warning && unindexed(w.Path) == unindexed(f.Path) })
		all = append(all, f)
	}
	return all
}

// samePlace says whether two paths name one element or attribute, or one what the other is part of.
func samePlace(a, b string) bool {
	a, b = unindexed(a), unindexed(b)
	if len(a) > len(b) {
		a, b = b, a
	}
	return strings.Count(a, "/") > 1 && (a == b || strings.HasPrefix(b, a+"/"))
}

// unindexed takes the indexes out of a path.
func unindexed(path string) string {
	for {
		from := strings.IndexByte(path, '[')
		to := strings.IndexByte(path, ']')
		if from < 0 || to < from {
			return path
		}
		path = path[:from] + path[to+1:]
	}
}

// identify finds the person, or says why there is none.
func (v *Verdict) identify(modes []ins.Mode) []cda.Finding {
	id := v.Entry.Patient
	if id.Root == "" {
		at := v.Document.Root
		if p := v.Document.Header.Patient(); p != nil && p.Role != nil {
			at = p.Role
		}
		return []cda.Finding{v.Document.FindingAt(RuleINS, cda.Error, at, "id",
			"no identifier is an INS; the document is valid without one, but a record is that of an INS (NIR 1.2.250.1.213.1.4.8, NIA .9, test .10, demonstration .11)")}
	}
	if len(modes) == 0 {
		modes = []ins.Mode{ins.Production, ins.Sandbox}
	}
	var refused error
	for _, mode := range modes {
		m, err := mode.Parse(id.Root, id.Extension)
		if err == nil {
			v.Patient = m
			return nil
		}
		refused = err
	}
	return []cda.Finding{v.Document.FindingAt(RuleINS, cda.Error, id.Element, "@extension", "the INS is not taken: %s", refused.Error())}
}
