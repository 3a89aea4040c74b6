package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// word is a Consent of a category in which a person is said to speak of a professional.
func (f *foes) word(d consent.Directive, rpps string) string {
	f.t.Helper()
	d.Active, d.Verified = true, true
	if d.Given.IsZero() {
		d.Given = time.Now().Add(-time.Minute)
	}
	if d.Means == "" && !d.Deny {
		d.Means = "oral"
	}
	if rpps != "" {
		d.Actors = []rules.Identifier{{System: habilitation.RPPSSystem, Value: rpps}}
	}
	body, err := d.JSON()
	require.NoError(f.t, err)
	return string(body)
}

// TestHostileConsents: a professional gives himself no more than the person's word for a consultation or a team, and nobody else gives anything.
func TestHostileConsents(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	stranger := f.doctor(foeStranger)
	callers := map[string]*habilitation.Client{
		foeStranger: stranger, foeBlocked: f.doctor(foeBlocked), foeTeam: f.as(nurse(foeTeam), everything, "", ""), foeRegulates: f.regulator(), "institution": f.institution(), "holder q": f.holder("q"), "mother": f.mother(),
	}
	categories := []consent.Category{consent.TreatingDoctor, consent.Block, consent.AccessRule, consent.MaskedInEmergency, consent.BreakGlass, consent.Centre15, consent.Visibility, consent.Feeding, consent.SecondaryUse, consent.Notifications, consent.Delegate, consent.Application, consent.AccessCode, "unknown"}
	tried := 0
	for name, c := range callers {
		rpps := name
		if len(name) != len(foeStranger) {
			rpps = foeStranger
		}
		for _, category := range categories {
			for _, deny := range []bool{false, true} {
				o := f.post(c, "Consent", f.word(consent.Directive{Category: category, Patient: "p", Deny: deny, Until: time.Now().Add(time.Hour), Read: true, CodeDigest: strings.Repeat("a", 64)}, rpps))
				assert.Contains(t, []int{http.StatusForbidden, http.StatusUnprocessableEntity}, o.status, "%s says %s: %s", name, category, o.body)
				tried++
			}
		}
	}
	now := time.Now()
	for name, d := range map[string]consent.Directive{
		"for ten years":     {Category: consent.Moment, Until: now.AddDate(10, 0, 0)},
		"begun in a month":  {Category: consent.Moment, From: now.AddDate(0, 1, 0)},
		"said tomorrow":     {Category: consent.Moment, Given: now.Add(48 * time.Hour)},
		"denied to all":     {Category: consent.CareTeam, Deny: true},
		"heard by somebody": {Category: consent.Moment, Collector: rules.Identifier{System: habilitation.RPPSSystem, Value: foeAuthor}},
	} {
		d.Patient = "p"
		o := f.post(stranger, "Consent", f.word(d, foeStranger))
		assert.Contains(t, []int{http.StatusForbidden, http.StatusUnprocessableEntity}, o.status, "%s: %s", name, o.body)
		tried++
	}
	o := f.post(stranger, "Consent", f.word(consent.Directive{Category: consent.Moment, Patient: "p", Given: now.AddDate(-1, 0, 0)}, foeStranger))
	require.Equal(t, http.StatusCreated, o.status, "an old word: %s", o.body)
	o = f.get(stranger, "DocumentReference?patient=Patient/p&status=current")
	assert.Zero(t, o.matches("DocumentReference"), "a word of last year opens nothing today")
	o = f.post(f.doctor(foeBlocked), "Consent", f.word(consent.Directive{Category: consent.Moment, Patient: "p"}, foeBlocked))
	assert.Equal(t, http.StatusForbidden, o.status, "who is blocked does not declare himself: %s", o.body)

	// What is there is not changed by whom it does not name.
	var list struct {
		Entry []struct {
			Resource struct{ ID string }
		}
	}
	require.NoError(t, json.Unmarshal([]byte(f.get(f.operator, "Consent?patient=Patient/p&_count=50").body), &list))
	for _, e := range list.Entry {
		path := "Consent/" + e.Resource.ID
		seal := f.get(f.operator, path).header.Get("ETag")
		for name, c := range callers {
			if name == foeTeam {
				continue // she may end her own
			}
			for _, a := range []attack{
				{method: http.MethodPatch, path: path, body: `[{"op":"replace","path":"/status","value":"inactive"}]`}, {method: http.MethodPatch, path: path, body: `[{"op":"replace","path":"/provision/type","value":"permit"}]`},
				{method: http.MethodPatch, path: path, body: `[{"op":"add","path":"/meta","value":{"security":[{"code":"MASQUE_PS"}]}}]`}, {method: http.MethodPatch, path: path, body: `[{"op":"replace","path":"/patient/reference","value":"Patient/q"}]`}, {method: http.MethodDelete, path: path},
				{method: http.MethodPatch, path: path, body: `[{"op":"replace","path":"/category/0/coding/0/code","value":"moment"}]`}, {method: http.MethodPut, path: path, body: strings.Replace(f.word(consent.Directive{Category: consent.CareTeam, Patient: "p"}, foeStranger), `{`, `{"id":"`+e.Resource.ID+`",`, 1)},
			} {
				own := f.get(f.operator, path)
				if strings.Contains(own.body, name) && a.method == http.MethodPatch && strings.Contains(a.body, "inactive") {
					continue // one's own
				}
				o := f.strike(c, a)
				assert.Equal(t, seal, f.get(f.operator, path).header.Get("ETag"), "%s: %s %s %s: %d", name, a.method, path, a.body, o.status)
				tried++
			}
		}
	}
	t.Logf("%d attacks", tried)
}

// TestHostileFlood: no number of Consents shuts a record, for the person or in emergencies, and nobody writes thousands.
func TestHostileFlood(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	stranger := f.doctor(foeStranger)
	flood := func(c *habilitation.Client, n int, body func(i int) string) outcome {
		entries := consentEntries(n, body)
		return f.post(c, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
	}
	moments := func(i int) string {
		return f.word(consent.Directive{Category: consent.Moment, Patient: "p", Collector: rules.Identifier{System: habilitation.RPPSSystem, Value: foeStranger}}, fmt.Sprintf("9%010d", i))
	}
	o := flood(stranger, 60, moments)
	assert.Equal(t, http.StatusForbidden, o.status, "%.300s", o.body)
	assert.Contains(t, o.body, "too-costly")
	for range 3 {
		o = flood(f.operator, 700, moments) // as many as there could be
		require.Equal(t, http.StatusOK, o.status, "%.300s", o.body)
	}
	o = f.post(stranger, "Consent", moments(1))
	assert.Equal(t, http.StatusForbidden, o.status, "the record is full: %s", o.body)
	documents := func(c *habilitation.Client) int {
		o := f.get(c, "DocumentReference?patient=Patient/p&status=current")
		require.Equal(t, http.StatusOK, o.status, "%.300s", o.body)
		return o.matches("DocumentReference")
	}
	assert.Equal(t, 3, documents(f.holder("p")), "the holder reads her record")
	assert.Equal(t, 4, documents(f.doctor(foeTreating)), "so does her médecin traitant")
	assert.Equal(t, 3, documents(f.regulator()), "and regulation")
	assert.Zero(t, documents(f.doctor(foeBlocked)), "a block holds")
	assert.Zero(t, documents(f.doctor(foeStranger)))
	require.NoError(t, f.t.Context().Err())
	many := f.word(consent.Directive{Category: consent.Block, Patient: "p", Deny: true}, foeAuthor)
	actor := `{"reference":{"identifier":{"system":"https://people.example","value":"1"}},"role":{"coding":[{"code":"IRCP","system":"http://terminology.hl7.org/CodeSystem/v3-ParticipationType"}]}}`
	many = strings.Replace(many, `"actor":[`, `"actor":[`+strings.Repeat(actor+",", 5_000), 1)
	o = f.post(f.holder("p"), "Consent", many)
	assert.Equal(t, http.StatusUnprocessableEntity, o.status, "%.300s", o.body)
	nested := strings.Repeat(`{"type":"permit","provision":[`, 200) + `{"type":"deny"}` + strings.Repeat(`]}`, 200)
	deep := f.word(consent.Directive{Category: consent.AccessRule, Patient: "p", Deny: true}, foeAuthor)
	o = f.post(f.holder("p"), "Consent", strings.Replace(deep, `"provision":{`, `"provision":{"provision":[`+nested+`],`, 1))
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, o.status, "%.300s", o.body)
	o = f.post(f.holder("p"), "Patient/p/$habilitation", `{"resourceType":"Parameters","parameter":[`+strings.Repeat(`{"name":"actor","valueString":"a|b"},`, 20_000)+`{"name":"actor","valueString":"a|b"}]}`)
	assert.Less(t, o.status, 500)
	o = f.post(f.holder("p"), "Patient/p/$habilitation", `{"resourceType":"Parameters","parameter":[{"name":"actor","valueString":"`+strings.Repeat("a|", 500_000)+`"}]}`)
	assert.Less(t, o.status, 500)
}

func consentEntries(n int, body func(i int) string) []string {
	entries := make([]string, n)
	for i := range entries {
		entries[i] = `{"request":{"method":"POST","url":"Consent"},"resource":` + body(i) + `}`
	}
	return entries
}
