package ins

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestCases(t *testing.T) {
	require.GreaterOrEqual(t, len(cases), 60)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			m, err := Parse(c.kind.OID(), c.number)
			if c.rule == "" {
				require.NoError(t, err)
				require.Equal(t, c.number, m.Number())
				require.Equal(t, c.kind, m.Kind())
				return
			}
			requireRule(t, c.rule, err)
			require.True(t, m.IsZero())
			if c.number != "" {
				require.NotContains(t, err.Error(), c.number, "an error never carries the number")
			}
		})
	}
}

func requireRule(t *testing.T, want Rule, err error) {
	t.Helper()
	var broken *Error
	require.ErrorAs(t, err, &broken)
	require.Equal(t, want, broken.Rule)
}

// Every spelling of a system gives the same value, and other systems give none.
func TestSystems(t *testing.T) {
	const number = "279035121518989"
	want, err := Parse("urn:oid:1.2.250.1.213.1.4.10", number)
	require.NoError(t, err)
	for _, system := range []string{"1.2.250.1.213.1.4.10", "URN:OID:1.2.250.1.213.1.4.10", "urn:OID:1.2.250.1.213.1.4.10", "&1.2.250.1.213.1.4.10&ISO"} {
		m, err := Parse(system, number)
		require.NoError(t, err, system)
		require.Equal(t, want, m, system)
	}
	for _, cx := range []string{number + "^^^&1.2.250.1.213.1.4.10&ISO^NH", number + "^^^&1.2.250.1.213.1.4.10&ISO", number + "^^^ASIP&1.2.250.1.213.1.4.10&ISO^NH"} {
		m, err := ParseCX(cx)
		require.NoError(t, err, cx)
		require.Equal(t, want, m, cx)
	}
	m, err := ParseToken(want.Token())
	require.NoError(t, err)
	require.Equal(t, want, m)
	m, err = ParseCX(want.CX())
	require.NoError(t, err)
	require.Equal(t, want, m)
	for _, k := range Kinds() {
		require.Equal(t, strings.Contains(k.String(), "NI") && k < Test, k.Real())
		for _, s := range k.Spellings() {
			got, ok := KindOf(s)
			require.True(t, ok)
			require.Equal(t, k, got)
		}
	}
	for _, system := range []string{"", "urn:oid:", "1.2.250.1.213.1.4.1", "1.2.250.1.213.1.4.13", "urn:oid:1.2.250.1.213.1.4.2", "urn:uuid:1.2.250.1.213.1.4.8", "urn:oid:1.2.250.1.213.1.4.8 "} {
		_, err := Parse(system, number)
		requireRule(t, RuleSystem, err)
	}
	for _, text := range []string{"", number, number + "^^^1.2.250.1.213.1.4.10", number + "^^^&1.2.250.1.213.1.4.10&DNS", number + "^^^&&ISO"} {
		_, err := ParseCX(text)
		requireRule(t, RuleSystem, err)
	}
}

func TestParts(t *testing.T) {
	for _, c := range []struct {
		body, sex, year, place string
		month                  int
		known, abroad          bool
	}{
		{"1790375056123", "male", "79", "75056", 3, true, false},
		{"280072B033017", "female", "80", "2B033", 7, true, false},
		{"1850799350007", "male", "85", "99350", 7, true, true},
		{"8943199131107", "female", "94", "99131", 1, true, true},
		{"1792075056123", "male", "79", "75056", 0, false, false},
		{"1795575056123", "male", "79", "75056", 0, false, false},
	} {
		m, err := New(Test, c.body)
		require.NoError(t, err)
		month, known := m.BirthMonth()
		require.Equal(t, []any{c.sex, c.year, c.place, c.month, c.known, c.abroad}, []any{m.Sex(), m.BirthYear(), m.Place(), month, known, m.BornAbroad()})
	}
	_, err := New(Test, "17903")
	requireRule(t, RuleLength, err)
}

// Matricules that ANS publishes as examples, with keys computed elsewhere.
func TestKeyOracle(t *testing.T) {
	for first13, key := range map[string]string{"2790351215189": "89", "2070585756270": "97", "1530789876585": "13", "2770763220829": "10", "284052A321025": "52", "284052B321025": "79"} {
		got, err := Key(first13)
		require.NoError(t, err)
		require.Equal(t, key, got)
	}
}

func TestModes(t *testing.T) {
	for _, c := range []struct {
		mode   Mode
		kind   Kind
		number string
		rule   Rule
	}{
		{Sandbox, Test, "279035121518989", ""},
		{Sandbox, Demo, "279035121518989", ""},
		{Sandbox, NIR, "279035121518989", RuleMode},
		{Sandbox, NIA, "279035121518989", RuleMode},
		{Production, NIR, "279035121518989", ""},
		{Production, NIA, "279035121518989", ""},
		{Production, Test, "279035121518989", RuleMode},
		{Production, Demo, "279035121518989", RuleMode},
		{Sandbox, NIR, "277076322082910", ""},
		{Sandbox, NIR, "222127505611201", ""},
		{Sandbox, Test, "221042545611404", ""},
		{Sandbox, Test, "222127505611201", RuleKey},
		{Production, NIR, "222127505611201", RuleKey},
		{Production, Test, "221042545611404", RuleKey},
	} {
		_, err := c.mode.Parse(c.kind.System(), c.number)
		if c.rule == "" {
			require.NoError(t, err)
			continue
		}
		requireRule(t, c.rule, err)
		require.NotContains(t, err.Error(), c.number)
	}
	for _, name := range []string{"sandbox", "production"} {
		m, err := ParseMode(name)
		require.NoError(t, err)
		require.Equal(t, name, m.String())
	}
	_, err := ParseMode("both")
	require.Error(t, err)
}

// A matricule leaves by Number, Token and CX alone.
func TestNeverPrinted(t *testing.T) {
	m, err := Parse(Test.OID(), "279035121518989")
	require.NoError(t, err)
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "m", m)
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s %q %d", m, m, m, m, m, m), fmt.Sprint(m, []Matricule{m}, &m), log.String()} {
		require.NotContains(t, text, "279035121518989")
		require.NotContains(t, text, "27903")
	}
}

// drawn makes right first thirteen characters.
func drawn() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		department := rapid.OneOf(rapid.Just("2A"), rapid.Just("2B"), rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%02d", rapid.IntRange(1, 96).Draw(t, "department")) }), rapid.Just("99")).Draw(t, "department")
		months := append([]int{50, 77, 99, 20, 31, 42}, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
		return fmt.Sprintf("%d%02d%02d%s%03d%03d", rapid.IntRange(1, 2).Draw(t, "sex"), rapid.IntRange(0, 99).Draw(t, "year"), rapid.SampledFrom(months).Draw(t, "month"), department,
			rapid.IntRange(1, 999).Draw(t, "commune"), rapid.IntRange(1, 999).Draw(t, "order"))
	})
}

// Any one character replaced by any other byte is refused.
func TestOneCharacterChanged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := New(Test, drawn().Draw(t, "body"))
		require.NoError(t, err)
		at := rapid.IntRange(0, length-1).Draw(t, "at")
		for c := range 256 {
			if byte(c) == m.number[at] {
				continue
			}
			wrong := []byte(m.number)
			wrong[at] = byte(c)
			_, err := Parse(Test.OID(), string(wrong))
			require.Error(t, err, "%d %q", at, c)
		}
	})
}

// The proof behind TestOneCharacterChanged: a change of one digit by d at position p changes N by d*10^p, which 97 never divides. The letters of Corsica change the number of the department by
// less than 97, too.
func TestKeyCatchesEverySingleChange(t *testing.T) {
	weight := 1
	for p := range body {
		for d := 1; d <= 9; d++ {
			require.NotZero(t, weight*d%97, "position %d, difference %d", p, d)
		}
		weight = weight * 10 % 97
	}
	department := map[string]int{"2A": 19, "2B": 18}
	for d := range 10 {
		department[fmt.Sprintf("2%d", d)] = 20 + d
	}
	for a, x := range department {
		for b, y := range department {
			require.Equal(t, a == b, (x-y)%97 == 0, "%s and %s", a, b)
		}
	}
}

// An exchange of two neighbouring digits changes N by 9*(a-b)*10^p: never a multiple of 97. In the key, or across its border, the sums differ likewise; all cases are tried on one number for each pair.
func TestKeyCatchesExchangedNeighbours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, err := New(Test, drawn().Draw(t, "body"))
		require.NoError(t, err)
		for at := range length - 1 {
			wrong := []byte(m.number)
			wrong[at], wrong[at+1] = wrong[at+1], wrong[at]
			if string(wrong) != m.number {
				_, err := Parse(Test.OID(), string(wrong))
				require.Error(t, err, "at %d", at)
			}
		}
	})
}

// What the key cannot catch, said honestly: 2A reads as 19 and 2B as 18, and two changes may cancel out.
func TestKeyMisses(t *testing.T) {
	for a, b := range map[string]string{"180072A004001": "1800719004001", "180072B004001": "1800718004001", "1790375056123": "1790375056220"} {
		x, err := Key(a)
		require.NoError(t, err)
		y, err := Key(b)
		require.NoError(t, err)
		require.Equal(t, x, y)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range cases {
		f.Add(c.kind.System(), c.number)
	}
	f.Add("", "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH")
	f.Fuzz(func(t *testing.T, system, number string) {
		m, err := Parse(system, number)
		if cx, cxErr := ParseCX(number); cxErr == nil {
			again, err := Parse(cx.System(), cx.Number())
			require.NoError(t, err)
			require.Equal(t, cx, again)
		}
		if err != nil {
			require.True(t, m.IsZero())
			if len(number) > 4 {
				require.NotContains(t, err.Error(), number)
			}
			return
		}
		require.Len(t, m.Number(), 15)
		key, err := Key(m.Number()[:body])
		require.NoError(t, err)
		require.Equal(t, key, m.Number()[body:])
		again, err := ParseToken(m.Token())
		require.NoError(t, err)
		require.Equal(t, m, again)
	})
}
