package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
)

// routes are all ways to a document and to what came with it; %s is its name.
func routes(name, ins string) (all []attack) {
	get := func(paths ...string) {
		for _, p := range paths {
			all = append(all, attack{method: http.MethodGet, path: p})
		}
	}
	quoted := url.QueryEscape(ins)
	for _, r := range []string{"DocumentReference/d-" + name, "Binary/b-" + name, "List/l-" + name, "Observation/o-" + name, "Provenance/v-" + name} {
		get(r, r+"?_format=xml", r+"?_format=html", r+"?_format=ttl", r+"?_elements=description,title,code,data", r+"?_summary=text", r+"?_summary=data", r+"/_history", r+"/_history/1", r+"/$meta", r+"?_pretty=true")
		for _, h := range []http.Header{{"Accept": {"text/html"}}, {"Accept": {"application/fhir+xml"}}, {"Accept": {"text/plain"}}, {"Range": {"bytes=0-"}}, {"Range": {"bytes=-5"}}, {"If-None-Match": {`W/"9"`}}, {"If-Range": {`"1"`}, "Range": {"bytes=0-3"}}, {"Prefer": {"return=representation"}}} {
			all = append(all, attack{method: http.MethodGet, path: r, header: h}, attack{method: http.MethodHead, path: r, header: h})
		}
	}
	for _, typ := range []string{"DocumentReference", "Binary", "List", "Observation", "Provenance"} {
		id := fmt.Sprintf("%s?_id=%s-%s", typ, map[string]string{"DocumentReference": "d", "Binary": "b", "List": "l", "Observation": "o", "Provenance": "v"}[typ], name)
		get(id, id+"&_include=*", id+"&_revinclude=*", id+"&_include:iterate=*", id+"&_contained=both", id+"&_format=xml", id+"&_summary=count", typ+"?_content=HIDDENMARK", typ+"?_text=HIDDENMARK", typ+"?_lastUpdated=gt2000", typ+"/_history", typ+"/$meta")
	}
	for _, who := range []string{"patient=Patient/p", "patient.identifier=" + quoted, "subject:Patient._id=p"} {
		get("DocumentReference?status=current&"+who, "DocumentReference?status=current&"+who+"&_revinclude=Provenance:entity&_revinclude:iterate=List:item", "DocumentReference?status=current&"+who+"&_sort=description&_count=1", "DocumentReference?status=current&"+who+"&description:contains=HIDDEN",
			"DocumentReference?status=current&"+who+"&_filter="+url.QueryEscape(`description co "HIDDENMARK"`), "DocumentReference?status=current&"+who+"&_has:List:item:title=HIDDENMARK", "Observation?"+who+"&_include=Observation:derived-from", "Observation?"+who+"&derived-from:DocumentReference.description=HIDDENMARK",
			"List?status=current&"+who+setsCode+"&_include=List:item", "List?status=current&"+who+setsCode+"&title=HIDDENMARK", "DocumentReference?status=current&"+who+"&relationship=DocumentReference/d-"+name+"$replaces", "DocumentReference?status=current&"+who+"&_list=l-"+name, "Observation?"+who+"&code-value-quantity=x$1", "Observation?"+who+"&_list=l-"+name)
	}
	get("Patient/p/$everything", "Patient/p/$everything?_type=Observation,List,DocumentReference,Provenance", "Patient/p/*", "Patient/p/Observation", "Patient/p/DocumentReference?status=current", "Patient/p/List?status=current&code=submissionset", "_history", "?_content=HIDDENMARK", "?_type=DocumentReference,Observation,List&_lastUpdated=gt2000",
		"Patient?_id=p&_revinclude=*", "Patient?_id=p&_revinclude=DocumentReference:subject&_revinclude:iterate=List:item&_revinclude:iterate=Provenance:entity", "Patient?_id=p&_has:DocumentReference:subject:description=HIDDENMARK", "Patient?_id=p&_has:Observation:subject:_has:Provenance:target:_id=v-"+name,
		"Practitioner?_has:DocumentReference:author:description=HIDDENMARK", "Patient/p/$everything?_format=xml", "$export", "Patient/$export", "Group/x/$export", "DocumentReference/$docref?patient=Patient/p", "Observation/$lastn?patient=Patient/p", "Composition/$document", "$graphql?query={Patient(id:p){id}}", "Patient/p/$summary")
	for _, typ := range []string{"DocumentReference", "Observation", "List", "Binary"} {
		all = append(all, attack{method: http.MethodPost, path: typ + "/_search", body: "_content=HIDDENMARK"}, attack{method: http.MethodPost, path: typ + "/_search?patient=Patient/p", body: "status=current&description:contains=HIDDEN"})
	}
	entries := ""
	for i, u := range []string{"DocumentReference/d-" + name, "Binary/b-" + name, "Observation/o-" + name, "Patient/p/$everything", "DocumentReference?patient=Patient/p&status=current", "List/l-" + name + "/_history"} {
		if i > 0 {
			entries += ","
		}
		entries += fmt.Sprintf(`{"request":{"method":"GET","url":%q}}`, u)
	}
	for _, kind := range []string{"batch", "transaction"} {
		all = append(all, attack{method: http.MethodPost, body: fmt.Sprintf(`{"resourceType":"Bundle","type":%q,"entry":[%s]}`, kind, entries)})
	}
	return all
}

// TestHostileRoutes: nobody is shown what is hidden from them by any way to it.
func TestHostileRoutes(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	ins := f.insOf("p")
	app := func(scopes string) *habilitation.Client {
		return f.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("holder-p")}, scopes, "p", "Patient/p")
	}
	occupational := foeDoctorAs("81200000176")
	occupational.Speciality = "SM25"
	f.put(said(t, consent.CareTeam, "p", "81200000176", false))
	cases := []struct {
		who    string
		client *habilitation.Client
		hidden []string
	}{
		{"a stranger", f.doctor(foeStranger), []string{"masked", "other", "unseen", "minor"}},
		{"a blocked doctor", f.doctor(foeBlocked), []string{"masked", "other", "unseen", "minor"}},
		{"another holder", f.holder("q"), []string{"masked", "other", "unseen", "minor"}},
		{"an institution", f.institution(), []string{"masked", "minor"}},
		{"an occupational physician", f.as(occupational, everything, "", ""), []string{"masked", "other", "unseen"}},
		{"a minor's mother", f.mother(), []string{"masked", "minor"}},
		{"a backend service without consent", f.as(&rules.Actor{Kind: rules.Application, ID: signin.ClientIdentifier("app")}, "system/*.cruds", "", ""), []string{"masked", "minor"}},
		{"an application for people only", app("patient/Patient.rs patient/Appointment.rs"), []string{"masked", "minor"}},
		{"an application for one code", app("patient/Observation.rs?code=nothing"), []string{"masked", "minor"}},
	}
	tried := 0
	for _, c := range cases {
		for _, name := range c.hidden {
			for _, a := range routes(name, ins) {
				o := f.strike(c.client, a)
				tried++
				if c.who == "a stranger" && name != "elsewhere" || c.who == "another holder" {
					o.body = withoutTitle(o.body, "elsewhere") // q is theirs
				}
				assert.False(t, o.leaks(), "%s: %s %s %s tells %.500s", c.who, a.method, a.path, a.body, o.body)
				if strings.Contains(a.path+a.body, "HIDDEN") && c.who != "a stranger" && c.who != "another holder" {
					assert.NotRegexp(t, `"total":[1-9]`, o.body, "%s: %s %s", c.who, a.path, a.body)
				}
				assert.False(t, a.method == http.MethodGet && o.status == http.StatusNotModified, "%s: %s", c.who, a.path)
			}
		}
	}
	o := f.get(f.doctor(foeTreating), "DocumentReference/d-masked")
	require.True(t, o.leaks(), "the mark is there to be found")
	t.Logf("%d requests", tried)
}

// withoutTitle takes a document that the caller sees out of an answer.
func withoutTitle(body, name string) string {
	return string(visibleOf(body, secretMark+" "+name))
}

func visibleOf(body, title string) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll([]byte(body), []byte(title), nil), []byte("SElEREVOTUFSSyBieXRlcw=="), nil)
}
