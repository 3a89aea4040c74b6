// Package leak asks a server, in hundreds of ways, about documents that a caller must not know of, and says what in an answer may differ between a server that has them and one that has not: ids that
// the server gave, dates, and links to pages, nothing else. It sees servers over HTTP alone.
package leak

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Document is one document of the record, with the resources that came with it.
type Document struct {
	ID, Unique string // logical id of the DocumentReference; masterIdentifier ("urn:oid:...")
	Binary     string // logical id
	List       string // logical id of its submission set
	Data       string // logical id of an Observation extracted from it
	Type       string // "system|code"
	Category   string // "system|code"
	Title      string
}

// World is what the shapes are about: one record with documents that the caller sees, and others that it must not know of.
type World struct {
	Patient, INS    string // logical id; "system|value"
	Visible, Hidden []Document
	Author          string // "system|value" of the author of the hidden ones
}

// Shape is one request.
type Shape struct {
	Name, Method, Path string // below the FHIR base, with its query
	Header             http.Header
	Body               string
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   string
}

var (
	uuids   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	dates   = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)`)
	gmt     = regexp.MustCompile(`(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)
	hashes  = regexp.MustCompile(`W/"[0-9a-f]{16}"`) // of a content that holds dates
	pages   = regexp.MustCompile(`_page=[A-Za-z0-9_%.-]+`)
	headers = []string{"Content-Type", "Etag", "Last-Modified", "Location", "Content-Location", "Content-Length", "Accept-Ranges", "Content-Range", "Www-Authenticate", "Content-Disposition", "Allow", "Warning"}
)

// Normalise writes an answer with what may differ taken out. Dates that are content stand in the seeds of both servers and are equal; those that a server made are not, and cannot be told apart, so all dates of a second or finer go.
func Normalise(a *Answer) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%d\n", a.Status)
	dated := uuids.MatchString(a.Body) || dates.MatchString(a.Body) || pages.MatchString(a.Body)
	for _, name := range headers {
		if name == "Content-Length" && dated { // ids and dates of another length
			continue
		}
		if v := a.Header.Values(name); len(v) > 0 {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(v, " | "))
		}
	}
	out.WriteString("\n" + a.Body)
	text := uuids.ReplaceAllString(out.String(), "<id>")
	text = dates.ReplaceAllString(text, "<date>")
	text = gmt.ReplaceAllString(text, "<date>")
	text = hashes.ReplaceAllString(text, `W/"<hash>"`)
	return pages.ReplaceAllString(text, "_page=<page>")
}

// Names of what is hidden that must appear in no answer, not even where both servers agree (an echo of the request apart).
func (w *World) Names() []string {
	var names []string
	for i := range w.Hidden {
		names = append(names, w.Hidden[i].Title)
	}
	return slices.Compact(names)
}
