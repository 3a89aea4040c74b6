package habilitation

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestColumnOfTheChosenSituation(t *testing.T) {
	e := standard(t)
	for _, c := range []struct {
		name         string
		actor        Actor
		column, kind string
		rule         RuleID
	}{
		{"general practitioner", Actor{Profession: "10", Speciality: "SM26"}, "MED", kindDoctor, "MA"},
		{"médecin du travail", Actor{Profession: "10", Speciality: "SM25"}, "", kindOccupant, "MA"},
		{"doctor without savoir-faire", Actor{Profession: "10"}, "", "", "X6"},
		{"doctor without savoir-faire in coordination", Actor{Profession: "10", Activity: "GENR08"}, "", "", "X6"},
		{"intern", Actor{TrainingProfession: "10"}, "MED", kindDoctor, "MA"},
		{"intern of pharmacy", Actor{TrainingProfession: "21"}, "PHARM", kindPS, "MA"},
		{"pharmacist", Actor{Profession: "21", Section: "A"}, "PHARM", kindPS, "MA"},
		{"biologist", Actor{Profession: "21", Section: "G"}, "PHARM_BIO", kindPS, "MA"},
		{"biologist overseas", Actor{Profession: "21", Section: "EG"}, "PHARM_BIO", kindPS, "MA"},
		{"pharmacist without section", Actor{Profession: "21"}, "", "", "X6"},
		{"préparateur", Actor{Profession: "38"}, "PHARM", kindPS, "MA"},
		{"préparateur by his role", Actor{Role: "317", Activity: "GENR01"}, "PHARM", kindPS, "MA"},
		{"aide-soignant by his role", Actor{Role: "313"}, "", kindPS, "MA"},
		{"aide-soignant in a function of care", Actor{Role: "313", Activity: "GENR11"}, "ACC_SOIN_MS", kindPS, "MA"},
		{"codes in small letters", Actor{Profession: "10", Speciality: "sm25"}, "", kindOccupant, "MA"},
		{"activity in small letters", Actor{Activity: "genr08"}, "COORDINATION", kindPS, "MA"},
		{"an activity without a column", Actor{Profession: "60", Activity: "GENR99"}, "INF", kindPS, "MA"},
		{"psychiatric nurse", Actor{Profession: "69"}, "INF", kindPS, "MA"},
		{"nurse in coordination: no union", Actor{Profession: "60", Activity: "GENR08"}, "COORDINATION", kindPS, "MA"},
		{"nurse in care", Actor{Profession: "60", Activity: "GENR01"}, "INF", kindPS, "MA"},
		{"doctor in coordination", Actor{Profession: "10", Speciality: "SM26", Activity: "GENR08"}, "COORDINATION", kindDoctor, "MA"},
		{"médecin du travail in coordination", Actor{Profession: "10", Speciality: "SM25", Activity: "GENR08"}, "", kindOccupant, "MA"},
		{"by his role", Actor{Activity: "GENR12", Role: "330"}, "ENCADREMENT_MS", kindPS, "MA"},
		{"social worker", Actor{SocialProfession: "41"}, "ASS", kindPS, "MA"},
		{"educator", Actor{SocialProfession: "51"}, "", kindPS, "MA"},
		{"educator in his function", Actor{SocialProfession: "51", Activity: "GENR10"}, "ACC_VIE_SOCIALE_MS", kindPS, "MA"},
		{"psychologist", Actor{Title: "93"}, "", kindPS, "MA"},
		{"psychologist in a function of care", Actor{Title: "93", Activity: "GENR11"}, "ACC_SOIN_MS", kindPS, "MA"},
		{"aide-soignant", Actor{Profession: "35"}, "", kindPS, "MA"},
		{"unknown profession", Actor{Profession: "77"}, "", "", "X1"},
		{"unknown profession of an intern", Actor{Profession: "77", TrainingProfession: "10"}, "", "", "X1"},
		{"unknown activity", Actor{Profession: "60", Activity: "GENR77"}, "", "", "X1"},
		{"a role alone", Actor{Role: "330"}, "", "", "X1"},
		{"an activity that says nothing", Actor{Activity: "GENR01"}, "", "", "X1"},
		{"nothing", Actor{}, "", "", "X1"},
		{"by certificate", Actor{Profession: "10", Speciality: "SM26", Authentication: Indirect}, "", kindES, "MA"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.actor.Kind, c.actor.ID = Professional, Identifier{systemRPPS, "899700000011"}
			column, kind, why := e.Column(&c.actor, situation())
			assert.Equal(t, c.column, column)
			assert.Equal(t, c.kind, kind)
			assert.Equal(t, c.rule, why.Rule, why.Why)
			r := e.Reading(&c.actor, situation(team))
			assert.Equal(t, c.column == "", r.Level != Full || r.Kinds.Empty())
		})
	}
	column, _, _ := engine(t, Options{Unqualified: true}).Column(professional(func(a *Actor) { a.Profession = "10" }), situation())
	assert.Equal(t, "MED", column)
	_, _, why := e.Column(&Actor{Kind: Professional, Profession: "60"}, situation())
	assert.Equal(t, RuleID("X1"), why.Rule, "without an identifier")
}

func TestTypesThatTheMatrixDoesNotKnow(t *testing.T) {
	e := standard(t)
	unknown := &Target{Type: "51851-4", Class: "95"}
	reads(t, e, doctor(), situation(team), unknown, "MA")
	hidden(t, e, nurse(), situation(team), unknown, "X3")
	imaging := &Target{Type: "RPID2589", Class: "31"}
	reads(t, e, nurse(), situation(team), imaging, "MA")
	hidden(t, e, professional(func(a *Actor) { a.Profession = "28" }), situation(team), imaging, "X3")
	assert.True(t, must(e.Reading(doctor(), situation(team))).Data)
	assert.False(t, must(e.Reading(nurse(), situation(team))).Data)
	// The class that a document says does not open a type that the matrix knows.
	hidden(t, e, nurse(), situation(team), &Target{Type: "PRESC-AAT", Class: "31"}, "MA")
}

func TestInstitutionsAndStaffFindReferencesOfTheirStructure(t *testing.T) {
	e := standard(t)
	for _, a := range []*Actor{staff(), institution(), doctor(func(a *Actor) { a.Authentication = Indirect })} {
		structures := report(Masked)
		structures.OwnStructure = true
		judged(t, e, a, situation(), structures, Reference, "MB")
		hidden(t, e, a, situation(team, treating), report(), "MB")
		mayNot(t, e, a, situation(team), ReadDocument, structures, "MB")
		mayNot(t, e, a, situation(team), SearchMetadata, nil, "MB")
		assert.Equal(t, ReferenceOnly, may(t, e, a, situation(), SearchReference, nil, "MB").Limit)
	}
	may(t, e, staff(), situation(), FeedByStaff, nil, "MB")
	mayNot(t, e, staff(), situation(), Feed, nil, "MB")
	assert.True(t, e.Deposit(staff(), situation(), Deposit{Type: "34112-3"}).Permit)
	assert.Equal(t, SameStructure, may(t, e, staff(), situation(), ListAuthorised, nil, "MB").Limit)
	assert.Equal(t, NewAuthorisations, may(t, e, institution(), situation(), ListAuthorised, nil, "MB").Limit)
	assert.Equal(t, Accountable, may(t, e, institution(), situation(), Feed, nil, "MB").Limit)
}

func TestApplicationsReadWhatTheHolderConsentedTo(t *testing.T) {
	e := standard(t)
	grant := func(g Grant) *Situation { return situation(related, func(s *Situation) { s.Grants = []Grant{g} }) }
	prescriptions := grant(Grant{Documents: true, Classes: []string{"42"}, Read: true, Until: now.AddDate(0, 1, 0)})
	reads(t, e, person(Application), prescriptions, &Target{Type: "57833-6", Class: "42"}, "X9")
	hidden(t, e, person(Application), prescriptions, report(), "X9")
	assert.False(t, must(e.Reading(person(Application), prescriptions)).Data)
	hidden(t, e, person(Application), grant(Grant{Documents: true, Read: true, Until: now}), report(), "X9")
	hidden(t, e, person(Application), grant(Grant{Documents: true, Write: true}), report(), "X9")
	all := grant(Grant{Documents: true, Data: true, Read: true})
	reads(t, e, person(Application), all, report(), "X9")
	hidden(t, e, person(Application), all, report(InvisibleToPatient), "D6")
	assert.True(t, must(e.Reading(person(Application), all)).Data)
	hidden(t, e, person(Application), situation(), report(), "X7")
	mayNot(t, e, person(Application), all, Feed, nil, "X9")
	may(t, e, person(Application), grant(Grant{Documents: true, Write: true}), Feed, nil, "D15")
	data := e.Reading(person(Application), grant(Grant{Data: true, Read: true}))
	assert.True(t, data.Data && data.Kinds.Empty())
}

func TestAccessCodesOpenTheirHeadings(t *testing.T) {
	e := standard(t)
	code := situation(func(s *Situation) { s.Codes = []Provision{{Classes: []string{"11", "42"}, Until: now.Add(time24)}} })
	reads(t, e, nurse(), code, &Target{Type: "60591-5", Class: "11"}, "MA")
	hidden(t, e, nurse(), code, report(), "X10")
	hidden(t, e, nurse(), code, &Target{Type: "PRESC-AAT", Class: "42"}, "MA")
	may(t, e, nurse(), code, ReadDocument, &Target{Type: "60591-5", Class: "11"}, "MB")
	mayNot(t, e, nurse(), code, ReadDocument, report(), "X10")
	hidden(t, e, with(nurse(), func(a *Actor) { a.Mode = BreakGlass }), code, &Target{Type: "60591-5", Class: "11"}, "E6")
	code.Blocked = true
	hidden(t, e, nurse(), code, &Target{Type: "60591-5", Class: "11"}, "A8")
}

func TestMasksOfOtherSectors(t *testing.T) {
	e := standard(t)
	social := professional(func(a *Actor) { a.SocialProfession = "41" })
	liaison := &Target{Type: "83981-1", Class: "10", Labels: []Label{MaskedToSocialSector}}
	hidden(t, e, social, situation(team), liaison, "X8")
	reads(t, e, nurse(), situation(team), liaison, "MA")
	coordinator := professional(func(a *Actor) { a.Activity = "GENR08" })
	hidden(t, e, coordinator, situation(team), liaison, "X8")
	coordinator.Profession = "60"
	reads(t, e, coordinator, situation(team), liaison, "MA")
	reads(t, e, doctor(), situation(team), report(MaskedToThirdPersons), "MA")
}

func TestParseAccessMode(t *testing.T) {
	for code, want := range map[string]AccessMode{
		"": Normal, "normal": Normal, "NORMAL": Normal, "bris_de_glace": BreakGlass, "brisDeGlace": BreakGlass, "bris-de-glace": BreakGlass, "centre_15": Centre15, "centre15": Centre15, "regulation": Centre15, "régulation": Centre15,
	} {
		for _, system := range []string{"", OIDAccessMode, OIDAccessModeGIE, "urn:oid:" + OIDAccessMode, "https://mos.esante.gouv.fr/NOS/TRE_R248-ModeAcces/FHIR/TRE-R248-ModeAcces"} {
			mode, err := ParseAccessMode(system, code)
			require.NoError(t, err)
			assert.Equal(t, want, mode)
		}
	}
	for _, wrong := range [][2]string{{"", "urgence"}, {"1.2.3", "normal"}, {"urn:oid:1.2.3", ""}} {
		_, err := ParseAccessMode(wrong[0], wrong[1])
		require.Error(t, err)
	}
}

func TestActorsGoThroughJSON(t *testing.T) {
	a := &Actor{
		Kind: Professional, ID: Identifier{systemRPPS, "899700000011"}, Name: "Claire Martin", Profession: "10", TrainingProfession: "10", Speciality: "SM26", Section: "A", Role: "330", Activity: "GENR01",
		SocialProfession: "41", Title: "93", Structure: Identifier{"urn:s", "1"}, Authentication: ReinforcedIndirect, Mode: BreakGlass, Justification: true, Secret: true,
	}
	text, err := json.Marshal(a)
	require.NoError(t, err)
	back, err := ParseActor(text)
	require.NoError(t, err)
	assert.Equal(t, a, back)
	text, err = json.Marshal(&Actor{Kind: Holder})
	require.NoError(t, err)
	assert.JSONEq(t, `{"kind":"holder"}`, string(text))
	back, err = ParseActor([]byte(`{"kind":"professional","mode":"brisDeGlace"}`))
	require.NoError(t, err)
	assert.Equal(t, BreakGlass, back.Mode)
	for _, wrong := range []string{``, `[]`, `{"kind":"king"}`, `{"kind":"holder","mode":"fast"}`, `{"kind":"holder","authentication":"none"}`, `{"kind":"holder","name":"` + strings.Repeat("x", 300) + `"}`} {
		_, err := ParseActor([]byte(wrong))
		require.Error(t, err, wrong)
	}
}

func FuzzParseAccessMode(f *testing.F) {
	f.Add("", "bris_de_glace")
	f.Add("urn:oid:1.2.250.1.213.1.1.4.336", "Centre_15")
	f.Fuzz(func(t *testing.T, system, code string) {
		mode, err := ParseAccessMode(system, code)
		if err == nil && mode != Normal && mode != BreakGlass && mode != Centre15 {
			t.Fatal(mode)
		}
	})
}

func TestNextTurn(t *testing.T) {
	e := engine(t, Options{AuthorisationLength: 24 * time.Hour})
	s := situation(func(s *Situation) { s.Moment.Given, s.Team.Given = now.Add(-time.Hour), now.Add(-23*time.Hour) })
	assert.Equal(t, now.Add(time.Hour), e.NextTurn(s))
	s.Team.Given = now.Add(-24 * time.Hour) // it has ended
	assert.Equal(t, now.Add(11*time.Hour), e.NextTurn(s))
	midnight := time.Date(2026, 3, 15, 23, 0, 0, 0, time.UTC) // of Paris
	assert.True(t, midnight.Equal(standard(t).NextTurn(situation(team))), "an authorisation of the team has no end by default")
}
