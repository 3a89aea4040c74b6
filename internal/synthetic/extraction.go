package synthetic

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/carnet-fhir/carnet/internal/nos"
)

// ExtractionHeading is the first line of an Annuaire Santé extraction (PS_LibreAcces_Personne_activite).
const ExtractionHeading = "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|Libellé civilité d'exercice|Code civilité|Libellé civilité|" +
	"Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|" +
	"Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|" +
	"Numéro FINESS établissement juridique|Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|Complément destinataire (coord. structure)|" +
	"Complément point géographique (coord. structure)|Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|" +
	"Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|Bureau cedex (coord. structure)|" +
	"Code postal (coord. structure)|Code commune (coord. structure)|Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|" +
	"Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|Adresse e-mail (coord. structure)|Code Département (structure)|" +
	"Libellé Département (structure)|Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|" +
	"Code section tableau pharmaciens|Libellé section tableau pharmaciens|Code rôle|Libellé rôle|Code genre activité|Libellé genre activité|"

// Extraction writes a directory extraction of as many lines, as the national directory publishes them: sorted by person; of five lines four are of different people, and structures are shared
// by hospital staff, so that a hundred lines make about 80 professionals, 100 situations of exercise and 30 structures.
func (g *Generator) Extraction(w io.Writer, lines int) error {
	out := bufio.NewWriterSize(w, 1<<20)
	fmt.Fprintln(out, ExtractionHeading)
	for i := range lines {
		fmt.Fprintln(out, g.ExtractionLine(i))
	}
	return out.Flush()
}

// ExtractionRPPS is the RPPS number of the person of a line.
func ExtractionRPPS(line int) string {
	return nos.WithKey(fmt.Sprintf("998%07d", line/5*4+line%5-line%5/4))
}

// ExtractionLine gives the line of a number, from 0, without the heading. Every fifth line is a second activity of the person of the line before.
func (g *Generator) ExtractionLine(i int) string {
	who := i/5*4 + i%5 - i%5/4
	r := g.source(who, saltProfessional+10)
	j := g.job(who)
	female := r.IntN(2) == 0
	civility, label, from := "M", "Monsieur", boys
	if female {
		civility, label, from = "MME", "Madame", girls
	}
	title := ""
	if j.doctor {
		title = "DR"
	}
	family, given := strings.ToUpper(pick(r, families)), strings.ToUpper(pick(r, from))
	rpps := ExtractionRPPS(i)
	skill := [4]string{}
	if j.specialty != "" {
		s := nos.SavoirFaire(j.specialty)
		skill = [4]string{"S", "Spécialité ordinale", s.Code, s.Display}
	}
	mode := nos.Mode("S")
	if j.liberal && i%5 != 4 {
		mode = nos.Mode("L")
	}
	section, genre := nos.Concept{}, nos.Genre(j.genre)
	if j.section != "" {
		section = nos.Section(j.section)
	}
	cells := []string{"8", rpps, "8" + rpps, title, "", civility, label, family, given, j.profession.Code, j.profession.Display, "C", "Civil",
		skill[0], skill[1], skill[2], skill[3], mode.Code, mode.Display}
	cells = append(cells, g.extractionStructure(i, mode.Code == "L", j)...)
	cells = append(cells, section.Code, section.Display, "", "", genre.Code, genre.Display, "")
	return strings.Join(cells, "|")
}

// extractionStructure gives the fields from the SIRET to the label of the sector. A third of those who practise for themselves have a practice of their own; all others share.
func (g *Generator) extractionStructure(i int, liberal bool, j job) []string {
	number, own := i/20*2, false
	if i%5 == 4 { // a second activity is elsewhere
		number++
	}
	if liberal && i%2 == 0 {
		number, own = i, true
	}
	r := g.source(number, saltStructure+10)
	town := pick(r, towns)
	k := hospital
	if own {
		k = practice
	}
	var siret, siren, finess, entity string
	technical := fmt.Sprintf("R1%013d", number)
	if !k.practice {
		finess = nos.WithKey(fmt.Sprintf("98%06d", number))
		entity = nos.WithKey(fmt.Sprintf("97%06d", number))
		technical = "F" + finess
	} else {
		siren = nos.WithKey(fmt.Sprintf("98%06d", number%1000000))
		siret = nos.WithKey(siren + fmt.Sprintf("%04d", number/1000000+1))
	}
	sector := nos.Sector(k.sector)
	return []string{siret, siren, finess, entity, technical, k.name + " synthétique " + fmt.Sprint(number), "", "", "", fmt.Sprint(1 + r.IntN(120)), "", "R", "Rue", pick(r, streets), "",
		town.postcode + " " + strings.ToUpper(town.name), town.postcode, town.insee, town.name, "", "", fmt.Sprintf("0353640%03d", r.IntN(1000)), "", "", "", "", "", "",
		"Synthétique", sector.Code, sector.Display}
}
