package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/carnet-fhir/carnet/ihe/dmp/consent"
	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// documentCases are D10 to D18: states, deletion, deposits.
func documentCases() []ruleCase {
	return []ruleCase{
		{rule: "D10", says: "A document is approved, archived, deleted, or an old version (deprecated); a deletion goes from the archived or the approved state, and there is no way back.", test: ruleD10},
		{rule: "D11", says: "Searches show the active ones; archived, masked, invisible and obsolete are filters; that of masked ones is the médecin traitant's.", test: ruleD11},
		{rule: "D12", says: "Deletion is logical; only the author deletes his own, the structure its own, and the médecin traitant or the holder the holder's.", test: ruleD12},
		{rule: "D13", says: "The holder deletes her own deposits; a professional's document she masks only (inferred).", test: func(r *ruleRun) {
			p, author := r.adult(), r.nurse()
			hers, his := r.report(p, byHolder), r.report(p, by(author))
			r.denied(r.holder(p), http.MethodPatch, "DocumentReference/"+his, []byte(patchDelete), "D13", "a professional's document")
			r.done(r.holder(p), http.MethodPatch, "DocumentReference/"+his, []byte(patchMask), "it she masks")
			r.done(r.holder(p), http.MethodPatch, "DocumentReference/"+hers, []byte(patchDelete), "her own deposit")
			r.refuses(r.missing(r.holder(p), "DocumentReference/"+hers), "then it is gone for her")
		}},
		{rule: "D14", says: "The reader does not keep what it read without the professional's act: answers are not to be stored, and the professional is told.", test: func(r *ruleRun) {
			p, who, other := r.adult(), r.nurse(), r.nurse()
			d := r.report(p)
			r.team(p, who)
			told := strings.Join(r.explains(r.client(who, p), p, "").notices, " ")
			r.permits(strings.Contains(told, "conservés que par un acte du professionnel"), "the notice: %s", told)
			for _, path := range []string{"DocumentReference/" + d, "Binary/b-" + d, "DocumentReference?patient=Patient/" + p + "&status=current"} {
				status, header := r.headers(r.client(who, p), path)
				r.permits(status == http.StatusOK && header.Get("Cache-Control") == "no-store", "%s: %d %q", path, status, header.Get("Cache-Control"))
				status, header = r.headers(r.client(other, p), path)
				r.refuses(status != http.StatusOK || strings.Contains(path, "?"), "%s is not everybody's: %d", path, status)
				assert.Equal(r.t, "no-store", header.Get("Cache-Control"), path)
			}
		}},
		{rule: "D15", says: "The patient's documents have the class 90 or a type DOCPAT: she deposits those, and professionals do not.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			r.team(p, who)
			for _, kind := range [][2]string{{"DOCPAT03", "10"}, {"EXPPAT_2", "90"}} {
				r.done(r.holder(p), http.MethodPost, "DocumentReference", r.published(p, publishing(kind[0], kind[1])), "the holder, "+kind[0])
				r.denied(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p, publishing(kind[0], kind[1])), "D15", "a professional, "+kind[0])
			}
			r.denied(r.holder(p), http.MethodPost, "DocumentReference", r.published(p), "D15", "the holder, a consultation report")
			r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "a professional, a consultation report")
		}},
		{rule: "D17", says: "Once a professional is authorised the holder opposes feeding only for a legitimate reason.", test: func(r *ruleRun) {
			p, authorised, other := r.adult(), r.nurse(), r.nurse()
			r.team(p, authorised)
			plain := r.says(p, consent.Directive{Category: consent.Feeding, Deny: true, Types: []string{everybodys}})
			r.denied(r.client(other, p), http.MethodPost, "DocumentReference", r.published(p), "D17", "who is not authorised")
			r.done(r.client(authorised, p), http.MethodPost, "DocumentReference", r.published(p), "who is authorised, without a reason given")
			r.takesBack(p, plain)
			r.says(p, consent.Directive{Category: consent.Feeding, Deny: true, Types: []string{everybodys}, Reason: true})
			r.denied(r.client(authorised, p), http.MethodPost, "DocumentReference", r.published(p), "D17", "who is authorised, for a legitimate reason")
			r.done(r.client(authorised, p), http.MethodPost, "DocumentReference", r.published(p, publishing("34112-3", "10")), "documents of another type")
		}},
		{rule: "D18", alone: true, says: "The opposition to feeding can be made for a single document; by default it is sent.", test: func(r *ruleRun) {
			p, who, colleague := r.adult(), r.nurse(), r.nurse()
			r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "by default")
			// The report of today's visit, by this professional: nothing of it comes in, and nothing else is kept out.
			r.says(p, consent.Directive{Category: consent.Feeding, Deny: true, Actors: []rules.Identifier{who.ID}, Types: []string{everybodys}, From: r.now(), Until: r.now().Add(24 * time.Hour), Reason: true})
			r.denied(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "D17", "the document that she opposes")
			r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p, publishing("34112-3", "10")), "another one of the same professional")
			r.done(r.client(colleague, p), http.MethodPost, "DocumentReference", r.published(p), "one of another professional")
			r.after(24*time.Hour - time.Second)
			r.denied(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "D17", "a second before the end of that day")
			r.after(2 * time.Second)
			r.done(r.client(who, p), http.MethodPost, "DocumentReference", r.published(p), "the next one")
		}},
	}
}

// headers gives the status and the header of an answer.
func (r *ruleRun) headers(c clientOf, path string) (int, http.Header) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, r.base+"/"+path, nil)
	require.NoError(r.t, err)
	request.Header.Set("Authorization", "Bearer "+c.Token)
	answer, err := r.http.Do(request)
	require.NoError(r.t, err)
	require.NoError(r.t, answer.Body.Close())
	return answer.StatusCode, answer.Header
}

func ruleD10(r *ruleRun) {
	p, author, reader := r.adult(), r.nurse(), r.doctor()
	r.team(p, author)
	r.team(p, reader)
	c := r.client(author, p)
	unknown := func(id, patch, text string) {
		r.t.Helper()
		status, body := r.ask(c, http.MethodPatch, "DocumentReference/"+id, []byte(patch))
		r.refuses(status == http.StatusUnprocessableEntity, "%s: %d %.200s", text, status, body)
	}
	deposit := func() string {
		own := func(d *published) { d.author = byProfessional(author.ID.System, author.ID.Value) }
		return idOf(r.t, r.done(c, http.MethodPost, "DocumentReference", r.published(p, own), "approved"))
	}
	d := deposit()
	content := r.contentOf(d)
	r.done(c, http.MethodPatch, "DocumentReference/"+d, []byte(patchArchived(true)), "approved to archived (TD3.3d)")
	r.permits(r.reads(reader, p, content), "professionals read archived documents")
	r.done(c, http.MethodPatch, "DocumentReference/"+d, []byte(patchDelete), "archived to deleted (TD3.3c)")
	unknown(d, `[{"op":"replace","path":"/status","value":"current"}]`, "deleted to approved")
	unknown(d, patchArchived(false), "to take what is deleted out of the archive")
	r.permits(r.reads(reader, p, content), "professionals read deleted documents (TD3.2)")
	r.refuses(r.missing(r.holder(p), "DocumentReference/"+d) && !r.readsAs(r.holder(p), content), "the holder does not")
	second := deposit()
	r.done(c, http.MethodPatch, "DocumentReference/"+second, []byte(patchArchived(true)), "to archive")
	r.done(c, http.MethodPatch, "DocumentReference/"+second, []byte(patchArchived(false)), "and out again")
	r.done(c, http.MethodPatch, "DocumentReference/"+second, []byte(patchDelete), "approved to deleted")
	old := r.report(p, by(author), inState("superseded"))
	r.mayRead(reader, p, old, "an old version")
	unknown(old, `[{"op":"replace","path":"/status","value":"current"}]`, "deprecated to approved")
	unknown(old, patchArchived(true), "to archive what is deprecated")
}

// contentOf is the address of a document's content, below the base.
func (r *ruleRun) contentOf(id string) string {
	r.t.Helper()
	var d struct {
		Content []struct{ Attachment struct{ URL string } }
	}
	r.read(r.operator, "DocumentReference/"+id, &d)
	require.NotEmpty(r.t, d.Content)
	return strings.TrimPrefix(d.Content[0].Attachment.URL, r.base+"/")
}

func (r *ruleRun) reads(a *rules.Actor, patient, path string) bool {
	r.t.Helper()
	return r.readsAs(r.client(a, patient), path)
}

func (r *ruleRun) readsAs(c clientOf, path string) bool {
	r.t.Helper()
	status, _ := r.ask(c, http.MethodGet, path, nil)
	return status == http.StatusOK
}

func ruleD11(r *ruleRun) {
	p, treating, other := r.adult(), r.doctor(), r.doctor()
	r.treating(p, treating)
	r.team(p, other)
	active, archived, old, secret, unseen := r.report(p), r.report(p, inState("archived")), r.report(p, inState("superseded")), r.report(p, masked), r.report(p, marked("INVISIBLE_PATIENT"))
	search := func(a *rules.Actor, filter string) (ids []string) {
		for _, body := range r.search(r.client(a, p), "DocumentReference?patient=Patient/"+p+"&_count=100&"+filter) {
			ids = append(ids, idOf(r.t, body))
		}
		return ids
	}
	r.permits(sameIDs(search(other, "status=current&isArchived=false&security-label:not=INVISIBLE_PATIENT"), active), "the active ones")
	r.permits(sameIDs(search(other, "status=current&isArchived=true"), archived), "archived ones, as a filter")
	r.permits(sameIDs(search(other, "status=superseded"), old), "obsolete ones, as a filter")
	r.permits(sameIDs(search(other, "status=current&security-label=INVISIBLE_PATIENT"), unseen), "invisible ones, as a filter")
	r.permits(sameIDs(search(treating, "status=current&security-label=MASQUE_PS"), secret), "masked ones, as a filter of the médecin traitant")
	r.refuses(len(search(other, "status=current&security-label=MASQUE_PS")) == 0, "of nobody else")
	status, body := r.ask(r.client(other, p), http.MethodGet, "DocumentReference?patient=Patient/"+p, nil)
	r.refuses(status == http.StatusBadRequest, "a search says which status it is about: %d %.200s", status, body)
}

func ruleD12(r *ruleRun) {
	p, author, other, treating := r.adult(), r.nurse(), r.nurse(), r.doctor()
	r.treating(p, treating)
	r.team(p, other)
	hospital, elsewhere := r.institution("990000374"), r.institution("990000382")
	own, structures, hers := r.report(p, by(author)), r.report(p, byHospital("990000374")), r.report(p, byHolder)
	remove := []byte(patchDelete)
	r.denied(r.client(other, p), http.MethodPatch, "DocumentReference/"+own, remove, "D12", "another professional")
	r.denied(r.client(treating, p), http.MethodPatch, "DocumentReference/"+own, remove, "D12", "the médecin traitant, what is another's")
	r.done(r.client(author, p), http.MethodPatch, "DocumentReference/"+own, remove, "the author")
	status, _ := r.ask(r.client(elsewhere, p), http.MethodPatch, "DocumentReference/"+structures, remove)
	r.refuses(hidden(status), "another structure: %d", status)
	r.done(r.client(hospital, p), http.MethodPatch, "DocumentReference/"+structures, remove, "the structure")
	r.denied(r.client(other, p), http.MethodPatch, "DocumentReference/"+hers, remove, "D12", "the holder's, by a professional")
	r.done(r.client(treating, p), http.MethodPatch, "DocumentReference/"+hers, remove, "the holder's, by the médecin traitant")
	r.done(r.holder(p), http.MethodPatch, "DocumentReference/"+r.report(p, byHolder), remove, "the holder's, by herself")
	// Logical: what is deleted says so, with its history, and nothing is deleted for good.
	var d struct{ Status string }
	r.read(r.client(other, p), "DocumentReference/"+own, &d)
	assert.Equal(r.t, "entered-in-error", d.Status)
	kept := r.report(p, by(author))
	status, body := r.ask(r.client(author, p), http.MethodDelete, "DocumentReference/"+kept, nil)
	r.refuses(status == http.StatusForbidden, "a deletion for good: %d %s", status, body)
	var history struct{ Entry []json.RawMessage }
	r.read(r.client(other, p), "DocumentReference/"+own+"/_history", &history)
	assert.GreaterOrEqual(r.t, len(history.Entry), 2)
}
