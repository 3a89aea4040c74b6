package dicom

import (
	"errors"
	"strings"
	"unicode/utf8"
)

// ErrNotKOS says that the file is DICOM and no Key Object Selection.
var ErrNotKOS = errors.New("dicom: not a Key Object Selection document")

const kosClass = "1.2.840.10008.5.1.4.1.1.88.59"

// Tags of the KOS (PS3.3 C.17.6, C.17.2; PS3.6).
const (
	tagSOPClass         Tag = 0x00080016
	tagSOPInstance      Tag = 0x00080018
	tagAccession        Tag = 0x00080050
	tagAccessionIssuer  Tag = 0x00080051
	tagRetrieveAE       Tag = 0x00080054
	tagModality         Tag = 0x00080060
	tagReferencedSeries Tag = 0x00081115
	tagRetrieveURL      Tag = 0x00081190
	tagReferencedSOP    Tag = 0x00081199
	tagReferencedUID    Tag = 0x00081155
	tagStudyInstance    Tag = 0x0020000D
	tagSeriesInstance   Tag = 0x0020000E
	tagIssuerLocal      Tag = 0x00400031
	tagIssuerUniversal  Tag = 0x00400032
	tagIssuerKind       Tag = 0x00400033
	tagPlacerOrder      Tag = 0x00402016
	tagFillerOrder      Tag = 0x00402017
	tagPlacerIssuer     Tag = 0x00400026
	tagFillerIssuer     Tag = 0x00400027
	tagRequests         Tag = 0x0040A370
	tagEvidence         Tag = 0x0040A375
	tagOtherEvidence    Tag = 0x0040A385
	tagIdentical        Tag = 0x0040A525
	tagRetrieveLocation Tag = 0x0040E011
)

// sequences are the elements whose VR is SQ, as implicit VR does not say so.
var sequences = map[Tag]bool{
	tagAccessionIssuer: true, tagReferencedSeries: true, tagReferencedSOP: true, tagPlacerIssuer: true, tagFillerIssuer: true, tagRequests: true, tagEvidence: true,
	tagOtherEvidence: true, tagIdentical: true, 0x0040A043: true, 0x0040A730: true, 0x0040A504: true, 0x0040A168: true, 0x00080082: true, 0x00081111: true, 0x00081110: true,
	0x00081140: true, 0x00401101: true, 0x0040A073: true, 0x0040A078: true,
}

// KOS is what a Key Object Selection says: which studies it is about, by which orders they were made, and where they are.
type KOS struct {
	// Instance is the object's own UID.
	Instance string
	Studies  []Study
	// Accessions and Orders are the numbers of the requests, each once.
	Accessions, Orders []Number
}

// Study is one study that the KOS refers to, with its own one first.
type Study struct {
	UID       string
	Series    int
	Instances int
	// URLs and Locations say where its series are: WADO addresses, and the UIDs of the sources.
	URLs, Locations []string
}

// Number is a number with who gives it: an OID, or "" when the object does not say.
type Number struct{ Value, Issuer string }

// Bounds of what a KOS is taken to say.
const (
	maxStudies = 100
	maxNumbers = 100
	maxPlaces  = 100
)

// ReadKOS reads a Key Object Selection. Errors are those of this package.
func ReadKOS(raw []byte) (*KOS, error) {
	d, err := read(raw)
	if err != nil {
		return nil, err
	}
	if text(d.find(tagSOPClass)) != kosClass {
		return nil, ErrNotKOS
	}
	k := &KOS{Instance: uid(d.find(tagSOPInstance))}
	k.study(uid(d.find(tagStudyInstance)))
	k.request(d)
	for _, request := range d.items(tagRequests) {
		k.study(uid(request.find(tagStudyInstance)))
		k.request(request)
	}
	for _, t := range []Tag{tagEvidence, tagOtherEvidence} {
		for _, study := range d.items(t) {
			if s := k.study(uid(study.find(tagStudyInstance))); s != nil {
				s.evidence(study.items(tagReferencedSeries))
			}
		}
	}
	return k, nil
}

// study finds or adds a study; nil for what is no UID, or too much.
func (k *KOS) study(id string) *Study {
	if id == "" {
		return nil
	}
	for i := range k.Studies {
		if k.Studies[i].UID == id {
			return &k.Studies[i]
		}
	}
	if len(k.Studies) == maxStudies {
		return nil
	}
	k.Studies = append(k.Studies, Study{UID: id})
	return &k.Studies[len(k.Studies)-1]
}

func (s *Study) evidence(series []dataset) {
	for _, one := range series {
		s.Series++
		s.Instances += len(one.items(tagReferencedSOP))
		s.URLs = once(s.URLs, text(one.find(tagRetrieveURL)), maxPlaces)
		s.Locations = once(s.Locations, uid(one.find(tagRetrieveLocation)), maxPlaces)
	}
}

// request takes the numbers of a request, or of the object itself.
func (k *KOS) request(d dataset) {
	k.Accessions = numbered(k.Accessions, d, tagAccession, tagAccessionIssuer)
	k.Orders = numbered(k.Orders, d, tagPlacerOrder, tagPlacerIssuer)
	k.Orders = numbered(k.Orders, d, tagFillerOrder, tagFillerIssuer)
}

func numbered(to []Number, d dataset, value, issuer Tag) []Number {
	n := Number{Value: text(d.find(value))}
	if n.Value == "" {
		return to
	}
	for _, i := range d.items(issuer) {
		if kind := text(i.find(tagIssuerKind)); kind == "ISO" || kind == "" {
			n.Issuer = uid(i.find(tagIssuerUniversal))
		}
	}
	for i := range to { // the same number may stand there without its issuer, and once more with it
		switch {
		case to[i].Value != n.Value:
		case n.Issuer == "":
			return to
		case to[i].Issuer == "":
			to[i].Issuer = n.Issuer
			return to
		}
	}
	return once(to, n, maxNumbers)
}

func once[T comparable](to []T, value T, most int) []T {
	var none T
	if value == none || len(to) >= most {
		return to
	}
	for _, known := range to {
		if known == value {
			return to
		}
	}
	return append(to, value)
}

// maxText is longer than any text that is asked for.
const maxText = 2048

// text gives a value as text without padding; "" for what is none. Text in other repertoires than UTF-8 is read as Latin-1.
func text(e *element) string {
	if e == nil || len(e.value) > maxText {
		return ""
	}
	s := strings.Trim(string(e.value), " \x00")
	if strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7F }) {
		return ""
	}
	if utf8.ValidString(s) {
		return s
	}
	runes := make([]rune, 0, len(s))
	for i := range len(s) {
		runes = append(runes, rune(s[i]))
	}
	return string(runes)
}

// uid gives a value that is a UID (PS3.5 section 9.1); "" for any other.
func uid(e *element) string {
	s := text(e)
	if len(s) > 64 || strings.Trim(s, "0123456789.") != "" || !strings.Contains(s, ".") {
		return ""
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || len(part) > 1 && part[0] == '0' {
			return ""
		}
	}
	return s
}
