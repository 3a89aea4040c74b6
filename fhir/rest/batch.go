package rest

import (
	"context"
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
)

// bundle is POST [base]: a batch or a transaction, as Bundle.type says (http.html#transaction).
func (s *Server) bundle(x *exchange) error {
	ctx, cancel := s.within(x)
	defer cancel()
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	res, err := s.readBundle(x)
	if err != nil {
		return err
	}
	kind := res.Root.ChildValue("type")
	entries, err := bundleEntries(res.Root)
	if err != nil {
		return err
	}
	for i, refused := range res.Refused {
		entries[i].Refused = refused
	}
	var results []repository.EntryResult
	switch kind {
	case "batch":
		x.interaction = repository.Batch
		if err := s.onlyAsTransaction(res.Root); err != nil {
			return err
		}
		results, err = s.repository.Batch(ctx, entries, s.entryReader(x))
	case "transaction":
		var taken bool
		if results, taken, err = s.transact(ctx, x, res.Root, entries); !taken {
			results, err = s.repository.Transaction(ctx, entries, s.entryReader(x))
		}
	default:
		return fault.At(http.StatusBadRequest, fault.Value, "Bundle.type", "A Bundle posted to the base must be of type batch or transaction.")
	}
	if err != nil {
		return err
	}
	if err := s.tell(x, Answer{Status: http.StatusOK, Entries: entries, Results: results}); err != nil {
		return err
	}
	p := preferenceOf(x.r.Header)
	if applied := p.applied(); applied != nil {
		x.w.Header()["Preference-Applied"] = applied
	}
	w := newBundle(s.o.BaseURL, kind+"-response", 0, responseBytes(results, p))
	for i := range results {
		if err := s.responseEntry(ctx, w, p, &results[i], entries[i].Method); err != nil {
			return err
		}
	}
	body, err := s.render(out, w.end())
	if err != nil {
		return err
	}
	s.send(x, http.StatusOK, out.contentType, body)
	return nil
}

// readBundle reads the body; what is wrong with the resource of one entry of a batch is left to that entry.
func (s *Server) readBundle(x *exchange) (*element.Resource, error) {
	format, err := bodyFormat(x.r.Header)
	if err != nil {
		return nil, err
	}
	b, err := x.readAll(s.o.Limits.Bundle)
	if err != nil {
		return nil, err
	}
	return s.parseWith(format, b, element.Options{ExpectType: "Bundle", Judge: s.o.Repository.Judge, Apart: true})
}

// bundleEntries takes the entries out of a Bundle.
func bundleEntries(root *element.Element) ([]repository.BundleEntry, error) {
	n := 0
	for range root.Children("entry") {
		n++
	}
	entries := make([]repository.BundleEntry, 0, n)
	for e := range root.Children("entry") {
		request := e.Child("request")
		if request == nil {
			return nil, fault.At(http.StatusBadRequest, fault.Required, element.Path(e)+".request", "Each entry of a batch or transaction needs a request.")
		}
		entry := repository.BundleEntry{FullURL: e.ChildValue("fullUrl")}
		for c := range request.Children() {
			switch c.Name {
			case "method":
				entry.Method = c.Value
			case "url":
				entry.URL = c.Value
			case "ifMatch":
				entry.IfMatch = c.Value
			case "ifNoneMatch":
				entry.IfNoneMatch = c.Value
			case "ifModifiedSince":
				entry.IfModifiedSince = c.Value
			case "ifNoneExist":
				entry.IfNoneExist = c.Value
			}
		}
		entries = append(entries, entry)
	}
	// The resources last: once one is taken out as a tree of its own, its siblings are no longer reached through it.
	i := 0
	for e := range root.Children("entry") {
		if r := e.Child("resource"); r != nil {
			entries[i].Resource = element.NewResource(r)
		}
		i++
	}
	return entries, nil
}

func responseBytes(results []repository.EntryResult, p preference) int {
	n := 0
	for i := range results {
		n += 224 + len(results[i].Payload)
		if rec := results[i].Record; rec != nil && p.returns == returnRepresentation {
			n += len(rec.Body)
		}
	}
	return n
}

// responseEntry writes one entry of the response. Resources that were written come back only with return=representation: who sends ten thousand has them.
func (s *Server) responseEntry(ctx context.Context, w *bundleWriter, p preference, r *repository.EntryResult, method string) error {
	w.entry()
	comma := false
	resource := r.Payload
	if r.Record != nil {
		w.fullURL(r.Record.Type, r.Record.ID)
		comma = true
		if p.returns == returnRepresentation && r.Payload == nil && r.Fault == nil && r.Status != http.StatusNotModified {
			var err error
			if resource, err = s.resourceJSON(ctx, whole, r.Record); err != nil {
				return err
			}
		}
	}
	if resource != nil && method != http.MethodHead {
		if comma {
			w.b = append(w.b, ',')
		}
		comma = true
		w.b = append(w.b, `"resource":`...)
		w.b = append(w.b, resource...)
	}
	if comma {
		w.b = append(w.b, ',')
	}
	w.b = append(w.b, `"response":{"status":"`...)
	status := r.Status
	if r.Fault != nil {
		status = statusOf(r.Fault)
	}
	w.b = strconv.AppendInt(w.b, int64(status), 10)
	if text := http.StatusText(status); text != "" {
		w.b = append(w.b, ' ')
		w.b = append(w.b, text...)
	}
	w.b = append(w.b, '"')
	s.responseDetails(w, p, r)
	w.b = append(w.b, '}')
	w.endEntry()
	return nil
}

// responseDetails writes what follows the status.
func (s *Server) responseDetails(w *bundleWriter, p preference, r *repository.EntryResult) {
	if r.Location != "" {
		w.b = append(w.b, `,"location":`...)
		w.b = appendText(w.b, s.o.BaseURL+"/"+r.Location)
	}
	if r.Version != 0 {
		w.b = append(w.b, `,"etag":"W/\"`...)
		w.b = strconv.AppendUint(w.b, r.Version, 10)
		w.b = append(w.b, `\""`...)
	}
	if !r.LastModified.IsZero() {
		w.b = append(w.b, `,"lastModified":"`...)
		w.b = element.AppendInstant(w.b, r.LastModified)
		w.b = append(w.b, '"')
	}
	issues := r.Issues
	if r.Fault != nil {
		issues = r.Fault.Issues
	} else if len(issues) == 0 && p.returns == returnOutcome && r.Payload == nil {
		issues = []fault.Issue{{Severity: fault.Information, Code: fault.Informational, Diagnostics: "The entry was carried out."}}
	}
	if r.Fault != nil || len(issues) > 0 {
		w.b = append(w.b, `,"outcome":`...)
		w.b = appendOutcome(w.b, issues)
	}
}
