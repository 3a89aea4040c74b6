package repository

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"time"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
)

// newID gives a time-ordered UUID (version 7 of RFC 9562). Ids of one time stand together, so that their rows do too; they tell no more than meta.lastUpdated,
// and 74 random bits keep them from being guessed.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[6:]) // never fails (crypto/rand)
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(time.Now().UnixMilli()))
	copy(b[:6], ms[2:])
	b[6] = b[6]&0x0f | 0x70
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:], b[10:])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}

// checkID refuses what cannot be a logical id (http://hl7.org/fhir/R4/datatypes.html#id).
func checkID(id string) error {
	if element.IsID(id) {
		return nil
	}
	return fault.New(http.StatusBadRequest, fault.Value, "A logical id has 1 to 64 characters out of A-Z, a-z, 0-9, '-' and '.'.")
}

// parseVersion reads a versionId; ok is false for what this server never gives.
func parseVersion(s string) (v uint64, ok bool) {
	if s == "" || len(s) > 19 || s[0] == '0' {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		v = v*10 + uint64(s[i]-'0')
	}
	return v, true
}
