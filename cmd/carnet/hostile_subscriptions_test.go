package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
)

// TestHostileSubscriptions: a Subscription is seen and changed by its maker alone, and what is asked of one that is refused tells nothing of what is stored.
func TestHostileSubscriptions(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	of := func(criteria string) string {
		return fmt.Sprintf(`{"resourceType":"Subscription","status":"off","reason":"x","criteria":%q,"channel":{"type":"rest-hook","endpoint":"http://127.0.0.1:9/hook","payload":"application/fhir+json"}}`, criteria)
	}
	doctor := f.doctor(foeDoctor)
	o := f.post(doctor, "Subscription", of("DocumentReference?patient=Patient/p"))
	require.Equal(t, http.StatusCreated, o.status, o.body)
	path := strings.TrimSuffix(o.header.Get("Location"), "/_history/1")
	assert.NotContains(t, o.body, "subscription-owner", "what the server keeps of the maker is shown to nobody")
	_, id, _ := strings.Cut(path, "/Subscription/")
	require.NotEmpty(t, id)
	before := f.get(f.operator, "Subscription/"+id).header.Get("ETag")
	for name, c := range map[string]*habilitation.Client{"a stranger": f.doctor(foeStranger), "the holder": f.holder("p"), "an institution": f.institution(), "regulation": f.regulator(), "a nurse": f.as(nurse(foeTeam), everything, "", "")} {
		for _, r := range []string{"Subscription/" + id, "Subscription/" + id + "/_history", "Subscription/" + id + "/_history/1"} {
			assert.Equal(t, http.StatusNotFound, f.get(c, r).status, "%s: %s", name, r)
		}
		for _, q := range []string{"Subscription?_id=" + id, "Subscription", "Subscription?url=http://127.0.0.1:9/hook", "Subscription?status=off", "Subscription?_content=rest-hook", "Subscription?owner=" + habilitation.RPPSSystem + "|" + foeDoctor} {
			o := f.get(c, q)
			assert.Zero(t, o.matches("Subscription"), "%s: %s", name, q)
		}
		f.patch(c, "Subscription/"+id, `[{"op":"replace","path":"/channel/endpoint","value":"http://127.0.0.1:9/mine"}]`)
		f.strike(c, attack{method: http.MethodPut, path: "Subscription/" + id, body: strings.Replace(of("DocumentReference?patient=Patient/p"), "{", `{"id":"`+id+`",`, 1)})
		f.strike(c, attack{method: http.MethodDelete, path: "Subscription/" + id})
		assert.Equal(t, before, f.get(f.operator, "Subscription/"+id).header.Get("ETag"), name)
	}
	// The kept owner is not of the client's making, neither at creation nor later.
	forged := `"extension":[{"url":"https://carnet-fhir.github.io/StructureDefinition/subscription-owner","extension":[{"url":"identity","valueIdentifier":{"system":"` + habilitation.RPPSSystem + `","value":"` + foeTreating + `"}},{"url":"session","valueString":"{\"actor\":{\"kind\":\"operator\"},\"scopes\":\"system/*.cruds\"}"}]}],`
	stranger := f.doctor(foeStranger)
	o = f.post(stranger, "Subscription", strings.Replace(of("DocumentReference?patient=Patient/p"), `"status"`, forged+`"status"`, 1))
	require.Equal(t, http.StatusCreated, o.status, o.body)
	_, made, _ := strings.Cut(strings.TrimSuffix(o.header.Get("Location"), "/_history/1"), "/Subscription/")
	mine := f.get(stranger, "Subscription?_id="+made)
	assert.Equal(t, 1, mine.matches("Subscription"), "it is its maker's")
	theirs := f.get(f.doctor(foeTreating), "Subscription?_id="+made)
	assert.Zero(t, theirs.matches("Subscription"), "and not another's")
	o = f.patch(stranger, "Subscription/"+made, `[{"op":"test","path":"/extension/0/url","value":"https://carnet-fhir.github.io/StructureDefinition/subscription-owner"}]`)
	assert.GreaterOrEqual(t, o.status, 400, "a patch does not meet it: %s", o.body)
	f.patch(stranger, "Subscription/"+made, `[{"op":"add","path":"/extension","value":[{"url":"https://carnet-fhir.github.io/StructureDefinition/subscription-owner","extension":[{"url":"session","valueString":"{}"}]}]}]`)
	mine = f.get(stranger, "Subscription?_id="+made)
	assert.Equal(t, 1, mine.matches("Subscription"))
	// Criteria on what is hidden and on what is absent are answered alike.
	for _, criteria := range []string{"DocumentReference?_id=d-%s", "DocumentReference?patient=Patient/p&related=DocumentReference/d-%s", "List?item=DocumentReference/d-%s", "Observation?_id=o-%s", "Binary?_id=b-%s", "AuditEvent?entity=DocumentReference/d-%s"} {
		there, absent := f.post(stranger, "Subscription", of(fmt.Sprintf(criteria, "masked"))), f.post(stranger, "Subscription", of(fmt.Sprintf(criteria, "absent")))
		assert.Equal(t, absent.status, there.status, criteria)
		if there.status >= 400 {
			assert.Equal(t, absent.body, there.body, criteria)
		}
	}
}
