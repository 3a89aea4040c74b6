package ingest

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"github.com/carnet-fhir/carnet/cda/judge"
	"github.com/carnet-fhir/carnet/cda/metadata"
)

// Names of MHD 4.2.3 and PDSm 3.1.
const (
	profileProvide    = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-provide-document-bundle"
	profileSet        = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-submissionset-comprehensive"
	extDesignation    = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-designationType"
	extSourceID       = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-sourceId"
	systemListTypes   = "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes"
	systemURI         = "urn:ietf:rfc:3986"
	systemActivity    = "https://mos.esante.gouv.fr/NOS/TRE_R209-TypeActivite/FHIR/TRE-R209-TypeActivite"
	activityHospital  = "03" // full hospitalisation
	activityVisit     = "07" // outpatients and emergencies
	activityUndivided = "97"
)

type object = map[string]any

// provideBundle makes the Provide Document Bundle (ITI-65) of one document. older is the literal reference to the DocumentReference that it replaces, "" for none.
func (s *Submitter) provideBundle(v *judge.Verdict, raw []byte, subject, older string) ([]byte, error) {
	binary, reference, set := urnUUID(), urnUUID(), urnUUID()
	options := metadata.ReferenceOptions{URL: binary, Subject: subject, Date: s.now()}
	if older != "" {
		options.Replaced = []string{older}
	} else {
		options.NoRelations = true
	}
	fiche, err := v.Entry.DocumentReference(options)
	if err != nil {
		return nil, err
	}
	entries := []any{
		posted(set, "List", s.submissionSet(v, subject, reference)),
		posted(reference, "DocumentReference", json.RawMessage(fiche)),
		posted(binary, "Binary", object{"resourceType": "Binary", "contentType": v.Entry.MimeType, "data": base64.StdEncoding.EncodeToString(raw)}),
	}
	if older != "" {
		entries = append(entries, object{
			"fullUrl":  urnUUID(),
			"resource": supersede(),
			"request":  object{"method": "PATCH", "url": older},
		})
	}
	return json.Marshal(object{
		"resourceType": "Bundle", "type": "transaction", "meta": object{"profile": []string{profileProvide}}, "entry": entries,
	})
}

func posted(fullURL, typ string, resource any) object {
	return object{"fullUrl": fullURL, "resource": resource, "request": object{"method": "POST", "url": typ}}
}

// supersede is the patch of a replaced DocumentReference.
func supersede() object {
	return object{"resourceType": "Parameters", "parameter": []any{object{"name": "operation", "part": []any{
		object{"name": "type", "valueCode": "replace"},
		object{"name": "path", "valueString": "DocumentReference.status"},
		object{"name": "value", "valueCode": "superseded"},
	}}}}
}

func (s *Submitter) submissionSet(v *judge.Verdict, subject, reference string) object {
	return object{
		"resourceType": "List", "meta": object{"profile": []string{profileSet}},
		"contained": []any{object{
			"resourceType": "Device", "id": "source", "identifier": []any{object{"system": systemURI, "value": "urn:oid:" + s.source()}},
			"deviceName": []any{object{"name": "carnet import", "type": "user-friendly-name"}},
		}},
		"extension": []any{
			object{"url": extDesignation, "valueCodeableConcept": object{"coding": []any{object{"system": systemActivity, "code": activity(v)}}}},
			object{"url": extSourceID, "valueIdentifier": object{"value": "urn:oid:" + s.source()}},
		},
		"identifier": []any{
			object{"use": "usual", "system": systemURI, "value": "urn:oid:" + oidOfUUID()},
			object{"use": "official", "system": systemURI, "value": urnUUID()},
		},
		"status": "current", "mode": "working", "code": object{"coding": []any{object{"system": systemListTypes, "code": "submissionset"}}},
		"title": "carnet import", "subject": object{"reference": subject}, "date": s.now().Format(time.RFC3339),
		"source": object{"reference": "#source"}, "entry": []any{object{"item": object{"reference": reference}}},
	}
}

// activity gives the type of activity of the encounter (HL7 v2 patient class to TRE_R209: I 03, O and E 07, else 97).
func activity(v *judge.Verdict) string {
	if e := v.Document.Header.ComponentOf; e != nil {
		switch e.Code.Code {
		case "IMP", "ACUTE", "NONAC", "OBSENC", "PRENC", "SS":
			return activityHospital
		case "AMB", "EMER", "EXTERNE":
			return activityVisit
		}
	}
	return activityUndivided
}

// source gives the OID of the submitting system.
func (s *Submitter) source() string {
	if s.SourceOID != "" {
		return s.SourceOID
	}
	return defaultSource
}

// defaultSource is the OID of "carnet import": 2.25 and a UUID made once for it.
const defaultSource = "2.25.329800735698586629295641978511506172918"

func uuid() [16]byte {
	var u [16]byte
	_, _ = rand.Read(u[:]) // never fails
	u[6], u[8] = u[6]&0x0f|0x40, u[8]&0x3f|0x80
	return u
}

func urnUUID() string {
	u := uuid()
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// oidOfUUID gives a new UUID as an OID (ITU-T X.667).
func oidOfUUID() string {
	u := uuid()
	return "2.25." + new(big.Int).SetBytes(u[:]).String()
}
