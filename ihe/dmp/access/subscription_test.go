package access_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
)

const subscription = `{"resourceType":"Subscription","status":"requested","reason":"test","criteria":"DocumentReference?patient=Patient/p1","channel":{"type":"rest-hook","endpoint":"https://app.test/hook"}}`

func TestSubscriptionIsItsMakers(t *testing.T) {
	w := documents(t)
	r := w.as("doctor", "POST", "/fhir/Subscription", subscription)
	require.Equal(t, 201, r.Code, r.Body)
	assert.NotContains(t, r.Body.String(), doctorID, "what the server keeps of the owner stays with it")
	path := "/fhir/Subscription/" + w.ids("doctor", "/fhir/Subscription")[0]
	assert.Empty(t, w.ids("nurse", "/fhir/Subscription"))
	assert.Equal(t, 404, w.status("nurse", path))
	assert.Equal(t, 404, w.patch("nurse", path, `[{"op":"replace","path":"/status","value":"off"}]`).Code)
	assert.Equal(t, 200, w.patch("doctor", path, `[{"op":"replace","path":"/status","value":"off"}]`).Code)
	assert.Equal(t, 403, w.as("glass", "POST", "/fhir/Subscription", subscription).Code)

	rec, err := w.Repository.Read(t.Context(), "Subscription", path[len("/fhir/Subscription/"):])
	require.NoError(t, err)
	res, err := element.ParseJSON(spec.R4(), rec.Body, element.Options{})
	require.NoError(t, err)
	owner := w.access.Owner(t.Context(), res.Root)
	_, err = w.Repository.Read(owner, "DocumentReference", "biology")
	require.Error(t, err, "the owner has no right now")
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	_, err = w.Repository.Read(owner, "DocumentReference", "biology")
	require.NoError(t, err, "rights are those of the delivery")
	_, err = w.Repository.Read(owner, "DocumentReference", "masked")
	require.Error(t, err)

	res, err = element.ParseJSON(spec.R4(), []byte(subscription), element.Options{})
	require.NoError(t, err)
	_, err = w.Repository.Read(w.access.Owner(t.Context(), res.Root), "DocumentReference", "biology")
	require.Error(t, err, "nobody's subscription sees nothing")
}

func TestOwnerIsNotForged(t *testing.T) {
	w := documents(t)
	w.consent("c1", "p1", access.CategoryCareTeam, "permit", rpps, doctorID)
	forged := `{"resourceType":"Subscription","extension":[{"url":"https://carnet-fhir.github.io/StructureDefinition/subscription-owner","extension":[{"url":"session","valueString":"{\"actor\":{\"kind\":\"operator\"}}"}]}],` + subscription[len(`{"resourceType":"Subscription",`):]
	r := w.as("nurse", "POST", "/fhir/Subscription", forged)
	require.Equal(t, 201, r.Code, r.Body)
	id := w.ids("nurse", "/fhir/Subscription")[0]
	rec, err := w.Repository.Read(t.Context(), "Subscription", id)
	require.NoError(t, err)
	assert.NotContains(t, string(rec.Body), "operator")
}
