package render

import (
	"strconv"
	"strings"
	"time"
)

var frenchMonths = [...]string{
	"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre",
}

// frenchDate writes an HL7 point in time (YYYY[MM[DD[hh[mm[ss]]]]][±zzzz]) as French readers write it, to the precision given: "12 mars 2020 à
// 11 h 17", "mars 2020", "2020". What is no date is given back as it is.
func frenchDate(ts string) string {
	s := strings.TrimSpace(ts)
	digits := s
	if i := strings.IndexAny(s, "+-."); i >= 0 {
		digits = s[:i]
	}
	if len(digits) < 4 || len(digits) > 14 || len(digits)%2 != 0 || strings.Trim(digits, "0123456789") != "" {
		return s
	}
	part := func(from int) int {
		if from+2 > len(digits) {
			return -1
		}
		v, _ := strconv.Atoi(digits[from : from+2])
		return v
	}
	year, month, day, hour, minute := digits[:4], part(4), part(6), part(8), part(10)
	if month == 0 || month > 12 || day == 0 || day > 31 || hour > 24 || minute > 59 {
		return s
	}
	out := year
	if month > 0 {
		out = frenchMonths[month-1] + " " + year
	}
	if day > 0 {
		out = ordinal(day) + " " + out
	}
	if hour >= 0 && !(hour == 0 && minute <= 0 && len(digits) <= 12) {
		out += " à " + strconv.Itoa(hour) + " h"
		if minute >= 0 {
			out += " " + twoDigits(minute)
		}
		out += zone(s)
	}
	return out
}

func ordinal(day int) string {
	if day == 1 {
		return "1er"
	}
	return strconv.Itoa(day)
}

func twoDigits(v int) string {
	if v < 10 {
		return "0" + strconv.Itoa(v)
	}
	return strconv.Itoa(v)
}

// zone writes the offset of a time that is not that of metropolitan France, where a reader would misread the hour.
func zone(ts string) string {
	i := strings.IndexAny(ts, "+-")
	if i < 0 || ts[i:] == "+0100" || ts[i:] == "+0200" || len(ts[i:]) != 5 {
		return ""
	}
	return " (UTC" + ts[i:i+3] + ":" + ts[i+3:] + ")"
}

// frenchPeriod writes an interval.
func frenchPeriod(low, high string) string {
	low, high = strings.TrimSpace(low), strings.TrimSpace(high)
	switch {
	case low == "" && high == "":
		return ""
	case low == high:
		return on("le ", "", low)
	case high == "":
		return on("depuis le ", "depuis ", low)
	case low == "":
		return on("jusqu’au ", "jusqu’à ", high)
	default:
		return on("du ", "de ", low) + on(" au ", " à ", high)
	}
}

// on puts the right preposition before a date: one when it is known to the day, another before a month or a year.
func on(day, wider, ts string) string {
	if date := frenchDate(ts); len(ts) >= 8 {
		return day + date
	} else {
		return wider + date
	}
}

// age says how old a person born on one date was on another: in days under a month, in months under two years, in years. Empty when either
// date is not known to the day.
func age(born, at string) string {
	b, okB := day(born)
	a, okA := day(at)
	if !okB || !okA || a.Before(b) {
		return ""
	}
	months := (a.Year()-b.Year())*12 + int(a.Month()) - int(b.Month())
	if a.Day() < b.Day() {
		months--
	}
	switch {
	case months < 1:
		return plural(int(a.Sub(b).Hours()/24), "jour")
	case months < 24:
		return strconv.Itoa(months) + " mois"
	default:
		return plural(months/12, "an")
	}
}

func plural(n int, unit string) string {
	if n > 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

func day(ts string) (time.Time, bool) {
	if len(ts) < 8 {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102", ts[:8])
	return t, err == nil
}
