package path

import (
	"strconv"
	"strings"
	"time"
)

// precision is how much of a moment is given; seconds and their fraction are one precision.
type precision uint8

const (
	byYear precision = iota + 1
	byMonth
	byDay
	byHour
	byMinute
	bySecond
)

// moment is what Date, DateTime and Time have in common.
type moment struct {
	year, month, day, hour, minute, second int
	nano                                   int
	digits                                 int // of the fraction as written, up to 9
	prec                                   precision
	zoned                                  bool
	offset                                 int // minutes east of UTC
}

// Date is System.Date.
type Date struct{ moment }

// DateTime is System.DateTime.
type DateTime struct{ moment }

// Time is System.Time.
type Time struct{ moment }

// parseDate reads YYYY, YYYY-MM or YYYY-MM-DD.
func parseDate(s string) (Date, bool) {
	m, rest, ok := parseDay(s)
	return Date{m}, ok && rest == ""
}

// parseDateTime reads a date, optionally followed by T, a time of any precision and an offset.
func parseDateTime(s string) (DateTime, bool) {
	m, rest, ok := parseDay(s)
	if !ok {
		return DateTime{}, false
	}
	if rest == "" || rest == "T" {
		return DateTime{m}, true
	}
	if rest[0] != 'T' || m.prec != byDay {
		return DateTime{}, false
	}
	rest, ok = m.parseClock(rest[1:])
	if !ok || !m.parseZone(rest) {
		return DateTime{}, false
	}
	return DateTime{m}, true
}

// parseTime reads HH, HH:MM or HH:MM:SS with an optional fraction.
func parseTime(s string) (Time, bool) {
	var m moment
	rest, ok := m.parseClock(s)
	return Time{m}, ok && rest == ""
}

func parseDay(s string) (m moment, rest string, ok bool) {
	if m.year, s, ok = digits(s, 4); !ok {
		return m, s, false
	}
	m.prec = byYear
	if len(s) == 0 || s[0] != '-' {
		return m, s, true
	}
	if m.month, s, ok = digits(s[1:], 2); !ok || m.month < 1 || m.month > 12 {
		return m, s, false
	}
	m.prec = byMonth
	if len(s) == 0 || s[0] != '-' {
		return m, s, true
	}
	if m.day, s, ok = digits(s[1:], 2); !ok || m.day < 1 || m.day > daysIn(m.year, m.month) {
		return m, s, false
	}
	m.prec = byDay
	return m, s, true
}

func (m *moment) parseClock(s string) (rest string, ok bool) {
	if m.hour, s, ok = digits(s, 2); !ok || m.hour > 23 {
		return s, false
	}
	m.prec = byHour
	if len(s) == 0 || s[0] != ':' {
		return s, true
	}
	if m.minute, s, ok = digits(s[1:], 2); !ok || m.minute > 59 {
		return s, false
	}
	m.prec = byMinute
	if len(s) == 0 || s[0] != ':' {
		return s, true
	}
	// 60 is a leap second
	if m.second, s, ok = digits(s[1:], 2); !ok || m.second > 60 {
		return s, false
	}
	m.prec = bySecond
	if len(s) == 0 || s[0] != '.' {
		return s, true
	}
	n := 1
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	if n == 1 {
		return s, false
	}
	fraction := s[1:n]
	if len(fraction) > 9 {
		fraction = fraction[:9]
	}
	m.digits = len(fraction)
	m.nano, _ = strconv.Atoi((fraction + "000000000")[:9])
	return s[n:], true
}

func (m *moment) parseZone(s string) bool {
	switch {
	case s == "":
		return true
	case s == "Z":
		m.zoned = true
		return true
	case len(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':':
		return false
	}
	h, _, ok1 := digits(s[1:3], 2)
	min, _, ok2 := digits(s[4:6], 2)
	if !ok1 || !ok2 || h > 14 || min > 59 {
		return false
	}
	m.zoned, m.offset = true, h*60+min
	if s[0] == '-' {
		m.offset = -m.offset
	}
	return true
}

func digits(s string, n int) (v int, rest string, ok bool) {
	if len(s) < n {
		return 0, s, false
	}
	for i := range n {
		if s[i] < '0' || s[i] > '9' {
			return 0, s, false
		}
		v = v*10 + int(s[i]-'0')
	}
	return v, s[n:], true
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// momentOf takes a clock's time to the millisecond, with its offset.
func momentOf(t time.Time) moment {
	_, offset := t.Zone()
	return moment{
		year: t.Year(), month: int(t.Month()), day: t.Day(), hour: t.Hour(), minute: t.Minute(), second: t.Second(),
		nano: t.Nanosecond() / 1e6 * 1e6, digits: 3, prec: bySecond, zoned: true, offset: offset / 60,
	}
}

func (m *moment) instant() time.Time {
	t := time.Date(m.year, time.Month(max(m.month, 1)), max(m.day, 1), m.hour, m.minute, m.second, m.nano, time.UTC)
	return t.Add(-time.Duration(m.offset) * time.Minute)
}

// utc gives the moment at offset zero.
func (m moment) utc() moment {
	if m.offset == 0 {
		return m
	}
	t := m.instant()
	m.year, m.month, m.day, m.hour, m.minute, m.second = t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second()
	m.offset = 0
	return m
}

func (d Date) String() string { return string(d.appendDay(nil)) }

func (d DateTime) String() string {
	b := d.appendDay(nil)
	if d.prec <= byDay {
		return string(b)
	}
	b = d.appendClock(append(b, 'T'))
	if !d.zoned {
		return string(b)
	}
	if d.offset == 0 {
		return string(append(b, 'Z'))
	}
	sign, o := byte('+'), d.offset
	if o < 0 {
		sign, o = '-', -o
	}
	b = appendPadded(append(b, sign), o/60, 2)
	return string(appendPadded(append(b, ':'), o%60, 2))
}

func (t Time) String() string { return string(t.appendClock(nil)) }

func (m *moment) appendDay(b []byte) []byte {
	b = appendPadded(b, m.year, 4)
	if m.prec >= byMonth {
		b = appendPadded(append(b, '-'), m.month, 2)
	}
	if m.prec >= byDay {
		b = appendPadded(append(b, '-'), m.day, 2)
	}
	return b
}

func (m *moment) appendClock(b []byte) []byte {
	b = appendPadded(b, m.hour, 2)
	if m.prec >= byMinute {
		b = appendPadded(append(b, ':'), m.minute, 2)
	}
	if m.prec >= bySecond {
		b = appendPadded(append(b, ':'), m.second, 2)
		if m.digits > 0 {
			b = append(b, '.')
			b = append(b, pad(m.nano, 9)[:m.digits]...)
		}
	}
	return b
}

func appendPadded(b []byte, v, width int) []byte { return append(b, pad(v, width)...) }

func pad(v, width int) string {
	s := strconv.Itoa(v)
	if len(s) < width {
		s = strings.Repeat("0", width-len(s)) + s
	}
	return s
}
