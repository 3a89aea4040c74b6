package habilitation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
)

// ParametersFile is the file beside an operator's tables that holds the parameters of the server, where its texts leave a choice.
const ParametersFile = "parameters.json"

// parameters are Options as an operator writes them. The names are those of the Options.
type parameters struct {
	AuthorisationDays       int  `json:"authorisationDays"` // AuthorisationLength; 0: without end
	MomentHours             int  `json:"momentHours"`       // MomentLength; 0: 12
	TeamWithoutFirstConsent bool `json:"teamWithoutFirstConsent"`
	MaskedAndInvisible      bool `json:"maskedAndInvisible"` // cumul-invisible_patient-masque_ps
	Unqualified             bool `json:"unqualified"`
	NoAdministrators        bool `json:"noAdministrators"`
	AgeOfMajority           int  `json:"ageOfMajority"` // ageMajorite; 0: 18
	MinorsOff               bool `json:"minorsOff"`     // the contrary of fonctions-gestion-mineurs
}

// maxParameters bounds the file.
const maxParameters = 64 << 10

// ReadParameters reads the parameters of an operator's directory; the zero Options when it has none. A name that is not known, or a number out of its bounds, is an error: a server must not run by a rule that somebody believes to have set otherwise.
func ReadParameters(dir fs.FS) (Options, error) {
	if dir == nil {
		return Options{}, nil
	}
	file, err := dir.Open(ParametersFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Options{}, nil
	}
	if err != nil {
		return Options{}, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxParameters+1))
	if err != nil {
		return Options{}, err
	}
	return parseParameters(text)
}

func parseParameters(text []byte) (Options, error) {
	if len(text) > maxParameters {
		return Options{}, fmt.Errorf("%s: longer than %d bytes", ParametersFile, maxParameters)
	}
	var p parameters
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&p)
	if err == nil && d.More() {
		err = errors.New("more than one JSON object")
	}
	if err != nil {
		return Options{}, fmt.Errorf("%s: %w", ParametersFile, err)
	}
	for _, n := range []struct {
		name              string
		value, least, top int
	}{{"authorisationDays", p.AuthorisationDays, 1, 36_500}, {"momentHours", p.MomentHours, 1, 168}, {"ageOfMajority", p.AgeOfMajority, 12, 30}} {
		if n.value != 0 && (n.value < n.least || n.value > n.top) {
			return Options{}, fmt.Errorf("%s: %s is from %d to %d", ParametersFile, n.name, n.least, n.top)
		}
	}
	return Options{
		AuthorisationLength: time.Duration(p.AuthorisationDays) * 24 * time.Hour, MomentLength: time.Duration(p.MomentHours) * time.Hour, TeamWithoutFirstConsent: p.TeamWithoutFirstConsent, MaskedAndInvisible: p.MaskedAndInvisible,
		Unqualified: p.Unqualified, NoAdministrators: p.NoAdministrators, AgeOfMajority: p.AgeOfMajority, MinorsOff: p.MinorsOff,
	}, nil
}

// AgeOfMajority is the age in years at which a person is no minor any more.
func (e *Engine) AgeOfMajority() int {
	if e.options.AgeOfMajority == 0 {
		return defaultMajority
	}
	return e.options.AgeOfMajority
}
