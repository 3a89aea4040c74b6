package author

import (
	"bytes"
	"encoding/base64"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/cda/vocabulary"
)

// maxPayload is the most bytes that a payload may have: a document around more would be longer than what is read.
const maxPayload = 20 << 20

// payloadStarts are the bytes that a payload of a media type begins with (CI-SIS: PDF and text; RTF, JPEG and TIFF of earlier versions).
var payloadStarts = map[string][]string{
	"application/pdf": {"%PDF-"},
	"text/plain":      {""},
	"text/rtf":        {"{\\rtf"},
	"image/jpeg":      {"\xff\xd8\xff"},
	"image/tiff":      {"II*\x00", "MM\x00*"},
}

// N1 writes a document of level N1: a header around a file. The error is a *fault.Fault that lists all that is missing or wrong.
func N1(in Header, payload Payload) ([]byte, error) {
	d := &defects{}
	h := d.readHeader(&in)
	d.checkPayload(payload)
	if err := d.err(); err != nil {
		return nil, err
	}
	doc, root := newDocument()
	h.put(root, instance{root: vocabulary.TemplateN1})
	text := put(put(put(root, "component"), "nonXMLBody"), "text", "mediaType", payload.MediaType, "representation", "B64")
	text.SetText(base64.StdEncoding.EncodeToString(payload.Data))
	return serialize(doc)
}

func (d *defects) checkPayload(p Payload) {
	starts, known := payloadStarts[p.MediaType]
	switch {
	case !known:
		d.wrong("payload.mediaType", "the body of an N1 document is application/pdf, text/plain, text/rtf, image/jpeg or image/tiff")
	case len(p.Data) == 0:
		d.missing("payload.data", "the file that the document is made around is missing")
	case len(p.Data) > maxPayload:
		d.wrong("payload.data", "the file is larger than 20 MiB")
	case p.MediaType == "text/plain" && !utf8.Valid(p.Data):
		d.wrong("payload.data", "the text is not UTF-8")
	case !beginsWith(p.Data, starts):
		d.wrong("payload.data", "the file is not what its media type says: it begins otherwise")
	}
}

func beginsWith(data []byte, starts []string) bool {
	for _, s := range starts {
		if bytes.HasPrefix(data, []byte(s)) {
			return true
		}
	}
	return false
}
