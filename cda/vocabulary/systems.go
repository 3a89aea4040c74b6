package vocabulary

import "strings"

const urnOID = "urn:oid:"

// CodeSystem is a code system as both worlds name it.
type CodeSystem struct {
	OID  string // as CDA writes it
	Name string
	URI  string // FHIR
}

// CodeSystem describes the code system of an OID. OIDs under which a known system is also met are taken for it.
func (t *Tables) CodeSystem(oid string) (CodeSystem, bool) {
	if s, ok := t.systems[oid]; ok {
		return *s, true
	}
	if s, ok := t.uris[urnOID+oid]; ok {
		return *s, true
	}
	return CodeSystem{}, false
}

// SystemURI gives the FHIR URI of a code system: the published one, or else "urn:oid:" and the OID, so that no code is lost. Of "" it is "".
func (t *Tables) SystemURI(oid string) string {
	if oid == "" {
		return ""
	}
	if s, ok := t.CodeSystem(oid); ok {
		return s.URI
	}
	return urnOID + oid
}

// SystemOID gives the OID of a FHIR code system URI, of any of its spellings and of "urn:oid:" URIs.
func (t *Tables) SystemOID(uri string) (string, bool) {
	if s, ok := t.uris[uri]; ok {
		return s.OID, true
	}
	if oid, ok := strings.CutPrefix(uri, urnOID); ok && oid != "" {
		return oid, true
	}
	return "", false
}
