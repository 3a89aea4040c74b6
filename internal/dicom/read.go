package dicom

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors of Read. They say nothing of the content.
var (
	ErrNotDICOM = errors.New("dicom: not a DICOM Part 10 file")
	ErrSyntax   = errors.New("dicom: the transfer syntax is not little endian, uncompressed")
	ErrBroken   = errors.New("dicom: the data set is cut short or its lengths do not agree")
	ErrTooMuch  = errors.New("dicom: the data set has too many elements or is nested too deeply")
)

// Bounds of a data set. The KOS of a large study (thousands of instances) has some ten thousand elements.
const (
	maxElements = 500_000
	maxDepth    = 16
)

// Tag is a group and an element number.
type Tag uint32

func (t Tag) group() uint16 { return uint16(t >> 16) }

// String gives the tag as the standard writes it.
func (t Tag) String() string { return fmt.Sprintf("(%04X,%04X)", uint16(t>>16), uint16(t)) }

// element is one data element: a value, or the items of a sequence.
type element struct {
	tag   Tag
	value []byte
	items []dataset
}

type dataset []element

// find gives an element, nil when it is not there.
func (d dataset) find(t Tag) *element {
	for i := range d {
		if d[i].tag == t {
			return &d[i]
		}
	}
	return nil
}

// items gives the items of a sequence.
func (d dataset) items(t Tag) []dataset {
	if e := d.find(t); e != nil {
		return e.items
	}
	return nil
}

// The transfer syntaxes that are read (PS3.5 annex A).
const (
	implicitLittle = "1.2.840.10008.1.2"
	explicitLittle = "1.2.840.10008.1.2.1"
)

// The tags of structure (PS3.5 section 7.5).
const (
	tagMediaStorageClass Tag = 0x00020002
	tagTransferSyntax    Tag = 0x00020010
	tagItem              Tag = 0xFFFEE000
	tagItemEnd           Tag = 0xFFFEE00D
	tagSequenceEnd       Tag = 0xFFFEE0DD
	tagPixelData         Tag = 0x7FE00010
)

const undefined = 0xFFFFFFFF

// IsPart10 says whether bytes begin as a DICOM file does.
func IsPart10(raw []byte) bool { return len(raw) >= 132 && string(raw[128:132]) == "DICM" }

// read parses a file.
func read(raw []byte) (dataset, error) {
	if !IsPart10(raw) {
		return nil, ErrNotDICOM
	}
	r := &reader{raw: raw, at: 132, end: len(raw), explicit: true}
	meta, err := r.metaInformation()
	if err != nil {
		return nil, err
	}
	switch text(meta.find(tagTransferSyntax)) {
	case implicitLittle:
		r.explicit = false
	case explicitLittle:
	default:
		// The class stands in the meta information too, which is read whatever follows: mostly it is an image, compressed.
		if class := text(meta.find(tagMediaStorageClass)); class != "" && class != kosClass {
			return nil, ErrNotKOS
		}
		return nil, ErrSyntax
	}
	return r.elements(0, undefined)
}

// reader walks the bytes.
type reader struct {
	raw      []byte
	at, end  int
	explicit bool
	count    int
}

// metaInformation reads group 0002, which is explicit whatever follows (PS3.10 section 7.1).
func (r *reader) metaInformation() (dataset, error) {
	var meta dataset
	for r.end-r.at >= 8 && binary.LittleEndian.Uint16(r.raw[r.at:]) == 2 {
		e, err := r.element(0)
		if err != nil {
			return nil, err
		}
		meta = append(meta, e)
	}
	return meta, nil
}

// elements reads a data set: up to the end of the bytes, or for length bytes, or, with undefined length inside a sequence, up to the item's delimiter.
func (r *reader) elements(depth int, length uint32) (dataset, error) {
	if depth > maxDepth {
		return nil, ErrTooMuch
	}
	delimited := length == undefined && depth > 0
	leave, err := r.enter(length)
	if err != nil {
		return nil, err
	}
	defer leave()
	end := r.end
	var all dataset
	for r.at < end {
		if delimited && r.peek() == tagItemEnd {
			return all, r.skip(8)
		}
		e, err := r.element(depth)
		if err != nil {
			return nil, err
		}
		if e.tag == tagPixelData {
			r.at = end // nothing that is asked for stands behind images
			break
		}
		all = append(all, e)
	}
	if delimited {
		return nil, ErrBroken
	}
	return all, nil
}

// peek gives the tag at the place, 0 when there is none.
func (r *reader) peek() Tag {
	if r.end-r.at < 8 {
		return 0
	}
	return Tag(binary.LittleEndian.Uint16(r.raw[r.at:]))<<16 | Tag(binary.LittleEndian.Uint16(r.raw[r.at+2:]))
}

func (r *reader) skip(n int) error {
	if r.end-r.at < n {
		return ErrBroken
	}
	r.at += n
	return nil
}

// element reads one element.
func (r *reader) element(depth int) (element, error) {
	if r.count++; r.count > maxElements {
		return element{}, ErrTooMuch
	}
	e := element{tag: r.peek()}
	if e.tag == 0 || e.tag.group() == 0xFFFE {
		return e, ErrBroken
	}
	r.at += 4
	sequence, length, err := r.length(e.tag)
	switch {
	case err != nil:
		return e, err
	case e.tag == tagPixelData:
		return e, nil
	case sequence:
		e.items, err = r.sequence(depth, length)
		return e, err
	case uint64(length) > uint64(r.end-r.at):
		return e, ErrBroken
	}
	e.value = r.raw[r.at : r.at+int(length)]
	r.at += int(length)
	return e, nil
}

// length reads what stands between tag and value, and says whether the value is a sequence.
func (r *reader) length(tag Tag) (sequence bool, length uint32, err error) {
	if r.end-r.at < 4 {
		return false, 0, ErrBroken
	}
	if !r.explicit && tag.group() != 2 {
		length = binary.LittleEndian.Uint32(r.raw[r.at:])
		r.at += 4
		return sequences[tag] || length == undefined, length, nil
	}
	vr := string(r.raw[r.at : r.at+2])
	if !isVR(vr) {
		return false, 0, ErrBroken
	}
	if !longVR(vr) {
		length = uint32(binary.LittleEndian.Uint16(r.raw[r.at+2:]))
		r.at += 4
		return false, length, nil
	}
	if r.end-r.at < 8 {
		return false, 0, ErrBroken
	}
	length = binary.LittleEndian.Uint32(r.raw[r.at+4:])
	r.at += 8
	return vr == "SQ" || vr == "UN" && length == undefined, length, nil
}

func isVR(vr string) bool { return vr[0] >= 'A' && vr[0] <= 'Z' && vr[1] >= 'A' && vr[1] <= 'Z' }

// longVR says whether the length has four bytes (PS3.5 section 7.1.2).
func longVR(vr string) bool {
	switch vr {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		return true
	}
	return false
}

// enter bounds what is read to the next length bytes, if the length is defined, until leave is called.
func (r *reader) enter(length uint32) (leave func(), err error) {
	outer := r.end
	if length != undefined {
		if uint64(length) > uint64(r.end-r.at) {
			return nil, ErrBroken
		}
		r.end = r.at + int(length)
	}
	return func() { r.end = outer }, nil
}

// sequence reads the items of a sequence.
func (r *reader) sequence(depth int, length uint32) ([]dataset, error) {
	if depth+1 > maxDepth {
		return nil, ErrTooMuch
	}
	leave, err := r.enter(length)
	if err != nil {
		return nil, err
	}
	defer leave()
	end := r.end
	var items []dataset
	for r.at < end {
		tag := r.peek()
		if tag == tagSequenceEnd && length == undefined {
			return items, r.skip(8)
		}
		if tag != tagItem {
			return nil, ErrBroken
		}
		if r.count++; r.count > maxElements {
			return nil, ErrTooMuch
		}
		size := binary.LittleEndian.Uint32(r.raw[r.at+4:])
		r.at += 8
		item, err := r.elements(depth+1, size)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	if length == undefined {
		return nil, ErrBroken
	}
	return items, nil
}
