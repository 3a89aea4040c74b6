package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda"
)

// mutation breaks one thing of a valid document: what the edits do must be refused by the rule, and by no other. Of rules that warn it must be warned of, and nothing refused.
//
// An edit is one of
//
//	del PATH            takes an element away
//	dup PATH            puts a copy of it behind it
//	set PATH NAME=VALUE gives it an attribute; with NAME= alone the attribute is taken away
//	put PATH XML        puts XML behind it; "in" puts it within, at the end, and "pre" before
//	txt PATH TEXT       gives it that text
type mutation struct {
	rule, base string
	edits      string // separated by " ;; "
}

const (
	full   = "testdata/full.xml"
	fullN3 = "testdata/full-n3.xml"
	plain  = "../testdata/n1-text.xml"
	letter = "../testdata/n3-ldl-ees.xml"
)

func TestMutations(t *testing.T) {
	covered := map[string]bool{}
	for _, m := range mutations() {
		covered[m.rule] = true
		t.Run(m.rule+"/"+short(m.edits), func(t *testing.T) {
			findings := Check(parse(t, m.apply(t)))
			if r := loadRules().byID[m.rule]; r != nil && r.Severity != cda.Error {
				assert.Empty(t, Errors(findings), "%v", findings)
				assert.True(t, has1(findings, m.rule), "%v", findings)
				return
			}
			assert.Equal(t, []string{m.rule}, Errors(findings), "%v", findings)
			for _, f := range findings {
				assert.NotEmpty(t, f.Path)
				assert.NotZero(t, f.Line)
				assert.NotEmpty(t, f.Message)
			}
		})
	}
	assert.GreaterOrEqual(t, len(mutations()), 120)
	for _, r := range Rules() {
		assert.True(t, covered[r.ID], "rule %s has a mutation", r.ID)
	}
	for _, id := range []string{RuleUnknown, RuleOrder, RuleMissing, RuleAttribute, RuleValue, RuleText, RuleType, RuleID} {
		assert.True(t, covered[id], "rule %s has a mutation", id)
	}
}

func has1(findings []cda.Finding, rule string) bool {
	for _, f := range findings {
		if f.Rule == rule {
			return true
		}
	}
	return false
}

func short(edits string) string {
	edits = strings.NewReplacer("/", "_", " ", "_").Replace(edits)
	return edits[:min(len(edits), 60)]
}

// apply gives the bytes of the broken document.
func (m mutation) apply(t testing.TB) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.FromSlash(m.base))
	require.NoError(t, err)
	doc := etree.NewDocument()
	require.NoError(t, doc.ReadFromBytes(raw))
	for _, edit := range strings.Split(m.edits, " ;; ") {
		op, rest, _ := strings.Cut(edit, " ")
		path, argument, _ := strings.Cut(rest, " ")
		at := doc.Root()
		if path != "/" {
			at = doc.FindElement("/ClinicalDocument/" + path)
		}
		require.NotNil(t, at, "%s finds nothing", edit)
		editElement(t, at, op, argument)
	}
	out, err := doc.WriteToBytes()
	require.NoError(t, err)
	return out
}

func editElement(t testing.TB, at *etree.Element, op, argument string) {
	t.Helper()
	switch op {
	case "del":
		at.Parent().RemoveChild(at)
	case "dup":
		at.Parent().InsertChildAt(at.Index()+1, at.Copy())
	case "set":
		name, value, _ := strings.Cut(argument, "=")
		if value == "" {
			require.NotNil(t, at.RemoveAttr(name), "%s has no %s", at.Tag, name)
			return
		}
		at.CreateAttr(name, value)
	case "txt":
		at.SetText(argument)
	default:
		fragment := etree.NewDocument()
		require.NoError(t, fragment.ReadFromString("<x>"+argument+"</x>"))
		for i, token := range fragment.Root().Copy().Child {
			switch op {
			case "in":
				at.AddChild(token)
			case "pre":
				at.Parent().InsertChildAt(at.Index(), token)
			case "put":
				at.Parent().InsertChildAt(at.Index()+1+i, token)
			default:
				t.Fatalf("unknown edit %s", op)
			}
		}
	}
}
