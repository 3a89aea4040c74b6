package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/synthetic"
)

// lifeCases are L1 to L8: the life of a record.
func lifeCases() []ruleCase {
	return []ruleCase{
		{rule: "L1", says: "A record is opened with Mon espace santé, by who runs the server; the person may oppose it, and close it at any time.", test: func(r *ruleRun) {
			body := r.unopened()
			nobody := r.as(&rules.Actor{Kind: rules.Holder, ID: signin.ClientIdentifier("holder"), Authentication: rules.Direct}, "user/*.cruds", "", "")
			r.denied(nobody, http.MethodPost, "Patient/$dmp-open?mes=true", body, "L1", "a person opens no record herself: it comes with Mon espace santé")
			id := idOf(r.t, r.done(r.operator, http.MethodPost, "Patient/$dmp-open?mes=true", body, "with Mon espace santé"))
			r.permits(r.explains(r.holder(id), id, "").open, "it is open")
			r.done(r.holder(id), http.MethodPost, "Patient/"+id+"/$dmp-close", closing("2026-03-15"), "she opposes it")
			r.refuses(!r.explains(r.holder(id), id, "").open, "then it is closed")
		}},
		{rule: "L2", says: "The record is closed by the holder or her representative at any time, or at death; the closing has a date and a reason.", test: func(r *ruleRun) {
			child := r.child()
			for text, of := range map[string]func() (clientOf, string){
				"the holder":             func() (clientOf, string) { p := r.adult(); return r.holder(p), p },
				"the representative":     func() (clientOf, string) { return r.parent(child), child },
				"at death, the operator": func() (clientOf, string) { return r.operator, r.adult() },
			} {
				c, p := of()
				who := r.doctor()
				r.team(p, who)
				r.denied(r.client(who, p), http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), "L2", "a professional")
				r.done(c, http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), text)
				var closed struct {
					Active    bool
					Extension []json.RawMessage
				}
				r.read(r.operator, "Patient/"+p, &closed)
				assert.False(r.t, closed.Active)
				var found bool
				for _, x := range closed.Extension {
					found = found || strings.Contains(string(x), "FERMETURE_DEMANDE_PATIENT") && strings.Contains(string(x), "2026-03-15")
				}
				assert.True(r.t, found, "date and reason")
			}
		}},
		{rule: "L3", alone: true, says: "The record is kept for ten years from its closing, then deleted by itself; reopened meanwhile it comes back.", test: ruleL3},
		{rule: "L4", alone: true, says: "A record whose deletion is expressly asked for is deleted within three months.", test: ruleL4},
		{rule: "L6", says: "A closed record is neither read nor fed; that it is there, and its reopening, are answered.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			d := r.report(p)
			r.treating(p, who)
			r.mayRead(who, p, d, "open")
			r.done(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), "she closes it")
			for _, mode := range []rules.AccessMode{rules.Normal, rules.BreakGlass, rules.Centre15} {
				r.mayNotRead(in(mode, who), p, d, "closed: "+string(mode))
				r.openBy(in(mode, who), p, false, "L6")
			}
			r.refuses(!r.sees(r.holder(p), p, d), "not by its holder either")
			status := r.status(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p))
			r.refuses(status >= 400, "nor fed: %d", status)
			r.permits(r.finds(r.client(who, p), r.byINS(p), p), "that there is a record is answered")
			r.done(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-reopen", nil, "she opens it again")
			r.mayRead(who, p, d, "as it was")
		}},
		{rule: "L7", says: "Professionals create no records any more (DMPAccessDeniedByRightsService).", test: func(r *ruleRun) {
			body := r.unopened()
			for _, a := range []*rules.Actor{r.doctor(), r.nurse(), r.institution("990000408")} {
				r.denied(r.client(a, ""), http.MethodPost, "Patient/$dmp-open", body, "L7", string(a.Kind))
				r.denied(r.client(a, ""), http.MethodPost, "Patient", body, "L7", string(a.Kind)+", by create")
			}
			r.done(r.operator, http.MethodPost, "Patient/$dmp-open", body, "who runs the server")
		}},
		{rule: "L8", says: "The record says whether it belongs to a Mon espace santé; software changes its administrative data only where it does not.", test: func(r *ruleRun) {
			who := r.nurse()
			phone := []byte(`[{"op":"add","path":"/telecom","value":[{"system":"phone","value":"+33639980099"}]}]`)
			for _, attached := range []string{"false", "true"} {
				p := r.adult()
				r.team(p, who)
				status, body := r.ask(r.operator, http.MethodPost, "Patient/"+p+"/$dmp-attach-mes", []byte(`{"resourceType":"Parameters","parameter":[{"name":"attached","valueBoolean":`+attached+`}]}`))
				require.Equal(r.t, http.StatusOK, status, "%s", body)
				status, body = r.ask(r.client(who, p), http.MethodGet, "Patient/"+p, nil)
				r.permits(status == http.StatusOK && strings.Contains(string(body), "dmp-rattachement-mes"), "the record says so: %s", attached)
				if attached == "true" {
					r.denied(r.client(who, p), http.MethodPatch, "Patient/"+p, phone, "L8", "attached")
				} else {
					r.done(r.client(who, p), http.MethodPatch, "Patient/"+p, phone, "not attached")
				}
				r.denied(r.client(who, p), http.MethodPost, "Patient/"+p+"/$dmp-attach-mes", []byte(`{"resourceType":"Parameters","parameter":[{"name":"attached","valueBoolean":`+map[string]string{"true": "false", "false": "true"}[attached]+`}]}`), "L8", "who says so runs the server")
			}
		}},
	}
}

// unopened is a Patient of whom there is no record yet.
func (r *ruleRun) unopened() []byte {
	r.t.Helper()
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	made := synthetic.New(11).Patient(r.world.next)
	r.world.next++
	return []byte(strings.Replace(string(made.JSON), `"id":"`+made.ID+`",`, "", 1))
}

func inParis(t time.Time, r *ruleRun) time.Time {
	paris, err := time.LoadLocation("Europe/Paris")
	require.NoError(r.t, err)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, paris)
}

func ruleL3(r *ruleRun) {
	kept, back := r.adult(), r.adult()
	d, other := r.report(kept), r.report(back)
	for _, p := range []string{kept, back} {
		r.done(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), "closed")
	}
	r.at(inParis(time.Date(2036, 3, 15, 23, 59, 59, 0, time.UTC), r))
	assert.Zero(r.t, r.sweep().deleted)
	r.permits(r.status(r.operator, http.MethodGet, "DocumentReference/"+d, nil) == http.StatusOK, "a second before the end of ten years it is kept")
	r.done(r.holder(back), http.MethodPost, "Patient/"+back+"/$dmp-reopen", nil, "reopened in time")
	r.after(time.Second)
	assert.Equal(r.t, 1, r.sweep().deleted)
	r.refuses(r.status(r.operator, http.MethodGet, "Patient/"+kept, nil) == http.StatusGone && r.status(r.operator, http.MethodGet, "DocumentReference/"+d, nil) == http.StatusGone, "then it is deleted, with its documents")
	r.permits(r.sees(r.holder(back), back, other), "what was reopened is as it was")
}

func ruleL4(r *ruleRun) {
	asked, thought := r.adult(), r.adult()
	r.report(asked)
	request := func(v string) []byte {
		return []byte(`{"resourceType":"Parameters","parameter":[{"name":"requested","valueBoolean":` + v + `}]}`)
	}
	for _, p := range []string{asked, thought} {
		r.refuses(r.status(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-deletion", request("true")) == http.StatusConflict, "an open record is not deleted")
		r.done(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-close", closing("2026-03-15"), "closed")
		who := r.doctor()
		r.denied(r.client(who, p), http.MethodPost, "Patient/"+p+"/$dmp-deletion", request("true"), "L2", "a professional asks for nothing")
		r.done(r.holder(p), http.MethodPost, "Patient/"+p+"/$dmp-deletion", request("true"), "she asks for the deletion")
	}
	r.at(inParis(time.Date(2026, 6, 8, 23, 59, 59, 0, time.UTC), r))
	assert.Zero(r.t, r.sweep().deleted, "there is time to think again")
	r.done(r.holder(thought), http.MethodPost, "Patient/"+thought+"/$dmp-deletion", request("false"), "she takes it back")
	r.at(inParis(time.Date(2026, 6, 15, 23, 59, 59, 0, time.UTC), r))
	assert.Equal(r.t, 1, r.sweep().deleted)
	r.refuses(r.status(r.operator, http.MethodGet, "Patient/"+asked, nil) == http.StatusGone, "deleted before the three months end")
	r.permits(r.status(r.operator, http.MethodGet, "Patient/"+thought, nil) == http.StatusOK, "not where she took it back")
}
