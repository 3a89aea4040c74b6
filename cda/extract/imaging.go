package extract

import (
	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/fhir/element"
)

// study maps a DICOM study with its series and instances (DICOM PS3.20). Series and instances are parts of it.
func (x *extractor) study(el *etree.Element, s scope) {
	if !hasTemplate(el, fr+"155", "1.2.840.10008.9.16") {
		x.narrativeOnly(el, "a series or an instance without its study")
		return
	}
	uid := compact(cda.Attr(cda.Child(el, "id"), "root"))
	if !element.IsID(uid) {
		x.narrativeOnly(el, "a study without its instance UID")
		return
	}
	var o object
	o.add("identifier", object{{"system", "urn:dicom:uid"}, {"value", "urn:oid:" + uid}})
	if number := x.accession(); number != nil {
		o.add("identifier", number)
	}
	o.set("status", "available")
	o.set("subject", reference(x.o.Subject))
	start, _ := ends(el)
	o.set("started", start)
	instances := 0
	var series list
	for _, c := range children(el) {
		if one, n := x.series(c.act); one != nil {
			series = append(series, one)
			instances += n
		}
	}
	if len(series) > 0 {
		o.set("numberOfSeries", len(series))
		o.set("numberOfInstances", instances)
	}
	o.set("description", x.textOf(el))
	o.set("series", series)
	x.put("ImagingStudy", el, "", o)
	_ = s
}

// accession gives the header's accession number as an Identifier, when there is one only: of several nothing tells whose each is.
func (x *extractor) accession() object {
	var numbers []cda.II
	for _, order := range x.d.Header.InFulfillmentOf {
		numbers = append(numbers, order.AccessionNumbers...)
	}
	if len(numbers) != 1 {
		return nil
	}
	id := x.identifier(numbers[0])
	if id == nil {
		return nil
	}
	return append(object{{"type", object{{"coding", list{codingOf(Coding{hl7 + "v2-0203", "ACSN", ""})}}}}}, id...)
}

func (x *extractor) series(el *etree.Element) (object, int) {
	if !hasTemplate(el, fr+"156", "1.2.840.10008.9.17") {
		return nil, 0
	}
	uid := compact(cda.Attr(cda.Child(el, "id"), "root"))
	modality := x.modality(cda.ReadCD(cda.Child(el, "code")))
	if !element.IsID(uid) || modality == nil {
		x.narrativeOnly(el, "a series without its UID or modality")
		return nil, 0
	}
	x.part(el)
	o := object{{"uid", uid}, {"modality", modality}}
	start, _ := ends(el)
	o.set("started", start)
	n := 0
	for _, c := range children(el) {
		if !hasTemplate(c.act, fr+"157", "1.2.840.10008.9.18") {
			continue
		}
		instance := compact(cda.Attr(cda.Child(c.act, "id"), "root"))
		class := compact(cda.Attr(cda.Child(c.act, "code"), "code"))
		if !element.IsID(instance) || class == "" {
			x.narrativeOnly(c.act, "an instance without its UID or class")
			continue
		}
		x.part(c.act)
		n++
		o.add("instance", object{{"uid", instance}, {"sopClass", codingOf(Coding{systemURI, "urn:oid:" + class, ""})}})
	}
	return o, n
}

// modality is the qualifier DCM 121139 of a series' code.
func (x *extractor) modality(code cda.CD) object {
	for _, q := range code.Qualifiers {
		if q.Name.Code == "121139" || q.Name.Code == "" {
			if c := x.coding(q.Value); c != nil {
				return c
			}
		}
	}
	return nil
}

// exposure is the patient's exposure to radiation: doses are members.
func (x *extractor) exposure(el *etree.Element, s scope) {
	x.observe(el, s, catImg, nil)
}
