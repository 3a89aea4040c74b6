package author

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/cda/judge"
)

// TestJudged: what this package writes enters a record as it is, by all checks that the server has, without so much as a remark.
func TestJudged(t *testing.T) {
	f := readFixture(t)
	vsm, err := VSM(f.summary())
	require.NoError(t, err)
	n1, err := N1(f.header(), Payload{MediaType: "application/pdf", Data: []byte(tinyPDF)})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		raw               []byte
		typeCode, class   string
		format, startTime string
	}{
		"vsm": {vsm, "SYNTH", "11", "urn:asip:ci-sis:vsm:2012", "20240311103000+0100"},
		"n1":  {n1, "11488-4", "10", "urn:ihe:iti:xds-sd:pdf:2008", "20240311103000+0100"},
	} {
		t.Run(name, func(t *testing.T) {
			v := judge.Judge(c.raw, judge.Options{})
			assert.True(t, v.Accepted)
			assert.Empty(t, v.Findings)
			r := v.Report("")
			assert.Equal(t, c.typeCode, r.TypeCode)
			assert.Equal(t, c.class, r.ClassCode)
			assert.Equal(t, c.format, r.FormatCode)
			assert.Equal(t, c.startTime, r.ServiceStartTime)
			assert.Equal(t, "285073155504246", r.Patient)
		})
	}
}
