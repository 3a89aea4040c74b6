package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
)

const setsCode = "&code=https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes|submissionset"

// nextPage gives the link to the next page of an answer.
func nextPage(o outcome) string {
	var b struct {
		Link []struct{ Relation, URL string }
	}
	_ = json.Unmarshal([]byte(o.body), &b)
	for _, l := range b.Link {
		if l.Relation == "next" {
			return l.URL
		}
	}
	return ""
}

// TestHostilePages: the pages of a search that was begun do not show what was hidden since, and a link is worth what its bearer may see.
func TestHostilePages(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	f.sheet("p", "victim", reportCode, "", foeAuthor)
	team := f.as(nurse(foeTeam), everything, "", "")
	pages := 0
	for _, query := range []string{
		"List?patient=Patient/p&status=current" + setsCode, "List?patient=Patient/p&status=current&_sort=_lastUpdated" + setsCode, "DocumentReference?patient=Patient/p&status=current&_sort=date", "Observation?patient=Patient/p&_sort=_lastUpdated",
		"DocumentReference?patient=Patient/p&status=current&_revinclude=List:item&_sort=_lastUpdated", "Provenance?entity=DocumentReference/d-visible,DocumentReference/d-victim&_sort=_lastUpdated", "Provenance?entity=DocumentReference/d-visible,DocumentReference/d-victim&_sort=-_lastUpdated",
		"Patient/p/$everything?_type=DocumentReference,List,Provenance,Observation", "Binary?_id=b-visible,b-victim&_sort=_lastUpdated", "Binary?_id=b-visible,b-victim&_sort=-_lastUpdated", "List/_history", "Provenance/_history", "Binary/_history", "DocumentReference/_history", "_history",
	} {
		first := f.get(team, query+map[bool]string{true: "&", false: "?"}[strings.Contains(query, "?")]+"_count=1")
		require.Equal(t, http.StatusOK, first.status, "%s %s", query, first.body)
		o := f.patch(f.operator, "DocumentReference/d-victim", patchMask)
		require.Equal(t, http.StatusOK, o.status, o.body)
		for next := nextPage(first); next != "" && pages < 500; next = nextPage(o) {
			o = f.strike(team, attack{method: http.MethodGet, path: next})
			require.Equal(t, http.StatusOK, o.status, o.body)
			assert.NotContains(t, o.body, "victim", "a later page of %s", query)
			pages++
		}
		o = f.patch(f.operator, "DocumentReference/d-victim", patchShow)
		require.Equal(t, http.StatusOK, o.status, o.body)
	}
	link := nextPage(f.get(f.doctor(foeTreating), "DocumentReference?patient=Patient/p&status=current&_count=1"))
	require.NotEmpty(t, link)
	for name, c := range map[string]*habilitation.Client{"stranger": f.doctor(foeStranger), "blocked": f.doctor(foeBlocked), "other holder": f.holder("q"), "institution": f.institution()} {
		o := f.strike(c, attack{method: http.MethodGet, path: link})
		assert.Zero(t, o.matches("DocumentReference"), "%s follows another's link: %.300s", name, o.body)
		assert.False(t, o.leaks(), name)
	}
	// A page after the authorisation was withdrawn.
	link = nextPage(f.get(team, "DocumentReference?patient=Patient/p&status=current&_count=1"))
	f.put(said(t, "block", "p", foeTeam, true))
	o := f.strike(team, attack{method: http.MethodGet, path: link})
	assert.Zero(t, o.matches("DocumentReference"), "after a block: %.300s", o.body)
	t.Logf("%d later pages", pages)
}

// TestHostileWrites: what is another's does not change, whoever asks and however.
func TestHostileWrites(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	performer := `"performer":[{"identifier":{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"8` + foeAuthor + `"}}]`
	f.store([]byte(`{"resourceType":"Observation","id":"plain","status":"final","code":{"text":"plain"},"subject":{"reference":"Patient/p"},` + performer + `,"effectiveDateTime":"2026-01-02"}`))
	f.store([]byte(`{"resourceType":"Observation","id":"own","status":"final","code":{"text":"plain"},"subject":{"reference":"Patient/p"},"performer":[{"reference":"Patient/p"}],"effectiveDateTime":"2026-01-02"}`))
	f.store([]byte(`{"resourceType":"List","id":"folder","status":"current","mode":"working","title":"folder","code":{"coding":[{"system":"https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes","code":"folder"}]},"subject":{"reference":"Patient/p"},"entry":[{"item":{"reference":"DocumentReference/d-visible"}}]}`))
	people := map[string]*habilitation.Client{
		"a stranger": f.doctor(foeStranger), "a nurse of the team": f.as(nurse(foeTeam), everything, "", ""), "the holder": f.holder("p"), "another holder": f.holder("q"), "a blocked doctor": f.doctor(foeBlocked), "an institution": f.institution(), "regulation": f.regulator(),
		"a doctor of the team": f.doctor(foeDoctor), "a minor's mother": f.mother(),
	}
	targets := []string{"DocumentReference/d-visible", "DocumentReference/d-masked", "DocumentReference/d-unseen", "List/l-visible", "List/l-masked", "Observation/o-visible", "Observation/o-masked", "Provenance/v-visible", "Binary/b-visible", "Binary/b-masked", "List/folder"}
	seals := map[string]string{}
	for _, r := range targets {
		seals[r] = f.get(f.operator, r+"?_format=json").header.Get("ETag")
	}
	tried := 0
	for name, c := range people {
		for _, r := range targets {
			typ, id, _ := strings.Cut(r, "/")
			entry := func(method string) string {
				return fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":%q,"id":%q},"request":{"method":%q,"url":%q}}]}`, typ, id, method, r)
			}
			for _, a := range []attack{
				{method: http.MethodPatch, path: r, body: `[{"op":"add","path":"/language","value":"en"}]`}, {method: http.MethodPatch, path: r, body: `[{"op":"remove","path":"/title"}]`}, {method: http.MethodPatch, path: typ + "?_id=" + id, body: `[{"op":"add","path":"/language","value":"en"}]`},
				{method: http.MethodPatch, path: r, body: `[{"op":"replace","path":"/author","value":[{"identifier":{"system":"https://people.example","value":"me"}}]}]`}, {method: http.MethodPatch, path: r, body: `[{"op":"replace","path":"/subject/reference","value":"Patient/q"}]`},
				{method: http.MethodPatch, path: r, body: `[{"op":"replace","path":"/securityContext/reference","value":"DocumentReference/d-visible"}]`}, {method: http.MethodPatch, path: r, body: `[{"op":"replace","path":"/content/0/attachment/url","value":"Binary/b-masked"}]`},
				{method: http.MethodPatch, path: r, body: `[{"op":"replace","path":"/entry","value":[{"item":{"reference":"DocumentReference/d-masked"}}]}]`},
				{method: http.MethodPost, path: r + "/$meta-add", body: `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":"X"}]}}]}`},
				{method: http.MethodPost, path: r + "/$meta-delete", body: `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"security":[{"system":"` + masksAt + `","code":"MASQUE_PS"}],"tag":[{"system":"https://carnet-fhir.github.io/CodeSystem/document-type","code":"11488-4"}]}}]}`},
				{method: http.MethodDelete, path: r}, {method: http.MethodDelete, path: typ + "?_id=" + id}, {method: http.MethodPost, body: entry("PUT")}, {method: http.MethodPost, body: entry("DELETE")}, {method: http.MethodPut, path: r, body: fmt.Sprintf(`{"resourceType":%q,"id":%q}`, typ, id)},
			} {
				o := f.strike(c, a)
				tried++
				assert.False(t, o.leaks() && strings.Contains(r, "masked") && name != "the holder", "%s: %s %s tells %.300s", name, a.method, a.path, o.body)
				if now := f.get(f.operator, r+"?_format=json").header.Get("ETag"); now != seals[r] {
					t.Errorf("%s changed %s: %s %s %s: %d", name, r, a.method, a.path, a.body, o.status)
					seals[r] = now
				}
			}
		}
	}
	const language = `[{"op":"add","path":"/language","value":"en"}]`
	o := f.patch(f.holder("p"), "Observation/plain", language)
	assert.Equal(t, http.StatusForbidden, o.status, "the holder does not rewrite a professional's data: %s", o.body)
	assert.Contains(t, o.body, "D13")
	o = f.patch(f.holder("p"), "Observation/own", language)
	assert.Equal(t, http.StatusOK, o.status, "her own she does: %s", o.body)
	o = f.patch(f.doctor(foeDoctor), "Observation/plain", language)
	assert.Equal(t, http.StatusOK, o.status, "data without labels are updated: %s", o.body)
	o = f.patch(f.as(nurse(foeTeam), everything, "", ""), "List/folder", `[{"op":"add","path":"/entry/-","value":{"item":{"reference":"DocumentReference/d-visible"}}}]`)
	assert.Equal(t, http.StatusOK, o.status, "to a folder one adds: %s", o.body)
	t.Logf("%d attacks", tried)
}
