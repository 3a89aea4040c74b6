package check

import (
	"bytes"
)

// edge is how much of a file's end is looked at for its trailer, as readers of PDF do.
const edge = 2048

var (
	pdfEnd       = []byte("%%EOF")
	pdfStartXref = []byte("startxref")
)

// pdf holds a file to the frame of ISO 32000: header, cross-reference, end, and nothing around. What is between is for the reader of the PDF.
func (c *checker) pdf(file []byte, found string, say func(id, below, format string, args ...any)) {
	if found != "application/pdf" {
		switch at := bytes.Index(file[:min(len(file), 1024)], []byte("%PDF-")); {
		case at > 0 && found != "":
			say("n1-polyglot", "", "there is %s before a PDF", found)
		case at > 0:
			say("n1-pdf-header", "", "%d bytes come before it", at)
		case found == "":
			say("n1-content", "", "application/pdf is stated, and the file is something else")
		default:
			say("n1-content", "", "application/pdf is stated, and the file is %s", found)
		}
		return
	}
	if len(file) < 8 || file[5] != '1' && file[5] != '2' || file[6] != '.' || !isDigit(file[7]) {
		say("n1-pdf-header", "", "the version is another")
		return
	}
	end := bytes.LastIndex(file, pdfEnd)
	if end < 0 {
		say("n1-pdf-end", "", "it is missing, and the file may be cut short")
		return
	}
	if !bytes.Contains(file[max(0, end-edge):end], pdfStartXref) {
		say("n1-pdf-xref", "", "it is missing")
	}
	if rest := bytes.TrimLeft(file[end+len(pdfEnd):], " \t\r\n\x00\f"); len(rest) > 0 {
		if within := sniff(rest); within != "" {
			say("n1-polyglot", "", "there is %s after the PDF", within)
		} else {
			say("n1-pdf-trailing", "", "%d bytes do", len(rest))
		}
		return
	}
	if where := hidden(file); where != "" {
		say("n1-polyglot", "", "there is %s in the file", where)
		return
	}
	if active := activeContent(file); active != "" {
		say("n1-pdf-active", "", "it has %s", active)
	}
}

// hidden looks for a second format that readers of that format would take the whole file for: a ZIP archive is found by its end, a page by its first kilobyte.
func hidden(file []byte) string {
	tail := file[max(0, len(file)-66<<10):]
	if at := lastIndex(tail, "PK\x05\x06"); at >= 0 && len(tail)-at >= 22 {
		if comment := int(tail[at+20]) | int(tail[at+21])<<8; at+22+comment == len(tail) {
			return "a ZIP archive"
		}
	}
	head := bytes.ToLower(file[:min(len(file), 1024)])
	for _, page := range []string{"<script", "<html", "<!doctype html", "<?php", "<svg"} {
		if bytes.Contains(head, []byte(page)) {
			return "a page"
		}
	}
	return ""
}

// activeContent names what a PDF may start or carry, where it is written outside compressed streams.
func activeContent(file []byte) string {
	first := len(activeNames)
	for rest := file; ; {
		at := bytes.IndexByte(rest, '/')
		if at < 0 {
			break
		}
		rest = rest[at+1:]
		for i := range first {
			key := activeNames[i].key
			if len(rest) >= len(key) && string(rest[:len(key)]) == key && (len(rest) == len(key) || !isAlnum(rest[len(key)])) { // the whole name
				first = i
				break
			}
		}
	}
	if first == len(activeNames) {
		return ""
	}
	return activeNames[first].what
}

// activeNames are told in this order.
var activeNames = [...]struct{ key, what string }{
	{"JavaScript", "scripts"}, {"JS", "scripts"}, {"Launch", "actions that start programs"}, {"EmbeddedFile", "embedded files"}, {"RichMedia", "rich media"},
}

// lastIndex is bytes.LastIndex for what is rarely there: forward there are faster ways.
func lastIndex(b []byte, rare string) int {
	last := -1
	for from := 0; ; {
		at := bytes.Index(b[from:], []byte(rare))
		if at < 0 {
			return last
		}
		last, from = from+at, from+at+1
	}
}
