package habilitation

import (
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParameters(t *testing.T) {
	read := func(text string) (Options, error) {
		return ReadParameters(fstest.MapFS{ParametersFile: {Data: []byte(text)}})
	}
	for _, none := range []func() (Options, error){func() (Options, error) { return ReadParameters(nil) }, func() (Options, error) { return ReadParameters(fstest.MapFS{}) }, func() (Options, error) { return read("{}") }} {
		o, err := none()
		require.NoError(t, err)
		assert.Equal(t, Options{}, o)
	}
	o, err := read(`{"authorisationDays":365,"momentHours":4,"teamWithoutFirstConsent":true,"maskedAndInvisible":true,"unqualified":true,"noAdministrators":true,"ageOfMajority":16,"minorsOff":true}`)
	require.NoError(t, err)
	assert.Equal(t, Options{AuthorisationLength: 365 * 24 * time.Hour, MomentLength: 4 * time.Hour, TeamWithoutFirstConsent: true, MaskedAndInvisible: true, Unqualified: true, NoAdministrators: true, AgeOfMajority: 16, MinorsOff: true}, o)
	assert.Equal(t, 16, engine(t, o).AgeOfMajority())
	assert.Equal(t, 18, standard(t).AgeOfMajority())
	for _, wrong := range []string{``, `[]`, `{"ageOfMajorty":16}`, `{"ageOfMajority":3}`, `{"momentHours":-1}`, `{"authorisationDays":99999}`, `{} {}`, `{"minorsOff":"yes"}`, string(make([]byte, maxParameters+1))} {
		_, err := read(wrong)
		assert.Error(t, err, "%.40q", wrong)
	}
}

func FuzzParameters(f *testing.F) {
	f.Add([]byte(`{"ageOfMajority":16,"momentHours":4}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		o, err := parseParameters(text)
		if err != nil {
			assert.Equal(t, Options{}, o)
			return
		}
		_, err = New(o)
		require.NoError(t, err)
	})
}
