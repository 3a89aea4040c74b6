// Package searchtest makes random resources and random queries over them, so that ways to answer a search can be compared. The same seed gives the same resources and queries. Vocabularies are small, so that
// queries find something, and mean: accents, partial dates, open periods, decimals of several precisions, units, several codings, references by id, by absolute URL and by identifier.
//
// It does not import package search, whose own tests use it.
package searchtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// BaseURL is the server's base in the absolute references that are its own.
const BaseURL = "http://carnet.example/fhir"

var (
	families  = []string{"Lévy-Dûrand", "LEVY DURAND", "Durand", "Dupont", "dupond", "L’Hôpital", "L'Hopital", "Œuvrard", "de la Tour", "Müller", "Groß", "Núñez", "Saint-Étienne", "Dur"}
	givens    = []string{"Zoé", "Zoe", "Jean-Pierre", "Jean", "Ève", "Evelyn", "Séverine", "Anaïs", "François", "Franck", "Noël"}
	cities    = []string{"Paris", "PARIS", "Saint-Denis", "Orléans", "Nîmes", "Angoulême", "Aix en Provence"}
	words     = []string{"Fièvre", "fracture du tibia", "Tibia", "Asthme", "douleur aiguë", "Compte rendu", "compte-rendu d'hospitalisation", "Résultat", "tension"}
	systems   = []string{"http://a.example/codes", "http://b.example/codes", "urn:oid:1.2.250.1.213.1.4.8", "http://loinc.org"}
	codes     = []string{"A1", "a1", "B-2", "8480-6", "8462-4", "85354-9", "x|y", "c,d", "é1"}
	idSystems = []string{"http://a.example/id", "http://b.example/id", "urn:oid:1.2.250.1.213.1.4.8"}
	idValues  = []string{"1", "2", "3", "42", "INS-7", "ins-7", "a$b"}
	idTypes   = []string{"MR", "INS-NIR", "PI"}
	units     = []string{"mg", "g", "mm[Hg]", "mmol/L", "mmol/l"}
	numbers   = []string{"1", "1.0", "1.50", "2", "5.4", "5.40", "99.5", "100", "100.0", "100.4", "120", "-3", "-3.25", "0", "0.001", "1e2", "12345678901234567890.5"}
	uris      = []string{"http://a.example/vs", "http://a.example/vs/1", "http://a.example/vs/1/2", "http://a.example/vsx", "http://b.example/vs", "urn:oid:1.2.3"}
	mimes     = []string{"text/plain", "text/plain; charset=UTF-8", "text/xml", "application/pdf", "application/dicom"}
)

const typeSystem = "http://terminology.hl7.org/CodeSystem/v2-0203"

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// date gives a dateTime of any precision around few moments, so that intervals touch, contain and overlap each other.
func date(r *rand.Rand) string {
	year := pick(r, []int{1950, 1999, 2000, 2019, 2020, 2021})
	month, day := pick(r, []int{1, 2, 3, 12}), pick(r, []int{1, 14, 15, 28})
	switch r.IntN(6) {
	case 0:
		return fmt.Sprintf("%04d", year)
	case 1:
		return fmt.Sprintf("%04d-%02d", year, month)
	case 2, 3:
		return fmt.Sprintf("%04d-%02d-%02d", year, month, day)
	}
	return fmt.Sprintf("%04d-%02d-%02dT%s", year, month, day, clock(r))
}

func clock(r *rand.Rand) string {
	return pick(r, []string{"00:00:00", "10:00:00", "10:00:30", "10:00:00.5", "23:59:59", "23:59:59.999"}) + pick(r, []string{"Z", "+02:00", "-05:30"})
}

func day(r *rand.Rand) string {
	for {
		if d := date(r); len(d) <= 10 {
			return d
		}
	}
}

func instant(r *rand.Rand) string {
	return fmt.Sprintf("%d-%02d-%02dT%s", pick(r, []int{1999, 2020, 2021}), pick(r, []int{1, 3}), pick(r, []int{14, 15}), clock(r))
}

func coding(r *rand.Rand) object {
	c := object{}
	if chance(r, 80) {
		c["system"] = pick(r, systems)
	}
	if chance(r, 90) {
		c["code"] = pick(r, codes)
	}
	if chance(r, 40) || len(c) == 0 {
		c["display"] = pick(r, words)
	}
	return c
}

func concept(r *rand.Rand) object {
	c := object{}
	if chance(r, 85) {
		c["coding"] = some(r, 3, coding)
	}
	if chance(r, 40) || len(c) == 0 {
		c["text"] = pick(r, words)
	}
	return c
}

func identifier(r *rand.Rand) object {
	i := object{"value": pick(r, idValues)}
	if chance(r, 80) {
		i["system"] = pick(r, idSystems)
	}
	if chance(r, 50) {
		i["type"] = object{"coding": some(r, 2, func(r *rand.Rand) object {
			return object{"system": typeSystem, "code": pick(r, idTypes)}
		}), "text": pick(r, words)}
	}
	return i
}

func humanName(r *rand.Rand) object {
	n := object{"family": pick(r, families)}
	if chance(r, 80) {
		n["given"] = some(r, 2, func(r *rand.Rand) string { return pick(r, givens) })
	}
	if chance(r, 20) {
		n["text"] = pick(r, givens) + "  " + pick(r, families)
	}
	if chance(r, 10) {
		n["prefix"] = []any{"Dr"}
	}
	return n
}

func address(r *rand.Rand) object {
	return object{"city": pick(r, cities), "postalCode": strconv.Itoa(75000 + r.IntN(3)), "line": []any{strconv.Itoa(r.IntN(3)) + ", rue de l'Église"}}
}

func contact(r *rand.Rand) object {
	if chance(r, 50) {
		return object{"system": "phone", "value": pick(r, []string{"+33 1 23 45 67 89", "0123456789"})}
	}
	return object{"system": "email", "value": pick(r, []string{"a@example.org", "B@example.org"})}
}

func period(r *rand.Rand) object {
	start, end := day(r), day(r)
	if start[:4] > end[:4] {
		start, end = end, start
	}
	switch r.IntN(4) {
	case 0:
		return object{"start": start}
	case 1:
		return object{"end": end}
	}
	if start[:4] == end[:4] {
		end = strconv.Itoa(2022)
	}
	return object{"start": start, "end": end}
}

// number is a JSON number as written.
func number(r *rand.Rand) raw { return raw(pick(r, numbers)) }

func quantity(r *rand.Rand) object {
	q := object{"value": number(r)}
	if chance(r, 70) {
		q["system"], q["code"] = "http://unitsofmeasure.org", pick(r, units)
	}
	if chance(r, 40) {
		q["unit"] = pick(r, units)
	}
	if chance(r, 10) {
		q["comparator"] = pick(r, []string{"<", "<=", ">", ">="})
	}
	return q
}

func some[T any](r *rand.Rand, most int, make func(*rand.Rand) T) []any {
	var all []any
	for range 1 + r.IntN(most) {
		all = append(all, make(r))
	}
	return all
}

func narrative(r *rand.Rand) object {
	text := strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(pick(r, words) + " " + pick(r, words))
	return object{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><p>` + text + `</p></div>`}
}
