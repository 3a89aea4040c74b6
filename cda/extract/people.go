package extract

import (
	"slices"

	"github.com/beevik/etree"

	"github.com/carnet-fhir/carnet/cda"
)

// reference is a literal reference.
func reference(to string) object {
	if to == "" {
		return nil
	}
	return object{{"reference", to}}
}

func references(refs []string) list {
	var out list
	for _, r := range refs {
		out = append(out, reference(r))
	}
	return out
}

// actor gives whoever an assignedAuthor, assignedEntity or participantRole stands for as a logical reference, by identifier: professionals and structures are entries of
// the directory, which documents do not write to. Empty when nothing is said.
func (x *extractor) actor(role *etree.Element) object {
	if role == nil {
		return nil
	}
	typ, name := "Practitioner", ""
	if person := cda.Child(role, "assignedPerson", "relatedPerson", "playingEntity", "associatedPerson"); person != nil {
		name = cda.ReadEN(cda.Child(person, "name")).String()
	}
	id := x.firstID(role)
	if device := cda.Child(role, "assignedAuthoringDevice", "playingDevice"); device != nil {
		typ = "Device"
		name = cda.Text(cda.Child(device, "softwareName"))
		if name == "" {
			name = cda.Text(cda.Child(device, "manufacturerModelName"))
		}
	} else if name == "" {
		if org := cda.Child(role, "representedOrganization", "scopingEntity"); org != nil {
			return x.organization(org)
		}
	}
	return actorOf(typ, id, name)
}

func actorOf(typ string, id object, name string) object {
	if id == nil && name == "" {
		return nil
	}
	o := object{{"type", typ}}
	o.set("identifier", id)
	o.set("display", name)
	return o
}

// organization gives a structure as a logical reference.
func (x *extractor) organization(org *etree.Element) object {
	if org == nil {
		return nil
	}
	return actorOf("Organization", x.firstID(org), cda.Text(cda.Child(org, "name", "desc")))
}

func (x *extractor) firstID(el *etree.Element) object {
	for id := range cda.Children(el, "id") {
		if o := x.identifier(cda.ReadII(id)); o != nil {
			return o
		}
	}
	return nil
}

// author gives who wrote a statement: its own author, else the one inherited.
func (x *extractor) author(el *etree.Element, s scope) object {
	if a := x.actor(cda.Child(cda.Child(el, "author"), "assignedAuthor")); a != nil {
		return a
	}
	return s.author
}

// practitioner is author, unless that is no person.
func (x *extractor) practitioner(el *etree.Element, s scope) object {
	if a := x.author(el, s); a != nil && a.get("type") == "Practitioner" {
		return a
	}
	return nil
}

// performers gives who did what a statement tells.
func (x *extractor) performers(el *etree.Element) list {
	var out list
	for p := range cda.Children(el, "performer") {
		if a := x.actor(cda.Child(p, "assignedEntity")); a != nil {
			out = append(out, a)
		}
	}
	return out
}

// participants gives the participations of an entry of the types.
func participants(el *etree.Element, types ...string) []*etree.Element {
	var out []*etree.Element
	for p := range cda.Children(el, "participant") {
		if slices.Contains(types, cda.Attr(p, "typeCode")) {
			out = append(out, p)
		}
	}
	return out
}

// asserter gives the informant of a statement, empty when there is none.
func (x *extractor) asserter(el *etree.Element) object {
	informant := cda.Child(el, "informant")
	return x.actor(cda.Child(informant, "assignedEntity", "relatedEntity"))
}

// notes gives the comments of a statement as Annotations and marks them as parts.
func (x *extractor) notes(el *etree.Element) list {
	var out list
	for _, c := range children(el) {
		if !x.isFamily(c.act, famComment) {
			continue
		}
		if n := x.note(c.act); n != nil {
			x.part(c.act)
			out = append(out, n)
		} else {
			x.narrativeOnly(c.act, "a comment without words")
		}
	}
	return out
}

// note gives a comment as an Annotation, empty when it has no words.
func (x *extractor) note(comment *etree.Element) object {
	text := x.textOf(comment)
	if text == "" {
		return nil
	}
	var o object
	author := cda.Child(comment, "author")
	o.set("authorReference", unlessDevice(x.actor(cda.Child(author, "assignedAuthor"))))
	o.set("time", dateTime(cda.ReadTS(cda.Child(author, "time"))))
	o.set("text", text)
	return o
}

// unlessDevice leaves out an author that is a machine, where FHIR takes people and structures only.
func unlessDevice(a object) object {
	if a.get("type") == "Device" {
		return nil
	}
	return a
}
