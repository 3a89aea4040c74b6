package repository

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/fault"
)

func TestValidateAgainstStoredProfiles(t *testing.T) {
	s, ctx := newServer(t), context.Background()
	s.put(`{"resourceType":"StructureDefinition","id":"named","url":"http://x.test/named","version":"2","name":"Named","status":"active","kind":"resource","abstract":false,
		"type":"Patient","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Patient","derivation":"constraint",
		"differential":{"element":[{"id":"Patient","path":"Patient"},{"id":"Patient.name","path":"Patient.name","min":1}]}}`)
	const nameless = `{"resourceType":"Patient","active":true}`
	errorsOf := func(text, profile string) (out []fault.Issue) {
		issues, err := s.Validate(ctx, "Patient", "", parse(t, text), "", profile)
		require.NoError(t, err)
		for _, i := range issues {
			if i.Severity == fault.Error {
				out = append(out, i)
			}
		}
		return out
	}
	require.Empty(t, errorsOf(nameless, ""), "not asked for")
	found := errorsOf(nameless, "http://x.test/named|2")
	require.Len(t, found, 1)
	require.Equal(t, "Patient", found[0].Expression)
	require.Contains(t, found[0].Diagnostics, "name")
	require.Empty(t, errorsOf(`{"resourceType":"Patient","name":[{"family":"x"}]}`, "http://x.test/named"))
	require.Len(t, errorsOf(`{"resourceType":"Patient","meta":{"profile":["http://x.test/named"]}}`, ""), 1, "claimed")
	require.Len(t, errorsOf(nameless, "http://x.test/named|3"), 1, "another version is not known")
}
