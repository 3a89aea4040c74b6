package repository

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/search"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/store"
	"github.com/carnet-fhir/carnet/store/embedded"
)

func TestRowsOfAnotherFormatAreRefusedAndRebuilt(t *testing.T) {
	ctx := context.Background()
	s := newServer(t)
	s.put(`{"resourceType":"Patient","id":"a","gender":"female","birthDate":"1980","name":[{"family":"Roy"}]}`)
	s.put(`{"resourceType":"Patient","id":"a","gender":"female","birthDate":"1980","name":[{"family":"Léger"}]}`)
	s.put(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/a"}}`)
	s.put(`{"resourceType":"SearchParameter","id":"sp","url":"http://x.test/active","name":"n","status":"active","description":"d","code":"is-active","base":["Patient"],"type":"token","expression":"Patient.gender"}`)
	s.builtSoon("Patient", "is-active")
	_, err := s.st.Commit(ctx, &store.Tx{Meta: map[string][]byte{indexFormatSetting: []byte("0")}})
	require.NoError(t, err)
	s.stop()

	st, err := embedded.Open("data", embedded.Options{FS: s.fs})
	require.NoError(t, err)
	_, err = New(options(st))
	require.ErrorIs(t, err, ErrIndexFormat)
	registry := search.NewRegistry(search.RegistryOptions{Definitions: spec.R4(), BaseURL: testBase})
	o := options(st)
	o.Registry, o.Engine = registry, search.NewEngine(registry, search.EngineOptions{})
	for range 2 { // an interrupted rebuild can be repeated
		n, err := Rebuild(ctx, o)
		require.NoError(t, err)
		require.Equal(t, 3, n)
	}
	require.NoError(t, st.Close())

	s.start()
	s.builtSoon("Patient", "is-active")
	for query, want := range map[string][]string{"family=leger": {"a"}, "family=roy": nil, "gender=female": {"a"}, "is-active=female": {"a"},
		"birthdate=1980": {"a"}, "_has:Observation:subject:status=final": {"a"}} {
		require.ElementsMatch(t, want, s.search("Patient", query), query)
	}
	s.put(`{"resourceType":"Patient","id":"a","gender":"male"}`)
	require.Empty(t, s.search("Patient", "gender=female"), "an update ends the rebuilt rows")
}
