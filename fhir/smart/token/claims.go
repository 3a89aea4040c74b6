package token

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	strict "github.com/go-json-experiment/json"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

var errClaims = errors.New("token: the claims of the access token cannot be read")

// readClaims reads the claims of an access token.
func readClaims(payload []byte) (c accessClaims, others map[string]json.RawMessage, err error) {
	if strict.Unmarshal(payload, &c) != nil || strict.Unmarshal(payload, &others) != nil {
		return c, nil, errClaims
	}
	if c.ID == "" || c.Client == "" || c.Subject == "" || c.Issued == 0 || c.Expires == 0 {
		return c, nil, errClaims
	}
	maps.DeleteFunc(others, func(name string, _ json.RawMessage) bool { return slices.Contains(ownClaims, name) })
	return c, others, nil
}

// readSession makes the Session of an access token's claims.
func readSession(payload []byte) (*Session, error) {
	c, others, err := readClaims(payload)
	if err != nil {
		return nil, err
	}
	return c.session(others)
}

func (c *accessClaims) session(others map[string]json.RawMessage) (*Session, error) {
	s := &Session{
		ID: c.ID, Grant: c.Grant, Client: c.Client, Subject: c.Subject, FHIRUser: c.FHIRUser, Patient: c.Patient,
		Issued: time.Unix(int64(c.Issued), 0), Expires: time.Unix(int64(c.Expires), 0), Claims: others,
	}
	if c.Binding != nil {
		s.Binding = Binding{JKT: c.Binding.JKT, Certificate: c.Binding.Certificate}
		if s.Binding == (Binding{}) {
			return nil, errClaims // bound in a way that the server does not know: not a bearer token
		}
	}
	var err error
	s.Scopes, err = scope.Parse(c.Scope)
	return s, err
}
