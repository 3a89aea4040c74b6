package signin

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// Professional is who signed in by Pro Santé Connect.
type Professional struct {
	// System and ID are the national identifier: an RPPS under nos.SystemRPPS where it is one, otherwise the national identifier as it is under nos.SystemIDNPS.
	System, ID    string
	Family, Given string
	// Situations are the situations of exercise, of which one signs in; none for somebody without a profession in the directory.
	Situations []Situation
	// Regulation says that Pro Santé Connect lets this person work in Centre 15 mode (Acces_Regulation_Medicale, PGSSI-S).
	Regulation bool
}

// Situation is one situation d'exercice: a profession exercised somewhere.
type Situation struct {
	// Key tells situations of one person apart; it stays the same as long as the directory says the same.
	Key string
	// Profession is of TRE_G15, of G16 for somebody in training (Training), of R94 for social professions, R95 for titles, R291 (99) for those who are known by their role.
	Profession string
	Training   bool
	// Skill is the savoir-faire (R01), Section the pharmacists' register (G05), Role of R85, Activity the genre d'activité (R22), Mode of exercise (R23), Sector (R02).
	Skill, Section, Role, Activity, Mode, Sector string
	// StructureSystem and StructureID identify the structure; StructureName is what people read.
	StructureSystem, StructureID, StructureName string
}

// pscClaims are the claims of the userinfo of Pro Santé Connect that are read. Names and forms are those that its answers have (sandbox "bac à sable", published examples); what is marked was not seen.
type pscClaims struct {
	SubjectNameID string `json:"SubjectNameID"` // "8" and the RPPS number
	FamilyName    string `json:"family_name"`
	GivenName     string `json:"given_name"`
	// Regulation is "FAUX" in every published answer; "VRAI" was not seen, and nothing else is taken for yes.
	Regulation string `json:"Acces_Regulation_Medicale"`
	OtherIDs   []struct {
		ID     string `json:"identifiant"`
		Origin string `json:"origine"` // RPPS, EDIT (test cards); ADELI was not seen
	} `json:"otherIds"`
	Reference struct {
		Exercises []pscExercise `json:"exercices"`
	} `json:"SubjectRefPro"`
}

type pscExercise struct {
	Profession string `json:"codeProfession"`
	// Category is of TRE_R09: C civil, M military, E in training (étudiant; not seen).
	Category   string        `json:"codeCategorieProfessionnelle"`
	Family     string        `json:"nomDexercice"`
	Given      string        `json:"prenomDexercice"`
	SkillType  string        `json:"codeTypeSavoirFaire"`
	Skill      string        `json:"codeSavoirFaire"`
	Activities []pscActivity `json:"activities"`
}

type pscActivity struct {
	Mode      string `json:"codeModeExercice"`
	Sector    string `json:"codeSecteurDactivite"`
	Section   string `json:"codeSectionPharmacien"`
	Role      string `json:"codeRole"`
	Activity  string `json:"codeGenreActivite"`
	SIRET     string `json:"numeroSiretSite"`
	FINESS    string `json:"numeroFinessSite"`
	Technical string `json:"identifiantTechniqueDeLaStructure"`
	Former    string `json:"ancienIdentifiantDeLaStructure"` // the national identifier (IDNST)
	Name      string `json:"raisonSocialeSite"`
	Brand     string `json:"enseigneCommercialeSite"`
}

// maxSituations bounds what one person's claims may hold; longer ones are refused, not cut.
const maxSituations = 64

// ErrClaims says that a provider's claims do not say who signed in.
var ErrClaims = errors.New("signin: the identity provider does not say who signed in")

// ReadProfessional reads the claims of Pro Santé Connect.
func ReadProfessional(claims map[string]json.RawMessage) (*Professional, error) {
	var c pscClaims
	if err := decode(claims, &c); err != nil {
		return nil, err
	}
	p := &Professional{Family: c.FamilyName, Given: c.GivenName, Regulation: strings.EqualFold(c.Regulation, "VRAI")}
	if p.System, p.ID = nationalID(&c); p.ID == "" {
		return nil, fmt.Errorf("%w: SubjectNameID is missing", ErrClaims)
	}
	for _, e := range c.Reference.Exercises {
		activities := e.Activities
		if len(activities) == 0 {
			activities = []pscActivity{{}} // a profession that is exercised nowhere now
		}
		if len(p.Situations)+len(activities) > maxSituations {
			return nil, fmt.Errorf("%w: more than %d situations of exercise", ErrClaims, maxSituations)
		}
		for _, a := range activities {
			p.Situations = append(p.Situations, situation(&e, &a))
		}
	}
	p.number()
	return p, nil
}

func decode(claims map[string]json.RawMessage, into any) error {
	whole, err := json.Marshal(claims)
	if err == nil {
		err = json.Unmarshal(whole, into)
	}
	if err != nil {
		return fmt.Errorf("%w: a claim has another form than documented", ErrClaims)
	}
	return nil
}

// nationalID prefers the RPPS, which SubjectNameID carries behind the digit 8, and otherIds by name.
func nationalID(c *pscClaims) (system, id string) {
	named := c.SubjectNameID
	if len(named) == 12 && nos.CheckRPPS(named[1:]) == "" && named[0] == '8' {
		return nos.SystemRPPS, named[1:]
	}
	for _, other := range c.OtherIDs {
		rpps := other.ID
		if len(rpps) == 12 {
			rpps = strings.TrimPrefix(rpps, "8")
		}
		if other.Origin == "RPPS" && nos.CheckRPPS(rpps) == "" {
			return nos.SystemRPPS, rpps
		}
	}
	if nos.CheckRPPS(named) == "" {
		return nos.SystemRPPS, named
	}
	return nos.SystemIDNPS, named
}

// inTraining is the category of TRE_R09 of somebody who has not the profession yet.
const inTraining = "E"

func situation(e *pscExercise, a *pscActivity) Situation {
	s := Situation{
		Profession: e.Profession, Training: e.Category == inTraining, Skill: e.Skill,
		Section: a.Section, Role: a.Role, Activity: a.Activity, Mode: a.Mode, Sector: a.Sector, StructureName: a.Brand,
	}
	if s.StructureName == "" {
		s.StructureName = a.Name
	}
	switch {
	case a.FINESS != "":
		s.StructureSystem, s.StructureID = nos.SystemFINESS, a.FINESS
	case a.SIRET != "":
		s.StructureSystem, s.StructureID = nos.SystemSIRENE, a.SIRET
	case a.Former != "":
		s.StructureSystem, s.StructureID = nos.SystemIDNST, a.Former
	case a.Technical != "":
		s.StructureSystem, s.StructureID = SystemTechnical, a.Technical
	}
	return s
}

// SystemTechnical is the identifier that the directory itself gives a structure (identifiant technique de la structure).
const SystemTechnical = "https://annuaire.esante.gouv.fr"

// number gives situations their keys.
func (p *Professional) number() {
	for n := range p.Situations {
		s := &p.Situations[n]
		key := strings.Join([]string{s.Profession, s.Skill, s.Section, s.Activity, s.Role, s.StructureID}, ".")
		s.Key = key
		for k := 2; slices.ContainsFunc(p.Situations[:n], func(o Situation) bool { return o.Key == s.Key }); k++ {
			s.Key = fmt.Sprintf("%s.%d", key, k)
		}
	}
}

// Situation gives the situation of a key; nil when there is none.
func (p *Professional) Situation(key string) *Situation {
	for n := range p.Situations {
		if p.Situations[n].Key == key {
			return &p.Situations[n]
		}
	}
	return nil
}

// Label is what a professional chooses a situation by, in French.
func (s *Situation) Label() string {
	label := s.professionName()
	if s.Skill != "" {
		if skill := nos.SavoirFaire(s.Skill).Display; skill != "" {
			label += ", " + skill
		}
	}
	if s.StructureName != "" {
		label += " – " + s.StructureName
	}
	return label
}

func (s *Situation) professionName() string {
	c, ok := nos.Profession(s.Profession, s.Training)
	if !ok {
		return "Profession " + s.Profession
	}
	if genre := nos.Genre(s.Activity).Display; c.System == nos.AutreProfession && genre != "" {
		return genre
	}
	return c.Display
}
