package metadata

import (
	"strconv"

	"github.com/carnet-fhir/carnet/cda"
	"github.com/carnet-fhir/carnet/cda/vocabulary"
	"github.com/carnet-fhir/carnet/internal/ins"
)

type practitioner struct {
	ResourceType string         `json:"resourceType"`
	ID           string         `json:"id"`
	Identifier   []identifier   `json:"identifier,omitempty"`
	Name         []humanName    `json:"name,omitempty"`
	Telecom      []contactPoint `json:"telecom,omitempty"`
	Address      []address      `json:"address,omitempty"`
}

type practitionerRole struct {
	ResourceType string     `json:"resourceType"`
	ID           string     `json:"id"`
	Practitioner *reference `json:"practitioner,omitempty"`
	Organization *reference `json:"organization,omitempty"`
	Code         []concept  `json:"code,omitempty"`
	Specialty    []concept  `json:"specialty,omitempty"`
}

type organization struct {
	ResourceType string         `json:"resourceType"`
	ID           string         `json:"id"`
	Identifier   []identifier   `json:"identifier,omitempty"`
	Name         string         `json:"name,omitempty"`
	Telecom      []contactPoint `json:"telecom,omitempty"`
	Address      []address      `json:"address,omitempty"`
}

type device struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Identifier   []identifier `json:"identifier,omitempty"`
	DeviceName   []deviceName `json:"deviceName,omitempty"`
	Type         *concept     `json:"type,omitempty"`
	Owner        *reference   `json:"owner,omitempty"`
}

type deviceName struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// container collects the contained resources of a DocumentReference.
type container struct{ all []any }

// add adds an actor under an id and gives the reference to it: a PractitionerRole of a professional, a Device, or the Patient.
func (c *container) add(a *Actor, id string) reference {
	to := reference{Reference: "#" + id}
	switch a.Kind {
	case ByPatient:
		p := patient{ResourceType: "Patient", ID: id, Identifier: actorIdentifier(a), Name: personName(a.Name)}
		c.all = append(c.all, p)
	case BySystem:
		d := device{ResourceType: "Device", ID: id, Identifier: actorIdentifier(a), Type: toConcept(a.Specialty, vocabulary.AuthorSpecialty), Owner: c.organization(a, id)}
		d.DeviceName = systemNames(a)
		c.all = append(c.all, d)
	default:
		c.all = append(c.all, practitioner{
			ResourceType: "Practitioner", ID: id + "-practitioner", Identifier: actorIdentifier(a), Name: personName(a.Name),
			Telecom: toTelecoms(a.Telecoms), Address: toAddresses(a.Addresses),
		})
		role := practitionerRole{ResourceType: "PractitionerRole", ID: id, Practitioner: &reference{Reference: "#" + id + "-practitioner"}, Organization: c.organization(a, id)}
		if s := toConcept(a.Specialty, vocabulary.AuthorSpecialty); s != nil {
			role.Code, role.Specialty = append(role.Code, *s), []concept{*s}
		}
		if r := toConcept(a.Role, vocabulary.ParticipantFunction); r != nil {
			role.Code = append(role.Code, *r)
		}
		c.all = append(c.all, role)
	}
	return to
}

func systemNames(a *Actor) []deviceName {
	if a.Device == nil {
		if name := cda.First(a.Name.Family); name != "" {
			return []deviceName{{name, "user-friendly-name"}}
		}
		return nil
	}
	var names []deviceName
	if a.Device.Software.Value != "" {
		names = append(names, deviceName{a.Device.Software.Value, "user-friendly-name"})
	}
	if a.Device.Model.Value != "" {
		names = append(names, deviceName{a.Device.Model.Value, "model-name"})
	}
	return names
}

func actorIdentifier(a *Actor) []identifier {
	if a.ID.Root == "" {
		return nil
	}
	if _, isINS := ins.KindOf(a.ID.Root); isINS {
		return []identifier{insIdentifier(a.ID)}
	}
	id := toIdentifier(a.ID)
	if a.ID.Root == OIDProfessional && a.Kind == ByProfessional {
		id.Type = typed(systemFrenchIdentifiers, "IDNPS")
	}
	return []identifier{id}
}

func (c *container) organization(a *Actor, id string) *reference {
	if a.Organization == nil {
		return nil
	}
	o := organization{
		ResourceType: "Organization", ID: id + "-organization", Name: a.Organization.Name(),
		Telecom: toTelecoms(a.Organization.Telecoms), Address: toAddresses(a.Organization.Addresses),
	}
	for _, oid := range present(a.Organization.IDs) {
		o.Identifier = append(o.Identifier, structureIdentifier(oid))
	}
	if o.Name == "" && len(o.Identifier) == 0 {
		return nil
	}
	c.all = append(c.all, o)
	return &reference{Reference: "#" + o.ID}
}

func structureIdentifier(id cda.II) identifier {
	out := toIdentifier(id)
	if id.Root == OIDStructure {
		out.Type = typed(systemFrenchIdentifiers, "IDNST")
	}
	return out
}

func authorID(i int) string { return "author-" + strconv.Itoa(i+1) }
