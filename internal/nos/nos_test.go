package nos

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestIdentifiers(t *testing.T) {
	cases := []struct {
		name  string
		check func(string) Rule
		value string
		want  Rule
	}{
		{"RPPS", CheckRPPS, WithKey("1000123456"), ""},
		{"RPPS of a test card", CheckRPPS, "99700218896", ""},
		{"RPPS, one digit wrong", CheckRPPS, "99700218897", RuleRPPSKey},
		{"RPPS, ten digits", CheckRPPS, "9970021889", RuleRPPS},
		{"RPPS, a letter", CheckRPPS, "9970021889A", RuleRPPS},
		{"RPPS with the prefix of an IDNPS", CheckRPPS, "899700218896", RuleRPPSPrefix},
		{"RPPS, empty", CheckRPPS, "", RuleRPPS},
		{"ADELI", CheckADELI, "759912345", ""},
		{"ADELI of Corsica", CheckADELI, "2A9912345", ""},
		{"ADELI overseas", CheckADELI, "9D9912345", ""},
		{"ADELI, too short", CheckADELI, "75991234", RuleADELI},
		{"IDNPS of an RPPS", CheckIDNPS, "899700218896", ""},
		{"IDNPS of an ADELI", CheckIDNPS, "0759912345", ""},
		{"IDNPS of an internal number", CheckIDNPS, "3010780054/1234", ""},
		{"IDNPS, the RPPS is wrong", CheckIDNPS, "899700218897", RuleRPPSKey},
		{"IDNPS without its prefix", CheckIDNPS, "99700218896", RuleIDNPS},
		{"IDNPS, empty", CheckIDNPS, "", RuleTooShort},
		{"FINESS", CheckFINESS, "010000024", ""},
		{"FINESS of a legal entity", CheckFINESS, "010780054", ""},
		{"FINESS overseas", CheckFINESS, "970102018", ""},
		{"FINESS of Corsica", CheckFINESS, "2A0000014", ""},
		{"FINESS of Corsica, a letter too many", CheckFINESS, "2A00000B4", RuleFINESS},
		{"FINESS, key", CheckFINESS, "010000025", RuleFINESSKey},
		{"FINESS, eight digits", CheckFINESS, "01000002", RuleFINESS},
		{"FINESS, 2C", CheckFINESS, "2C0000014", RuleFINESS},
		{"SIREN", CheckSIREN, "732829320", ""},
		{"SIREN, key", CheckSIREN, "732829321", RuleSIRENKey},
		{"SIRET", CheckSIRET, "73282932000074", ""},
		{"SIRET, key", CheckSIRET, "73282932000075", RuleSIRETKey},
		{"SIRET with spaces", CheckSIRET, "732 829 320 00", RuleSIRET},
		{"SIRET of La Poste, head office", CheckSIRET, "35600000000048", ""},
		{"SIRET of La Poste, a post office", CheckSIRET, "35600000049837", ""},
		{"SIRET of La Poste, wrong", CheckSIRET, "35600000049838", RuleSIRETKey},
		{"SIRENE with a SIREN", CheckSIRENE, "732829320", ""},
		{"IDNST of a FINESS", CheckIDNST, "1010000024", ""},
		{"IDNST of a SIRET", CheckIDNST, "373282932000074", ""},
		{"IDNST of a practice", CheckIDNST, "499700218896001", ""},
		{"IDNST, the FINESS is wrong", CheckIDNST, "1010000025", RuleFINESSKey},
		{"IDNST without a prefix", CheckIDNST, "A10000024", RuleIDNST},
		{"rank of an RPPS, too short", CheckRank, "9970021889601", RuleRank},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { assert.Equal(t, c.want, c.check(c.value)) })
	}
}

func TestKeyCatchesOneDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := WithKey(rapid.StringMatching(`[0-9]{10}`).Draw(t, "body"))
		require.Empty(t, CheckRPPS(number))
		wrong := []byte(number)
		at := rapid.IntRange(0, 10).Draw(t, "at")
		wrong[at] = '0' + (wrong[at]-'0'+byte(rapid.IntRange(1, 9).Draw(t, "by")))%10
		require.Equal(t, RuleRPPSKey, CheckRPPS(string(wrong)))
	})
}

func TestTables(t *testing.T) {
	assert.Len(t, Professions(), 51)
	for _, c := range Professions() {
		assert.NotEmpty(t, c.System)
		assert.NotEmpty(t, c.Display)
	}
	medecin, ok := Profession("10", false)
	require.True(t, ok)
	assert.Equal(t, Concept{ProfessionSante, "10", "Médecin"}, medecin)
	interne, ok := Profession("10", true)
	require.True(t, ok)
	assert.Equal(t, ProfessionFormation, interne.System)
	_, ok = Profession("1000", false)
	assert.False(t, ok)
	assert.Equal(t, "Médecine Générale", SavoirFaire("SM54").Display)
	assert.Contains(t, SavoirFaireSystem("SM54"), "R38")
	assert.Contains(t, SavoirFaireSystem("CEX22"), "R40")
	assert.Contains(t, SavoirFaireSystem("C07"), "R39")
	assert.Contains(t, SavoirFaireSystem("80"), "G13")
	assert.Contains(t, SavoirFaireSystem("XY1"), "R01")
	assert.Equal(t, "Pharmacie d'officine", Sector("SA33").Display)
	assert.Equal(t, SectionCNOP, Section("G").System)
	assert.Equal(t, SousSectionCNOP, Section("DA").System)
	assert.Equal(t, Fonction, FonctionSystem("FON-01"))
	assert.Equal(t, RolePriseCharge, FonctionSystem("313"))
	assert.NotEmpty(t, Genre("GENR08").Display)
	assert.NotEmpty(t, Mode("L").Display)
}
