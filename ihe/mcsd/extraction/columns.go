package extraction

import (
	"fmt"
	"strings"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
	"unicode"
)

// column is a field of the Annuaire Santé's extraction.
type column int

// The columns that are read, as the extraction of 2024 to 2026 names them.
const (
	colType column = iota
	colNumber
	colNational
	colTitleCode // civilité d'exercice
	colCivilityCode
	colFamily
	colGiven
	colProfession
	colProfessionLabel
	colCategory
	colCategoryLabel
	colSkillType
	colSkillTypeLabel
	colSkill
	colSkillLabel
	colMode
	colModeLabel
	colSIRET
	colSIREN
	colFINESS
	colFINESSEJ
	colStructure
	colName
	colTrade
	colRecipient
	colPoint
	colStreetNumber
	colStreetRepeat
	colStreetType
	colStreet
	colMention
	colCedex
	colPostcode
	colCommune
	colCommuneLabel
	colCountry
	colCountryLabel
	colPhone
	colPhone2
	colFax
	colEmail
	colSector
	colSectorLabel
	colSection
	colSectionLabel
	colRole
	colRoleLabel
	colGenre
	colGenreLabel
	columns
)

// names are the columns' headings, folded (see fold).
var names = [columns]string{
	colType: "type d'identifiant pp", colNumber: "identifiant pp", colNational: "identification nationale pp",
	colTitleCode: "code civilite d'exercice", colCivilityCode: "code civilite", colFamily: "nom d'exercice", colGiven: "prenom d'exercice",
	colProfession: "code profession", colProfessionLabel: "libelle profession", colCategory: "code categorie professionnelle", colCategoryLabel: "libelle categorie professionnelle",
	colSkillType: "code type savoir-faire", colSkillTypeLabel: "libelle type savoir-faire", colSkill: "code savoir-faire", colSkillLabel: "libelle savoir-faire",
	colMode: "code mode exercice", colModeLabel: "libelle mode exercice", colSIRET: "numero siret site", colSIREN: "numero siren site", colFINESS: "numero finess site",
	colFINESSEJ: "numero finess etablissement juridique", colStructure: "identifiant technique de la structure", colName: "raison sociale site", colTrade: "enseigne commerciale site",
	colRecipient: "complement destinataire (coord. structure)", colPoint: "complement point geographique (coord. structure)", colStreetNumber: "numero voie (coord. structure)",
	colStreetRepeat: "indice repetition voie (coord. structure)", colStreetType: "libelle type de voie (coord. structure)", colStreet: "libelle voie (coord. structure)",
	colMention: "mention distribution (coord. structure)", colCedex: "bureau cedex (coord. structure)", colPostcode: "code postal (coord. structure)",
	colCommune: "code commune (coord. structure)", colCommuneLabel: "libelle commune (coord. structure)", colCountry: "code pays (coord. structure)",
	colCountryLabel: "libelle pays (coord. structure)", colPhone: "telephone (coord. structure)", colPhone2: "telephone 2 (coord. structure)", colFax: "telecopie (coord. structure)",
	colEmail: "adresse e-mail (coord. structure)", colSector: "code secteur d'activite", colSectorLabel: "libelle secteur d'activite",
	colSection: "code section tableau pharmaciens", colSectionLabel: "libelle section tableau pharmaciens", colRole: "code role", colRoleLabel: "libelle role",
	colGenre: "code genre activite", colGenreLabel: "libelle genre activite",
}

// needed are the columns without which a line says nothing; older extractions lack the last ones.
var needed = [...]column{colType, colNumber, colNational, colFamily, colGiven, colProfession, colMode, colStructure}

// layout tells where each column stands.
type layout struct {
	at    [columns]int // -1: absent
	width int
}

// Heading reads the first line.
func heading(line string) (*layout, error) {
	l := &layout{}
	cells := fields(nil, line, '|')
	l.width = len(cells)
	place := map[string]int{}
	for i, c := range cells {
		place[fold(c)] = i
	}
	for c := range columns {
		l.at[c] = -1
		if i, ok := place[names[c]]; ok {
			l.at[c] = i
		}
	}
	for _, c := range needed {
		if l.at[c] < 0 {
			return nil, fmt.Errorf("the first line is not the heading of a PS_LibreAcces_Personne_activite file: the column %q is missing", names[c])
		}
	}
	return l, nil
}

// fold makes headings comparable: small letters without accents, typographic apostrophes as plain ones.
func fold(s string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(s))
	if err != nil {
		plain = s
	}
	return strings.ReplaceAll(plain, "’", "'")
}

// row is one line by columns.
type row struct {
	layout *layout
	cells  []string
	number int
}

func (r *row) get(c column) string {
	if i := r.layout.at[c]; i >= 0 && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

// fits says that the line has as many fields as the heading; the separator at the end may be missing from either.
func (r *row) fits() bool {
	d := len(r.cells) - r.layout.width
	return d == 0 || d == 1 && r.cells[len(r.cells)-1] == "" || d == -1
}
