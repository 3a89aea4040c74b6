package consent

import (
	"encoding/json"
	"time"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

type (
	object = map[string]any
	list   = []any
)

// JSON writes a directive as a Consent: what Parse reads back.
func (d *Directive) JSON() ([]byte, error) {
	status := "inactive"
	if d.Active {
		status = "active"
	}
	out := object{
		"resourceType": "Consent", "status": status, "scope": concept(systemScope, "patient-privacy"), "category": list{concept(CategorySystem, string(d.Category))}, "patient": object{"reference": "Patient/" + d.Patient},
		"dateTime": d.Given.UTC().Format(time.RFC3339), "policyRule": concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", map[bool]string{false: "OPTIN", true: "OPTOUT"}[d.Deny]),
	}
	if d.Verified {
		out["verification"] = list{object{"verified": true}}
	}
	if d.CodeDigest != "" {
		out["identifier"] = list{object{"system": SystemAccessCode, "value": d.CodeDigest}}
	}
	var extensions list
	if !d.Collector.Zero() {
		extensions = append(extensions, object{"url": ExtensionCollector, "valueReference": object{"identifier": d.Collector}})
	}
	if d.Means != "" {
		extensions = append(extensions, object{"url": ExtensionMeans, "valueCode": d.Means})
	}
	if d.Reason {
		extensions = append(extensions, object{"url": ExtensionReason, "valueString": "motif légitime"})
	}
	if extensions != nil {
		out["extension"] = extensions
	}
	out["provision"] = d.provisionJSON()
	return json.Marshal(out)
}

func (d *Directive) provisionJSON() object {
	p := d.part(map[bool]string{false: "permit", true: "deny"}[d.Deny], d.Provision())
	for _, link := range d.References {
		actors, _ := p["actor"].(list)
		p["actor"] = append(actors, object{"role": d.role(), "reference": object{"reference": link}})
	}
	for _, r := range d.Resources {
		classes, _ := p["class"].(list)
		p["class"] = append(classes, object{"system": systemTypes, "code": r})
	}
	if shapes[d.Category].actions {
		var actions list
		if d.Read {
			actions = append(actions, concept(systemAction, "access"))
		}
		if d.Write {
			actions = append(actions, concept(systemAction, "correct"))
		}
		p["action"] = actions
	}
	var purposes list
	for _, code := range d.Purposes {
		purposes = append(purposes, object{"system": systemReason, "code": code})
	}
	if purposes != nil {
		p["purpose"] = purposes
	}
	var nested list
	for i := range d.Except {
		nested = append(nested, d.part("permit", d.Except[i]))
	}
	if nested != nil {
		p["provision"] = nested
	}
	return p
}

// role is that of the actors.
func (d *Directive) role() object {
	switch {
	case d.Category != Delegate:
		return concept(systemPart, "IRCP")
	case d.Administers:
		return concept(SystemRole, RoleAdministrator)
	}
	return concept(SystemRole, RoleDelegate)
}

const (
	systemPart    = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	systemG15     = "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante"
	systemClasses = "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument-CISIS/FHIR/TRE-A03-ClasseDocument-CISIS"
	systemLOINC   = "http://loinc.org"
)

func (d *Directive) part(kind string, from habilitation.Provision) object {
	p := object{"type": kind}
	period := object{}
	if !from.From.IsZero() {
		period["start"] = from.From.UTC().Format(time.RFC3339)
	}
	if !from.Until.IsZero() {
		period["end"] = from.Until.UTC().Format(time.RFC3339)
	}
	if len(period) > 0 {
		p["period"] = period
	}
	var actors, classes, codes list
	for _, id := range from.Actors {
		actors = append(actors, object{"role": d.role(), "reference": object{"identifier": id}})
	}
	for _, code := range from.Professions {
		actors = append(actors, object{"role": concept(systemG15, code), "reference": object{"type": "PractitionerRole"}})
	}
	for _, code := range from.Classes {
		classes = append(classes, object{"system": systemClasses, "code": code})
	}
	for _, code := range from.Types {
		codes = append(codes, concept(systemLOINC, code))
	}
	for name, values := range map[string]list{"actor": actors, "class": classes, "code": codes} {
		if values != nil {
			p[name] = values
		}
	}
	return p
}

func concept(system, code string) object {
	return object{"coding": list{object{"system": system, "code": code}}}
}
