package mhd

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/render"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/store"
)

// retrieve is ITI-68, Retrieve Document (PDSm flows 07 and 08), over the Binary that attachment.url names: fhir/rest sends the bytes and ranges of them.
type retrieve struct{ *Recipient }

// Retrieve refuses documents that were deleted, and media types that cannot be given, and renders CDA as HTML or PDF for who prefers that.
func (r retrieve) Retrieve(ctx context.Context, rec *store.Record, request *http.Request) (*rest.Rendition, error) {
	tree, err := r.repo.Tree(rec)
	if err != nil {
		return nil, err
	}
	if !isRegistered(tree.Root) {
		return nil, nil
	}
	if err := r.available(ctx, valueAt(tree.Root, "securityContext.reference")); err != nil {
		return nil, err
	}
	accept := request.Header["Accept"]
	if len(accept) == 0 || request.URL.RawQuery != "" && request.URL.Query().Get("_format") != "" {
		return nil, nil
	}
	own := tree.Root.ChildValue("contentType")
	switch choose(accept, own, media[mediaKey(own)].cda) {
	case own:
		return nil, nil
	case "text/html":
		return r.render(ctx, rec, "html", "text/html; charset=utf-8", func(w io.Writer, d *cda.Document) error { return render.HTML(w, d, render.Options{}) })
	case "application/pdf":
		return r.render(ctx, rec, "pdf", "application/pdf", render.PDF)
	}
	return nil, fault.New(http.StatusNotAcceptable, fault.NotSupported, "The document cannot be given in any media type of Accept. Its own is "+own+", in attachment.contentType; CDA is given as text/html and application/pdf too.")
}

// available says 410 for documents that were deleted, 404 for what does not exist for the caller.
func (r retrieve) available(ctx context.Context, reference string) error {
	typ, id, ok := r.repo.Target(reference)
	if !ok || typ != "DocumentReference" {
		return nil
	}
	rec, err := r.repo.Read(ctx, typ, id)
	if err != nil {
		return err
	}
	tree, err := r.repo.Tree(rec)
	if err == nil && !r.o.Deleted && tree.Root.ChildValue("status") == statusDeleted {
		err = fault.New(http.StatusGone, fault.Deleted, "The document was deleted.")
	}
	return err
}

// render gives a rendition of a CDA document.
func (r retrieve) render(ctx context.Context, rec *store.Record, name, contentType string, write func(io.Writer, *cda.Document) error) (*rest.Rendition, error) {
	document, err := r.parse(ctx, rec)
	if err != nil {
		return nil, err
	}
	return &rest.Rendition{
		ContentType: contentType, ETag: `"` + strconv.FormatUint(rec.Version, 10) + "-" + name + `"`, Policy: render.ContentSecurityPolicy,
		Write: func(w io.Writer) error { return write(w, document) },
	}, nil
}

func (r retrieve) parse(ctx context.Context, rec *store.Record) (document *cda.Document, err error) {
	_, content, err := r.repo.OpenBinary(ctx, rec)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := content.Close(); err == nil {
			err = e
		}
	}()
	raw, err := cda.Read(content, cda.Limits{})
	if err == nil {
		document, err = cda.Parse(raw, cda.Limits{})
	}
	if err != nil {
		return nil, fault.Wrap(err, http.StatusNotAcceptable, fault.NotSupported, "The document is no CDA document that can be shown: only its own media type is given.")
	}
	return document, nil
}

// choose gives the media type that Accept prefers among a document's own and, of CDA, those that it can be rendered in; "" when there is none. At equal quality its own wins.
func choose(accept []string, own string, isCDA bool) string {
	best, chosen := 0.0, ""
	offer := func(candidate string, exact bool) {
		q := 0.0
		for _, line := range accept {
			for part := range strings.SplitSeq(line, ",") {
				name, weight := rangeOf(part)
				if strings.Contains(name, "fhir+") || strings.Contains(name, "+fhir") {
					q = max(q, weight) // FHIR was asked for by name, and fhir/rest gives it
				}
				kind, _, _ := strings.Cut(mediaKey(candidate), "/")
				if sameMedia(name, candidate) || exact && (name == "*/*" || name == kind+"/*") {
					q = max(q, weight)
				}
			}
		}
		if q > best {
			best, chosen = q, candidate
		}
	}
	offer(own, true)
	if isCDA {
		offer("text/html", false)
		offer("application/pdf", false)
	}
	return chosen
}

// rangeOf parts a media range from its weight.
func rangeOf(part string) (name string, weight float64) {
	name, params, _ := strings.Cut(part, ";")
	weight = 1
	for p := range strings.SplitSeq(params, ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(p), "=")
		if strings.EqualFold(key, "q") {
			q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil || q < 0 || q > 1 {
				q = 0
			}
			weight = q
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), weight
}
