package signin

import (
	"encoding/json"
	"strings"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// iua is the JWT extension of IHE IUA (ITI-71 §3.71.4.2.2.1, JSON Web Token option).
type iua struct {
	SubjectName    string     `json:"subject_name,omitempty"`
	Organization   string     `json:"subject_organization,omitempty"`
	OrganizationID string     `json:"subject_organization_id,omitempty"`
	Role           codingList `json:"subject_role,omitempty"`
	Purpose        codingList `json:"purpose_of_use,omitempty"`
	NationalID     string     `json:"national_provider_identifier,omitempty"`
	PersonID       string     `json:"person_id,omitempty"`
}

type coding struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// codingList is written as a list, and read from a list or a single coding.
type codingList []coding

// UnmarshalJSON takes both forms that are met.
func (l *codingList) UnmarshalJSON(text []byte) error {
	if strings.HasPrefix(strings.TrimSpace(string(text)), "[") {
		return json.Unmarshal(text, (*[]coding)(l))
	}
	var one coding
	if err := json.Unmarshal(text, &one); err != nil {
		return err
	}
	*l = codingList{one}
	return nil
}

// purposeSystem is v3-ActReason. The codes: treatment, break the glass, emergency treatment, the patient's own request.
const purposeSystem = "http://terminology.hl7.org/CodeSystem/v3-ActReason"

func iuaOf(a *habilitation.Actor, organization string) *iua {
	out := &iua{SubjectName: a.Name, Organization: organization, OrganizationID: a.Structure.Value}
	for _, c := range []coding{
		{nos.ProfessionSante, a.Profession}, {nos.ProfessionFormation, a.TrainingProfession}, {nos.ProfessionSocial, a.SocialProfession}, {nos.UsagerTitre, a.Title}, {nos.RolePriseCharge, a.Role}, {nos.GenreActivite, a.Activity},
	} {
		if c.Code != "" {
			out.Role = append(out.Role, c)
		}
	}
	if a.Speciality != "" {
		out.Role = append(out.Role, coding{nos.SavoirFaireSystem(a.Speciality), a.Speciality})
	}
	if a.Section != "" {
		out.Role = append(out.Role, coding{nos.Section(a.Section).System, a.Section})
	}
	purpose := "TREAT"
	switch a.Kind {
	case habilitation.Holder, habilitation.Representative, habilitation.Delegate, habilitation.Administrator, habilitation.Application:
		purpose = "PATRQT"
		out.PersonID = a.ID.Value
	case habilitation.Professional:
		out.NationalID = a.ID.Value
	case habilitation.Operator:
		purpose = "HSYSADMIN"
	}
	if a.Kind == habilitation.Application {
		out.PersonID = ""
	}
	switch a.Mode {
	case habilitation.BreakGlass:
		purpose = "BTG"
	case habilitation.Centre15:
		purpose = "ETREAT"
	}
	out.Purpose = codingList{{purposeSystem, purpose}}
	return out
}

// assertedIUA reads the extension in the claims of a client's assertion, where IUA puts it or at the top.
func assertedIUA(claims map[string]json.RawMessage) (*iua, error) {
	var nested struct {
		IUA json.RawMessage `json:"ihe_iua"`
	}
	raw := claims["ihe_iua"]
	if claims["extensions"] != nil {
		if err := json.Unmarshal(claims["extensions"], &nested); err != nil {
			return nil, err
		}
		raw = nested.IUA
	}
	var out iua
	if raw == nil {
		return &out, nil
	}
	return &out, json.Unmarshal(raw, &out)
}

// describe writes the roles that an assertion names into an actor, by their systems; others are left out. A role may be named by its list alone ("TRE_G15") or by the URL.
func (i *iua) describe(a *habilitation.Actor) {
	for _, c := range i.Role {
		switch {
		case c.System == nos.ProfessionSante:
			a.Profession = c.Code
		case c.System == nos.ProfessionFormation:
			a.TrainingProfession = c.Code
		case c.System == nos.ProfessionSocial:
			a.SocialProfession = c.Code
		case c.System == nos.UsagerTitre:
			a.Title = c.Code
		case c.System == nos.RolePriseCharge:
			a.Role = c.Code
		case c.System == nos.GenreActivite:
			a.Activity = c.Code
		case c.System == nos.SectionCNOP, c.System == nos.SousSectionCNOP:
			a.Section = c.Code
		case c.Code != "" && c.System == nos.SavoirFaireSystem(c.Code), strings.Contains(c.System, "TRE_R01-EnsembleSavoirFaire"):
			a.Speciality = c.Code
		}
	}
}
