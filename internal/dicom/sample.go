package dicom

import (
	"bytes"
	"encoding/binary"
)

// Writer builds small DICOM files, for tests and demonstration; what it writes is as PS3.10 has it.
type Writer struct {
	// Implicit leaves the value representations out; Undefined gives sequences and items no length but delimiters.
	Implicit, Undefined bool
	// Syntax replaces the transfer syntax that Implicit stands for.
	Syntax string
}

// Attribute is one element: a value, or the items of a sequence.
type Attribute struct {
	Tag   Tag
	VR    string
	Value string
	Items [][]Attribute
}

// File writes a file with a preamble and the meta information.
func (w Writer) File(attributes []Attribute) []byte {
	syntax := w.Syntax
	if syntax == "" {
		syntax = explicitLittle
		if w.Implicit {
			syntax = implicitLittle
		}
	}
	var b bytes.Buffer
	b.Write(make([]byte, 128))
	b.WriteString("DICM")
	Writer{}.write(&b, []Attribute{
		{Tag: 0x00020001, VR: "OB", Value: "\x00\x01"}, {Tag: 0x00020002, VR: "UI", Value: kosClass}, {Tag: tagTransferSyntax, VR: "UI", Value: syntax},
	})
	w.write(&b, attributes)
	return b.Bytes()
}

func (w Writer) write(b *bytes.Buffer, attributes []Attribute) {
	for _, a := range attributes {
		b.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(a.Tag>>16)), uint16(a.Tag)))
		value := []byte(a.Value)
		length := uint32(len(value) + len(value)%2)
		if a.VR == "SQ" {
			value = w.items(a.Items)
			if length = uint32(len(value)); w.Undefined {
				length = undefined
			}
		}
		switch {
		case w.Implicit:
			b.Write(binary.LittleEndian.AppendUint32(nil, length))
		case longVR(a.VR):
			b.WriteString(a.VR + "\x00\x00")
			b.Write(binary.LittleEndian.AppendUint32(nil, length))
		default:
			b.WriteString(a.VR)
			b.Write(binary.LittleEndian.AppendUint16(nil, uint16(length)))
		}
		b.Write(value)
		if len(value)%2 == 1 {
			b.WriteByte(map[bool]byte{true: 0, false: ' '}[a.VR == "UI"])
		}
	}
}

func (w Writer) items(items [][]Attribute) []byte {
	var b bytes.Buffer
	delimiter := func(t Tag, length uint32) {
		b.Write(binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, uint16(t>>16)), uint16(t)))
		b.Write(binary.LittleEndian.AppendUint32(nil, length))
	}
	for _, item := range items {
		var inner bytes.Buffer
		w.write(&inner, item)
		length := uint32(inner.Len())
		if w.Undefined {
			length = undefined
		}
		delimiter(tagItem, length)
		b.Write(inner.Bytes())
		if w.Undefined {
			delimiter(tagItemEnd, 0)
		}
	}
	if w.Undefined {
		delimiter(tagSequenceEnd, 0)
	}
	return b.Bytes()
}

// SampleKOS gives the attributes of a Key Object Selection of one study with two series, made for an accession number.
func SampleKOS(study, accession, issuer string) []Attribute {
	issuerItem := [][]Attribute{{{Tag: tagIssuerUniversal, VR: "UT", Value: issuer}, {Tag: tagIssuerKind, VR: "CS", Value: "ISO"}}}
	series := func(id string, instances ...string) []Attribute {
		var refs [][]Attribute
		for _, i := range instances {
			refs = append(refs, []Attribute{{Tag: 0x00081150, VR: "UI", Value: "1.2.840.10008.5.1.4.1.1.2"}, {Tag: tagReferencedUID, VR: "UI", Value: i}})
		}
		return []Attribute{
			{Tag: tagRetrieveAE, VR: "AE", Value: "PACS1"}, {Tag: tagRetrieveURL, VR: "UR", Value: "https://pacs.example.org/wado/studies/" + study + "/series/" + id},
			{Tag: tagReferencedSOP, VR: "SQ", Items: refs}, {Tag: tagSeriesInstance, VR: "UI", Value: id}, {Tag: tagRetrieveLocation, VR: "UI", Value: "1.2.250.1.999.8.1"},
		}
	}
	return []Attribute{
		{Tag: tagSOPClass, VR: "UI", Value: kosClass}, {Tag: tagSOPInstance, VR: "UI", Value: study + ".9"}, {Tag: tagAccession, VR: "SH", Value: accession},
		{Tag: tagModality, VR: "CS", Value: "KO"}, {Tag: tagStudyInstance, VR: "UI", Value: study}, {Tag: tagSeriesInstance, VR: "UI", Value: study + ".8"},
		{Tag: tagRequests, VR: "SQ", Items: [][]Attribute{{
			{Tag: tagAccession, VR: "SH", Value: accession}, {Tag: tagAccessionIssuer, VR: "SQ", Items: issuerItem}, {Tag: tagStudyInstance, VR: "UI", Value: study},
			{Tag: tagPlacerOrder, VR: "LO", Value: "ORD-77"},
		}}},
		{Tag: tagEvidence, VR: "SQ", Items: [][]Attribute{{
			{Tag: tagReferencedSeries, VR: "SQ", Items: [][]Attribute{series(study+".1", study+".1.1", study+".1.2"), series(study+".2", study+".2.1")}},
			{Tag: tagStudyInstance, VR: "UI", Value: study},
		}}},
	}
}
