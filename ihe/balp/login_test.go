package balp_test

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/balp"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/servertest"
)

func (s *traced) last(t testing.TB) object {
	t.Helper()
	events := s.events(t)
	e := events[len(events)-1]
	raw, err := json.Marshal(e)
	require.NoError(t, err)
	requireValid(t, e, raw)
	return e
}

func TestTokensAndLoginsAreTraced(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	require.NoError(t, s.trace.TokenIssued(background, balp.Issued{Session: sessions["doctor"], Grant: "authorization_code", Scope: "user/*.rs", Remote: "192.0.2.7:5000"}))
	e := s.last(t)
	assert.Equal(t, "jti-doctor", at(e, "entity.0.what.identifier.value"))
	assert.Equal(t, "192.0.2.7", at(e, "agent.0.network.address"))

	doctor := sessions["emergency"].Actor.(*habilitation.Actor)
	require.NoError(t, s.trace.Emergency(background, balp.Emergency{Actor: doctor, Patient: "pa", Justification: "personne inconsciente", Client: "lps", Remote: "192.0.2.7:5000"}))
	e = s.last(t)
	assert.Equal(t, "110127", at(e, "subtype.0.code"))
	assert.Equal(t, "Patient/pa", at(e, "entity.0.what.reference"))
	assert.Equal(t, "personne inconsciente", at(e, "entity.1.detail.0.valueString"))
	assert.Contains(t, fmt.Sprint(at(e, "purposeOfEvent")), "bris_de_glace")

	require.NoError(t, s.trace.LoginFailed(background, balp.Failed{Client: "lps", Code: "access_denied", Remote: "192.0.2.8:5000"}))
	e = s.last(t)
	assert.Equal(t, "8", e["outcome"])
	assert.Len(t, listOf(e["agent"]), 2, "nobody is named: who could not prove who they are is nobody")
	assert.Equal(t, "110122", at(e, "subtype.0.code"))
}

// TestDocumentsAreTracedAsMHDAsks sends a document set, a document alone and reads one back.
func TestDocumentsAreTracedAsMHDAsks(t *testing.T) {
	s := newTraced(t, servertest.Options{})
	m, err := ins.New(ins.Test, "2850731555042")
	require.NoError(t, err)
	record, _, err := s.records.Open(background, dmp.Opening{INS: m, Traits: dmp.Traits{Family: "EXEMPLE", Given: "LOUISE ANNE", Sex: "female", BirthDate: "1985-07-14", BirthPlace: "31555"}})
	require.NoError(t, err)
	send := func(file, path string) object {
		text, err := os.ReadFile("../mhd/testdata/submission/" + file)
		require.NoError(t, err)
		events := s.since(t, func() {
			status, answer := s.as(t, "doctor", "POST", path, string(text))
			require.Less(t, status, 300, answer)
		})
		require.Len(t, events, 1, "one event for the set")
		raw, err := json.Marshal(events[0])
		require.NoError(t, err)
		requireValid(t, events[0], raw)
		assert.Equal(t, "Patient/"+record.ID, at(events[0], "entity.0.what.reference"))
		return events[0]
	}
	e := send("pdsm.json", "")
	assert.Equal(t, "ITI-65", at(e, "subtype.0.code"))
	assert.Contains(t, at(e, "entity.1.what.reference"), "List/")
	e = send("publish.json", "DocumentReference")
	assert.Equal(t, "ITI-105", at(e, "subtype.1.code"))
	assert.Contains(t, fmt.Sprint(at(e, "meta.profile")), "IHE.MHD.SimplifiedPublish.Audit.Recipient")
}
