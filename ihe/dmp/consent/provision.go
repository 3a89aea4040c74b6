package consent

import (
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// unenforced are the elements of a provision that no rule looks at.
var unenforced = []string{"dataPeriod", "data", "securityLabel"}

func (r *reader) provision(p *element.Element) {
	switch kind := p.ChildValue("type"); {
	case kind == "permit" && r.shape.permit, kind == "deny" && r.shape.deny:
		r.d.Deny = kind == "deny"
	default:
		r.wrong(orRoot(p.Child("type"), p), fault.BusinessRule, "The provision's type for this category is %s.", types(r.shape))
	}
	r.refuse(p, unenforced...)
	r.period(p)
	r.actors(p)
	r.kinds(p)
	r.actions(p)
	r.purposes(p)
	if !r.shape.nested {
		r.refuse(p, "provision")
		return
	}
	for nested := range p.Children("provision") {
		r.exception(nested)
	}
	if len(r.d.Except) > maxExceptions {
		r.wrong(p, fault.TooLong, "A provision has at most %d exceptions.", maxExceptions)
	}
}

func types(s shape) string {
	switch {
	case s.permit && s.deny:
		return "permit or deny"
	case s.permit:
		return "permit"
	}
	return "deny"
}

// refuse tells of elements that would not be enforced.
func (r *reader) refuse(p *element.Element, names ...string) {
	for _, name := range names {
		if e := p.Child(name); e != nil {
			r.wrong(e, fault.NotSupported, "This server does not enforce %s in a Consent of this category, and takes no Consent that says more than it enforces.", name)
		}
	}
}

func (r *reader) period(p *element.Element) {
	period := p.Child("period")
	r.d.From, r.d.Until = moment(period.ChildValue("start"), false), moment(period.ChildValue("end"), true)
	if r.shape.until && r.d.Until.IsZero() {
		r.wrong(orRoot(period, p), fault.Required, "A Consent of this category has an end: provision.period.end.")
	}
}

func (r *reader) actors(p *element.Element) {
	count := 0
	for a := range p.Children("actor") {
		if count++; count > maxActors {
			r.wrong(a, fault.TooLong, "A provision names at most %d actors.", maxActors)
			return
		}
		r.actor(a)
	}
	may := r.shape.actors || r.shape.named || r.shape.roles || r.shape.linked
	switch {
	case count == 0 && r.shape.actors:
		r.wrong(p, fault.Required, "The provision names whom it is about: provision.actor.reference.identifier.")
	case count > 0 && !may:
		r.wrong(p.Child("actor"), fault.BusinessRule, "A Consent of this category is about no one in particular: it names no actor.")
	}
}

func (r *reader) actor(a *element.Element) {
	ref := a.Child("reference")
	for c := range a.Child("role").Children("coding") {
		r.d.Administers = r.d.Administers || r.shape.linked && c.ChildValue("system") == SystemRole && c.ChildValue("code") == RoleAdministrator
	}
	if id := identifier(ref.Child("identifier")); r.shape.named && id.System != "" && id.Value != "" {
		r.d.Actors = append(r.d.Actors, id)
		return
	}
	link := ref.ChildValue("reference")
	if r.shape.linked && strings.HasPrefix(link, "RelatedPerson/") {
		r.d.References = append(r.d.References, link)
		return
	}
	if code := professionOf(a); r.shape.roles && code != "" && link == "" {
		r.d.Professions = append(r.d.Professions, code)
		return
	}
	text := "An actor is named by reference.identifier, with system and value."
	if r.shape.linked {
		text = "An actor is a RelatedPerson of the record (reference), or is named by reference.identifier."
	}
	if r.shape.roles {
		text = "An actor is named by reference.identifier, or is a profession: role is a code of TRE_G15, TRE_R94 or TRE_R95, and reference has the type PractitionerRole only."
	}
	r.wrong(a, fault.BusinessRule, "%s", text)
}

// professionOf gives the code of a role of the nomenclatures of professions.
func professionOf(a *element.Element) string {
	for c := range a.Child("role").Children("coding") {
		for _, name := range []string{"TRE_G15", "TRE-G15", "TRE_R94", "TRE-R94", "TRE_R95", "TRE-R95"} {
			if strings.Contains(c.ChildValue("system"), name) {
				return c.ChildValue("code")
			}
		}
	}
	return ""
}

// kinds reads class and code: classes of documents and resource types, types of documents.
func (r *reader) kinds(p *element.Element) {
	if !r.shape.kinds {
		r.refuse(p, "class", "code")
		return
	}
	for c := range p.Children("class") {
		code := c.ChildValue("code")
		switch system := c.ChildValue("system"); {
		case code == "":
			r.wrong(c, fault.Required, "A class has a code.")
		case system == systemTypes && r.shape.resources:
			r.d.Resources = append(r.d.Resources, code)
		case system == systemTypes:
			r.wrong(c, fault.NotSupported, "A Consent of this category chooses classes of documents (TRE_A03), not resource types.")
		default:
			r.d.Classes = append(r.d.Classes, code)
		}
	}
	for c := range p.Children("code") {
		if c.Child("coding") == nil {
			r.wrong(c, fault.Required, "A type of documents is a coding.")
		}
		for coding := range c.Children("coding") {
			r.d.Types = append(r.d.Types, coding.ChildValue("code"))
		}
	}
	if len(r.d.Classes)+len(r.d.Types)+len(r.d.Resources) > maxKinds {
		r.wrong(p, fault.TooLong, "A provision names at most %d classes and types.", maxKinds)
	}
}

func (r *reader) actions(p *element.Element) {
	if !r.shape.actions {
		r.refuse(p, "action")
		return
	}
	for a := range p.Children("action") {
		for c := range a.Children("coding") {
			switch code := c.ChildValue("code"); {
			case c.ChildValue("system") != systemAction:
				r.wrong(c, fault.CodeInvalid, "Actions are codes of %s.", systemAction)
			case code == "access":
				r.d.Read = true
			case code == "correct":
				r.d.Write = true
			default:
				r.wrong(c, fault.NotSupported, "The actions that this server enforces are access (to read) and correct (to write).")
			}
		}
	}
	if p.Child("action") == nil {
		r.d.Read = true
	}
}

func (r *reader) purposes(p *element.Element) {
	if !r.shape.purposes {
		r.refuse(p, "purpose")
		return
	}
	for c := range p.Children("purpose") {
		if c.ChildValue("system") != systemReason {
			r.wrong(c, fault.CodeInvalid, "Purposes are codes of %s.", systemReason)
		}
		r.d.Purposes = append(r.d.Purposes, c.ChildValue("code"))
	}
	if r.d.Category == SecondaryUse && len(r.d.Purposes) == 0 {
		r.wrong(p, fault.Required, "Consent to secondary use names its purposes.")
	}
}

// exception reads what a denial does not concern.
func (r *reader) exception(p *element.Element) {
	if p.ChildValue("type") != "permit" {
		r.wrong(p, fault.BusinessRule, "An exception of a denial is of type permit.")
	}
	r.refuse(p, append(slices.Clone(unenforced), "action", "purpose", "provision")...)
	inner := &reader{d: &Directive{Category: r.d.Category}, shape: r.shape}
	inner.period(p)
	inner.actors(p)
	inner.kinds(p)
	r.issues = append(r.issues, inner.issues...)
	r.d.Except = append(r.d.Except, habilitation.Provision{
		Actors: inner.d.Actors, Professions: inner.d.Professions, Classes: inner.d.Classes, Types: inner.d.Types, From: inner.d.From, Until: inner.d.Until,
	})
}
