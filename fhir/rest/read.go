package rest

import (
	"net/http"

	"github.com/carnet-fhir/carnet/store"
)

// read is GET [base]/[type]/[id]: the stored bytes, not decoded.
func (s *Server) read(x *exchange) error {
	if x.typ == "Binary" {
		return s.readBinary(x)
	}
	out, err := s.negotiate(x)
	if err != nil {
		return err
	}
	rec, err := s.repository.Read(s.brief(x), x.typ, x.c.Param("id"))
	if err != nil {
		return err
	}
	return s.sendConditional(x, out, rec)
}

// vread is GET [base]/[type]/[id]/_history/[vid].
func (s *Server) vread(x *exchange) error {
	if x.typ == "Binary" {
		return s.readBinary(x)
	}
	out, err := s.negotiate(x)
	if err != nil {
		return err
	}
	rec, err := s.repository.VRead(s.brief(x), x.typ, x.c.Param("id"), x.c.Param("vid"))
	if err != nil {
		return err
	}
	return s.sendConditional(x, out, rec)
}

// sendConditional answers a version, or 304 when the client has it.
func (s *Server) sendConditional(x *exchange, out *rendering, rec *store.Record) error {
	same, err := unmodified(x.r.Header, rec.Version, rec.Time)
	if err != nil {
		return err
	}
	if !same {
		return s.sendRecord(x, http.StatusOK, out, rec)
	}
	if err := s.tell(x, Answer{Status: http.StatusNotModified, ID: rec.ID, Records: []*store.Record{rec}}); err != nil {
		return err
	}
	x.setVersion(rec.Version, rec.Time)
	s.send(x, http.StatusNotModified, nil, nil)
	return nil
}
