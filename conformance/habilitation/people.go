package habilitation

import (
	"fmt"
	"maps"
	"slices"
)

// Exercise is a situation of exercise: the codes by which a professional is known, by nomenclature (G15, G16, R01, G05, R22, R94, R95, R85).
type Exercise struct {
	Name   string
	Column string // of matrix A, "" for none
	Codes  map[string]string
	Doctor bool // of the columns médecin of matrix B
	// Occupational is a médecin du travail.
	Occupational bool
}

// Exercises are all situations that the columns of matrix A name, then those that have none. The first of each column comes with Principal.
func Exercises() []Exercise {
	doctor := func(speciality string) map[string]string { return map[string]string{"G15": "10", "R01": speciality} }
	g15 := func(code string) map[string]string { return map[string]string{"G15": code} }
	role := func(activity string) map[string]string { return map[string]string{"R85": "330", "R22": activity} }
	list := []Exercise{
		{Name: "médecin généraliste", Column: "MED", Codes: doctor("SM26"), Doctor: true},
		{Name: "radiologue", Column: "MED", Codes: doctor("SM44"), Doctor: true},
		{Name: "interne en médecine", Column: "MED", Codes: map[string]string{"G16": "10"}, Doctor: true},
		{Name: "pharmacien biologiste", Column: "PHARM_BIO", Codes: map[string]string{"G15": "21", "G05": "G"}},
		{Name: "pharmacien biologiste d'outre-mer", Column: "PHARM_BIO", Codes: map[string]string{"G15": "21", "G05": "EG"}},
		{Name: "pharmacien d'officine", Column: "PHARM", Codes: map[string]string{"G15": "21", "G05": "A"}},
		{Name: "préparateur en pharmacie", Column: "PHARM", Codes: g15("38")},
		{Name: "préparateur en pharmacie hospitalière", Column: "PHARM", Codes: g15("39")},
		{Name: "chirurgien-dentiste", Column: "CD", Codes: g15("40")},
		{Name: "sage-femme", Column: "SF", Codes: g15("50")},
		{Name: "infirmier", Column: "INF", Codes: g15("60")},
		{Name: "infirmier psychiatrique", Column: "INF", Codes: g15("69")},
		{Name: "masseur-kinésithérapeute", Column: "MK", Codes: g15("70")},
		{Name: "pédicure-podologue", Column: "PP", Codes: g15("80")},
		{Name: "orthophoniste", Column: "ORTHOPHONISTE", Codes: g15("91")},
	}
	for _, code := range []string{"94", "96", "92", "95"} {
		list = append(list, Exercise{Name: "profession " + code, Column: "ERGO_PSYCHOMOT_ORTHOPT_DIET", Codes: g15(code)})
	}
	for _, code := range []string{"26", "81", "82", "83", "84", "85"} {
		list = append(list, Exercise{Name: "profession " + code, Column: "AUDIO_APPAREILLAGE", Codes: g15(code)})
	}
	list = append(list,
		Exercise{Name: "opticien-lunetier", Column: "OPTICIEN", Codes: g15("28")},
		Exercise{Name: "manipulateur", Column: "MERM", Codes: g15("98")},
		Exercise{Name: "coordination", Column: "COORDINATION", Codes: role("GENR08")},
		Exercise{Name: "infirmier coordinateur", Column: "COORDINATION", Codes: map[string]string{"G15": "60", "R85": "330", "R22": "GENR08"}},
		Exercise{Name: "assistant social", Column: "ASS", Codes: map[string]string{"R94": "41"}},
		Exercise{Name: "fonctions administratives", Column: "ADMIN_APPUI_MS", Codes: role("GENR09")},
		Exercise{Name: "vie sociale", Column: "ACC_VIE_SOCIALE_MS", Codes: role("GENR10")},
		Exercise{Name: "accompagnement au soin", Column: "ACC_SOIN_MS", Codes: role("GENR11")},
		Exercise{Name: "encadrement", Column: "ENCADREMENT_MS", Codes: role("GENR12")},
		Exercise{Name: "médecin du travail", Codes: doctor("SM25"), Doctor: true, Occupational: true},
	)
	for _, code := range []string{"31", "32", "35", "36", "37", "86"} {
		list = append(list, Exercise{Name: "profession " + code + " sans colonne", Codes: g15(code)})
	}
	for _, code := range []string{"71", "72", "73", "93", "97"} {
		list = append(list, Exercise{Name: "titre " + code + " sans colonne", Codes: map[string]string{"R95": code}})
	}
	return append(list, Exercise{Name: "éducateur sans fonction", Codes: map[string]string{"R94": "51"}}, Exercise{Name: "inconnu", Codes: g15("77")})
}

// Professional is somebody with a relation to the record.
type Professional struct {
	RPPS string // 11 digits
	Exercise
	Relation Relation
	Blocked  bool
	Treating bool
}

// Professionals are all situations of exercise crossed with {care team, consent of the moment, none} and {blocked, not}, and a médecin traitant of each.
func Professionals() []Professional {
	var list []Professional
	for _, e := range Exercises() {
		for _, relation := range []Relation{Team, Moment, None} {
			for _, blocked := range []bool{false, true} {
				list = append(list, Professional{RPPS: rpps(len(list)), Exercise: e, Relation: relation, Blocked: blocked})
			}
		}
	}
	for _, blocked := range []bool{false, true} {
		list = append(list, Professional{RPPS: rpps(len(list)), Exercise: Exercises()[0], Relation: None, Treating: true, Blocked: blocked})
	}
	return list
}

// rpps gives made-up numbers of eleven digits whose last one is the key of Luhn.
func rpps(n int) string {
	digits := fmt.Sprintf("%010d", 8100000000+n)
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// Columned counts the columns of matrix A that the exercises reach.
func Columned() []string {
	seen := map[string]bool{}
	for _, e := range Exercises() {
		if e.Column != "" {
			seen[e.Column] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
