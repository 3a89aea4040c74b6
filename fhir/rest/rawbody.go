package rest

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// rawBody reads content that is no resource. XML says itself in which encoding it is, and a charset must not say otherwise (RFC 7303, 3.2): what is not named there is UTF-8.
func (s *Server) rawBody(x *exchange, op *Operation, call *OperationCall, charset string) (err error) {
	limit := op.RawLimit
	fill(&limit, s.o.Limits.Resource)
	if call.Body, err = x.readAll(limit); err != nil {
		return err
	}
	switch {
	case len(call.Body) == 0:
		return fault.New(http.StatusBadRequest, fault.Required, "The body is empty.")
	case charset != "" && !strings.EqualFold(charset, declaredEncoding(call.Body)):
		return fault.New(http.StatusUnsupportedMediaType, fault.NotSupported, "The charset of the Content-Type is not the encoding that the XML declares; without a declaration it is UTF-8. Leave the charset out, or send both alike.")
	}
	return nil
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,100}?\sencoding\s*=\s*["']([A-Za-z][\w.-]{0,40})["']`)

// declaredEncoding gives the encoding of an XML document by its mark or its declaration.
func declaredEncoding(b []byte) string {
	if bytes.HasPrefix(b, []byte("\xff\xfe")) || bytes.HasPrefix(b, []byte("\xfe\xff")) {
		return "UTF-16"
	}
	if m := xmlEncoding.FindSubmatch(bytes.TrimPrefix(b[:min(len(b), 512)], []byte("\xef\xbb\xbf"))); m != nil {
		return string(m[1])
	}
	return "UTF-8"
}
