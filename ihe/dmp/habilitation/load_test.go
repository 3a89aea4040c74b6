package habilitation

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func builtInFile(t testing.TB, name string) string {
	t.Helper()
	text, err := fs.ReadFile(builtIn, "data/"+name)
	require.NoError(t, err)
	return string(text)
}

// replaced gives a built-in file in which old became new, once.
func replaced(t testing.TB, name, old, new string) fstest.MapFS {
	t.Helper()
	text := builtInFile(t, name)
	require.Equal(t, 1, strings.Count(text, old), "%q is in %s once", old, name)
	return fstest.MapFS{name: {Data: []byte(strings.Replace(text, old, new, 1))}}
}

func TestLoadTellsFileAndLine(t *testing.T) {
	const a, b, codes, columns = "matrix-a-2024-09-25.csv", "matrix-b-2024-09-25.csv", "codes-2024-09-25.csv", "columns-2024-09-25.csv"
	for _, c := range []struct{ name, file, old, new, want string }{
		{"a cell that is neither", a, "TRE_A05,Prescription arrêt de travail,,oui,non", "TRE_A05,Prescription arrêt de travail,,oui,maybe", a + ":88: a cell is oui or non, not \"maybe\""},
		{"an empty cell", a, "TRE_A05,Prescription arrêt de travail,,oui,non", "TRE_A05,Prescription arrêt de travail,,oui,", a + ":88: a cell is empty"},
		{"a condition in matrix A", a, "TRE_A05,Prescription arrêt de travail,,oui,non", "TRE_A05,Prescription arrêt de travail,,oui(6),non", a + ":88: the note \"6\" is not in the header"},
		{"an unknown source", a, "oui !S2 !S3", "oui !S9", a + ":121: \"!S9\" is neither"},
		{"a type twice", a, "42,Prescription,PRESC-KINE,", "42,Prescription,PRESC-BIO,", a + ":90: the type PRESC-BIO of class 42 is there twice"},
		{"a line too short", a, "42,Prescription,PRESC-KINE,TRE_A05,", "42,Prescription,PRESC-KINE,", a + ":90: wrong number of fields"},
		{"an unknown column", a, ",OPTICIEN,MERM", ",OPTICIENS,MERM", a + ": the column \"OPTICIENS\" is not in " + columns},
		{"no day", a, "# in-force: 2024-09-25", "# in-force: soon", a + ":4: in-force is a day, YYYY-MM-DD, not \"soon\""},
		{"no version", a, "# version: CNAM 2024-09-25, 108 types", "# remark", a + ": the header lacks"},
		{"no mark", a, "# mark: reported", "# mark: sure", a + ":7: the mark is official, reported or inferred, not \"sure\""},
		{"unknown default", a, "# unknown-type: MED", "# unknown-type: DOCTORS", "unknown-type names the column \"DOCTORS\""},
		{"unknown producer", a, "Données de remboursement,insurance", "Données de remboursement,somebody", a + ":112: the producer is"},
		{"no such table", a, "# table: matrix-a", "# table: matrix-c", a + ": the header has no line \"# table:\""},
		{"a condition that nobody knows", b, "# note 6: own: ", "# note 6: own-if-nice: ", "the condition \"own-if-nice\" of note 6 is none that Carnet can apply"},
		{"a note without text", b, "# note 6: own: own documents only, those of which one is an author", "# remark", "the note \"6\" is not in the header"},
		{"an unknown transaction", b, "TD3.3b,", "TD3.3z,", "there is no transaction \"TD3.3z\""},
		{"a transaction that is missing", b, "TD3.3b,", "TD0.1,", "the line of the transaction TD3.3b is missing"},
		{"an unknown kind of actor", b, "CPE_non_PS/normal", "CPE/normal", "the column \"CPE/normal\" is not KIND/MODE"},
		{"variant", b, "# variant: direct", "# variant: other", b + ": the header of a matrix-b has"},
		{"an unknown column of a code", codes, "TRE_G15,28,,OPTICIEN,", "TRE_G15,28,,OPTICIENS,", "the code 28 of TRE_G15 leads to the column \"OPTICIENS\""},
		{"an unknown system", codes, "TRE_G15,28,", "G15,28,", codes + ":"},
		{"an unknown kind", codes, "OPTICIEN,PS_non_medecin", "OPTICIEN,PS", "the kind \"PS\" is none of"},
		{"a bad with", codes, "TRE_G05=G EG", "TRE_G05", "with is SYSTEM=CODE CODE..."},
		{"a code twice", codes, "TRE_G15,28,", "TRE_G15,26,", "the code 26 of TRE_G15 is there twice"},
		{"a column twice", columns, "OPTICIEN,OPT", "MERM,OPT", "the column MERM is there twice"},
		{"a sector", columns, "OPT,health", "OPT,wellness", "the sector is health, social or mixed, not \"wellness\""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(replaced(t, c.file, c.old, c.new), Options{})
			var faults *LoadError
			require.ErrorAs(t, err, &faults)
			assert.Contains(t, err.Error(), c.want)
			for _, p := range faults.Problems {
				assert.NotEmpty(t, p.File)
			}
		})
	}
}

func TestLoadTellsAllFaultsWithinBounds(t *testing.T) {
	_, err := Load(fstest.MapFS{"matrix-a.csv": {Data: []byte(strings.ReplaceAll(builtInFile(t, "matrix-a-2024-09-25.csv"), ",oui", ",ja"))}}, Options{})
	var faults *LoadError
	require.ErrorAs(t, err, &faults)
	assert.Len(t, faults.Problems, maxProblems)
	for name, dir := range map[string]fs.FS{
		"no tables":  fstest.MapFS{"read.me": {}},
		"too long":   fstest.MapFS{"a.csv": {Data: make([]byte, maxTableBytes+1)}},
		"not UTF-8":  fstest.MapFS{"a.csv": {Data: []byte("# table: columns\n\xff")}},
		"empty":      fstest.MapFS{"a.csv": {}},
		"same twice": fstest.MapFS{"a.csv": {Data: []byte(builtInFile(t, "codes-2024-09-25.csv"))}, "b.csv": {Data: []byte(builtInFile(t, "codes-2024-09-25.csv"))}},
	} {
		_, err := Load(dir, Options{})
		require.ErrorAs(t, err, &faults, name)
	}
}

func TestVersionsStandSideBySide(t *testing.T) {
	text := strings.Replace(builtInFile(t, "matrix-a-2024-09-25.csv"), "# in-force: 2024-09-25", "# in-force: 2026-04-01", 1)
	text = strings.Replace(text, "PRESC-AAT,TRE_A05,Prescription arrêt de travail,,oui,non,non,non,non,non", "PRESC-AAT,TRE_A05,Prescription arrêt de travail,,oui,non,non,non,non,oui", 1)
	text = strings.Replace(text, "# version: CNAM 2024-09-25, 108 types", "# version: of 2026", 1)
	e, err := Load(fstest.MapFS{"matrix-a-2026.csv": {Data: []byte(text)}}, Options{})
	require.NoError(t, err)
	sickLeave := &Target{Type: "PRESC-AAT", Class: "42"}
	before := situation(team)
	after := situation(team, func(s *Situation) { s.At = time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) })
	hidden(t, e, nurse(), before, sickLeave, "MA")
	reads(t, e, nurse(), after, sickLeave, "MA")
	assert.Equal(t, "of 2026", must(e.Reading(nurse(), after)).Version)
	// Before the first version the first holds.
	early := situation(team, func(s *Situation) {
		s.At, s.Team.Given = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	hidden(t, e, nurse(), early, sickLeave, "MA")
	reads(t, e, nurse(), early, report(), "MA")
}

func TestATableOfTheSameDayReplaces(t *testing.T) {
	e, err := Load(replaced(t, "matrix-b-2024-09-25.csv", "TD3.2-masked,Consulter un document masqué aux PS,,oui(6)", "TD3.2-masked,Consulter un document masqué aux PS,,oui"), Options{})
	require.NoError(t, err)
	reads(t, e, nurse(), situation(team), report(Masked), "MA")
	hidden(t, e, doctor(), situation(team), report(Masked), "D2")
	e, err = Load(replaced(t, "matrix-b-2024-09-25.csv", "TD3.2-archived,Consulter un document archivé,,oui", "TD3.2-archived,Consulter un document archivé,,non"), Options{})
	require.NoError(t, err)
	archived := report()
	archived.State = Archived
	hidden(t, e, nurse(), situation(team), archived, "D10")
	reads(t, e, doctor(), situation(team), archived, "MA")
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"columns-2024-09-25.csv", "codes-2024-09-25.csv", "matrix-a-2024-09-25.csv", "matrix-b-2024-09-25.csv", "matrix-b-air-2025-07-08.csv"} {
		f.Add([]byte(builtInFile(f, name)))
	}
	f.Add([]byte("# table: matrix-a\n# in-force: 2026-01-01\n# title: t\n# version: v\n# mark: inferred\nclass,class_label,type,system,label,producer\n1,a,\"*\",,b,\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var alone tables
		var p problems
		if alone.add("x.csv", text, &p) == nil || p.err() != nil {
			return // most inputs end here, without the other tables being read
		}
		e, err := Load(fstest.MapFS{"x.csv": {Data: text}}, Options{})
		if err != nil {
			return
		}
		// What loads decides, whatever it says; a block wins.
		r := e.Reading(nurse(), situation(team, blocked))
		assert.True(t, r.Empty())
		e.Explain(nurse(), situation(team))
	})
}

func FuzzParseActor(f *testing.F) {
	f.Add([]byte(`{"kind":"professional","id":{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899700000011"},"profession":"10","speciality":"SM26","mode":"brisDeGlace","justification":true}`))
	f.Add([]byte(`{"kind":"holder","mode":"centre_15"}`))
	e := standard(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		a, err := ParseActor(text)
		if err != nil {
			return
		}
		assert.Contains(t, kinds, a.Kind)
		e.Explain(a, situation(team, related))
	})
}
