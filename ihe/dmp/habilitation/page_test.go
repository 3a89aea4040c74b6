package habilitation

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var rewrite = flag.Bool("rewrite", false, "write the page and the golden files anew")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *rewrite {
		require.NoError(t, os.WriteFile(file, got, 0o600))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run with -rewrite and read the difference")
}

func TestPage(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, standard(t).Describe(&b, now))
	golden(t, "../../../docs/habilitation.md", b.Bytes())
}

// What $habilitation answers holds no content, and says for everything by which rule.
func TestExplanation(t *testing.T) {
	e := standard(t)
	for name, x := range map[string]Explanation{
		"doctor-without-authorisation": e.Explain(doctor(), situation()),
		"nurse-of-the-team":            e.Explain(nurse(), situation(team, func(s *Situation) { s.Denied = []Provision{{Classes: []string{"42"}}} })),
		"treating-doctor-in-emergency": e.Explain(doctor(in(BreakGlass)), situation(treating)),
		"holder":                       e.Explain(person(Holder), situation(related)),
		"secretary":                    e.Explain(staff(), situation()),
	} {
		t.Run(name, func(t *testing.T) {
			text, err := json.MarshalIndent(x, "", " ")
			require.NoError(t, err)
			golden(t, filepath.Join("testdata", "explain", name+".json"), append(text, '\n'))
			assert.NotContains(t, string(text), doctor().ID.Value)
			for _, d := range x.Transactions {
				assert.NotEmpty(t, d.Decision.Rule)
				assert.NotEmpty(t, d.Decision.Why)
			}
		})
	}
}

// Every numbered rule is declared in full and has a test of its name.
func TestEveryRuleIsDeclaredAndTested(t *testing.T) {
	tests := map[string]bool{}
	files, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok {
				tests[f.Name.Name] = true
			}
		}
	}
	count := map[byte]int{}
	methods := reflect.TypeFor[*Engine]()
	seen := map[RuleID]bool{}
	for _, r := range Rules() {
		assert.False(t, seen[r.ID], "%s is declared once", r.ID)
		seen[r.ID] = true
		assert.True(t, r.Title != "" && r.Source != "" && r.Where != "" && r.Mark.known(), "%s is complete", r.ID)
		for _, m := range regexp.MustCompile(`Engine\.(\w+)`).FindAllStringSubmatch(r.Where, -1) {
			_, there := methods.MethodByName(m[1])
			assert.True(t, there, "%s is enforced by Engine.%s", r.ID, m[1])
		}
		if strings.ContainsRune("AEDMTL", rune(r.ID[0])) && r.ID != "MA" && r.ID != "MB" {
			count[r.ID[0]]++
			assert.True(t, tests["TestRule"+string(r.ID)], "%s has a test", r.ID)
		}
	}
	assert.Equal(t, map[byte]int{'A': 20, 'E': 12, 'D': 18, 'M': 7, 'T': 7, 'L': 8}, count)
}
