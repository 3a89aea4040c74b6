package mhd

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/ihe/dmp"
)

// Options configure a Recipient.
type Options struct {
	// Records says who a patient is and whether the record is open.
	Records *dmp.Records
	// MaxDocumentBytes bounds one document in a submission (0: 48 MiB, which a Bundle of 64 MB can carry).
	MaxDocumentBytes int
	// NewID makes ids of what is created; nil: time-ordered UUIDs. They are UUIDs, as entryUUIDs are made of them.
	NewID func() string
	Now   func() time.Time
	// Deleted gives the content of deleted documents to those for whom they exist, in the place of 410: access control decides, as of every other document.
	Deleted bool
}

// Recipient is the actors Document Recipient of MHD and Gestionnaire de partage of PDSm, as far as documents are taken in. It is safe for concurrent use once it is bound.
type Recipient struct {
	o    Options
	repo *repository.Repository
}

// NewRecipient makes a recipient. It is bound to the repository when that is made.
func NewRecipient(o Options) *Recipient {
	if o.MaxDocumentBytes <= 0 {
		o.MaxDocumentBytes = 48 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	return &Recipient{o: o}
}

// Bind gives the repository, before the first request.
func (r *Recipient) Bind(repo *repository.Repository) { r.repo = repo }

// Extension is what the recipient adds to HTTP.
func (r *Recipient) Extension() rest.Extension {
	guides := []string{mhdBase + "/ImplementationGuide/ihe.iti.mhd", pdsmBase + "/ImplementationGuide/ans.fhir.fr.pdsm"}
	return rest.Extension{
		ImplementationGuides: guides,
		Transactors:          []rest.Transactor{provide{r}},
		Creators:             []rest.Creator{publish{r}},
		Retrievers:           []rest.Retriever{retrieve{r}},
		Operations:           r.operations(),
	}
}

// provide is ITI-65, Provide Document Bundle (PDSm flow 01).
type provide struct{ *Recipient }

// Takes says whether a transaction is a document submission: its profile says so, or it holds a submission set.
func (provide) Takes(bundle *element.Element) bool {
	if _, ok := levelOf(bundle, bundleProfiles); ok {
		return true
	}
	for e := range bundle.Children("entry") {
		if r := e.Child("resource"); r != nil && r.Type.Name == "List" && listCode(r) == codeSubmissionSet {
			return true
		}
	}
	return false
}

// Transact judges the submission whole and commits it as one.
func (p provide) Transact(ctx context.Context, call *rest.TransactionCall) ([]repository.EntryResult, error) {
	if err := bounded(call.Entries); err != nil {
		return nil, err
	}
	level, ok := levelOf(call.Bundle, bundleProfiles)
	if !ok {
		level = PDSm
	}
	s := newSubmission(call.Bundle, call.Entries, level)
	if err := s.judge(ctx); err != nil {
		return nil, err
	}
	if err := s.readDocuments(ctx, &p.o); err != nil {
		return nil, err
	}
	return p.submit(ctx, s)
}

// What a submission may hold. Judging compares entries with one another, and contained resources with those that name them.
const (
	maxEntries   = 500
	maxContained = 100
	maxItems     = 10_000 // of a List
)

// bounded refuses a submission of more than the server judges within a request's time.
func bounded(entries []repository.BundleEntry) error {
	if len(entries) > maxEntries {
		return fault.At(http.StatusRequestEntityTooLarge, fault.TooLong, "Bundle.entry", "A submission has at most "+strconv.Itoa(maxEntries)+" entries, this one "+strconv.Itoa(len(entries))+": submit the documents in several sets.")
	}
	for i := range entries {
		if entries[i].Resource == nil {
			continue
		}
		if items := count(entries[i].Resource.Root, "entry"); items > maxItems {
			return fault.At(http.StatusRequestEntityTooLarge, fault.TooLong, "Bundle.entry["+strconv.Itoa(i)+"].resource.entry", "A List of a submission has at most "+strconv.Itoa(maxItems)+" items, this one "+strconv.Itoa(items)+".")
		}
		held := 0
		for range element.Contained(entries[i].Resource.Root) {
			if held++; held > maxContained {
				return fault.At(http.StatusRequestEntityTooLarge, fault.TooLong, "Bundle.entry["+strconv.Itoa(i)+"].resource.contained", "A resource of a submission contains at most "+strconv.Itoa(maxContained)+" others.")
			}
		}
	}
	return nil
}
