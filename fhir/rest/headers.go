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
	headerLenient = []string{"handling=lenient"}
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

func httpTime(t store.Time) string { return t.Wall().Format(http.TimeFormat) }

// setVersion gives the headers of a version.
func setVersion(h http.Header, version uint64, t store.Time) {
	h["Etag"] = etagHeader(version)
	h["Last-Modified"] = []string{httpTime(t)}
}
