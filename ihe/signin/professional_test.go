package signin

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

func published(t *testing.T) map[string]json.RawMessage {
	t.Helper()
	text, err := os.ReadFile("testdata/psc-userinfo.json")
	require.NoError(t, err)
	var claims map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &claims))
	return claims
}

// TestUserinfoOfProSanteConnect reads a userinfo of the form that Pro Santé Connect answers.
func TestUserinfoOfProSanteConnect(t *testing.T) {
	p, err := ReadProfessional(published(t))
	require.NoError(t, err)
	assert.Equal(t, []string{nos.SystemRPPS, "99900000003", "CAMILLE ESSAI"}, []string{p.System, p.ID, p.Name()})
	assert.False(t, p.Regulation)
	var labels, actors []string
	for n := range p.Situations {
		labels = append(labels, p.Situations[n].Label())
		a := p.Actor(p.Situation(p.Situations[n].Key))
		text, err := json.Marshal(&a)
		require.NoError(t, err)
		actors = append(actors, string(text))
	}
	assert.Equal(t, []string{
		"Médecin, " + nos.SavoirFaire("SM26").Display + " – CABINET MEDICAL DE TEST", "Médecin, " + nos.SavoirFaire("SM26").Display + " – CENTRE HOSPITALIER DE TEST", "Coordination et orientation – APPUI DE TEST",
	}, labels)
	const who = `{"kind":"professional","id":{"system":"https://rpps.esante.gouv.fr","value":"99900000003"},"name":"CAMILLE ESSAI",`
	assert.Equal(t, []string{
		who + `"profession":"10","speciality":"SM26","activity":"GENR01","structure":{"system":"urn:oid:1.2.250.1.71.4.2.2","value":"499900000003001"},"authentication":"direct","mode":"normal"}`,
		who + `"profession":"10","speciality":"SM26","activity":"GENR01","structure":{"system":"https://finess.esante.gouv.fr","value":"010000024"},"authentication":"direct","mode":"normal"}`,
		who + `"role":"330","activity":"GENR08","structure":{"system":"https://sirene.fr","value":"73282932000074"},"authentication":"direct","mode":"normal"}`,
	}, actors)
}

// TestEveryProfessionFindsItsColumn reads claims of every profession that the matrix names, and of those that it does not, through to the column that decides.
func TestEveryProfessionFindsItsColumn(t *testing.T) {
	engine, err := habilitation.New(habilitation.Options{})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		situation Situation
		column    string
	}{
		"médecin généraliste":               {Situation{Profession: "10", Skill: "SM26"}, "MED"},
		"médecin urgentiste":                {Situation{Profession: "10", Skill: "SM59"}, "MED"},
		"interne en médecine":               {Situation{Profession: "10", Training: true}, "MED"},
		"médecin du travail":                {Situation{Profession: "10", Skill: "SM25"}, ""},
		"pharmacien biologiste":             {Situation{Profession: "21", Section: "G"}, "PHARM_BIO"},
		"pharmacien biologiste outre-mer":   {Situation{Profession: "21", Section: "EG"}, "PHARM_BIO"},
		"pharmacien d'officine":             {Situation{Profession: "21", Section: "A"}, "PHARM"},
		"pharmacien hospitalier":            {Situation{Profession: "21", Section: "H"}, "PHARM"},
		"interne en pharmacie":              {Situation{Profession: "21", Training: true}, "PHARM"},
		"préparateur en pharmacie":          {Situation{Profession: "39"}, "PHARM"},
		"préparateur hospitalier":           {Situation{Profession: "38"}, "PHARM"},
		"chirurgien-dentiste":               {Situation{Profession: "40"}, "CD"},
		"interne en odontologie":            {Situation{Profession: "40", Training: true}, "CD"},
		"sage-femme":                        {Situation{Profession: "50"}, "SF"},
		"infirmier":                         {Situation{Profession: "60"}, "INF"},
		"infirmier psychiatrique":           {Situation{Profession: "69"}, "INF"},
		"kinésithérapeute":                  {Situation{Profession: "70"}, "MK"},
		"pédicure-podologue":                {Situation{Profession: "80"}, "PP"},
		"orthophoniste":                     {Situation{Profession: "91"}, "ORTHOPHONISTE"},
		"ergothérapeute":                    {Situation{Profession: "94"}, "ERGO_PSYCHOMOT_ORTHOPT_DIET"},
		"psychomotricien":                   {Situation{Profession: "96"}, "ERGO_PSYCHOMOT_ORTHOPT_DIET"},
		"orthoptiste":                       {Situation{Profession: "92"}, "ERGO_PSYCHOMOT_ORTHOPT_DIET"},
		"diététicien":                       {Situation{Profession: "95"}, "ERGO_PSYCHOMOT_ORTHOPT_DIET"},
		"audioprothésiste":                  {Situation{Profession: "26"}, "AUDIO_APPAREILLAGE"},
		"orthoprothésiste":                  {Situation{Profession: "81"}, "AUDIO_APPAREILLAGE"},
		"épithésiste":                       {Situation{Profession: "85"}, "AUDIO_APPAREILLAGE"},
		"opticien-lunetier":                 {Situation{Profession: "28"}, "OPTICIEN"},
		"manipulateur":                      {Situation{Profession: "98"}, "MERM"},
		"coordination":                      {Situation{Profession: "99", Activity: "GENR08", Role: "330"}, "COORDINATION"},
		"assistant de service social":       {Situation{Profession: "41"}, "ASS"},
		"administratif du médico-social":    {Situation{Profession: "99", Activity: "GENR09"}, "ADMIN_APPUI_MS"},
		"accompagnement à la vie sociale":   {Situation{Profession: "99", Activity: "GENR10"}, "ACC_VIE_SOCIALE_MS"},
		"accompagnement au soin":            {Situation{Profession: "99", Activity: "GENR11"}, "ACC_SOIN_MS"},
		"éducateur, accompagnement":         {Situation{Profession: "51", Activity: "GENR10"}, "ACC_VIE_SOCIALE_MS"},
		"encadrement":                       {Situation{Profession: "99", Activity: "GENR12"}, "ENCADREMENT_MS"},
		"psychologue":                       {Situation{Profession: "93"}, ""},
		"psychologue, accompagnement":       {Situation{Profession: "93", Activity: "GENR11"}, "ACC_SOIN_MS"},
		"ostéopathe":                        {Situation{Profession: "71"}, ""},
		"aide-soignant":                     {Situation{Profession: "35"}, ""},
		"ambulancier":                       {Situation{Profession: "36"}, ""},
		"éducateur spécialisé":              {Situation{Profession: "51"}, ""},
		"une profession que nul ne connaît": {Situation{Profession: "77"}, ""},
		"aucune profession":                 {Situation{}, ""},
		"rôle sans genre d'activité":        {Situation{Profession: "99", Role: "353"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			claims := raw(t, object{"SubjectNameID": "899900000003", "family_name": "ESSAI", "given_name": "CAMILLE", "SubjectRefPro": object{"exercices": list{exercise(&c.situation, "ESSAI", "CAMILLE")}}})
			p, err := ReadProfessional(claims)
			require.NoError(t, err)
			require.Len(t, p.Situations, 1)
			actor := p.Actor(&p.Situations[0])
			column, _, _ := engine.Column(&actor, &habilitation.Situation{At: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)})
			if column == "-" {
				column = ""
			}
			assert.Equal(t, c.column, column)
		})
	}
}

// TestColumnsOfTheSharedFile holds the same against the published columns, every code of each.
func TestColumnsOfTheSharedFile(t *testing.T) {
	text, err := os.ReadFile("../../../shared/data/habilitation-columns.json")
	if err != nil {
		t.Skip("the columns of the matrix are not beside this repository: ../shared/data/habilitation-columns.json")
	}
	var columns map[string]struct {
		Codes []struct{ System, Code string }
	}
	require.NoError(t, json.Unmarshal(text, &columns))
	require.Len(t, columns, 19)
	engine, err := habilitation.New(habilitation.Options{Unqualified: true})
	require.NoError(t, err)
	for want, c := range columns {
		for _, code := range c.Codes {
			s := Situation{Profession: code.Code}
			switch {
			case strings.HasPrefix(code.System, "TRE_R22"):
				s = Situation{Profession: "99", Activity: code.Code}
			case code.Code == "21/G":
				s = Situation{Profession: "21", Section: "G"}
			case code.Code == "21":
				s.Section = "A"
			}
			p := Professional{System: nos.SystemRPPS, ID: "99900000003"}
			actor := p.Actor(&s)
			column, _, _ := engine.Column(&actor, &habilitation.Situation{At: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)})
			assert.Equal(t, want, column, code.Code)
		}
	}
}

func TestClaimsThatSayNobodyAreRefused(t *testing.T) {
	for name, claims := range map[string]object{
		"no identifier":              {"family_name": "X"},
		"an identifier of no string": {"SubjectNameID": 12},
		"exercises of no list":       {"SubjectNameID": "899900000003", "SubjectRefPro": object{"exercices": "x"}},
		"too many situations":        {"SubjectNameID": "899900000003", "SubjectRefPro": object{"exercices": list{object{"activities": make(list, maxSituations+1)}}}},
	} {
		_, err := ReadProfessional(raw(t, claims))
		require.ErrorIs(t, err, ErrClaims, name)
	}
	p, err := ReadProfessional(raw(t, object{"SubjectNameID": "ANS20990101000000"}))
	require.NoError(t, err)
	assert.Equal(t, nos.SystemIDNPS, p.System, "a test card's number is no RPPS")
	assert.Empty(t, p.Situations)
}

func TestTokensWithoutAnActorAreRefused(t *testing.T) {
	for _, text := range []string{``, `{}`, `[]`, `{"kind":7}`} {
		s := &token.Session{Claims: map[string]json.RawMessage{}}
		if text != "" {
			s.Claims[ClaimActor] = json.RawMessage(text)
		}
		_, err := Decode(s)
		require.Error(t, err)
	}
	a, err := Decode(&token.Session{Claims: map[string]json.RawMessage{ClaimActor: json.RawMessage(`{"kind":"operator"}`)}})
	require.NoError(t, err)
	assert.Equal(t, &habilitation.Actor{Kind: habilitation.Operator}, a)
}

// TestSituationsKeepTheirKeys: each situation is found again by its key, whatever the claims.
func TestSituationsKeepTheirKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		code := rapid.SampledFrom([]string{"", "10", "21", "99", "77"})
		exercises := list{}
		for range rapid.IntRange(0, 6).Draw(t, "exercises") {
			s := Situation{Profession: code.Draw(t, "profession"), Activity: rapid.SampledFrom([]string{"", "GENR01", "GENR08"}).Draw(t, "activity"), StructureID: code.Draw(t, "structure"), StructureSystem: nos.SystemFINESS}
			exercises = append(exercises, exercise(&s, "X", "Y"))
		}
		text, _ := json.Marshal(object{"SubjectNameID": "899900000003", "SubjectRefPro": object{"exercices": exercises}})
		var claims map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(text, &claims))
		p, err := ReadProfessional(claims)
		require.NoError(t, err)
		require.Len(t, p.Situations, len(exercises))
		seen := map[string]bool{}
		for n := range p.Situations {
			require.False(t, seen[p.Situations[n].Key])
			seen[p.Situations[n].Key] = true
			require.Same(t, &p.Situations[n], p.Situation(p.Situations[n].Key))
		}
	})
}

func FuzzReadProfessional(f *testing.F) {
	text, _ := os.ReadFile("testdata/psc-userinfo.json")
	f.Add(text)
	f.Add([]byte(`{"SubjectNameID":"8"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var claims map[string]json.RawMessage
		if json.Unmarshal(text, &claims) != nil {
			return
		}
		p, err := ReadProfessional(claims)
		if err != nil {
			return
		}
		for n := range p.Situations {
			a := p.Actor(&p.Situations[n])
			if a.Kind != habilitation.Professional || a.Mode != habilitation.Normal {
				t.Fatal("claims make nothing but professionals in normal mode")
			}
			_ = p.Situations[n].Label()
		}
	})
}
