package element

// The checkers of the date types (http://hl7.org/fhir/R4/datatypes.html#date). Beyond the standard's regular
// expressions a day must exist: 2023-02-29 is refused. A second of 60 is a leap second.

// two reads two digits at i, or gives -1.
func two(v string, i int) int {
	if i+2 > len(v) || !isDigit(v[i]) || !isDigit(v[i+1]) {
		return -1
	}
	return int(v[i]-'0')*10 + int(v[i+1]-'0')
}

// isDate is YYYY, YYYY-MM or YYYY-MM-DD.
func isDate(v string) bool {
	if len(v) != 4 && len(v) != 7 && len(v) != 10 {
		return false
	}
	high, low := two(v, 0), two(v, 2)
	if high < 0 || low < 0 || high+low == 0 {
		return false
	}
	if len(v) == 4 {
		return true
	}
	month := two(v, 5)
	if v[4] != '-' || month < 1 || month > 12 {
		return false
	}
	if len(v) == 7 {
		return true
	}
	day := two(v, 8)
	return v[7] == '-' && day >= 1 && day <= DaysIn(high*100+low, month)
}

// DaysIn gives how many days a month (1 to 12) has.
func DaysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

func isDateTime(v string) bool {
	if len(v) <= 10 {
		return isDate(v)
	}
	return isInstant(v)
}

// isInstant is YYYY-MM-DDThh:mm:ss(.s+)?(Z|(+|-)hh:mm).
func isInstant(v string) bool {
	if len(v) < 20 || v[10] != 'T' || !isDate(v[:10]) {
		return false
	}
	i := clock(v, 11)
	if i < 0 || i >= len(v) {
		return false
	}
	if v[i] == 'Z' {
		return i+1 == len(v)
	}
	if v[i] != '+' && v[i] != '-' || len(v) != i+6 || v[i+3] != ':' {
		return false
	}
	hours, minutes := two(v, i+1), two(v, i+4)
	return hours >= 0 && minutes >= 0 && minutes <= 59 && (hours <= 13 || hours == 14 && minutes == 0)
}

func isTime(v string) bool { return clock(v, 0) == len(v) && v != "" }

// clock gives the index behind the hh:mm:ss(.s+)? that starts at i, or -1.
func clock(v string, i int) int {
	if len(v) < i+8 || v[i+2] != ':' || v[i+5] != ':' {
		return -1
	}
	h, m, s := two(v, i), two(v, i+3), two(v, i+6)
	if h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60 {
		return -1
	}
	i += 8
	if i < len(v) && v[i] == '.' {
		from := i + 1
		for i = from; i < len(v) && isDigit(v[i]); i++ {
		}
		if i == from {
			return -1
		}
	}
	return i
}
