package rest

import (
	"net/http"
	"strconv"

	"github.com/carnet-fhir/carnet/store"
)

// Header values that never change are shared between answers; nobody may write into them.
var (
	headerGzip    = []string{"gzip"}
	headerNosniff = []string{"nosniff"}
	headerVary    = []string{"Accept, Accept-Encoding"}
	headerPrivate = []string{"private, no-cache"}
	headerNoStore = []string{"no-store"}
	headerLenient = []string{"handling=lenient"}
	headerStrict  = []string{"handling=strict"}
	smallETags    = makeETags()
	headerZero    = []string{"0"}
)

func makeETags() (e [64][]string) {
	for i := range e {
		e[i] = []string{`W/"` + strconv.Itoa(i) + `"`}
	}
	return e
}

// etag is the ETag of a version: weak, because JSON and XML of one version share it (http.html#versioning).
func etag(version uint64) string {
	if version < uint64(len(smallETags)) {
		return smallETags[version][0]
	}
	return `W/"` + strconv.FormatUint(version, 10) + `"`
}

func etagHeader(version uint64) []string {
	if version < uint64(len(smallETags)) {
		return smallETags[version]
	}
	return []string{etag(version)}
}

const (
	weekdays = "SunMonTueWedThuFriSat"
	months   = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

// httpTime writes http.TimeFormat ("Mon, 02 Jan 2006 15:04:05 GMT") at a quarter of Format's cost: every read has one.
func httpTime(at store.Time) string {
	t := at.Wall()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	if year < 0 || year > 9999 {
		return t.Format(http.TimeFormat)
	}
	two := func(n int) (byte, byte) { return byte('0' + n/10), byte('0' + n%10) }
	b := [29]byte([]byte("Mon, 02 Jan 2006 15:04:05 GMT"))
	copy(b[0:], weekdays[3*t.Weekday():][:3])
	b[5], b[6] = two(day)
	copy(b[8:], months[3*(month-1):][:3])
	b[12], b[13] = two(year / 100)
	b[14], b[15] = two(year % 100)
	b[17], b[18] = two(hour)
	b[20], b[21] = two(minute)
	b[23], b[24] = two(second)
	return string(b[:])
}

// setVersion gives the headers of a version.
func (x *exchange) setVersion(version uint64, t store.Time) {
	h := x.w.Header()
	h["Etag"] = etagHeader(version)
	h["Last-Modified"] = x.value(httpTime(t))
}

// value gives a header's value. The values of one answer share an allocation.
func (x *exchange) value(s string) []string {
	if len(x.values) == 0 {
		x.values = make([]string, 4)
	}
	v := x.values[:1:1]
	v[0] = s
	x.values = x.values[1:]
	return v
}
