package main

import (
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/insi"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// A data directory keeps the mode that it was made with, whichever command opens it.
func TestIdentitiesOfADirectory(t *testing.T) {
	const base = "http://localhost/fhir"
	log := slog.New(slog.DiscardHandler)
	data := t.TempDir()
	in, err := open(data, base, "production", log)
	require.NoError(t, err)
	require.Equal(t, ins.Production, in.layers.records.Mode())
	require.NoError(t, in.Close())
	in, err = open(data, base, "", log)
	require.NoError(t, err)
	require.Equal(t, ins.Production, in.layers.records.Mode())
	require.NoError(t, in.Close())
	_, err = open(data, base, "sandbox", log)
	require.ErrorIs(t, err, dmp.ErrMode)
	_, err = open(t.TempDir(), base, "both", log)
	require.Error(t, err)
}

// The sandbox's national registry knows the people of the demo; production has none until it is told where the service is.
func TestDefaultINSi(t *testing.T) {
	service := defaultINSi(ins.Sandbox)
	registry, err := service.(*lazyINSi).registry()
	require.NoError(t, err)
	require.Equal(t, nationalPeople, registry.Len())
	_, err = service.Retrieve(t.Context(), insi.Query{Family: "PERSONNE", Given: "NULLE", Sex: "female", BirthDate: "1901-01-01"})
	require.ErrorIs(t, err, insi.ErrNone)
	_, err = defaultINSi(ins.Production).Verify(t.Context(), insi.Verification{})
	require.ErrorIs(t, err, insi.ErrUnavailable)
	for _, wrong := range []insiFlags{{cert: "x"}, {url: "https://insi.test", cert: "x"}, {url: "https://insi.test", cert: "none", key: "none"}} {
		_, err := wrong.service(ins.Sandbox)
		require.Error(t, err)
	}
	_, err = (&insiFlags{url: "https://insi.test"}).service(ins.Production)
	require.NoError(t, err)
}
