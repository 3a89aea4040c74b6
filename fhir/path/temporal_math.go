package path

import (
	"time"

	"github.com/cockroachdb/apd/v3"
)

// order is the outcome of a comparison; unordered says that it cannot be known.
type order int8

const (
	less      order = -1
	same      order = 0
	greater   order = 1
	unordered order = 2
)

func orderOf(c int) order { return order(c) }

// farthest is the largest difference that unknown offsets (from -12:00 to +14:00) can make.
const farthest = 26 * time.Hour

// compareMoments compares precision by precision: where one ends before a difference is found, the order is unknown.
func compareMoments(a, b moment) order {
	if a.prec > byDay && b.prec > byDay && (a.zoned || b.zoned) {
		if a.zoned != b.zoned {
			d := a.instant().Sub(b.instant())
			switch {
			case d > farthest:
				return greater
			case d < -farthest:
				return less
			}
			return unordered
		}
		a, b = a.utc(), b.utc()
	}
	return compareParts(a, b, byYear)
}

// compareParts compares from the given precision on.
func compareParts(a, b moment, from precision) order {
	for p := from; p <= bySecond; p++ {
		if a.prec < p || b.prec < p {
			if a.prec == b.prec {
				return same
			}
			return unordered
		}
		x, y := a.part(p), b.part(p)
		if x != y {
			if x < y {
				return less
			}
			return greater
		}
	}
	return same
}

func compareTimes(a, b Time) order { return compareParts(a.moment, b.moment, byHour) }

// part gives one component; of seconds, with the fraction, in nanoseconds.
func (m *moment) part(p precision) int {
	switch p {
	case byYear:
		return m.year
	case byMonth:
		return m.month
	case byDay:
		return m.day
	case byHour:
		return m.hour
	case byMinute:
		return m.minute
	default:
		return m.second*1e9 + m.nano
	}
}

// calendar is what one unit of time does to a date: it adds months or a duration.
type calendar struct {
	months   int64
	duration time.Duration
	prec     precision
}

// calendarUnit finds the unit for date arithmetic. UCUM's a and mo are mean durations, which cannot be added to a date.
func calendarUnit(unit string) (calendar, bool) {
	const day = 24 * time.Hour
	switch unit {
	case "year":
		return calendar{months: 12, prec: byYear}, true
	case "month":
		return calendar{months: 1, prec: byMonth}, true
	case "week", "wk":
		return calendar{duration: 7 * day, prec: byDay}, true
	case "day", "d":
		return calendar{duration: day, prec: byDay}, true
	case "hour", "h":
		return calendar{duration: time.Hour, prec: byHour}, true
	case "minute", "min":
		return calendar{duration: time.Minute, prec: byMinute}, true
	case "second", "s":
		return calendar{duration: time.Second, prec: bySecond}, true
	case "millisecond", "ms":
		return calendar{duration: time.Millisecond, prec: bySecond}, true
	}
	return calendar{}, false
}

// shift is a number of units: whole ones and, of seconds only, a fraction.
type shift struct {
	calendar
	n        int64
	fraction time.Duration
}

// mostUnits bounds what is added; it is more than the milliseconds from year 1 to 9999.
const mostUnits = 1 << 49

// shiftOf splits a quantity. Of units above seconds the fraction does not count (N1 §6.6.6).
func shiftOf(q Quantity, sign int64) (a shift, ok bool) {
	if a.calendar, ok = calendarUnit(q.Unit); !ok {
		return a, false
	}
	var whole, fraction apd.Decimal
	q.Value.Modf(&whole, &fraction)
	n, err := whole.Int64()
	if err != nil || n > mostUnits || n < -mostUnits {
		return a, false
	}
	a.n = n * sign
	if a.prec != bySecond || fraction.IsZero() {
		return a, true
	}
	var nanos apd.Decimal
	if _, err := exact.Mul(&nanos, &fraction, apd.New(int64(a.duration)*sign, 0)); err != nil {
		return a, false
	}
	if _, err := exact.Quantize(&nanos, &nanos, 0); err != nil {
		return a, false
	}
	f, err := nanos.Int64()
	a.fraction = time.Duration(f)
	return a, err == nil
}

// add moves the moment by the quantity (N1 §6.6.6): a partial moment by whole units of its own precision, the day of a month
// kept within the month. ok is false when the result is out of the years 1 to 9999.
func (m moment) add(q Quantity, sign int64) (moment, bool) {
	a, ok := shiftOf(q, sign)
	if !ok {
		return m, false
	}
	const day = int64(24 * time.Hour)
	unit := int64(a.duration)
	switch {
	case a.months != 0:
		return m.addMonths(a.n * a.months)
	case m.prec == byYear:
		return m.addMonths(a.n / (365 * day / unit) * 12)
	case m.prec == byMonth && unit > day:
		return m.addMonths(a.n * (unit / day) / 30)
	case m.prec == byMonth:
		return m.addMonths(a.n / (30 * day / unit))
	case unit >= day:
		return m.addDays(a.n * (unit / day))
	case m.prec == byDay:
		return m.addDays(a.n / (day / unit))
	}
	if m, ok = m.addDays(a.n / (day / unit)); !ok {
		return m, false
	}
	if a.duration == time.Millisecond || a.fraction != 0 {
		m.digits = max(m.digits, 3)
	}
	return m.addDuration(time.Duration(a.n%(day/unit))*a.duration + a.fraction)
}

func (m moment) addMonths(n int64) (moment, bool) {
	if m.prec == byYear {
		m.year += int(n / 12)
		return m, m.year >= 1 && m.year <= 9999
	}
	total := int64(m.year)*12 + int64(m.month-1) + n
	if total < 12 || total >= 10000*12 {
		return m, false
	}
	m.year, m.month = int(total/12), int(total%12)+1
	if m.prec >= byDay {
		m.day = min(m.day, daysIn(m.year, m.month))
	}
	return m, true
}

func (m moment) addDays(n int64) (moment, bool) {
	if n > 4_000_000 || n < -4_000_000 {
		return m, false
	}
	t := time.Date(m.year, time.Month(m.month), m.day+int(n), 0, 0, 0, 0, time.UTC)
	m.year, m.month, m.day = t.Year(), int(t.Month()), t.Day()
	return m, m.year >= 1 && m.year <= 9999
}

// addDuration adds within the precision that the moment has: what is finer is cut.
func (m moment) addDuration(d time.Duration) (moment, bool) {
	t := time.Date(m.year, time.Month(m.month), m.day, m.hour, m.minute, m.second, m.nano, time.UTC).Add(m.cut(d))
	m.year, m.month, m.day, m.hour, m.minute, m.second, m.nano = t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()
	return m, m.year >= 1 && m.year <= 9999
}

func (m moment) cut(d time.Duration) time.Duration {
	switch m.prec {
	case byHour:
		return d.Truncate(time.Hour)
	case byMinute:
		return d.Truncate(time.Minute)
	default:
		return d
	}
}

// addTime moves a time of day, around midnight as needed. The unit must be shorter than a day.
func (t Time) addTime(q Quantity, sign int64) (Time, bool) {
	m := t.moment
	// any day in the middle of the calendar will do
	m.year, m.month, m.day = 5000, 6, 15
	m, ok := m.add(q, sign)
	m.year, m.month, m.day = 0, 0, 0
	return Time{m}, ok
}
