package check

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/cda"
)

// MaxPayload is the largest file in the body of an N1 document that is not remarked on, in bytes. The CI-SIS states no limit.
const MaxPayload = 10 << 20

// n1Rules are those of the body of an N1 document: a file that must be what it is said to be. Neither the schema nor the framework's own rules look at it.
func n1Rules() []Rule {
	text := "component/nonXMLBody/text"
	return []Rule{
		{"n1-text-null", cda.Error, text, "the body of an N1 document is a file, and has no null flavor", nil},
		{"n1-mediatype-present", cda.Error, text, "the media type is always stated", nil},
		{"n1-mediatype", cda.Error, text, "it must be application/pdf or text/plain; text/rtf, image/jpeg and image/tiff are read too", nil},
		{"n1-mediatype-converted", cda.Warning, text, "images are to be converted to PDF/A-1, and text/rtf is no longer named", nil},
		{"n1-representation", cda.Error, text, "the representation is always stated, and is B64", nil},
		{"n1-reference", cda.Error, text, "the file stands in the document: no reference, no compression, no elements", nil},
		{"n1-base64", cda.Error, text, "the content is base64", nil},
		{"n1-empty", cda.Error, text, "the content is not empty", nil},
		{"n1-content", cda.Error, text, "the file is of the media type that is stated", nil},
		{"n1-pdf-header", cda.Error, text, "a PDF begins with %PDF-1. or %PDF-2. and nothing before it", nil},
		{"n1-pdf-end", cda.Error, text, "a PDF ends with %%EOF", nil},
		{"n1-pdf-xref", cda.Warning, text, "before its end a PDF says by startxref where its cross-reference is", nil},
		{"n1-pdf-trailing", cda.Error, text, "nothing but white space comes after the last %%EOF of a PDF", nil},
		{"n1-polyglot", cda.Error, text, "the file is of one format only: no archive, program, page or image within it at its edges", nil},
		{"n1-pdf-active", cda.Warning, text, "a PDF of a record has no scripts, no actions that start programs, and no embedded files", nil},
		{"n1-size", cda.Warning, text, "a file of more than 10 MiB may be refused by others", nil},
	}
}

// payload checks the body of an N1 document. The first thing that is wrong with the file is said, not what follows from it.
func (c *checker) payload() {
	body := c.d.Body.NonXML
	if body == nil || !body.Content.Present() {
		return // for the structure to say
	}
	ed := &body.Content
	say := func(id, below, format string, args ...any) {
		c.report(c.r.byID[id], ed.Element, below, format+"; "+c.r.byID[id].Allowed, args...)
	}
	known := slices.Contains([]string{"application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"}, ed.MediaType)
	switch {
	case ed.NullFlavor != "":
		say("n1-text-null", "@nullFlavor", "text has the null flavor %s", quoted(string(ed.NullFlavor)))
		return
	case ed.MediaType == "":
		say("n1-mediatype-present", "@mediaType", "text lacks @mediaType")
		return
	case !known:
		say("n1-mediatype", "@mediaType", "text/@mediaType is %s", quoted(ed.MediaType))
		return
	case ed.Representation != "B64":
		say("n1-representation", "@representation", "text/@representation is %s", quoted(ed.Representation))
		return
	case ed.Reference != "" || ed.Compression != "" || len(ed.Element.ChildElements()) > 0:
		say("n1-reference", "", "it is elsewhere or otherwise")
		return
	}
	if ed.MediaType != "application/pdf" && ed.MediaType != "text/plain" {
		say("n1-mediatype-converted", "@mediaType", "text/@mediaType is %s", quoted(ed.MediaType))
	}
	buffer := files.Get().(*[]byte)
	defer keepFile(buffer)
	file, ok := c.file(ed, (*buffer)[:0], say)
	if !ok {
		return
	}
	*buffer = file
	if len(file) > MaxPayload {
		say("n1-size", "", "the file has %d bytes", len(file))
	}
	c.format(ed.MediaType, file, say)
}

// files holds buffers for decoded files, which are looked at and forgotten.
var files = sync.Pool{New: func() any { return new([]byte) }}

func keepFile(buffer *[]byte) {
	if cap(*buffer) <= 1<<20 {
		files.Put(buffer)
	}
}

// file decodes the content into a buffer.
func (c *checker) file(ed *cda.ED, buffer []byte, say func(id, below, format string, args ...any)) ([]byte, bool) {
	file, err := ed.AppendBytes(buffer)
	if err != nil {
		file, err = io.ReadAll(ed.Reader())
	}
	switch {
	case errors.Is(err, cda.ErrBase64):
		say("n1-base64", "", "decoding stops after %d bytes", len(file))
	case len(file) == 0:
		say("n1-empty", "", "it is")
	default:
		return file, err == nil
	}
	return nil, false
}

// format holds a file to its media type.
func (c *checker) format(mediaType string, file []byte, say func(id, below, format string, args ...any)) {
	found := sniff(file)
	switch {
	case mediaType == "application/pdf":
		c.pdf(file, found, say)
	case mediaType == "text/plain" && found == "" && !binary(file):
	case found != mediaType:
		if found == "" {
			found = "something else"
		}
		say("n1-content", "", "%s is stated, and the file is %s", mediaType, found)
	default:
		if where := hidden(file); where != "" {
			say("n1-polyglot", "", "there is %s in the file", where)
		}
	}
}

// magic are the beginnings by which formats are told.
var magic = []struct{ beginning, mediaType string }{
	{"%PDF-", "application/pdf"}, {"{\\rtf", "text/rtf"}, {"\xff\xd8\xff", "image/jpeg"}, {"II*\x00", "image/tiff"}, {"MM\x00*", "image/tiff"},
	{"PK\x03\x04", "a ZIP archive"}, {"MZ", "a program"}, {"\x7fELF", "a program"}, {"\x89PNG\r\n", "image/png"}, {"GIF8", "image/gif"},
	{"\xd0\xcf\x11\xe0", "an older Office file"}, {"Rar!\x1a\x07", "a RAR archive"}, {"7z\xbc\xaf", "a 7z archive"}, {"\x1f\x8b", "a gzip file"},
	{"#!", "a script"}, {"<!DOCTYPE", "a page"}, {"<html", "a page"}, {"<HTML", "a page"}, {"<script", "a page"}, {"<?xml", "an XML file"}, {"<svg", "an image with scripts"},
}

// sniff gives the format that a file begins with, "" when it is none of these.
func sniff(file []byte) string {
	for _, m := range magic {
		if bytes.HasPrefix(file, []byte(m.beginning)) {
			return m.mediaType
		}
	}
	return ""
}

// binary says whether bytes are no text: a zero byte, or many control characters. Texts in Latin-1 are texts.
func binary(file []byte) bool {
	head := file[:min(len(file), 64<<10)]
	control := 0
	for _, b := range head {
		switch {
		case b == 0:
			return !utf16Text(head)
		case b < 0x20 && b != '\n' && b != '\r' && b != '\t' && b != '\f' && b != 0x1b:
			control++
		}
	}
	return control*50 > len(head) && !utf8.Valid(head)
}

func utf16Text(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
}
