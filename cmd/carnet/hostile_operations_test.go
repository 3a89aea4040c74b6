package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/conformance/habilitation"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// TestHostileOperations: operations on people change nothing for who may not, and tell nothing.
func TestHostileOperations(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	f.post(f.operator, "Patient/closed/$dmp-close", `{"resourceType":"Parameters","parameter":[{"name":"date","valueDate":"2026-01-01"}]}`)
	people := []string{"p", "q", "k", "closed"}
	seal := func() (all []string) {
		for _, id := range people {
			all = append(all, f.get(f.operator, "Patient/"+id).header.Get("ETag"))
		}
		return append(all, fmt.Sprint(f.get(f.operator, "Patient?_summary=count").body[60:]))
	}
	parameters := func(list ...string) string {
		return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
	}
	date, is := `{"name":"date","valueDate":"2026-01-01"}`, `{"name":"is","valueBoolean":true}`
	professional := `{"name":"professional","valueIdentifier":{"system":"` + habilitation.RPPSSystem + `","value":"` + foeStranger + `"}}`
	source := func(ref string) string {
		return `{"name":"source-patient","valueReference":{"reference":"` + ref + `"}}`
	}
	target := func(ref string) string {
		return `{"name":"target-patient","valueReference":{"reference":"` + ref + `"}}`
	}
	system, value, _ := strings.Cut(f.insOf("p"), "|")
	someone := strings.Replace(f.get(f.operator, "Patient/p").body, `"id":"p",`, "", 1)
	callers := map[string]*habilitation.Client{
		"a stranger": f.doctor(foeStranger), "a blocked doctor": f.doctor(foeBlocked), "a nurse of the team": f.as(nurse(foeTeam), everything, "", ""), "another holder": f.holder("q"), "an institution": f.institution(), "regulation": f.regulator(), "a minor's mother": f.mother(),
	}
	before, tried := seal(), 0
	for name, c := range callers {
		for _, a := range []attack{
			{path: "Patient/p/$dmp-close", body: parameters(date)}, {path: "Patient/closed/$dmp-reopen", body: parameters(date)}, {path: "Patient/closed/$dmp-deletion", body: parameters(`{"name":"requested","valueBoolean":true}`)}, {path: "Patient/p/$dmp-attach-mes", body: parameters(`{"name":"attached","valueBoolean":true}`)},
			{path: "Patient/p/$dmp-treating-doctor", body: parameters(professional, is)}, {path: "Patient/p/$ins-change", body: parameters(`{"name":"since","valueDate":"2026-01-01"}`, `{"name":"ins","valueIdentifier":{"system":"`+system+`","value":"`+value+`"}}`)},
			{path: "Patient/$merge", body: parameters(source("Patient/p"), target("Patient/k"))}, {path: "Patient/$merge", body: parameters(source("Patient/closed"), target("Patient/p"))}, {path: "Patient/p/$unmerge", body: parameters(date)}, {path: "Patient/$link", body: parameters(source("Patient/p"), target("Patient/k"))},
			{path: "Patient/$unlink", body: parameters(source("Patient/p"), target("Patient/k"))}, {path: "Patient/$dmp-open", body: someone}, {path: "Patient", body: someone},
		} {
			a.method = http.MethodPost
			o := f.strike(c, a)
			tried++
			if strings.HasSuffix(a.path, "$dmp-open") && o.status == http.StatusOK && c != callers["another holder"] && c != callers["a minor's mother"] {
				continue // professionals who have the INS and all traits are given the record that is there (TD0.2)
			}
			assert.GreaterOrEqual(t, o.status, 400, "%s: %s: %.300s", name, a.path, o.body)
		}
		for _, body := range []string{`[{"op":"replace","path":"/active","value":false}]`, `[{"op":"replace","path":"/birthDate","value":"1900-01-01"}]`, `[{"op":"add","path":"/link","value":[{"type":"replaced-by","other":{"reference":"Patient/q"}}]}]`, `[{"op":"replace","path":"/identifier/0/value","value":"1"}]`} {
			f.patch(c, "Patient/closed", body)
			tried++
		}
	}
	assert.Equal(t, before, seal())
	// The national service is no directory for applications of patients.
	for name, c := range map[string]*habilitation.Client{"the holder": f.holder("p"), "another holder": f.holder("q"), "a minor's mother": f.mother()} {
		for _, op := range []string{"$insi-retrieve", "$insi-verify"} {
			o := f.post(c, "Patient/"+op, someone)
			assert.Equal(t, http.StatusForbidden, o.status, "%s: %s: %.300s", name, op, o.body)
			tried++
		}
	}
	// An operation answers of what is not for the caller as of what never was.
	ids := regexp.MustCompile(`Patient/(k|absent)`)
	holder := f.holder("q")
	for _, path := range []string{"Patient/%s/$everything", "Patient/%s/$habilitation", "Patient/%s/$meta", "Patient/%s", "Patient/%s/_history", "Patient/$ihe-pix?sourceIdentifier=x|%s", "Patient/%s/DocumentReference?status=current", "Patient/%s/$validate?mode=delete"} {
		there, absent := f.get(holder, fmt.Sprintf(path, "k")), f.get(holder, fmt.Sprintf(path, "absent"))
		assert.Equal(t, absent.status, there.status, path)
		assert.Equal(t, stripped(ids, absent.body), stripped(ids, there.body), path)
		tried++
	}
	unknown := string(synthetic.New(11).Patient(41).JSON)
	there, absent := f.post(holder, "Patient/$dmp-open", someone), f.post(holder, "Patient/$dmp-open", unknown)
	assert.Equal(t, absent.status, there.status, "%s\n%s", absent.body, there.body)
	assert.Equal(t, absent.body, there.body)
	o := f.get(f.doctor(foeStranger), "Patient/$ihe-pix?sourceIdentifier="+system+"|"+value)
	require.Less(t, o.status, 500)
	assert.NotContains(t, o.body, secretMark)
	t.Logf("%d attacks", tried)
}

var stamps = regexp.MustCompile(`"lastUpdated":"[^"]*"|"url":"[^"]*"`)

func stripped(ids *regexp.Regexp, body string) string {
	return stamps.ReplaceAllString(ids.ReplaceAllString(body, "Patient/<id>"), "")
}

// TestHostileSubmissions: a submission tells nothing of documents that its sender does not see, and changes none of them.
func TestHostileSubmissions(t *testing.T) {
	f := newFoes(t, securityOptions{untraced: true})
	n := 0
	submit := func(c *habilitation.Client, more string) outcome {
		n++
		return f.post(c, "DocumentReference", fmt.Sprintf(`{"resourceType":"DocumentReference","meta":{"profile":["https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference"]},%s
			"status":"current","type":{"coding":[{"system":"http://loinc.org","code":%q}]},"securityLabel":%s,"content":[{"attachment":{"contentType":"text/plain","data":"U2VjcmV0","title":"Document"}}]}`, more, reportCode, labelN))
	}
	unique := func() string {
		return fmt.Sprintf(`"masterIdentifier":{"use":"usual","system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.250.1.999.12.%d"},`, n+1)
	}
	subject := func(id string) string { return `"subject":{"reference":"Patient/` + id + `"},` }
	master := map[string]string{}
	for _, name := range []string{"visible", "masked", "other", "elsewhere"} {
		o := f.get(f.operator, "DocumentReference/d-"+name)
		master[name] = regexp.MustCompile(`urn:oid:1\.2\.250\.1\.999\.7\.\d+`).FindString(o.body)
		require.NotEmpty(t, master[name])
	}
	nurseOf := f.as(nurse(foeTeam), everything, "", "")
	digits := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|urn:oid:[0-9.]+|d-(masked|other|elsewhere|absent)|[a-z]-(masked|other|elsewhere|absent)`)
	same := func(what string, a, b outcome) {
		assert.Equal(t, a.status, b.status, "%s: %s", what, b.body)
		assert.Equal(t, digits.ReplaceAllString(a.body, "x"), digits.ReplaceAllString(b.body, "x"), what)
		assert.False(t, b.leaks(), "%s: %s", what, b.body)
	}
	for _, hidden := range []string{"masked", "other", "elsewhere"} {
		for _, relation := range []string{"replaces", "appends", "transforms", "signs"} {
			by := func(id string) string {
				return unique() + subject("p") + `"relatesTo":[{"code":"` + relation + `","target":{"reference":"DocumentReference/d-` + id + `"}}],`
			}
			same(relation+" "+hidden, submit(nurseOf, by("absent")), submit(nurseOf, by(hidden)))
			named := func(value string) string {
				return unique() + subject("p") + `"relatesTo":[{"code":"` + relation + `","target":{"identifier":{"system":"urn:ietf:rfc:3986","value":"` + value + `"}}}],`
			}
			same(relation+" by identifier "+hidden, submit(nurseOf, named("urn:oid:1.2.250.1.999.99.1")), submit(nurseOf, named(master[hidden])))
		}
		related := func(ref string) string {
			return unique() + subject("p") + `"context":{"related":[{"reference":"` + ref + `"}]},`
		}
		for _, ref := range []string{"DocumentReference/d-", "Observation/o-", "List/l-"} {
			same("related "+hidden, submit(nurseOf, related(ref+"absent")), submit(nurseOf, related(ref+hidden)))
		}
		o := submit(nurseOf, `"masterIdentifier":{"use":"usual","system":"urn:ietf:rfc:3986","value":"`+master[hidden]+`"},`+subject("p"))
		assert.Equal(t, http.StatusConflict, o.status, "the identifier is taken, which its sender knew: %s", o.body)
		assert.NotContains(t, o.body, "d-"+hidden)
		assert.False(t, o.leaks())
	}
	o := submit(nurseOf, unique()+subject("p")+`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/d-visible"}}],`)
	assert.Equal(t, http.StatusForbidden, o.status, "nobody replaces what another wrote: %s", o.body)
	o = submit(f.doctor(foeAuthor), unique()+subject("p")+`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/d-elsewhere"}}],`)
	assert.Equal(t, http.StatusUnprocessableEntity, o.status, "nor across records: %s", o.body)
	for name, c := range map[string]*habilitation.Client{"another holder": f.holder("q"), "a minor's mother": f.mother()} {
		o := submit(c, unique()+subject("p"))
		assert.GreaterOrEqual(t, o.status, 400, "%s deposits: %s", name, o.body)
		same(name, submit(c, unique()+subject("absent")), submit(c, unique()+subject("p")))
	}
	o = submit(f.holder("p"), unique()+subject("p"))
	assert.Equal(t, http.StatusForbidden, o.status, "the holder deposits no professional's report: %s", o.body)
	// Whoever deposits in another's name sees nothing for it, and cannot take it back in his own.
	o = submit(f.doctor(foeStranger), unique()+subject("p")+`"author":[{"identifier":{"system":"`+habilitation.RPPSSystem+`","value":"`+foeAuthor+`"}}],`)
	require.Equal(t, http.StatusCreated, o.status, o.body)
	id := regexp.MustCompile(`DocumentReference/([0-9a-f-]{36})`).FindStringSubmatch(o.header.Get("Location"))
	require.Len(t, id, 2)
	assert.Equal(t, http.StatusNotFound, f.get(f.doctor(foeStranger), "DocumentReference/"+id[1]).status)
	t.Logf("%d submissions", n)
}
