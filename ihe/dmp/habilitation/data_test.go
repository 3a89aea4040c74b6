package habilitation

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shared is where a checkout beside this one keeps the collected tables; they are compared with ours when they are there.
const shared = "../../../../shared/data"

func sharedCSV(t *testing.T, name string) [][]string {
	t.Helper()
	f, err := os.Open(filepath.Join(shared, name))
	if os.IsNotExist(err) {
		t.Skipf("the collected table %s is not here", name)
	}
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestMatrixAHasWhatWasCollected(t *testing.T) {
	ed := standard(t).edition(now)
	rows := sharedCSV(t, "habilitation-matrix-wide.csv")
	assert.Equal(t, rows[0][5:], ed.a.columns)
	require.Len(t, rows[1:], len(ed.a.lines))
	for i, row := range rows[1:] {
		l := ed.a.lines[i]
		assert.Equal(t, row[0], l.Class)
		assert.Equal(t, row[1], l.ClassLabel)
		if l.Type == anyType {
			assert.True(t, strings.HasPrefix(row[2], "DICOM"))
		} else {
			assert.Equal(t, row[2], l.Type)
			assert.True(t, strings.HasPrefix(row[3], l.System), row[3])
			assert.Equal(t, row[4], l.Label)
		}
		for j, column := range ed.a.columns {
			assert.Equal(t, row[5+j] == "Y", l.Cells[column].Yes, "%s %s", l.Type, column)
		}
	}
}

// Each line of the long table is a profession and a type: what the engine answers for an actor of that profession is compared, and what is known of the cell.
func TestProfessionsReadWhatWasCollected(t *testing.T) {
	e := standard(t)
	s := situation(team)
	readings := map[string]Reading{}
	for _, row := range sharedCSV(t, "habilitation-matrix.csv")[1:] {
		system, code, typ, yes, confidence := row[0], row[1], row[3], row[6] == "Y", row[9]
		r, ok := readings[code]
		if !ok {
			r = e.Reading(actorOf(t, system, code), s)
			readings[code] = r
		}
		if typ == "*" {
			assert.True(t, r.Kinds.Empty(), code)
			continue
		}
		d := &Target{Type: typ, Class: e.ClassOf(typ, now)}
		if strings.HasPrefix(typ, "DICOM") {
			d = &Target{Type: "RPID2589", Class: "31"}
			typ = anyType
		}
		level, decision := r.Judge(d)
		assert.Equal(t, yes, level == Full, "%s reads %s: %s", code, typ, decision.Why)
		if typ == anyType {
			continue
		}
		column, _, _ := e.Column(actorOf(t, system, code), s)
		cell := e.edition(now).a.byType[typ].Cells[column]
		assert.Equal(t, confidence == "conflict", len(cell.Contrary) > 0, "%s %s", column, typ)
		if confidence == "reported+corroborated" {
			assert.NotEmpty(t, cell.Same, "%s %s", column, typ)
		}
	}
}

// actorOf gives an actor of a profession as the long table writes it.
func actorOf(t *testing.T, system, code string) *Actor {
	t.Helper()
	name, _, _ := strings.Cut(system, " ")
	name, _, _ = strings.Cut(name, "-")
	a := professional()
	switch name {
	case "TRE_G15":
		a.Profession = code
	case "TRE_R22":
		a.Activity = code
	case "TRE_R94":
		a.SocialProfession = code
	case "TRE_R95":
		a.Title = code
	case "TRE_R01":
		a.Profession, a.Speciality = "10", code
	default:
		t.Fatalf("no actor for %s", system)
	}
	switch a.Profession {
	case "10":
		if a.Speciality == "" {
			a.Speciality = "SM26"
		}
	case "21":
		a.Section = "A"
	case "21/G":
		a.Profession, a.Section = "21", "G"
	}
	return a
}

func TestCellsKeepTheirConfidence(t *testing.T) {
	a := standard(t).edition(now).a
	same, contrary := 0, []string{}
	for _, l := range a.lines {
		for column, c := range l.Cells {
			assert.Equal(t, Reported, c.Mark)
			if len(c.Same) > 0 {
				same++
			}
			if len(c.Contrary) > 0 {
				contrary = append(contrary, l.Type+" "+column)
				assert.Equal(t, []string{"S2", "S3"}, c.Contrary)
			}
		}
	}
	assert.Len(t, a.lines, 108)
	assert.Len(t, a.columns, 19)
	assert.Len(t, a.types, 107)
	assert.Equal(t, 46, same)
	assert.Equal(t, []string{"ATTEST-RESID MED"}, contrary)
}

func TestColumnsHaveWhatWasCollected(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(shared, "habilitation-columns.json"))
	if os.IsNotExist(err) {
		t.Skip("the collected columns are not here")
	}
	require.NoError(t, err)
	var columns map[string]struct {
		Label string
		Codes []struct{ System, Code, Mapping string }
	}
	require.NoError(t, json.Unmarshal(text, &columns))
	e := standard(t)
	ed := e.edition(now)
	require.Len(t, columns, len(ed.columns.columns))
	for id, want := range columns {
		c := ed.columns.column(id)
		require.NotNil(t, c, id)
		assert.Equal(t, want.Label, c.Label)
		for _, code := range want.Codes {
			column, _, _ := e.Column(actorOf(t, code.System, code.Code), situation())
			assert.Equal(t, id, column, "%s %s", code.System, code.Code)
		}
	}
}

func TestMatrixBHasWhatWasCollected(t *testing.T) {
	ed := standard(t).edition(now)
	rows := sharedCSV(t, "droits-fonctionnels.csv")
	assert.Equal(t, rows[0][2:], ed.b.columns)
	require.Len(t, rows[1:], len(ed.b.lines))
	for i, row := range rows[1:] {
		l := ed.b.lines[i]
		assert.True(t, strings.HasPrefix(string(l.Transaction), row[0]), row[0])
		action, star := strings.CutSuffix(row[1], " *")
		assert.Equal(t, action, l.Action)
		assert.Equal(t, star, len(l.Notes) > 0)
		for j, column := range ed.b.columns {
			cell := l.Cells[column]
			text := map[bool]string{true: "oui", false: "non"}[cell.Yes]
			if len(cell.Notes) > 0 {
				text += "(" + strings.Join(cell.Notes, ",") + ")"
			}
			assert.Equal(t, row[2+j], text, "%s %s", l.Transaction, column)
			assert.Equal(t, Official, cell.Mark)
		}
	}
}

// The sheet of AIR says in what it differs; everything else is as in the other.
func TestAIRDiffersAsItsSheetSays(t *testing.T) {
	ed := standard(t).edition(now)
	assert.Nil(t, ed.air.byName[LeaveTreatingDoctor])
	for _, l := range ed.air.lines {
		for column, cell := range l.Cells {
			direct := ed.b.byName[l.Transaction].Cells[column]
			switch {
			case l.Transaction == Feed || l.Transaction == FeedByStaff:
				assert.False(t, cell.Yes)
			case (l.Transaction == Archive || l.Transaction == Unarchive) && column == "medecin_non_MT/normal":
				assert.True(t, cell.Yes)
				assert.Empty(t, cell.Notes)
			case cell.Mark == Official:
				assert.Equal(t, direct.Yes, cell.Yes, "%s %s", l.Transaction, column)
				assert.Equal(t, direct.Notes, cell.Notes, "%s %s", l.Transaction, column)
			}
		}
	}
	e := standard(t)
	air := func(a *Actor) { a.Authentication = ReinforcedIndirect }
	mayNot(t, e, doctor(air), situation(team), Feed, nil, "MB")
	may(t, e, doctor(air), situation(team), Archive, report(), "MB")
	may(t, e, with(staff(), air), situation(), DeclareAuthorised, nil, "A11")
	mayNot(t, e, with(occupational(), air), situation(consented), SearchMetadata, nil, "MB")
	reads(t, e, doctor(air), situation(team), report(), "MA")
}
