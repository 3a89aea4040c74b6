package rest

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/store"
)

// etagList is the value of If-Match or If-None-Match: entity tags, or "*".
type etagList struct {
	star bool
	tags []string // opaque parts: W/"3" and "3" are both 3, as versions are compared weakly
}

const maxETags = 32

// parseETags reads RFC 9110's list of entity tags; ok is false when it is not one.
func parseETags(v string) (l etagList, ok bool) {
	v = strings.Trim(v, " \t")
	if v == "*" {
		return etagList{star: true}, true
	}
	for {
		v = strings.TrimLeft(v, " \t")
		v = strings.TrimPrefix(v, "W/")
		rest, quoted := strings.CutPrefix(v, `"`)
		if !quoted {
			return l, false
		}
		end := strings.IndexByte(rest, '"')
		if end < 0 || len(l.tags) == maxETags || !etagChars(rest[:end]) {
			return l, false
		}
		l.tags = append(l.tags, rest[:end])
		v = strings.TrimLeft(rest[end+1:], " \t")
		if v == "" {
			return l, true
		}
		if v[0] != ',' {
			return l, false
		}
		v = v[1:]
	}
}

func etagChars(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] == 0x7f {
			return false
		}
	}
	return true
}

func (l etagList) has(version uint64) bool {
	if l.star {
		return true
	}
	want := strconv.FormatUint(version, 10)
	for _, t := range l.tags {
		if t == want {
			return true
		}
	}
	return false
}

// noVersion is a version that no record reaches: what an entity tag means that this server never gave.
const noVersion uint64 = math.MaxUint64

// one gives the version of a list of one.
func (l etagList) one() uint64 {
	n, err := strconv.ParseUint(l.tags[0], 10, 63)
	if err != nil || strconv.FormatUint(n, 10) != l.tags[0] {
		return noVersion
	}
	return n
}

func badETag(header string) *fault.Fault {
	return fault.At(http.StatusBadRequest, fault.Invalid, "http."+header, "The header "+header+` must be an entity tag such as W/"3", a list of them, or *.`)
}

// ifMatch reads If-Match into conditions. A list or * is resolved against the current version, which then must stay current.
func (s *Server) ifMatch(ctx context.Context, value, typ, id string, c *repository.Conditions) error {
	if value == "" {
		return nil
	}
	l, ok := parseETags(value)
	if !ok {
		return badETag("If-Match")
	}
	version := noVersion
	switch {
	case !l.star && len(l.tags) == 1:
		version = l.one()
	case id != "":
		rec, err := s.repository.Read(ctx, typ, id)
		if err == nil && l.has(rec.Version) {
			version = rec.Version
		}
		if f := faultOf(err); err != nil && f.Status != http.StatusNotFound && f.Status != http.StatusGone {
			return err
		}
	default:
		return fault.At(http.StatusBadRequest, fault.NotSupported, "http.If-Match", "With search criteria, If-Match takes one entity tag.")
	}
	c.IfMatch = &version
	return nil
}

// conditions reads the preconditions of a write.
func (s *Server) conditions(ctx context.Context, h http.Header, typ, id string) (c repository.Conditions, err error) {
	if err := s.ifMatch(ctx, h.Get("If-Match"), typ, id, &c); err != nil {
		return c, err
	}
	if v := h.Get("If-None-Match"); v != "" {
		l, ok := parseETags(v)
		if !ok {
			return c, badETag("If-None-Match")
		}
		if !l.star {
			return c, fault.At(http.StatusBadRequest, fault.NotSupported, "http.If-None-Match", "On a write, If-None-Match takes * only.")
		}
		c.IfNoneMatchStar = true
	}
	c.IfNoneExist = h.Get("If-None-Exist")
	if len(h["If-None-Exist"]) > 0 && strings.Trim(c.IfNoneExist, " \t?&") == "" {
		return c, fault.At(http.StatusPreconditionFailed, fault.Required, "http.If-None-Exist", "A conditional create needs at least one search criterion; without one it would be an ordinary create.")
	}
	return c, nil
}

// unmodified judges If-None-Match and, without it, If-Modified-Since of a read (http.html#cread).
func unmodified(h http.Header, version uint64, modified store.Time) (bool, error) {
	if v := h["If-None-Match"]; len(v) > 0 {
		l, ok := parseETags(strings.Join(v, ","))
		if !ok {
			return false, badETag("If-None-Match")
		}
		return l.has(version), nil
	}
	if v := h["If-Modified-Since"]; len(v) > 0 {
		// A date that cannot be read, or lies in the future, is ignored (RFC 9110, 13.1.3).
		if since, err := http.ParseTime(v[0]); err == nil && since.Before(time.Now().Add(time.Minute)) {
			return !modified.Wall().Truncate(time.Second).After(since), nil
		}
	}
	return false, nil
}
