package render

import (
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

// ContentSecurityPolicy is the header that belongs on every answer that carries HTML's output: no script, no fetch but what the page carries
// itself (images and payloads as data: URIs) or what the same server gives under Options.PayloadURL, one style sheet known by its hash. The page
// repeats it in a meta element, so that it holds for a saved file too.
const ContentSecurityPolicy = metaPolicy + "; frame-ancestors 'self'"

// metaPolicy is the part that a meta element may carry: frame-ancestors is only for headers.
const metaPolicy = "default-src 'none'; style-src '" + styleHash + "'; img-src data: 'self'; object-src data: 'self'; frame-src data: 'self'; " +
	"base-uri 'none'; form-action 'none'"

// Options says how a document is shown. The zero value is good.
type Options struct {
	// PayloadURL is where the body of an N1 document can be fetched (the Binary of the record, for instance). Empty: the page carries the body
	// itself as a data: URI. It must be a path ("/fhir/Binary/12") or an https address, of the same server as the page's policy has it, else it is not used.
	PayloadURL string
	// MaxBytes bounds the output, default 64 MiB. More is a fault too-costly.
	MaxBytes int
	// MaxMediaBytes bounds what one embedded image or file may weigh (decoded) to be put into the page, default 20 MiB; heavier ones are named,
	// not shown.
	MaxMediaBytes int
}

const (
	defaultMaxBytes      = 64 << 20
	defaultMaxMediaBytes = 20 << 20
	maxNarrativeDepth    = 64 // nested elements of one narrative; what lies deeper is kept as plain text
	maxSectionDepth      = 32 // nested sections; what lies deeper is shown at that depth
)

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxMediaBytes <= 0 {
		o.MaxMediaBytes = defaultMaxMediaBytes
	}
	return o
}

// tooCostly is the fault of an output that would pass Options.MaxBytes.
func tooCostly(limit int) *fault.Fault {
	return fault.New(http.StatusUnprocessableEntity, fault.TooCostly,
		"the rendered document would be longer than "+strconv.Itoa(limit)+" bytes, the most that is written; fetch the document itself instead")
}
