package consent

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/carnet-fhir/carnet/fhir/element"
	"github.com/carnet-fhir/carnet/fhir/fault"
	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/spec"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

func parse(t require.TestingT, text string) *element.Element {
	res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{ExpectType: "Consent"})
	require.NoError(t, err, text)
	return res.Root
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// drawn draws a directive that its category can say.
func drawn(t *rapid.T) *Directive {
	var names []Category
	for c := range shapes {
		names = append(names, c)
	}
	slices.Sort(names)
	d := &Directive{Category: rapid.SampledFrom(names).Draw(t, "category"), Patient: "p1", Given: noon, Active: rapid.Bool().Draw(t, "active")}
	s := shapes[d.Category]
	d.Deny = s.deny && (!s.permit || rapid.Bool().Draw(t, "deny"))
	ids := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) habilitation.Identifier {
		return habilitation.Identifier{System: "urn:oid:1.2", Value: rapid.StringMatching(`[0-9]{11}`).Draw(t, "value")}
	}), 1, 3)
	codes := rapid.SliceOfN(rapid.SampledFrom([]string{"10", "31", "11506-3", "REMB"}), 0, 3)
	if s.named && (s.actors || rapid.Bool().Draw(t, "named")) {
		d.Actors = ids.Draw(t, "actors")
	}
	if s.linked && (len(d.Actors) == 0 || rapid.Bool().Draw(t, "linked")) {
		d.References = []string{"RelatedPerson/r1"}
	}
	if s.roles && rapid.Bool().Draw(t, "roles") {
		d.Professions = []string{"60"}
	}
	if s.kinds {
		d.Classes, d.Types = nonEmpty(codes.Draw(t, "classes")), nonEmpty(codes.Draw(t, "types"))
	}
	if s.resources && rapid.Bool().Draw(t, "resources") {
		d.Resources = []string{"Observation"}
	}
	if s.until || rapid.Bool().Draw(t, "until") {
		d.Until = noon.Add(time.Hour)
	}
	if s.actions {
		d.Read, d.Write = true, rapid.Bool().Draw(t, "write")
	}
	if d.Category == SecondaryUse {
		d.Purposes = []string{"HRESCH"}
	}
	if s.nested && rapid.Bool().Draw(t, "except") {
		d.Except = []habilitation.Provision{{Actors: ids.Draw(t, "excepted"), Until: noon.Add(time.Minute)}}
	}
	if s.word && !d.Deny {
		d.Means, d.Collector = rapid.SampledFrom(means).Draw(t, "means"), habilitation.Identifier{System: "s", Value: "c"}
	}
	if s.code {
		d.CodeDigest = Digest("code")
	}
	d.Verified = rapid.Bool().Draw(t, "verified")
	d.Administers = d.Category == Delegate && rapid.Bool().Draw(t, "administers") && len(d.Actors)+len(d.References) > 0
	if s.reason {
		d.Reason = rapid.Bool().Draw(t, "reason")
	}
	return d
}

func nonEmpty(s []string) []string {
	if len(s) == 0 {
		return nil
	}
	return s
}

// TestReadsWhatItWrites: every directive survives being written as a Consent, which is valid FHIR.
func TestReadsWhatItWrites(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawn(t)
		text, err := want.JSON()
		require.NoError(t, err)
		got, err := Parse(parse(t, string(text)))
		require.NoError(t, err, string(text))
		require.Equal(t, want, got, string(text))
	})
}

const valid = `{"resourceType":"Consent","status":"active","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},` +
	`"category":[{"coding":[{"system":"https://carnet-fhir.github.io/CodeSystem/consent-category","code":"CATEGORY"}]}],"patient":{"reference":"Patient/p1"},"dateTime":"2026-03-01T12:00:00Z",` +
	`"policyRule":{"coding":[{"code":"OPTIN"}]},"provision":PROVISION}`

func TestRefusesWhatWouldNotHold(t *testing.T) {
	const actor = `"actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"identifier":{"system":"s","value":"1"}}}]`
	for name, c := range map[string]struct{ category, provision, expression, says string }{
		"an unknown category":                {"open-bar", `{"type":"permit"}`, "Consent.category", "categories of consent"},
		"a block that permits":               {"block", `{"type":"permit",` + actor + `}`, "Consent.provision.type", "is deny"},
		"a block of nobody":                  {"block", `{"type":"deny"}`, "Consent.provision", "names whom"},
		"a provision without a type":         {"block", `{` + actor + `}`, "Consent.provision", "is deny"},
		"an actor without identifier":        {"block", `{"type":"deny","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/1"}}]}`, "Consent.provision.actor[0]", "named by reference.identifier"},
		"an opposition that names somebody":  {"break-glass", `{"type":"deny",` + actor + `}`, "Consent.provision.actor[0]", "names no actor"},
		"a team without the person's word":   {"care-team", `{"type":"permit",` + actor + `}`, "Consent", "gave her word"},
		"a team for one class":               {"care-team", `{"type":"deny",` + actor + `,"class":[{"code":"10"}]}`, "Consent.provision.class[0]", "does not enforce class"},
		"a choice by labels":                 {"access-rule", `{"type":"deny","securityLabel":[{"code":"R"}]}`, "Consent.provision.securityLabel[0]", "does not enforce securityLabel"},
		"a choice of instances":              {"access-rule", `{"type":"deny","data":[{"meaning":"instance","reference":{"reference":"DocumentReference/1"}}]}`, "Consent.provision.data[0]", "does not enforce data"},
		"a choice of resource types":         {"access-rule", `{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}]}`, "Consent.provision.class[0]", "not resource types"},
		"an exception that denies":           {"access-rule", `{"type":"deny","provision":[{"type":"deny"}]}`, "Consent.provision.provision[0]", "of type permit"},
		"an exception of an exception":       {"access-rule", `{"type":"deny","provision":[{"type":"permit","provision":[{"type":"deny"}]}]}`, "Consent.provision.provision[0].provision[0]", "does not enforce provision"},
		"an application for ever":            {"application", `{"type":"permit",` + actor + `}`, "Consent.provision", "has an end"},
		"an application that may disclose":   {"application", `{"type":"permit",` + actor + `,"period":{"end":"2027"},"action":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentaction","code":"disclose"}]}]}`, "Consent.provision.action[0].coding[0]", "access (to read)"},
		"an access code without its hash":    {"access-code", `{"type":"permit","period":{"end":"2027"}}`, "Consent", "digest of the access code"},
		"secondary use for no purpose":       {"secondary-use", `{"type":"permit"}`, "Consent.provision", "purposes"},
		"a purpose of another code system":   {"secondary-use", `{"type":"permit","purpose":[{"system":"s","code":"HRESCH"}]}`, "Consent.provision.purpose[0]", "v3-ActReason"},
		"a delegate who is no relative here": {"delegate", `{"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Patient/2"}}]}`, "Consent.provision.actor[0]", "RelatedPerson"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(parse(t, strings.NewReplacer("CATEGORY", c.category, "PROVISION", c.provision).Replace(valid)))
			require.Error(t, err)
			f := fault.From(err)
			assert.Equal(t, http.StatusUnprocessableEntity, f.Status)
			var told []string
			for _, i := range f.Issues {
				told = append(told, i.Expression+": "+i.Diagnostics)
			}
			assert.True(t, slices.ContainsFunc(f.Issues, func(i fault.Issue) bool {
				return strings.HasPrefix(i.Expression, c.expression) && strings.Contains(i.Diagnostics, c.says)
			}), "%q", told)
		})
	}
}

func TestLeavesOtherConsentsAlone(t *testing.T) {
	text := strings.NewReplacer("https://carnet-fhir.github.io/CodeSystem/consent-category", "http://loinc.org", "CATEGORY", "59284-0", "PROVISION", `{"securityLabel":[{"code":"R"}]}`).Replace(valid)
	d, err := Parse(parse(t, text))
	require.NoError(t, err)
	assert.Nil(t, d)
	res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{})
	require.NoError(t, err)
	assert.NoError(t, Rules{}.BeforeWrite(context.Background(), repository.Create, res))
}

func TestHoldsWithinItsPeriod(t *testing.T) {
	d := &Directive{Active: true, From: noon, Until: noon.Add(time.Hour)}
	assert.False(t, d.Holds(noon.Add(-time.Second)))
	assert.True(t, d.Holds(noon))
	assert.False(t, d.Holds(noon.Add(time.Hour)))
	d.Active = false
	assert.False(t, d.Holds(noon))
	// A day's end is the next day's begin.
	assert.Equal(t, time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), moment("2026-03-01", true))
	assert.Equal(t, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), moment("2026", true))
}

func FuzzParse(f *testing.F) {
	for category := range shapes {
		f.Add(strings.NewReplacer("CATEGORY", string(category), "PROVISION", `{"type":"permit","actor":[{"role":{"text":"a"},"reference":{"identifier":{"system":"s","value":"1"}}}],"period":{"end":"2027"}}`).Replace(valid))
	}
	f.Fuzz(func(t *testing.T, text string) {
		res, err := element.ParseJSON(spec.R4(), []byte(text), element.Options{ExpectType: "Consent"})
		if err != nil {
			return
		}
		d, err := Parse(res.Root)
		if err != nil || d == nil {
			return
		}
		out, err := d.JSON()
		require.NoError(t, err)
		again, err := Parse(parse(t, string(out)))
		require.NoError(t, err, string(out))
		require.Equal(t, d.Category, again.Category)
	})
}
