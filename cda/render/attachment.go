package render

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
	"golang.org/x/text/encoding/charmap"

	"github.com/carnet-fhir/carnet/cda"
)

// attachment is a file inside a document: the body of an N1, or an observationMedia.
type attachment struct {
	id        string // ID in the document, only to look it up
	mediaType string // as declared, lower case, without parameters
	data      []byte // decoded
	text      string // of text/plain, as UTF-8
	url       string // where it can be fetched instead of being carried by the page
	shape     shape
	state     state
	shown     bool // a renderMultiMedia has shown it
}

// shape is how an attachment can be shown.
type shape uint8

const (
	asFile  shape = iota // only as a download
	asImage              // inline
	asPDF                // in a frame, with a download
	asText               // inline
)

// state is whether an attachment can be shown at all.
type state uint8

const (
	present state = iota
	missing       // nothing with that ID, or no content
	broken        // not base64, or not what its media type says
	tooBig        // more than Options.MaxMediaBytes
	remote        // a reference to an address that is not followed
)

// signatures are the bytes that a file of a type begins with: a file that begins otherwise is not shown inline, only offered as a download
// without a type, so that nothing runs under a wrong name.
var signatures = map[string][]string{
	"image/png":       {"\x89PNG\r\n\x1a\n"},
	"image/jpeg":      {"\xff\xd8\xff"},
	"image/gif":       {"GIF87a", "GIF89a"},
	"image/webp":      {"RIFF"},
	"image/tiff":      {"II*\x00", "MM\x00*"},
	"application/pdf": {"%PDF-"},
	"text/rtf":        {"{\\rtf"},
	"application/rtf": {"{\\rtf"},
}

// shapes are the media types that are shown; all others are downloads. SVG is none of them: it can carry script.
var shapes = map[string]shape{
	"image/png": asImage, "image/jpeg": asImage, "image/gif": asImage, "image/webp": asImage, "application/pdf": asPDF, "text/plain": asText,
}

// extensions name downloads. A type that is not here is offered as a bare file of bytes.
var extensions = map[string]string{
	"image/png": ".png", "image/jpeg": ".jpg", "image/gif": ".gif", "image/webp": ".webp", "image/tiff": ".tiff", "application/pdf": ".pdf",
	"text/plain": ".txt", "text/rtf": ".rtf", "application/rtf": ".rtf",
}

// readAttachment decodes an ED value (CDA R2 datatype: mediaType, representation, content or reference).
func readAttachment(el *etree.Element, o Options) *attachment {
	a := &attachment{state: missing}
	if el == nil {
		return a
	}
	a.mediaType = mediaTypeOf(el)
	a.shape = shapes[a.mediaType]
	if ref := cda.Child(el, "reference"); ref != nil {
		a.state = remote
		return a
	}
	raw := cda.RawText(el)
	switch {
	case !hasInk(raw):
		return a
	case len(raw)/4*3 > o.MaxMediaBytes:
		a.state = tooBig
		return a
	}
	data, ok := decode(raw, cda.Attr(el, "representation"))
	if !ok {
		a.state = broken
		return a
	}
	a.data, a.state = data, present
	a.examine()
	return a
}

func mediaTypeOf(el *etree.Element) string {
	declared, _, _ := strings.Cut(cda.Attr(el, "mediaType"), ";")
	if declared = strings.ToLower(strings.TrimSpace(declared)); declared != "" {
		return declared
	}
	return "text/plain" // the default of the datatype
}

// decode reads base64 with the white space that the schema allows, or text where the representation is TXT.
func decode(raw, representation string) ([]byte, bool) {
	if representation != "B64" {
		return []byte(raw), true
	}
	compact := strings.Join(strings.Fields(raw), "")
	data, err := base64.StdEncoding.DecodeString(compact)
	if err != nil {
		data, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(compact, "="))
	}
	return data, err == nil && len(data) > 0
}

// examine holds the content against its media type.
func (a *attachment) examine() {
	if a.shape == asText {
		a.text = plainText(a.data)
		return
	}
	known, checked := signatures[a.mediaType]
	if !checked {
		return
	}
	for _, s := range known {
		if bytes.HasPrefix(a.data, []byte(s)) && (a.mediaType != "image/webp" || webp(a.data)) {
			return
		}
	}
	a.shape, a.mediaType = asFile, ""
}

func webp(data []byte) bool { return len(data) > 12 && string(data[8:12]) == "WEBP" }

// plainText is text as UTF-8; what is not UTF-8 is read as Windows-1252, in which every byte means something.
func plainText(data []byte) string {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if utf8.Valid(data) {
		return string(data)
	}
	s, err := charmap.Windows1252.NewDecoder().String(string(data))
	if err != nil {
		return strings.ToValidUTF8(string(data), "\ufffd")
	}
	return s
}

// downloadType is the media type under which a file is offered: its own when it is a known one, else bytes.
func (a *attachment) downloadType() string {
	if _, known := extensions[a.mediaType]; known {
		return a.mediaType
	}
	return "application/octet-stream"
}

func (a *attachment) fileName(stem string) string {
	if ext := extensions[a.mediaType]; ext != "" {
		return stem + ext
	}
	return stem + ".bin"
}

// describe says what an attachment is, for people.
func (a *attachment) describe() string {
	name := map[string]string{
		"application/pdf": "Document PDF", "image/tiff": "Image TIFF", "image/png": "Image PNG", "image/jpeg": "Image JPEG", "image/gif": "Image GIF",
		"image/webp": "Image WebP", "text/plain": "Texte", "text/rtf": "Document RTF", "application/rtf": "Document RTF",
	}[a.mediaType]
	if name == "" {
		name = "Fichier"
	}
	if len(a.data) == 0 {
		return name
	}
	return name + " (" + frenchSize(len(a.data)) + ")"
}

// trouble says why an attachment is not shown; empty when it is.
func (a *attachment) trouble() string {
	switch a.state {
	case missing:
		return "Le contenu de cette pièce n’est pas dans le document."
	case broken:
		return "Le contenu de cette pièce est illisible : il n’est pas codé en base64 valide."
	case tooBig:
		return "Cette pièce est trop volumineuse pour être affichée ici ; elle reste dans le document d’origine."
	case remote:
		return "Cette pièce est conservée ailleurs ; son adresse n’est pas suivie."
	default:
		return ""
	}
}

// frenchSize writes a number of bytes in decimal units: "812 octets", "24 ko", "1,5 Mo".
func frenchSize(n int) string {
	switch {
	case n < 1000:
		return strconv.Itoa(n) + " octets"
	case n < 1_000_000:
		return strconv.Itoa((n+500)/1000) + " ko"
	default:
		return strings.Replace(strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64), ".", ",", 1) + " Mo"
	}
}

// collectMedia reads all observationMedia below an element, keyed by ID; regions of interest (CDA R2 4.3.6) lead to the media they hold.
func collectMedia(body *etree.Element, o Options) (byID map[string]*attachment, byElement map[*etree.Element]*attachment) {
	byID, byElement = map[string]*attachment{}, map[*etree.Element]*attachment{}
	walk(body, func(el *etree.Element) {
		if !cda.Is(el, cda.NS, "observationMedia") {
			return
		}
		a := readAttachment(cda.Child(el, "value"), o)
		a.id = cda.Attr(el, "ID")
		byElement[el] = a
		if _, taken := byID[a.id]; a.id != "" && !taken {
			byID[a.id] = a
		}
	})
	walk(body, func(el *etree.Element) {
		id := cda.Attr(el, "ID")
		if id == "" || byID[id] != nil || !cda.Is(el, cda.NS, "regionOfInterest") {
			return
		}
		walk(el, func(inner *etree.Element) {
			if a := byElement[inner]; a != nil && byID[id] == nil {
				byID[id] = a
			}
		})
	})
	return byID, byElement
}
