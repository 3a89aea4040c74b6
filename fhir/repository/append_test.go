package repository

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/store"
)

// refusing refuses everything that is asked.
type refusing struct{ AllowAll }

func (refusing) Change(context.Context, Interaction, *element.Element, *element.Element) error {
	return errors.New("refused")
}

func (refusing) BeforeWrite(context.Context, Interaction, *element.Resource) error {
	return errors.New("refused")
}

func TestAppendAndRemoveAreTheServersOwn(t *testing.T) {
	s := newServer(t, func(o *Options) { o.Access, o.Interceptors = refusing{}, []Interceptor{refusing{}} })
	_, err := s.Create(ctx, "Patient", parse(t, patient("", "one")), Conditions{})
	require.ErrorContains(t, err, "refused")
	records, err := s.Append(ctx, parse(t, patient("mine", "one")), parse(t, patient("", "two")))
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.NotEqual(t, "mine", records[0].ID, "ids are the server's")
	require.Equal(t, records[0].Time, records[1].Time, "one commit")
	require.EqualValues(t, 1, records[0].Version)
	require.Equal(t, []string{records[0].ID}, s.search("Patient", "family=one"))
	stored, err := s.Read(ctx, "Patient", records[1].ID)
	require.NoError(t, err)
	require.Equal(t, string(stored.Body), string(records[1].Body))

	err = s.Remove(ctx, Named{Type: "Patient", ID: records[0].ID}, Named{Type: "Patient", ID: records[1].ID, Version: 7})
	require.ErrorIs(t, err, store.ErrConflict)
	require.Len(t, s.search("Patient", ""), 2, "all or none")
	require.NoError(t, s.Remove(ctx, Named{Type: "Patient", ID: records[0].ID}, Named{Type: "Patient", ID: records[1].ID, Version: 1}, Named{Type: "Patient", ID: "none"}))
	require.Empty(t, s.search("Patient", ""))
	_, err = s.Read(ctx, "Patient", records[0].ID)
	require.Equal(t, fault.Deleted, refused(t, err, 410).Issues[0].Code)
	none, err := s.Append(ctx)
	require.NoError(t, err)
	require.Empty(t, none)
}
