package signin

import (
	"context"
	"slices"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/store"
)

// Directory gives a sandbox the people of the server's own store: its directory of professionals, its patients.
type Directory struct{ People *dmp.People }

// Bounds of what a page shows.
const (
	maxShown   = 300
	maxMatched = 60
)

// Professionals gives those of the directory as Pro Santé Connect describes them.
func (d Directory) Professionals(ctx context.Context, matching string) (out []Subject, err error) {
	repo := d.People.Repository()
	err = repo.Look(func(look *repository.Lookup) error {
		found, err := d.practitioners(ctx, look, matching)
		if err != nil {
			return err
		}
		for _, rec := range found {
			tree, err := repo.Tree(rec)
			if err != nil {
				return err
			}
			subject, err := d.professional(ctx, look, rec.ID, tree.Root)
			if err != nil {
				return err
			}
			if subject != nil {
				out = append(out, *subject)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Subject) int {
		return strings.Compare(search.Fold(a.Group+"\x00"+a.Label), search.Fold(b.Group+"\x00"+b.Label))
	})
	return out, err
}

func (d Directory) practitioners(ctx context.Context, look *repository.Lookup, matching string) ([]*store.Record, error) {
	switch {
	case matching == "":
		return look.Find(ctx, "Practitioner", "active=true", maxShown)
	case len(matching) == 11 && nos.CheckRPPS(matching) == "":
		return look.Find(ctx, "Practitioner", "active=true&identifier="+nos.SystemRPPS+"|"+matching, 2)
	}
	if strings.Contains(matching, "/") && nos.CheckIDNPS(matching) == "" {
		return look.Find(ctx, "Practitioner", "active=true&identifier="+nos.SystemIDNPS+"|"+escape(matching), 2)
	}
	return look.Find(ctx, "Practitioner", "active=true&name="+escape(matching), maxMatched)
}

// professional makes the claims of a Practitioner from its PractitionerRoles; nil for one without an RPPS.
func (d Directory) professional(ctx context.Context, look *repository.Lookup, id string, p *element.Element) (*Subject, error) {
	rpps := identifierOf(p, nos.SystemRPPS)
	family, given := officialName(p)
	if rpps == "" {
		return staffSubject(identifierOf(p, nos.SystemIDNPS), family, given), nil
	}
	roles, err := look.Find(ctx, "PractitionerRole", "active=true&practitioner=Practitioner/"+id, maxSituations)
	if err != nil {
		return nil, err
	}
	exercises := list{}
	group, regulation := "Sans situation d'exercice", "FAUX"
	for _, rec := range roles {
		tree, err := d.People.Repository().Tree(rec)
		if err != nil {
			return nil, err
		}
		s := situationOf(tree.Root)
		if err := d.locate(look, tree.Root, &s); err != nil {
			return nil, err
		}
		if strings.HasPrefix(s.StructureName, "SAMU") {
			regulation = "VRAI"
		}
		group = s.professionName()
		exercises = append(exercises, exercise(&s, family, given))
	}
	return &Subject{
		Key: rpps, Group: group, Label: given + " " + family, Detail: "RPPS " + rpps,
		Claims: object{
			"SubjectNameID": "8" + rpps, "preferred_username": "8" + rpps, "family_name": family, "given_name": given, "Acces_Regulation_Medicale": regulation, "Mode_Acces_Raison": "", "UITVersion": "1.0",
			"Palier_Authentification": "APPPRIP3^1.2.250.1.213.1.5.1.1.1", "PSI_Locale": "1.2.250.1.213.1.3.1.1", "otherIds": list{object{"identifiant": "8" + rpps, "origine": "RPPS", "qualite": 1}},
			"SubjectRefPro": object{"codeCivilite": "", "exercices": exercises},
		},
	}, nil
}

// staffSubject is somebody with a card of a structure (CPE); nil for another identifier.
func staffSubject(id, family, given string) *Subject {
	who := Professional{System: nos.SystemIDNPS, ID: id}
	if _, ok := who.Staff(); !ok {
		return nil
	}
	return &Subject{
		Key: id, Group: "Personnel des structures", Label: given + " " + family, Detail: "CPE " + id,
		Claims: object{
			"SubjectNameID": id, "preferred_username": id, "family_name": family, "given_name": given, "Acces_Regulation_Medicale": "FAUX", "otherIds": list{}, "SubjectRefPro": object{"codeCivilite": "", "exercices": list{}},
		},
	}
}

// exercise writes a situation as Pro Santé Connect does.
func exercise(s *Situation, family, given string) object {
	category := "C"
	if s.Training {
		category = inTraining
	}
	a := object{
		"codeModeExercice": s.Mode, "codeSecteurDactivite": s.Sector, "codeSectionPharmacien": s.Section, "codeRole": s.Role, "codeGenreActivite": s.Activity, "raisonSocialeSite": s.StructureName,
		"numeroFinessSite": "", "numeroSiretSite": "", "ancienIdentifiantDeLaStructure": "", "identifiantTechniqueDeLaStructure": "", "enseigneCommercialeSite": "",
	}
	switch s.StructureSystem {
	case nos.SystemFINESS:
		a["numeroFinessSite"] = s.StructureID
	case nos.SystemSIRENE:
		a["numeroSiretSite"] = s.StructureID
	case nos.SystemIDNST:
		a["ancienIdentifiantDeLaStructure"] = s.StructureID
	case SystemTechnical:
		a["identifiantTechniqueDeLaStructure"] = s.StructureID
	}
	skillType := ""
	if s.Skill != "" {
		skillType = "S"
	}
	return object{
		"codeProfession": s.Profession, "codeCategorieProfessionnelle": category, "codeCiviliteDexercice": "", "nomDexercice": family, "prenomDexercice": given, "codeTypeSavoirFaire": skillType,
		"codeSavoirFaire": s.Skill, "activities": list{a},
	}
}

// situationOf reads the codes of a PractitionerRole.
func situationOf(role *element.Element) Situation {
	var s Situation
	each := func(name string, take func(system, code string)) {
		for concept := range role.Children(name) {
			for c := range concept.Children("coding") {
				take(c.ChildValue("system"), c.ChildValue("code"))
			}
		}
	}
	each("code", func(system, code string) {
		switch system {
		case nos.ProfessionSante, nos.ProfessionSocial, nos.UsagerTitre, nos.AutreProfession:
			s.Profession = code
		case nos.ProfessionFormation:
			s.Profession, s.Training = code, true
		case nos.GenreActivite:
			s.Activity = code
		case nos.ModeExercice:
			s.Mode = code
		case nos.SectionCNOP, nos.SousSectionCNOP:
			s.Section = code
		case nos.RolePriseCharge:
			s.Role = code
		}
	})
	each("specialty", func(_, code string) { s.Skill = code })
	return s
}

// locate adds the structure of a PractitionerRole.
func (d Directory) locate(look *repository.Lookup, role *element.Element, s *Situation) error {
	typ, id, ok := d.People.Repository().Target(role.Child("organization").ChildValue("reference"))
	if !ok || typ != "Organization" {
		return nil
	}
	rec, err := look.Read(typ, id)
	if err != nil || rec == nil {
		return err
	}
	tree, err := d.People.Repository().Tree(rec)
	if err != nil {
		return err
	}
	s.StructureName = tree.Root.ChildValue("name")
	for _, system := range []string{nos.SystemFINESS, nos.SystemSIRENE, nos.SystemIDNST} {
		if value := identifierOf(tree.Root, system); value != "" {
			s.StructureSystem, s.StructureID = system, value
			return nil
		}
	}
	return nil
}

// Patients gives those with an INS as FranceConnect describes them; with the INS when the kind is CarteVitale.
func (d Directory) Patients(kind Kind) func(ctx context.Context, matching string) ([]Subject, error) {
	return func(ctx context.Context, matching string) (out []Subject, err error) {
		err = d.People.Repository().Look(func(look *repository.Lookup) error {
			query := "active=true"
			if digits := strings.ReplaceAll(matching, " ", ""); len(digits) == 15 {
				query = "identifier=" + ins.Test.System() + "|" + escape(digits)
			} else if matching != "" {
				query += "&name=" + escape(matching)
			}
			found, err := look.Find(ctx, "Patient", query, maxMatched)
			if err != nil {
				return err
			}
			for _, rec := range found {
				person, err := d.People.Read(rec)
				if err != nil {
					return err
				}
				if !person.INS.IsZero() && person.Into == "" {
					out = append(out, patientSubject(kind, person))
				}
			}
			return nil
		})
		return out, err
	}
}

func patientSubject(kind Kind, p *dmp.Person) Subject {
	t := &p.Traits
	first, _, _ := strings.Cut(t.Given, " ")
	country, place := "99100", t.BirthPlace
	if strings.HasPrefix(place, "99") && len(place) == 5 {
		country, place = place, ""
	}
	claims := object{
		"given_name": t.Given, "given_name_array": strings.Fields(t.Given), "family_name": t.Family, "birthdate": t.BirthDate, "gender": t.Sex, "birthplace": place, "birthcountry": country,
	}
	if kind == CarteVitale {
		claims["ins"], claims["ins_oid"] = p.INS.Number(), p.INS.Kind().OID()
	}
	return Subject{Key: p.INS.Number(), Group: "Usagers", Label: first + " " + t.Family, Detail: born(t.Sex, t.BirthDate), Claims: claims}
}

func identifierOf(e *element.Element, system string) string {
	for i := range e.Children("identifier") {
		if i.ChildValue("system") == system && i.ChildValue("use") != "old" {
			return i.ChildValue("value")
		}
	}
	return ""
}

func officialName(e *element.Element) (family, given string) {
	for name := range e.Children("name") {
		family = name.ChildValue("family")
		for g := range name.Children("given") {
			given = g.Value
			break
		}
		break
	}
	return family, given
}
