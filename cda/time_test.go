package cda_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/cda"
)

func TestTimesAreReadAsTheyOccur(t *testing.T) {
	for value, want := range map[string]struct{ fhir, utc string }{
		"1985":                    {"1985", "1985"},
		"198507":                  {"1985-07", "198507"},
		"19850714":                {"1985-07-14", "19850714"},
		"202101040735+0100":       {"2021-01-04T07:35:00+01:00", "202101040635"},
		"20210104134745+0100":     {"2021-01-04T13:47:45+01:00", "20210104124745"},
		"20210104134745+100":      {"2021-01-04T13:47:45+01:00", "20210104124745"},
		"20210104134745-0330":     {"2021-01-04T13:47:45-03:30", "20210104171745"},
		"20210104134745Z":         {"2021-01-04T13:47:45+00:00", "20210104134745"},
		"20210104134745":          {"2021-01-04T13:47:45+01:00", "20210104124745"}, // French winter
		"20210704134745":          {"2021-07-04T13:47:45+02:00", "20210704114745"}, // French summer
		"20210104134745.123+0100": {"2021-01-04T13:47:45.123+01:00", "20210104124745"},
		"2021010413+0100":         {"2021-01-04", "2021010412"},
	} {
		m, err := cda.ParseTime(value)
		require.NoError(t, err, value)
		assert.Equal(t, want.fhir, m.FHIR(), value)
		assert.Equal(t, want.utc, m.UTC(), value)
	}
	for _, value := range []string{
		"", "85", "198", "19851", "20211301", "20210230", "202101042500", "20210104134760", "20210104+0100", "20210104134745+1", "20210104134745+1560",
		"20210104134745+9900", "2021-01-04", "20210104T1347", "20210104134745.+0100", "202101041347.5", "aaaa", "+0100", "２０２１",
	} {
		_, err := cda.ParseTime(value)
		assert.ErrorIs(t, err, cda.ErrTime, value)
	}
}

func TestTimesKeepTheirInstant(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, "unix"), 0)
		zone := time.FixedZone("", 60*rapid.IntRange(-12*60, 14*60).Draw(t, "zone"))
		m, err := cda.ParseTime(at.In(zone).Format("20060102150405-0700"))
		if err != nil || !m.Time.Equal(at) {
			t.Fatalf("%v %v", m, err)
		}
		read, err := time.Parse(time.RFC3339, m.FHIR())
		if err != nil || !read.Equal(at) {
			t.Fatalf("%v %v", read, err)
		}
	})
	if err != nil {
		t.Skip("no time zone database to hold the French rule against")
	}
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(850_000_000, 4_000_000_000).Draw(t, "unix"), 0).In(paris) // since the rule of 1996
		m, err := cda.ParseTime(at.Format("20060102150405"))
		if err != nil {
			t.Fatal(err)
		}
		read, err := time.Parse(time.RFC3339, m.FHIR())
		// Within the hour that occurs twice in October either is right.
		if err != nil || read.Sub(at).Abs() != 0 && (at.Month() != time.October || read.Sub(at).Abs() != time.Hour) {
			t.Fatalf("%s is not %s", m.FHIR(), at)
		}
	})
}

// TestTimeAsTheStandardLibrary holds reading and writing by hand against package time.
func TestTimeAsTheStandardLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringOfN(rapid.RuneFrom([]rune("0123456789")), 14, 14, -1).Draw(t, "digits")
		if rapid.Bool().Draw(t, "near a calendar") {
			digits = fmt.Sprintf("%04d%02d%02d%02d%02d%02d", rapid.IntRange(0, 9999).Draw(t, "y"), rapid.IntRange(0, 13).Draw(t, "m"), rapid.IntRange(0, 32).Draw(t, "d"),
				rapid.IntRange(0, 24).Draw(t, "h"), rapid.IntRange(0, 60).Draw(t, "min"), rapid.IntRange(0, 60).Draw(t, "s"))
		}
		digits = digits[:2*rapid.IntRange(2, 7).Draw(t, "pairs")]
		zone, layout := "", "20060102150405"[:len(digits)]
		if len(digits) >= 10 && rapid.Bool().Draw(t, "zoned") {
			zone = rapid.SampledFrom([]string{"+0000", "-0330", "+1400", "-0001"}).Draw(t, "zone")
			layout += "-0700"
		}
		want, wantErr := time.Parse(layout, digits+zone)
		got, err := cda.ParseTime(digits + zone)
		require.Equal(t, wantErr == nil, err == nil, digits)
		if err != nil {
			return
		}
		require.True(t, want.Equal(got.Time), digits)
		if zone == "" && len(digits) >= 12 {
			return // the zone is that of France
		}
		form := map[int]string{4: "2006", 6: "2006-01", 8: "2006-01-02", 10: "2006-01-02"}[len(digits)]
		if form == "" {
			form = "2006-01-02T15:04:05-07:00"
		}
		require.Equal(t, got.Time.Format(form), got.FHIR())
	})
}
