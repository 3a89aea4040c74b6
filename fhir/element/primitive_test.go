package element

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/spec"
)

// regexes are those of http://hl7.org/fhir/R4/datatypes.html#primitive, as the definitions have them.
var regexes = map[string]string{
	"base64Binary": `(\s*([0-9a-zA-Z\+/=]){4}\s*)+`,
	"boolean":      `true|false`,
	"code":         `[^\s]+(\s[^\s]+)*`,
	"date":         `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1]))?)?`,
	"dateTime":     `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)(-(0[1-9]|1[0-2])(-(0[1-9]|[1-2][0-9]|3[0-1])(T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00)))?)?)?`,
	"decimal":      `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`,
	"id":           `[A-Za-z0-9\-\.]{1,64}`,
	"instant":      `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`,
	"integer":      `-?([0]|([1-9][0-9]*))`,
	"oid":          `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`,
	"positiveInt":  `[1-9][0-9]*`,
	"string":       `[ \r\n\t\S]+`,
	"time":         `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`,
	"unsignedInt":  `[0]|([1-9][0-9]*)`,
	"uri":          `\S+`,
	"uuid":         `urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
}

// stricter says whether a value that the expression allows is refused for a reason that expressions cannot give.
func stricter(typeName, v string) bool {
	switch typeName {
	case "date", "dateTime", "instant":
		day := v[:min(len(v), 10)]
		_, err := time.Parse("2006-01-02"[:len(day)], day)
		return err != nil
	case "base64Binary":
		_, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(v), ""))
		return err != nil
	case "integer", "positiveInt", "unsignedInt":
		return len(strings.TrimPrefix(v, "-")) >= 10
	case "decimal":
		return len(v) > 4
	case "string", "code", "uri":
		return strings.ContainsFunc(v, func(r rune) bool { return r < ' ' || r == 0xFFFE || r == 0xFFFF })
	}
	return false
}

// TestPrimitivesAgainstTheStandardsExpressions mutates good values and compares the hand-written checkers with the expressions.
func TestPrimitivesAgainstTheStandardsExpressions(t *testing.T) {
	seeds := map[string][]string{
		"base64Binary": {"Q2FybmV0", "YQ==", "YWI=", " YWJj \n ZGVm "},
		"boolean":      {"true", "false"},
		"code":         {"a", "final", "a b", "in-progress"},
		"date":         {"2024", "2024-02", "2024-02-29", "1900-02-28", "2000-02-29"},
		"dateTime":     {"2024", "2024-12", "2024-12-31", "2024-12-31T23:59:60Z", "2024-01-01T00:00:00.001+14:00", "0001-01-01T00:00:00-13:59"},
		"decimal":      {"0", "-0.0", "1.50", "1E-10", "12e+3", "100"},
		"id":           {"a", "A-1.b", strings.Repeat("x", 64)},
		"instant":      {"2024-12-31T23:59:60Z", "2024-01-01T00:00:00.001+14:00", "2015-02-07T13:28:17.239+02:00"},
		"integer":      {"0", "-1", "2147483647", "-2147483648", "10"},
		"oid":          {"urn:oid:1.2.250", "urn:oid:0.0", "urn:oid:2.16.840"},
		"positiveInt":  {"1", "10", "2147483647"},
		"string":       {"a", " a\nb\t\r ", "é ￼"},
		"time":         {"00:00:00", "23:59:60", "12:30:45.123456"},
		"unsignedInt":  {"0", "1", "10", "2147483647"},
		"uri":          {"http://a", "urn:oid:1", "#a", "a%20b"},
		"uuid":         {"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
	}
	for typeName, expression := range regexes {
		t.Run(typeName, func(t *testing.T) {
			re := regexp.MustCompile(`^(` + expression + `)$`)
			typ := spec.R4().Types[typeName]
			for _, s := range seeds[typeName] {
				assert.True(t, re.MatchString(s), "the seed %q", s)
				assert.Empty(t, CheckPrimitive(typ, s), "%q", s)
			}
			rapid.Check(t, func(rt *rapid.T) {
				v := mutate(rt, rapid.SampledFrom(seeds[typeName]).Draw(rt, "seed"))
				matches, accepted := re.MatchString(v), CheckPrimitive(typ, v) == ""
				if accepted && !matches {
					rt.Fatalf("%s %q is accepted against the expression", typeName, v)
				}
				if matches && !accepted && !stricter(typeName, v) {
					rt.Fatalf("%s %q is refused though the expression allows it", typeName, v)
				}
			})
		})
	}
}

// mutate changes a few bytes of the value.
func mutate(t *rapid.T, v string) string {
	const alphabet = "0123456789-+.:TZeE =/abzA_\t\n#\u00a0\uFFFF"
	b := []rune(v)
	for range rapid.IntRange(0, 3).Draw(t, "changes") {
		r := rapid.SampledFrom([]rune(alphabet)).Draw(t, "rune")
		at := rapid.IntRange(0, len(b)).Draw(t, "at")
		switch op := rapid.IntRange(0, 2).Draw(t, "op"); {
		case op == 0 || at == len(b):
			b = append(b[:at:at], append([]rune{r}, b[at:]...)...)
		case op == 1:
			b = append(b[:at:at], b[at+1:]...)
		default:
			b[at] = r
		}
	}
	return string(b)
}

func TestDaysOfTheCalendar(t *testing.T) {
	for year := 1890; year <= 2110; year++ {
		for month := 1; month <= 12; month++ {
			for day := 1; day <= 31; day++ {
				at := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
				v := []byte("0000-00-00")
				v[0], v[1], v[2], v[3] = byte('0'+year/1000), byte('0'+year/100%10), byte('0'+year/10%10), byte('0'+year%10)
				v[5], v[6], v[8], v[9] = byte('0'+month/10), byte('0'+month%10), byte('0'+day/10), byte('0'+day%10)
				if exists := at.Day() == day; isDate(string(v)) != exists {
					t.Fatalf("%s: want %v", v, exists)
				}
			}
		}
	}
}

func TestNarrativeRules(t *testing.T) {
	const ns = ` xmlns="http://www.w3.org/1999/xhtml"`
	good := []string{
		`<div` + ns + `>a</div>`,
		`<div` + ns + `><img src="#a"/></div>`,
		`<div` + ns + `><!-- c --><p style="color:red" class='a'>a &lt; b &#169; &#xa9;</p></div>`,
		`<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>a</h:p></h:div>`,
		`<div` + ns + `><a name="x" href="https://carnet.example/?a=1&amp;b=2">a</a><img alt="x" src="data:image/gif;base64,R0lG"/></div>`,
		`<div` + ns + `><table border="1"><colgroup><col width="10"/></colgroup><thead><tr><th>a</th></tr></thead></table></div>`,
	}
	for _, v := range good {
		checkNarrative(v, func(text string) { t.Errorf("%s: %s", v, text) })
	}
	bad := []string{
		``, `a`, `<div` + ns + `></div>`, `<div` + ns + `>a`, `<div>a</div>`, `<p` + ns + `>a</p>`, `<div` + ns + `>a</div><div` + ns + `>b</div>`,
		`<div` + ns + `><form>a</form></div>`, `<div` + ns + `><iframe src="a">a</iframe></div>`, `<div` + ns + `><object>a</object></div>`,
		`<div` + ns + `><input type="text"/>a</div>`, `<div` + ns + `><style>a</style></div>`, `<div` + ns + `><svg xmlns="http://www.w3.org/2000/svg"/>a</div>`,
		`<div` + ns + `><p onmouseover="a()">a</p></div>`, `<div` + ns + `><a href="vbscript:a">a</a></div>`, `<div` + ns + `><a href="JaVaScRiPt&#58;alert(1)">a</a></div>`,
		`<div` + ns + `><a href="&#1;javascript:a">a</a></div>`, `<div` + ns + `><a href="java&#10;script:a">a</a></div>`,
		`<div` + ns + `><a href="data:text/html,a">a</a></div>`, `<div` + ns + `><img src="data:text/html,a"/></div>`,
		`<div` + ns + ` xmlns:x="urn:x"><p x:y="1">a</p></div>`, `<div` + ns + `><P>a</P></div>`, `<div` + ns + `>a & b</div>`, `<div` + ns + `>a &eacute;</div>`,
		`<div` + ns + `><![CDATA[a]]></div>`, `<!DOCTYPE div><div` + ns + `>a</div>`, `<div` + ns + `><!-->a--></div>`, `<div` + ns + `><b a="1" a="2">a</b></div>`,
	}
	for _, v := range bad {
		n := 0
		checkNarrative(v, func(string) { n++ })
		assert.NotZero(t, n, v)
	}
}
