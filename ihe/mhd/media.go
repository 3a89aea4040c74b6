package mhd

import (
	"bytes"
	"unicode/utf8"
)

// medium is a media type of documents that are taken, with how its bytes begin. What a browser would run (HTML, SVG, scripts) is not among them.
type medium struct {
	sniff func(b []byte) bool
	// cda says that the document may be CDA, mustCDA that it is nothing else.
	cda, mustCDA bool
}

func beginning(prefixes ...string) func([]byte) bool {
	return func(b []byte) bool {
		for _, p := range prefixes {
			if bytes.HasPrefix(b, []byte(p)) {
				return true
			}
		}
		return false
	}
}

var media = map[string]medium{
	"text/xml":               {sniff: isMarkup, cda: true},
	"application/xslt+xml":   {sniff: isMarkup, cda: true, mustCDA: true},
	"application/hl7-v3+xml": {sniff: isMarkup, cda: true, mustCDA: true},
	"application/pdf":        {sniff: isPDF},
	"image/jpeg":             {sniff: beginning("\xff\xd8\xff")},
	"image/png":              {sniff: beginning("\x89PNG\r\n\x1a\n")},
	"image/tiff":             {sniff: beginning("II*\x00", "MM\x00*")},
	"text/plain":             {sniff: isText},
	"text/rtf":               {sniff: beginning(`{\rtf`)},
	"application/rtf":        {sniff: beginning(`{\rtf`)},
	"application/dicom":      {sniff: isDICOM},
	"application/fhir+json":  {sniff: isJSON},
	"application/fhir+xml":   {sniff: isMarkup},
}

// isPDF looks for the header, which readers take anywhere in the first kilobyte (ISO 32000-1, annex H.3).
func isPDF(b []byte) bool { return bytes.Contains(b[:min(len(b), 1024)], []byte("%PDF-")) }

// isDICOM looks for the prefix behind the preamble (PS3.10, 7.1).
func isDICOM(b []byte) bool { return len(b) > 132 && string(b[128:132]) == "DICM" }

func isJSON(b []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(b, " \t\r\n"), []byte("{")) }

// isMarkup takes a byte order mark and white space before the first tag; UTF-16 is told by its mark.
func isMarkup(b []byte) bool {
	if bytes.HasPrefix(b, []byte("\xff\xfe<\x00")) || bytes.HasPrefix(b, []byte("\xfe\xff\x00<")) {
		return true
	}
	return bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<"))
}

// isText takes what has no control characters but white space: UTF-8, or one of the eight-bit sets of older software.
func isText(b []byte) bool {
	if !utf8.Valid(b) {
		for _, c := range b {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != '\f' {
				return false
			}
		}
		return true
	}
	return bytes.IndexByte(b, 0) < 0
}
