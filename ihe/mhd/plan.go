package mhd

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// plan is what one attempt decides about a submission, from one view of the store.
type plan struct {
	r    *Recipient
	s    *submission
	look *repository.Lookup

	findings []finding
	patient  string // id of the one Patient, "" when nothing has a subject
	people   map[string]*person
	// known are the records of documents that are stored already, byte for byte, by the place of their DocumentReference.
	known map[int]*store.Record
	// replaced are the records that are superseded, in the order in which they are met.
	replaced []*replacement

	entries []repository.BundleEntry
	// extractedFrom is where the entries begin that were extracted from documents.
	extractedFrom int
	// places say where the answer to each entry of the request comes from.
	places []answer
}

// answer is the result of one entry of the request: an index into the plan's entries, or what is known without writing.
type answer struct {
	index int // -1: result
	repository.EntryResult
}

// submissionKey marks a context in which this package writes.
type submissionKey struct{}

func submitting(ctx context.Context) bool { return ctx.Value(submissionKey{}) != nil }

// submit judges a submission by what is stored and commits it, all or nothing. Whatever is wrong with it is told at once.
func (r *Recipient) submit(ctx context.Context, s *submission) ([]repository.EntryResult, error) {
	ctx = context.WithValue(ctx, submissionKey{}, true)
	refused := refusal(s.findings) != nil
	if !refused {
		if err := r.putBlobs(ctx, s); err != nil {
			return nil, err
		}
	}
	p, results, err := r.attempt(ctx, s)
	if err != nil && p != nil && p.blames(err) {
		s.bare = true // what was extracted is refused, not the document
		p, results, err = r.attempt(ctx, s)
	}
	if err != nil {
		return nil, p.named(err)
	}
	if s.single {
		for i := range results {
			s.made = append(s.made, results[i].Record)
		}
	}
	return p.answers(results), nil
}

// attempt plans and commits. The plan is nil when the submission was refused before one was made.
func (r *Recipient) attempt(ctx context.Context, s *submission) (last *plan, results []repository.EntryResult, err error) {
	results, err = r.repo.Planned(ctx, func(ctx context.Context, look *repository.Lookup) ([]repository.BundleEntry, error) {
		last = nil
		p := &plan{r: r, s: s, look: look, people: map[string]*person{}, known: map[int]*store.Record{}, places: make([]answer, len(s.entries))}
		if err := p.judge(ctx); err != nil {
			return nil, err
		}
		if f := refusal(slices.Concat(s.findings, p.findings)); f != nil {
			return nil, r.complete(f, s)
		}
		if err := p.compose(ctx); err != nil {
			return nil, err
		}
		last = p
		return p.entries, nil
	})
	return last, results, err
}

// complete adds to a refusal what the plain rules of FHIR would refuse, so that all is told at once.
func (r *Recipient) complete(f *fault.Fault, s *submission) *fault.Fault {
	root := s.bundle
	if root == nil || slices.ContainsFunc(s.entries, func(e entry) bool { return e.prepared }) {
		return f // no Bundle, or an attempt took it apart
	}
	told := make(map[string]bool, len(f.Issues))
	for i := range f.Issues {
		told[f.Issues[i].Expression] = true
	}
	for _, issue := range r.repo.Judge(root) {
		if issue.Severity == fault.Error && !told[issue.Expression] && len(f.Issues) < element.MaxIssues {
			f.Issues = append(f.Issues, issue)
			if f.Status != http.StatusRequestEntityTooLarge {
				f.Status = http.StatusUnprocessableEntity
			}
		}
	}
	return f
}

// putBlobs makes the documents durable before the commit that refers to them. Those of a submission that is then refused are swept away.
func (r *Recipient) putBlobs(ctx context.Context, s *submission) error {
	for i := range s.entries {
		d := s.entries[i].document
		if d == nil || d.blob != nil {
			continue
		}
		var err error
		if d.blob, err = r.repo.PutBlob(ctx, d.raw); err != nil {
			return err
		}
	}
	return nil
}

// breach adds a finding of the attempt.
func (p *plan) breach(id, at, text string, place int) {
	rule := ruleByID[id]
	p.findings = append(p.findings, finding{rule: rule, at: at, text: text, warn: rule.Warning, place: place})
}

// judge looks at everything that the store decides. Its error is a failure, not a refusal.
func (p *plan) judge(ctx context.Context) error {
	for _, step := range []func(context.Context) error{p.findPatient, p.findKnown, p.findLists, p.findItems, p.findRelations, p.findRelated, p.findUpdates, p.findHeaders} {
		if err := step(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err // what was looked up since it ended was not there
		}
	}
	return nil
}

// resubmission says that every document is stored already: nothing is left to write.
func (p *plan) resubmission() bool {
	documents := 0
	for i := range p.s.entries {
		switch p.s.entries[i].part {
		case PartDocumentReference:
			if documents++; p.known[i] == nil {
				return false
			}
		case PartFolder:
			return false
		}
	}
	return documents > 0
}

// tokenOf writes an identifier as a search value (search.html#escaping).
func tokenOf(system, value string) string {
	return tokenEscaper.Replace(system) + "|" + tokenEscaper.Replace(value)
}

var tokenEscaper = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`, `%`, `%25`, `&`, `%26`, `+`, `%2B`, `#`, `%23`, ` `, `%20`)

// findKnown looks for documents of the same masterIdentifier: the same content is recognised, another is refused.
func (p *plan) findKnown(ctx context.Context) error {
	for e := range p.s.of(PartDocumentReference) {
		m := e.root.Child("masterIdentifier")
		if m == nil || m.ChildValue("value") == "" {
			continue
		}
		stored, err := p.documentOf(ctx, m.ChildValue("system"), m.ChildValue("value"))
		if err != nil {
			return err
		}
		if stored == nil {
			continue
		}
		there, err := p.look.Visible(ctx, stored.rec)
		if err != nil {
			return err
		}
		switch {
		case !there:
			p.breach("mhd-document-unique", e.base+".masterIdentifier", "", e.place) // nothing else is told of it
		case stored.status == statusDeleted:
			p.breach("mhd-document-unique", e.base+".masterIdentifier", "The document of this masterIdentifier was deleted; a new version of it has an id of its own.", e.place)
		case e.document == nil || stored.hash != e.document.hash():
			p.breach("mhd-document-unique", e.base+".masterIdentifier", "", e.place)
		case p.patient != "" && stored.subject != "Patient/"+p.patient:
			p.breach("mhd-document-unique", e.base+".masterIdentifier", "The document of this masterIdentifier is in another patient's record.", e.place)
		default:
			p.known[e.place] = stored.rec
		}
	}
	return nil
}

// stored is a DocumentReference as it is in the record.
type stored struct {
	rec                        *store.Record
	tree                       *element.Resource
	status, hash, subject, url string
}

func (p *plan) open(rec *store.Record) (*stored, error) {
	tree, err := p.look.Tree(rec)
	if err != nil {
		return nil, err
	}
	root := tree.Root
	return &stored{
		rec: rec, tree: tree, status: root.ChildValue("status"), hash: valueAt(root, "content.attachment.hash"),
		subject: valueAt(root, "subject.reference"), url: valueAt(root, "content.attachment.url"),
	}, nil
}

// maxSameID bounds how many DocumentReferences are looked at that carry one identifier.
const maxSameID = 20

// visible gives a stored document when it exists for the caller: another is answered like one that is not there.
func (p *plan) visible(ctx context.Context, s *stored, err error) (*stored, error) {
	if s == nil || err != nil {
		return nil, err
	}
	there, err := p.look.Visible(ctx, s.rec)
	if !there || err != nil {
		return nil, err
	}
	return s, nil
}

// visibleRecord is visible for any record.
func (p *plan) visibleRecord(ctx context.Context, rec *store.Record, err error) (*store.Record, error) {
	if rec == nil || err != nil {
		return nil, err
	}
	there, err := p.look.Visible(ctx, rec)
	if !there || err != nil {
		return nil, err
	}
	return rec, nil
}

// documentOf finds the DocumentReference of a masterIdentifier, nil when there is none, whether or not it exists for the caller.
func (p *plan) documentOf(ctx context.Context, system, value string) (*stored, error) {
	found, err := p.look.Find(ctx, "DocumentReference", "identifier="+tokenOf(system, value), maxSameID)
	if err != nil {
		return nil, err
	}
	for _, rec := range found {
		s, err := p.open(rec)
		if err != nil {
			return nil, err
		}
		if masterKey(s.tree.Root) == system+"|"+value {
			return s, nil
		}
	}
	return nil, nil
}

// findLists looks for Lists of the same unique id, and for the folders that are updated.
func (p *plan) findLists(ctx context.Context) error {
	again := p.resubmission()
	for i := range p.s.entries {
		e := &p.s.entries[i]
		if e.root == nil || e.part != PartSubmissionSet && e.part != PartFolder {
			continue
		}
		if e.in.Method == http.MethodPut {
			if err := p.findFolder(ctx, e); err != nil {
				return err
			}
			continue
		}
		if again {
			continue
		}
		for identifier := range e.root.Children("identifier") {
			if !isUniqueID(identifier) || identifier.ChildValue("value") == "" {
				continue
			}
			found, err := p.look.Find(ctx, "List", "identifier="+tokenOf(identifier.ChildValue("system"), identifier.ChildValue("value")), 1)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				p.breach("mhd-list-unique", e.base+".identifier", "", e.place)
			}
		}
	}
	return nil
}

// findFolder reads a folder that is updated. It stays its patient's.
func (p *plan) findFolder(ctx context.Context, e *entry) error {
	typ, id, _ := strings.Cut(e.in.URL, "/")
	at := e.path + ".request.url"
	if typ != "List" || !element.IsID(id) {
		p.breach("mhd-folder-known", at, "A folder is updated by its URL List/[id].", e.place)
		return nil
	}
	rec, err := p.look.Read("List", id)
	if rec, err = p.visibleRecord(ctx, rec, err); err != nil {
		return err
	}
	if rec == nil {
		p.breach("mhd-folder-known", at, "", e.place)
		return nil
	}
	tree, err := p.look.Tree(rec)
	if err != nil {
		return err
	}
	if listCode(tree.Root) != codeFolder {
		p.breach("mhd-folder-known", at, "The List is no folder.", e.place)
	} else if subject := valueAt(tree.Root, "subject.reference"); p.patient != "" && subject != "Patient/"+p.patient {
		p.breach("mhd-patient-one", at, "The folder is of another patient's record.", e.place)
	}
	return nil
}
