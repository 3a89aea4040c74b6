package habilitation

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func read(t *testing.T, a, b string) *Tables {
	t.Helper()
	fa, err := os.Open(a)
	require.NoError(t, err)
	defer fa.Close()
	fb, err := os.Open(b)
	require.NoError(t, err)
	defer fb.Close()
	tables, err := ReadTables(fa, fb)
	require.NoError(t, err)
	return tables
}

const own = "../../ihe/dmp/habilitation/data"

func TestTables(t *testing.T) {
	tables := read(t, filepath.Join(own, "matrix-a-2024-09-25.csv"), filepath.Join(own, "matrix-b-2024-09-25.csv"))
	assert.Len(t, tables.Types, 108)
	assert.Len(t, tables.Columns, 19)
	assert.Len(t, tables.Rights, 26)
	assert.Len(t, tables.ActorModes, 12)
	assert.ElementsMatch(t, tables.Columns, Columned(), "every column is reached by a situation of exercise")
	readable := map[string]int{}
	for i := range tables.Types {
		for column, yes := range tables.Types[i].Reads {
			if yes {
				readable[column]++
			}
		}
	}
	assert.Equal(t, map[string]int{
		"MED": 108, "PHARM_BIO": 78, "PHARM": 78, "CD": 74, "SF": 75, "INF": 78, "MK": 76, "PP": 70, "ORTHOPHONISTE": 61, "ERGO_PSYCHOMOT_ORTHOPT_DIET": 49, "AUDIO_APPAREILLAGE": 19, "OPTICIEN": 12, "MERM": 38,
		"COORDINATION": 34, "ASS": 9, "ADMIN_APPUI_MS": 5, "ACC_VIE_SOCIALE_MS": 9, "ACC_SOIN_MS": 26, "ENCADREMENT_MS": 13,
	}, readable)
}

// TestTablesArePublished compares the tables that the server uses with those that were published, cell by cell.
func TestTablesArePublished(t *testing.T) {
	const shared = "../../../shared/data"
	if _, err := os.Stat(shared); err != nil {
		t.Skip("no published tables beside the repository")
	}
	published := read(t, filepath.Join(shared, "habilitation-matrix-wide.csv"), filepath.Join(shared, "droits-fonctionnels.csv"))
	used := read(t, filepath.Join(own, "matrix-a-2024-09-25.csv"), filepath.Join(own, "matrix-b-2024-09-25.csv"))
	cells := 0
	for i := range published.Types {
		for column, yes := range published.Types[i].Reads {
			assert.Equal(t, yes, used.Types[i].Reads[column], "%s %s", published.Types[i].Code, column)
			cells++
		}
	}
	for i := range published.Rights {
		for column, cell := range published.Rights[i].Cells {
			assert.Equal(t, Footnote(cell), Footnote(used.Rights[i].Cells[column]), "%s %s", published.Rights[i].Action, column)
			assert.Equal(t, cell[0], used.Rights[i].Cells[column][0])
			cells++
		}
	}
	t.Logf("%d cells", cells)
}
