package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/patch"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// create is POST [base]/[type].
func (s *Server) create(x *exchange) error {
	if x.typ == "Binary" {
		return s.writeBinary(x, "")
	}
	ctx, cancel := s.within(x)
	defer cancel()
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	c, err := s.conditions(ctx, x.r.Header, x.typ, "")
	if err != nil {
		return err
	}
	res, err := s.resource(x, x.typ, s.o.Limits.Resource)
	if err != nil {
		return err
	}
	w, taken, err := s.createBy(ctx, x, res, c)
	if !taken {
		w, err = s.repository.Create(ctx, x.typ, res, c)
	}
	if err != nil {
		return err
	}
	return s.sendWritten(ctx, x, out, w, preferenceOf(x.r.Header))
}

// update is PUT [base]/[type]/[id], and PUT [base]/[type]?[criteria].
func (s *Server) update(x *exchange) error {
	id := x.c.Param("id")
	if x.typ == "Binary" && id != "" {
		return s.writeBinary(x, id)
	}
	ctx, cancel := s.within(x)
	defer cancel()
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	c, err := s.conditions(ctx, x.r.Header, x.typ, id)
	if err != nil {
		return err
	}
	res, err := s.resource(x, x.typ, s.o.Limits.Resource)
	if err != nil {
		return err
	}
	var w *repository.Written
	if id != "" {
		w, err = s.repository.Update(ctx, x.typ, id, res, c)
	} else {
		w, err = s.repository.UpdateWhere(ctx, x.typ, criteria(x.r.URL.RawQuery), res, c)
	}
	if err != nil {
		return err
	}
	return s.sendWritten(ctx, x, out, w, preferenceOf(x.r.Header))
}

// patch is PATCH [base]/[type]/[id], and PATCH [base]/[type]?[criteria].
func (s *Server) patch(x *exchange) error {
	ctx, cancel := s.within(x)
	defer cancel()
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	id := x.c.Param("id")
	c, err := s.conditions(ctx, x.r.Header, x.typ, id)
	if err != nil {
		return err
	}
	kind, body, err := s.patchBody(x)
	if err != nil {
		return err
	}
	var w *repository.Written
	if id != "" {
		w, err = s.repository.Patch(ctx, x.typ, id, kind, body, c)
	} else {
		w, err = s.repository.PatchWhere(ctx, x.typ, criteria(x.r.URL.RawQuery), kind, body, c)
	}
	if err != nil {
		return err
	}
	return s.sendWritten(ctx, x, out, w, preferenceOf(x.r.Header))
}

// patchMedia are the content types of patches (http.html#patch) that are not resources; a FHIRPath Patch is a Parameters resource in JSON or XML.
var patchMedia = []struct {
	media string
	kind  patch.Kind
}{
	{"application/json-patch+json", patch.JSON},
	{"application/xml-patch+xml", patch.XML},
}

// patchBody reads a patch. The body of a FHIRPath Patch is given on as JSON.
func (s *Server) patchBody(x *exchange) (patch.Kind, []byte, error) {
	name, params, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";")
	name = strings.TrimSpace(name)
	for _, f := range patchMedia {
		if strings.EqualFold(name, f.media) {
			if _, ok := mediaParams(params); !ok {
				return 0, nil, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The patch must be in UTF-8 and of FHIR version 4.0.")
			}
			body, err := x.readAll(s.o.Limits.Resource)
			return f.kind, body, err
		}
	}
	if _, err := bodyFormat(x.r.Header); err != nil {
		return 0, nil, fault.New(http.StatusUnsupportedMediaType, fault.NotSupported,
			"The Content-Type of a patch must be application/json-patch+json, application/xml-patch+xml, or application/fhir+json or application/fhir+xml with a FHIRPath Patch in Parameters.")
	}
	res, err := s.resource(x, "Parameters", s.o.Limits.Resource)
	if err != nil {
		return 0, nil, err
	}
	return patch.FHIRPath, res.Compact(), nil
}

// delete is DELETE [base]/[type]/[id], and DELETE [base]/[type]?[criteria].
func (s *Server) delete(x *exchange) error {
	ctx, cancel := s.within(x)
	defer cancel()
	out, err := s.negotiateWrite(x)
	if err != nil {
		return err
	}
	var w *repository.Written
	if id := x.c.Param("id"); id != "" {
		c, bad := s.conditions(ctx, x.r.Header, x.typ, id)
		if bad != nil {
			return bad
		}
		w, err = s.repository.Delete(ctx, x.typ, id, c)
	} else {
		if x.r.Header.Get("If-Match") != "" {
			return fault.At(http.StatusBadRequest, fault.NotSupported, "http.If-Match", "A conditional delete does not take If-Match.")
		}
		w, err = s.repository.DeleteWhere(ctx, x.typ, criteria(x.r.URL.RawQuery))
	}
	if err != nil {
		return err
	}
	return s.sendDeleted(x, out, w)
}

func (s *Server) sendDeleted(x *exchange, out *rendering, w *repository.Written) error {
	a := Answer{Status: http.StatusNoContent}
	if w.Record != nil {
		a.ID, a.Records = w.Record.ID, []*store.Record{w.Record}
	}
	p := preferenceOf(x.r.Header)
	if p.returns == returnOutcome {
		a.Status = http.StatusOK
	}
	if err := s.tell(x, a); err != nil {
		return err
	}
	h := x.w.Header()
	if w.Record != nil {
		x.setVersion(w.Record.Version, w.Record.Time)
	}
	if a.Status == http.StatusNoContent {
		s.send(x, a.Status, nil, nil)
		return nil
	}
	h["Preference-Applied"] = p.applied()
	s.sendOutcome(x, a.Status, out, append(w.Issues, did("deleted", w)))
	return nil
}

// negotiateWrite negotiates before anything is written: a 406 afterwards would come too late. _summary and _elements do not apply to writes, and the
// query of a conditional interaction is criteria.
func (s *Server) negotiateWrite(x *exchange) (*rendering, error) {
	out, err := s.negotiate(x)
	if err != nil || !out.projected() {
		return out, err
	}
	return &rendering{contentType: out.contentType, xml: out.xml, pretty: out.pretty}, nil
}

// criteria takes the general parameters out of a conditional interaction's query.
func criteria(raw string) string {
	if !strings.Contains(raw, "_format") && !strings.Contains(raw, "_pretty") && !strings.Contains(raw, "_summary") && !strings.Contains(raw, "_elements") {
		return raw
	}
	var kept []string
	for part := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(part, "=")
		switch name {
		case "_format", "_pretty", "_summary", "_elements", "":
		default:
			kept = append(kept, part)
		}
	}
	return strings.Join(kept, "&")
}

// sendWritten answers a create, update or patch as Prefer asks; without it the resource comes back.
func (s *Server) sendWritten(ctx context.Context, x *exchange, out *rendering, w *repository.Written, p preference) error {
	rec := w.Record
	if err := s.tell(x, Answer{Status: w.Status, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
		return err
	}
	h := x.w.Header()
	x.setVersion(rec.Version, rec.Time)
	location := s.o.BaseURL + "/" + rec.Type + "/" + rec.ID + "/_history/" + strconv.FormatUint(rec.Version, 10)
	h["Location"] = []string{location}
	if applied := p.applied(); applied != nil {
		h["Preference-Applied"] = applied
	}
	switch p.returns {
	case returnNothing, returnMinimal:
		s.send(x, w.Status, nil, nil)
		return nil
	case returnOutcome:
		s.sendOutcome(x, w.Status, out, append(w.Issues, did("stored", w)))
		return nil
	case returnDefault, returnRepresentation:
	}
	h["Content-Location"] = h["Location"]
	if rec.Blob != nil && rec.Type == "Binary" {
		return s.sendBinaryResource(ctx, x, w.Status, out, rec)
	}
	body, err := s.render(out, s.bodyOf(rec))
	if err != nil {
		return err
	}
	s.send(x, w.Status, out.contentType, body)
	return nil
}

// did says what happened, for return=OperationOutcome.
func did(what string, w *repository.Written) fault.Issue {
	text := "Nothing had to be " + what + "."
	if w.Record != nil {
		text = "The resource was " + what + " as version " + strconv.FormatUint(w.Record.Version, 10) + "."
	}
	return fault.Issue{Severity: fault.Information, Code: fault.Informational, Diagnostics: text}
}
