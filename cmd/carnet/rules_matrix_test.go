package main

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/stretchr/testify/assert"

	rules "github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// matrixCases are the matrices, of which other tests ask every cell, and X1 to X6: what is done where they are silent.
func matrixCases() []ruleCase {
	return []ruleCase{
		{rule: "MA", says: "Matrix A says which column reads which type of document; a type has the class that it has there.", test: func(r *ruleRun) {
			p, nurse, midwife := r.adult(), r.nurse(), r.professional(func(a *rules.Actor) { a.Profession = "50" })
			usual, pregnancy, moved := r.report(p), r.report(p, of(doctorsOf, "10")), r.report(p, of(doctorsOf, "31"))
			for _, a := range []*rules.Actor{nurse, midwife} {
				r.team(p, a)
				r.mayRead(a, p, usual, "a type of both columns")
			}
			r.mayRead(midwife, p, pregnancy, "a report of pregnancy, a midwife")
			r.mayNotRead(nurse, p, pregnancy, "a report of pregnancy, a nurse")
			r.mayNotRead(nurse, p, moved, "nor in another class, which she reads")
			told := r.explains(r.client(nurse, p), p, "")
			assert.Equal(r.t, "INF", told.column)
			assert.Equal(r.t, []bool{true, false}, []bool{told.types[everybodys], told.types[doctorsOf]})
		}},
		{rule: "MB", says: "Matrix B says which kind of actor carries out which transaction in which access mode.", test: func(r *ruleRun) {
			p, nurse, staff := r.adult(), r.nurse(), r.staff("990000416")
			d, structures := r.report(p), r.report(p, byHospital("990000416"))
			r.team(p, nurse)
			r.mayRead(nurse, p, d, "TD3.2 by a nurse")
			c := r.client(staff, p)
			r.refuses(!r.finds(c, "DocumentReference?patient=Patient/"+p+"&status=current", d), "TD3.1 by staff, another's document")
			r.permits(r.finds(c, "DocumentReference?patient=Patient/"+p+"&status=current", structures), "TD3.1 by staff, the reference of the structure's")
			r.refuses(r.missing(c, "Binary/b-"+structures), "TD3.2 by staff")
			r.decides(c, p, rules.ReadDocument, false, "MB")
			r.decides(c, p, rules.FeedByStaff, true, "MB")
		}},
		{rule: "X1", says: "What is not known has no right: kinds, codes, modes.", test: func(r *ruleRun) {
			p := r.adult()
			d := r.report(p)
			for text, change := range map[string]func(*rules.Actor){
				"an unknown profession": func(a *rules.Actor) { a.Profession = "77" },
				"an unknown activity":   func(a *rules.Actor) { a.Activity = "GENR77" },
				"an unknown mode":       func(a *rules.Actor) { a.Mode = "urgence" },
				"no code at all":        func(a *rules.Actor) { a.Profession = "" },
			} {
				who := r.nurse()
				r.team(p, who)
				r.mayRead(who, p, d, "a nurse")
				change(who)
				r.mayNotRead(who, p, d, text)
			}
			unknown := r.professional(func(a *rules.Actor) { a.Profession = "77" })
			r.decides(r.holder(p), p, rules.ReadDocument, true, "T2")
			x := r.explains(r.holder(p), p, "?actor="+r.token(unknown)+"&profession=77")
			assert.Equal(r.t, []string{"false", "X1"}, []string{x.reading["permit"], x.reading["rule"]})
		}},
		{rule: "X2", says: "A professional has the column of the chosen situation of exercise, not the union of several.", test: func(r *ruleRun) {
			p, nurse := r.adult(), r.nurse()
			dental, child := r.report(p, of("83836-7", "11")), r.report(p, of("68817-6", "11")) // of nurses, of coordinators
			coordinator := *nurse
			coordinator.Activity, coordinator.Role = "GENR08", "330"
			r.team(p, nurse)
			r.mayRead(nurse, p, dental, "as a nurse, what nurses read")
			r.mayNotRead(nurse, p, child, "as a nurse, what coordinators read")
			r.mayRead(&coordinator, p, child, "as a coordinator, what coordinators read")
			r.mayNotRead(&coordinator, p, dental, "as a coordinator, what nurses read")
			// The choice is made when one signs in.
			r.inDirectory(nurse, "Centre de santé", &coordinator)
			b, _ := r.atConsent(nurse, p)
			assert.Contains(r.t, b.page, "situation d&#39;exercice")
			b.submit(url.Values{"decision": {"accept"}})
			r.refuses(!strings.Contains(b.at.RawQuery, "code="), "nobody goes on without the choice: %s", b.at.Path)
		}},
		{rule: "X3", says: "A type that matrix A does not know is read by doctors only.", test: func(r *ruleRun) {
			p, doctor, nurse := r.adult(), r.doctor(), r.nurse()
			d := r.report(p, of("51851-4", "10"))
			r.team(p, doctor)
			r.team(p, nurse)
			r.mayRead(doctor, p, d, "a doctor")
			r.mayNotRead(nurse, p, d, "a nurse")
		}},
		{rule: "X4", says: "A type of imaging that matrix A does not know is judged by its class 31: the code of the procedure is variable.", test: func(r *ruleRun) {
			p, nurse, therapist := r.adult(), r.nurse(), r.professional(func(a *rules.Actor) { a.Profession = "94" })
			d := r.report(p, of("113014", "31"))
			r.team(p, nurse)
			r.team(p, therapist)
			r.mayRead(nurse, p, d, "a nurse, whose column has the line of DICOM objects")
			r.mayNotRead(therapist, p, d, "an ergothérapeute, whose column has not")
		}},
		{rule: "X5", says: "Authors read their own documents whatever their type.", test: func(r *ruleRun) {
			p, author, colleague := r.adult(), r.nurse(), r.nurse()
			d := r.report(p, of(doctorsOf, "10"), by(author))
			r.team(p, author)
			r.team(p, colleague)
			r.mayRead(author, p, d, "the author")
			r.mayNotRead(colleague, p, d, "a colleague of the same profession")
		}},
		{rule: "X6", alone: true, parameters: `{"authorisationDays":365}`, says: "A doctor without savoir-faire, or a pharmacist without section, has no right.", test: func(r *ruleRun) {
			p := r.adult()
			d := r.report(p)
			for _, pair := range [][2]*rules.Actor{
				{r.professional(func(a *rules.Actor) { a.Profession = "10" }), r.doctor()},
				{r.professional(func(a *rules.Actor) { a.Profession = "21" }), r.professional(func(a *rules.Actor) { a.Profession, a.Section = "21", "A" })},
			} {
				for _, a := range pair {
					r.team(p, a)
				}
				r.mayNotRead(pair[0], p, d, "without it, profession "+pair[0].Profession)
				r.mayRead(pair[1], p, d, "with it")
			}
			x := r.explains(r.holder(p), p, "?actor="+url.QueryEscape(nos.SystemRPPS+"|"+stranger)+"&profession=10")
			assert.Equal(r.t, []string{"false", "X6"}, []string{x.reading["permit"], x.reading["rule"]})
			lenient := r.elsewhere(`{"unqualified":true}`)
			p = lenient.adult()
			d = lenient.report(p)
			who := lenient.professional(func(a *rules.Actor) { a.Profession = "10" })
			lenient.team(p, who)
			lenient.mayRead(who, p, d, "where the parameter admits them")
			r.takes(lenient)
		}},
	}
}

// ownRuleCases are X7, X8, X11 to X13.
func ownRuleCases() []ruleCase {
	return []ruleCase{
		{rule: "X7", says: "The holder, and who acts for her, reads that record only.", test: func(r *ruleRun) {
			p, other := r.adult(), r.adult()
			d, elsewhere := r.report(p), r.report(other)
			for text, c := range map[string]clientOf{"the holder": r.holder(p), "a helper": r.helper(p, rules.Delegate, false)} {
				r.permits(r.sees(c, p, d), "%s", text)
				r.refuses(!r.sees(c, other, elsewhere) && r.missing(c, "Patient/"+other), "%s, another's", text)
			}
			r.denied(r.as(&rules.Actor{Kind: rules.Holder, ID: rules.Identifier{System: "x", Value: "y"}}, "user/*.cruds", "", "Patient/"+p), http.MethodPost, "DocumentReference", r.publishedRaw(other), "X7", "nor deposits there")
		}},
		{rule: "X8", says: "MASQUE_PSOCIAL hides from the social sector, MASQUE_PT from delegates and applications.", test: func(r *ruleRun) {
			p, nurse, social := r.adult(), r.nurse(), r.professional(func(a *rules.Actor) { a.SocialProfession = "41" })
			letter := of("83981-1", "10")
			usual, fromSocial, fromThird := r.report(p, letter), r.report(p, letter, marked("MASQUE_PSOCIAL")), r.report(p, letter, marked("MASQUE_PT"))
			r.team(p, nurse)
			r.team(p, social)
			r.mayRead(social, p, usual, "the social sector")
			r.mayNotRead(social, p, fromSocial, "what is masked from it")
			r.mayRead(nurse, p, fromSocial, "the health sector")
			helper := r.helper(p, rules.Delegate, false)
			r.permits(r.sees(helper, p, usual), "a helper")
			r.refuses(!r.sees(helper, p, fromThird), "what is masked from third persons")
			r.permits(r.sees(r.holder(p), p, fromThird), "the holder")
		}},
		{rule: "X11", says: "Other labels are changed, and documents replaced, by their authors.", test: func(r *ruleRun) {
			p, author, other := r.adult(), r.nurse(), r.doctor()
			d := r.report(p, by(author))
			r.team(p, author)
			r.team(p, other)
			restricted := []byte(strings.Replace(string(patchLabels()), `"N"`, `"R"`, 1))
			supersede := []byte(`[{"op":"replace","path":"/status","value":"superseded"}]`)
			r.denied(r.client(other, p), http.MethodPatch, "DocumentReference/"+d, restricted, "X11", "another's label")
			r.denied(r.client(other, p), http.MethodPatch, "DocumentReference/"+d, supersede, "X11", "another's version")
			r.done(r.client(author, p), http.MethodPatch, "DocumentReference/"+d, restricted, "the author's label")
			r.done(r.client(author, p), http.MethodPatch, "DocumentReference/"+d, supersede, "the author's version")
		}},
		{rule: "X12", says: "Operators run the server: they import, open records and close them at death, and read none (but in a sandbox).", test: ruleX12},
		{rule: "X13", says: "Reimbursement data are deposited by the health insurance.", test: func(r *ruleRun) {
			p, who := r.adult(), r.doctor()
			for _, a := range []*rules.Actor{who, r.institution("990000424")} {
				r.denied(r.client(a, p), http.MethodPost, "DocumentReference", r.published(p, publishing("REMB", "60")), "X13", string(a.Kind))
			}
			d := r.report(p, of("REMB", "60"), byHospital("990000432")) // what is imported
			r.team(p, who)
			r.mayRead(who, p, d, "what is imported is read")
		}},
	}
}

// publishedRaw is a DocumentReference without the profile of ITI-105, whose patient is not looked up first.
func (r *ruleRun) publishedRaw(patient string) []byte {
	d := &written{id: r.name("raw"), patient: patient, kind: "DOCPAT03", class: "10"}
	d.unique = uniqueOf(d.id)
	return []byte(strings.Replace(string(d.bodies(r.t)[0]), `"id":"`+d.id+`",`, "", 1))
}

func ruleX12(r *ruleRun) {
	// A server for real people, which has none but somebody with a local number.
	s := startSecuredAs(r.testing(), securityOptions{}, "", "production")
	body := []byte(`{"resourceType":"Patient","active":true,"identifier":[{"system":"urn:oid:1.2.250.1.999.1.1","value":"IPP12"}],"name":[{"family":"EXEMPLE","given":["CAMILLE"]}],"gender":"female","birthDate":"1980-01-01"}`)
	status, answer := s.ask(s.operator, http.MethodPost, "Patient", body)
	r.permits(status == http.StatusCreated, "to open a record: %d %s", status, answer)
	id := idOf(r.t, answer)
	r.refuses(!s.finds(s.operator, "Patient?active=true", id), "to list people")
	status, answer = s.ask(s.operator, http.MethodPost, "DocumentReference", r.publishedRaw(id))
	r.permits(status == http.StatusCreated, "to import a document: %d %.300s", status, answer)
	imported := idOf(r.t, answer)
	status, _ = s.ask(s.operator, http.MethodGet, "DocumentReference/"+imported, nil)
	r.refuses(status == http.StatusNotFound && !s.finds(s.operator, "DocumentReference?patient=Patient/"+id+"&status=current", imported), "to read it: %d", status)
	p := r.adult()
	d := r.report(p)
	r.permits(r.sees(r.operator, p, d), "in a sandbox, of synthetic people, everything")
}
