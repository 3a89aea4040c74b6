package nos

import (
	"embed"
	"strings"
	"sync"
)

//go:embed tables/*.txt
var files embed.FS

// Concept is a code of a code system with its French label.
type Concept struct{ System, Code, Display string }

// rows reads a table: fields apart by |, comments by #.
func rows(name string) [][]string {
	text, err := files.ReadFile("tables/" + name + ".txt")
	if err != nil {
		return nil // the file is part of the binary; a test reads each
	}
	var out [][]string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\n"); line != "" && line[0] != '#' {
			out = append(out, strings.Split(line, "|"))
		}
	}
	return out
}

var professionLists = map[string]string{"G15": ProfessionSante, "G16": ProfessionFormation, "R94": ProfessionSocial, "R95": UsagerTitre, "R291": AutreProfession}

// Professions lists the professions: health (TRE_G15, in training TRE_G16), social (TRE_R94), bearers of titles (TRE_R95), others (TRE_R291).
var Professions = sync.OnceValue(func() []Concept {
	var out []Concept
	for _, r := range rows("professions") {
		out = append(out, Concept{professionLists[r[0]], r[1], r[2]})
	}
	return out
})

// Profession finds the profession of a code as the national directory writes it, without its system: the codes of the lists do not overlap, except that TRE_G16 repeats those of TRE_G15 for
// people in training (student says so).
func Profession(code string, student bool) (Concept, bool) {
	for _, c := range Professions() {
		if c.Code == code && (c.System == ProfessionFormation) == student {
			return c, true
		}
	}
	return Concept{}, false
}

var savoirFaire = sync.OnceValue(func() map[string]string { return labels("savoir-faire") })
var sections = sync.OnceValue(func() map[string]string { return labels("sections") })
var sectors = sync.OnceValue(func() map[string]string { return labels("sectors") })

func labels(table string) map[string]string {
	out := map[string]string{}
	for _, r := range rows(table) {
		out[r[0]] = r[1]
	}
	return out
}

// savoirFaireLists: the letters that a savoir-faire code begins with tell its list.
var savoirFaireLists = map[string]string{
	"SM": "TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale", "SCD": "TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale",
	"SI": "TRE_R38-SpecialiteOrdinale/FHIR/TRE-R38-SpecialiteOrdinale", "C": "TRE_R39-Competence/FHIR/TRE-R39-Competence",
	"CEX": "TRE_R40-CompetenceExclusive/FHIR/TRE-R40-CompetenceExclusive", "DSM": "TRE_R42-DESCnonQualifiant/FHIR/TRE-R42-DESCnonQualifiant",
	"CAPA": "TRE_R43-CapaciteSavoirFaire/FHIR/TRE-R43-CapaciteSavoirFaire", "PAC": "TRE_R44-QualificationPAC/FHIR/TRE-R44-QualificationPAC",
	"FQ": "TRE_R45-FonctionQualifiee/FHIR/TRE-R45-FonctionQualifiee", "DEC": "TRE_R97-DroitExerciceCompl/FHIR/TRE-R97-DroitExerciceCompl",
	"SST": "TRE_R359-SurspecialiteTransversale/FHIR/TRE-R359-SurspecialiteTransversale", "": "TRE_G13-OrientationParticuliere/FHIR/TRE-G13-OrientationParticuliere",
}

// SavoirFaireSystem gives the code system of a savoir-faire (ordinal specialty, competence, ...) by its code; codes of unknown letters are of TRE_R01, the list of all.
func SavoirFaireSystem(code string) string {
	letters := strings.TrimRight(code, "0123456789")
	if list, ok := savoirFaireLists[letters]; ok {
		return mos + list
	}
	return mos + "TRE_R01-EnsembleSavoirFaire-CISIS/FHIR/TRE-R01-EnsembleSavoirFaire-CISIS"
}

// SavoirFaire gives a savoir-faire with its label, "" when the table does not know it.
func SavoirFaire(code string) Concept {
	return Concept{SavoirFaireSystem(code), code, savoirFaire()[code]}
}

// Sector gives a sector of activity (secteur d'activité) with its label.
func Sector(code string) Concept { return Concept{SecteurActivite, code, sectors()[code]} }

// Section gives a section of the pharmacists' register (one letter) or a subsection (two).
func Section(code string) Concept {
	if len(code) > 1 {
		return Concept{SousSectionCNOP, code, sections()[code]}
	}
	return Concept{SectionCNOP, code, sections()[code]}
}

// FonctionSystem gives the code system of a function or role by its code: FON-nn is of TRE_R21, AFS... of TRE_R96, numbers of TRE_R85.
func FonctionSystem(code string) string {
	switch {
	case strings.HasPrefix(code, "FON-"):
		return Fonction
	case code != "" && code[0] >= '0' && code[0] <= '9':
		return RolePriseCharge
	}
	return AutreFonction
}

// genres are the kinds of activity in force (TRE_R22, version 20240329).
var genres = map[string]string{
	"GENR01": "Activité de soin et de pharmacie",
	"GENR02": "Activité de soins ou de pharmacien en tant que remplaçant",
	"GENR03": "Remplacement dans une activité de soins",
	"GENR04": "Activité non soignante",
	"GENR06": "Délégation de responsabilité pour continuité de service",
	"GENR08": "Coordination et orientation",
	"GENR09": "Administratif ou appui à l'organisation de l'accompagnement social/médico-social",
	"GENR10": "Accompagnement social/médico-social à la vie sociale, professionnelle, éducative",
	"GENR11": "Accompagnement social/médico-social au soin",
	"GENR12": "Encadrement et organisation de l'accompagnement social/médico-social",
	"GENR13": "Activité médico-administrative",
	"GENR99": "Autre activité",
}

// Genre gives a kind of activity (genre d'activité).
func Genre(code string) Concept { return Concept{GenreActivite, code, genres[code]} }

var modes = map[string]string{"L": "Libéral, indépendant, artisan, commerçant", "S": "Salarié", "B": "Bénévole"}

// Mode gives a mode of exercise (mode d'exercice).
func Mode(code string) Concept { return Concept{ModeExercice, code, modes[code]} }
