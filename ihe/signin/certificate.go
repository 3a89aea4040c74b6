package signin

import (
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// ErrCertificate says that a certificate names no institution.
var ErrCertificate = errors.New("signin: the certificate names no institution by a national identifier")

// organizationIdentifier is the attribute of X.520 of this name (ETSI EN 319 412-1 §5.1.4).
var organizationIdentifier = asn1.ObjectIdentifier{2, 5, 4, 97}

// Institution gives the structure to which a client certificate was issued, by the national identifier (IDNST: a type digit and a FINESS, SIREN or SIRET) in an organizational unit of its subject, as the IGC Santé has it, or in
// organizationIdentifier. Certificate profiles of the IGC Santé were not reachable: the place of the identifier is known from certificates in use, not from the profile. Several different identifiers are refused.
func Institution(certificate *x509.Certificate) (habilitation.Identifier, string, error) {
	var found habilitation.Identifier
	values := append([]string(nil), certificate.Subject.OrganizationalUnit...)
	for _, name := range certificate.Subject.Names {
		if text, ok := name.Value.(string); ok && name.Type.Equal(organizationIdentifier) {
			values = append(values, text[strings.LastIndex(text, "-")+1:])
		}
	}
	for _, value := range values {
		id, ok := institution(strings.TrimSpace(value))
		if !ok {
			continue
		}
		if !found.Zero() && found != id {
			return habilitation.Identifier{}, "", ErrCertificate
		}
		found = id
	}
	if found.Zero() {
		return found, "", ErrCertificate
	}
	return found, strings.Join(certificate.Subject.Organization, " "), nil
}

// institution reads a national identifier of a structure.
func institution(value string) (habilitation.Identifier, bool) {
	if len(value) < 2 || nos.CheckIDNST(value) != "" {
		return habilitation.Identifier{}, false
	}
	switch value[0] {
	case '1':
		return habilitation.Identifier{System: nos.SystemFINESS, Value: value[1:]}, true
	case '2', '3':
		return habilitation.Identifier{System: nos.SystemSIRENE, Value: value[1:]}, true
	}
	return habilitation.Identifier{}, false
}
