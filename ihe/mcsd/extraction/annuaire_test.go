package extraction

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/internal/nos"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

func golden(t *testing.T, name, got string) {
	t.Helper()
	if flag.Lookup("rewrite").Value.String() == "true" { // of package servertest
		require.NoError(t, os.WriteFile("testdata/"+name, []byte(got), 0o600))
	}
	want, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

// line writes a line by column names; what is not named is empty.
func line(t testing.TB, values map[column]string) string {
	t.Helper()
	cells := fields(nil, synthetic.ExtractionHeading, '|')
	out := make([]string, len(cells))
	for c, v := range values {
		at := slices.IndexFunc(cells, func(s string) bool { return fold(s) == names[c] })
		require.GreaterOrEqual(t, at, 0, names[c])
		out[at] = v
	}
	return strings.Join(out, "|")
}

// doctor is a line of a general practitioner in a practice; more overrides it.
func doctor(t testing.TB, rpps string, more map[column]string) string {
	t.Helper()
	values := map[column]string{colType: "8", colNumber: rpps, colNational: "8" + rpps, colTitleCode: "DR", colCivilityCode: "MME", colFamily: "LÉGER", colGiven: "ANNE-MARIE",
		colProfession: "10", colProfessionLabel: "Médecin", colCategory: "C", colCategoryLabel: "Civil", colSkillType: "S", colSkillTypeLabel: "Spécialité ordinale", colSkill: "SM54",
		colSkillLabel: "Médecine Générale", colMode: "L", colModeLabel: "Libéral, indépendant, artisan, commerçant", colSIRET: "73282932000074", colSIREN: "732829320",
		colStructure: "R10000000000001", colName: "CABINET DU DR LEGER", colStreetNumber: "12", colStreetRepeat: "B", colStreetType: "Rue", colStreet: "DES LILAS", colPostcode: "44000",
		colCommune: "44109", colCommuneLabel: "Nantes", colPhone: "0253640001", colEmail: "cabinet@example.org", colSector: "SA07", colSectorLabel: "Cabinet individuel",
		colGenre: "GENR01", colGenreLabel: "Activité de soin et de pharmacie"}
	maps.Copy(values, more)
	return line(t, values)
}

func rppsOf(n int) string {
	return nos.WithKey("9970000" + string([]byte{'0' + byte(n/100), '0' + byte(n/10%10), '0' + byte(n%10)}))
}

// mixture is an extraction with what the real one holds, and with what it should not.
func mixture(t testing.TB) []string {
	a, b, c, d := rppsOf(1), rppsOf(2), rppsOf(3), rppsOf(4)
	hospital := map[column]string{colMode: "S", colModeLabel: "Salarié", colSIRET: "", colSIREN: "", colFINESS: "010000024", colFINESSEJ: "010780054", colStructure: "F010000024",
		colName: "CENTRE HOSPITALIER SYNTHÉTIQUE", colTrade: "CHS", colSector: "SA01", colSectorLabel: "Etablissement public de santé", colRole: "FON-01", colRoleLabel: "Titulaire de cabinet"}
	second := maps.Clone(hospital)
	second[colSkill], second[colSkillLabel], second[colSkillType], second[colSkillTypeLabel] = "C07", "Cardiologie (C)", "C", "Compétence"
	return []string{
		synthetic.ExtractionHeading,
		doctor(t, a, nil),
		doctor(t, a, hospital), // two savoir-faire of one activity are two lines
		doctor(t, a, second),
		line(t, map[column]string{colType: "0", colNumber: "759912345", colNational: "0759912345", colFamily: "D'AMICO \"LE GRAND\"", colGiven: "Zoé", colProfession: "93",
			colProfessionLabel: "Psychologue", colCategory: "C", colCategoryLabel: "Civil"}), // registered, no activity
		doctor(t, b, map[column]string{colProfession: "21", colProfessionLabel: "Pharmacien", colSkill: "", colSkillType: "", colSection: "A", colSectionLabel: "Pharmacien titulaire d'officine",
			colSIRET: "", colSIREN: "", colCountry: "99000", colName: "", colTrade: "PHARMACIE DU PORT"}),
		doctor(t, b[:10]+"x", nil),                                             // no RPPS
		doctor(t, c, map[column]string{colNational: "8" + d}),                  // two people in one line
		doctor(t, c, map[column]string{colFINESS: "010000025"}),                // the structure's key
		strings.Replace(doctor(t, c, nil), "|Médecin|", "|Médecin||", 1) + "|", // two fields too many
		doctor(t, a, nil), // not with the others
		doctor(t, d, map[column]string{colFamily: "", colGiven: ""}),
		strings.Repeat("x", maxLine+10),
	}
}

func TestAnnuaire(t *testing.T) {
	d := newDirectory(t)
	report, refused := d.load(t, mixture(t)...)
	golden(t, "annuaire.txt", strings.Join(d.content(t), "\n")+"\n")
	assert.Equal(t, []string{
		string(nos.RuleRPPS), errAgree.Error(), string(nos.RuleFINESSKey), errWidth.Error(), errApart.Error(), errName.Error(), errLongLine.Error(),
	}, refused)
	assert.Equal(t, 7, report.Refused)
	assert.Equal(t, 4, report.People) // the one whose structure is refused is there, without the activity
	assert.Equal(t, 3, report.Activities)
	assert.Equal(t, 3, report.Structures)
	assert.NotContains(t, d.Logs(), "LÉGER")

	before := d.versions(t)
	again, _ := d.load(t, mixture(t)...)
	assert.Equal(t, before, d.versions(t), "the same extraction writes nothing")
	assert.Equal(t, report.Resources, again.Resources)
	assert.Zero(t, again.Closed)
}

func TestHeading(t *testing.T) {
	for _, bad := range []string{"", "nofinesset;rs", strings.Replace(synthetic.ExtractionHeading, "Identification nationale PP", "x", 1)} {
		_, err := heading(bad)
		assert.ErrorContains(t, err, "not the heading")
	}
	l, err := heading("\ufeff" + synthetic.ExtractionHeading)
	_ = l
	require.Error(t, err, "the mark of UTF-8 is taken off by the reader of lines")
	d := newDirectory(t)
	report, _ := d.load(t, "\ufeff"+synthetic.ExtractionHeading, doctor(t, rppsOf(1), nil))
	assert.Equal(t, 1, report.People)
}

// TestWindows1252 takes older extractions, which are not UTF-8, for the same.
func TestWindows1252(t *testing.T) {
	text := synthetic.ExtractionHeading + "\n" + doctor(t, rppsOf(1), nil) + "\n"
	var old []byte
	for _, r := range text {
		old = append(old, byte(r)) // ISO-8859-1
	}
	a, b := newDirectory(t), newDirectory(t)
	a.loadFile(t, Annuaire, write(t, "utf8.txt", text))
	b.loadFile(t, Annuaire, write(t, "latin.txt", string(old)))
	assert.Equal(t, a.content(t), b.content(t))
}
