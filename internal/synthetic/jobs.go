package synthetic

import "github.com/carnet-fhir/carnet/internal/nos"

// job is a profession as somebody exercises it: what the national directory says of an activity.
type job struct {
	profession nos.Concept
	specialty  string // savoir-faire
	section    string // of the pharmacists' register
	genre      string // kind of activity
	liberal    bool
	doctor     bool // titled DR
	at         []kind
}

// kind is a kind of structure.
type kind struct {
	name     string
	sector   string // TRE_R02
	category concept
	legal    bool // belongs to a legal entity (entité juridique) of its own
	practice bool // no FINESS: a practice, known by its holder's number with a rank
}

var (
	university  = kind{name: "CHU", sector: "SA01", category: concept{"101", "Centre Hospitalier Régional (C.H.R.)"}, legal: true}
	hospital    = kind{name: "Centre hospitalier", sector: "SA01", category: concept{"355", "Centre Hospitalier (C.H.)"}, legal: true}
	samu        = kind{name: "SAMU", sector: "SA01", category: concept{"355", "Centre Hospitalier (C.H.)"}, legal: true}
	clinic      = kind{name: "Clinique", sector: "SA04", category: concept{"365", "Etablissement de Soins Pluridisciplinaire"}, legal: true}
	homeCare    = kind{name: "Hospitalisation à domicile", sector: "SA03", category: concept{"127", "Hospitalisation à Domicile"}, legal: true}
	laboratory  = kind{name: "Laboratoire de biologie médicale", sector: "SA25", category: concept{"611", "Laboratoire de Biologie Médicale"}, legal: true}
	pharmacy    = kind{name: "Pharmacie", sector: "SA33", category: concept{"620", "Pharmacie d'Officine"}}
	nursingHome = kind{name: "EHPAD", sector: "SA17", category: concept{"500", "Etablissement d'hébergement pour personnes âgées dépendantes"}, legal: true}
	center      = kind{name: "Centre de santé", sector: "SA05", category: concept{"124", "Centre de Santé"}}
	pmi         = kind{name: "PMI", sector: "SA15", category: concept{"223", "Protection Maternelle et Infantile (P.M.I.)"}}
	healthHouse = kind{name: "Maison de santé", sector: "SA52", category: concept{"603", "Maison de santé (L.6223-3)"}}
	practice    = kind{name: "Cabinet individuel", sector: "SA07", practice: true}
	group       = kind{name: "Cabinet de groupe", sector: "SA08", practice: true}
	appliance   = kind{name: "Appareillage médical", sector: "SA42", practice: true}
	network     = kind{name: "Dispositif d'appui à la coordination", sector: "SA57", practice: true}
	social      = kind{name: "Service d'accompagnement médico-social", sector: "SA41", practice: true}
)

func health(code string) nos.Concept { return concepts(nos.ProfessionSante, code) }

func concepts(system, code string) nos.Concept {
	for _, c := range nos.Professions() {
		if c.System == system && c.Code == code {
			return c
		}
	}
	return nos.Concept{System: system, Code: code}
}

// familyDoctorStep: every fifth professional is a general practitioner, and the first of them are people's médecin traitant.
const (
	familyDoctorStep = 5
	familyDoctors    = 8
)

func generalPractitioner() job {
	return job{profession: health("10"), specialty: "SM54", genre: "GENR01", liberal: true, doctor: true, at: []kind{practice, healthHouse, center, group}}
}

// jobs are the others: every profession of the habilitation matrix of the DMP (arrêté of 26 October 2023), those that stand under one column included, and physicians of several
// specialties.
func jobs() []job {
	acting := func(genre string, at ...kind) job {
		return job{profession: concepts(nos.AutreProfession, "99"), genre: genre, at: at}
	}
	care := func(code string, liberal bool, at ...kind) job {
		return job{profession: health(code), genre: "GENR01", liberal: liberal, at: at}
	}
	physician := func(specialty string, at ...kind) job {
		return job{profession: health("10"), specialty: specialty, genre: "GENR01", doctor: true, at: at}
	}
	pharmacist := func(section string, liberal bool, at ...kind) job {
		return job{profession: health("21"), section: section, genre: "GENR01", liberal: liberal, doctor: true, at: at}
	}
	dentist := care("40", true, practice)
	dentist.doctor = true
	return []job{
		physician("SM04", university), pharmacist("G", false, laboratory), pharmacist("A", true, pharmacy), dentist, care("50", false, pmi, clinic),
		care("60", false, hospital, nursingHome, homeCare), care("70", true, practice), care("80", true, practice), care("91", true, practice), care("94", false, nursingHome),
		care("26", true, appliance), care("28", true, appliance), care("98", false, hospital), acting("GENR08", network),
		{profession: concepts(nos.ProfessionSocial, "41"), genre: "GENR01", at: []kind{hospital}},
		acting("GENR09", social), acting("GENR10", social), acting("GENR11", social), acting("GENR12", social),
		care("69", false, hospital), care("38", false, hospital), care("39", false, pharmacy), care("96", false, clinic), care("92", true, group), care("95", false, clinic),
		care("81", false, appliance), care("82", false, appliance), care("83", false, appliance), care("84", false, appliance), care("85", false, appliance),
		physician("SM59", samu), physician("SM40", pmi),
		physician("SM44", clinic), physician("SM18", nursingHome), physician("SM03", laboratory), pharmacist("H", false, hospital), care("60", true, group),
	}
}
