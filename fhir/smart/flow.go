package smart

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"time"
)

// The sentences that several screens say.
const (
	sayLost    = "Cette demande a expiré, a déjà reçu une réponse, ou a été ouverte dans un autre navigateur. Retournez dans l'application et recommencez."
	sayForm    = "Le formulaire ne vient pas de cette page, ou il a trop attendu. Retournez dans l'application et recommencez."
	sayBroken  = "Le serveur a rencontré un problème. Réessayez dans un moment."
	sayNobody  = "Aucun dossier ne vous est ouvert avec cette identité."
	sayNoOne   = "Aucun dossier que vous puissiez ouvrir ne correspond."
	sayOther   = "Ce lancement a été demandé par une autre personne que celle qui s'est identifiée."
	sayRefused = "L'accès n'a pas été accordé."
	sayStale   = "L'application demande que vous vous identifiiez de nouveau, et le service d'identification ne l'a pas fait."
)

// hold finds the authorization of a step and locks it; the caller unlocks. nil: the screen says that there is none. It must be the browser that asked.
func (s *Server) hold(w http.ResponseWriter, r *http.Request, id string) *pending {
	p, ok := s.pendings.get(id)
	if ok && p.browser == hashed(s.readCookie(r, "browser")) {
		p.mu.Lock()
		if !p.done {
			if p.who != nil && !s.sitsThere(r, p.who) {
				p.forget()
			}
			return p
		}
		p.mu.Unlock()
	}
	s.stop(w, http.StatusBadRequest, sayLost, "")
	return nil
}

// sitsThere says whether a person is the one who is signed in now in the browser that asks: after a sign-out, or when somebody else signed in beside, nobody answers in the name of who was there before.
func (s *Server) sitsThere(r *http.Request, who *Identity) bool {
	found := s.signedIn(r)
	return found != nil && s.SubjectOf(&found.who) == s.SubjectOf(who)
}

// queryOf reads the query of a page of ours.
func queryOf(r *http.Request, known fields) *params { return parseParams(r.URL.RawQuery, known) }

// step shows the screen that an authorization waits for: who, which record, what.
func (s *Server) step(w http.ResponseWriter, r *http.Request) {
	p := s.hold(w, r, queryOf(r, fields{"transaction": 64}).get("transaction"))
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	if p.who == nil {
		s.showLogins(w, r, p)
		return
	}
	choice, err := s.patients(p)
	switch {
	case err != nil:
		s.end(w, r, p, err)
	case choice:
		s.showPatients(w, r, p, "")
	default:
		s.consent(w, r, p, "")
	}
}

// patients says whether the person must choose a record. A single one is chosen by itself.
func (s *Server) patients(p *pending) (choice bool, refusal *Refusal) {
	a, who := p.ask, p.who
	if a.launcher != "" && a.launcher != s.SubjectOf(who) {
		return false, &Refusal{Message: sayOther}
	}
	switch {
	case a.Patient != "":
		if who.Patients != nil && !slices.ContainsFunc(who.Patients, func(c PatientChoice) bool { return c.ID == a.Patient }) {
			return false, &Refusal{Message: sayNobody}
		}
		return false, nil
	case !a.needsPatient():
		return false, nil
	case who.Patients == nil && s.o.Picker == nil, who.Patients != nil && len(who.Patients) == 0:
		return false, &Refusal{Message: sayNobody}
	case len(who.Patients) == 1:
		a.choose(&who.Patients[0])
		return false, nil
	}
	return true, nil
}

func (a *ask) choose(c *PatientChoice) { a.Patient, a.PatientName = c.ID, c.Name }

// showLogins lets the person choose how to sign in; where there is one way only, it is taken.
func (s *Server) showLogins(w http.ResponseWriter, r *http.Request, p *pending) {
	var ways []Login
	for _, l := range s.o.Logins {
		if p.ask.Client.takesLogin(l.Name()) {
			ways = append(ways, l)
		}
	}
	if len(ways) == 1 {
		s.beginLogin(w, r, p, ways[0])
		return
	}
	v := screen{Title: "S'identifier", Client: p.ask.Client, Transaction: p.id}
	for _, l := range ways {
		v.Logins = append(v.Logins, loginView{Label: l.Label(), URL: s.url(pathLogin) + "?transaction=" + p.id + "&via=" + l.Name()})
	}
	s.show(w, http.StatusOK, "login", v)
}

// login goes to the identity provider that was chosen. It forgets who was signed in: that is how to change.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r, fields{"transaction": 64, "via": 64})
	p := s.hold(w, r, q.get("transaction"))
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	p.again = p.again || p.who != nil
	p.forget()
	l := s.logins[q.get("via")]
	switch {
	case q.get("via") == "":
		s.showLogins(w, r, p)
	case l == nil || !p.ask.Client.takesLogin(l.Name()):
		s.stop(w, http.StatusBadRequest, sayLost, "")
	default:
		s.beginLogin(w, r, p, l)
	}
}

func (p *pending) forget() {
	p.who, p.shown, p.questions = nil, false, nil
	if !p.ask.Launched {
		p.ask.Patient, p.ask.PatientName = "", ""
	}
}

func (s *Server) beginLogin(w http.ResponseWriter, r *http.Request, p *pending, l Login) {
	p.how = l.Name()
	w.Header().Set("Cache-Control", "no-store")
	begin := l.Begin
	if anew, ok := l.(Anew); ok && s.mustProve(r, p) {
		begin = anew.BeginAnew
	}
	if err := begin(w, r, p.id); err != nil {
		s.o.Logger.Error("a login did not begin", "login", l.Name(), "cause", err)
		s.stop(w, http.StatusBadGateway, "Le service d'identification ne répond pas. Réessayez dans un moment.", "")
	}
}

// SignedIn goes on with a transaction once the person is known, and answers the request, which must come from the browser in which the transaction began.
func (s *Server) SignedIn(w http.ResponseWriter, r *http.Request, transaction string, who Identity) {
	p := s.hold(w, r, transaction)
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	how := cmp.Or(who.Login, p.how)
	switch {
	case who.Issuer == "" || who.Subject == "" || p.how == "":
		s.o.Logger.Error("a login vouched for nobody", "login", how)
		s.end(w, r, p, &Refusal{Message: sayRefused})
		return
	case !p.ask.Client.takesLogin(how):
		s.end(w, r, p, &Refusal{Message: sayRefused})
		return
	case s.stale(p, &who):
		s.end(w, r, p, &Refusal{Code: "login_required", Message: sayStale})
		return
	}
	if who.AuthTime.IsZero() || who.AuthTime.After(s.o.Clock()) {
		who.AuthTime = s.o.Clock()
	}
	p.forget()
	p.who = &who
	s.begin(w, r, who, how)
	s.move(w, r, p)
}

// mustProve says whether the person must prove anew who they are, although their provider may know them still: where the client asks for it, and after a sign-out or a wish to be somebody else.
func (s *Server) mustProve(r *http.Request, p *pending) bool {
	return p.again || p.ask.prompts("login") || p.ask.prompts("select_account") || p.ask.maxAge >= 0 || s.readCookie(r, "again") != ""
}

// stale says whether a provider vouches for a proof that is older than the client asked for (OpenID Connect Core, section 3.1.2.1), where it says how old it is.
func (s *Server) stale(p *pending, who *Identity) bool {
	if who.AuthTime.IsZero() {
		return false
	}
	age := s.o.Clock().Sub(who.AuthTime)
	return p.ask.prompts("login") && who.AuthTime.Before(p.began.Add(-authLeeway)) || p.ask.maxAge >= 0 && age > p.ask.maxAge+authLeeway
}

// authLeeway is by how much the clock of an identity provider may differ.
const authLeeway = time.Minute

// NotSignedIn tells that a person could not, or would not, sign in, and answers the request. A *Refusal's message is shown; another error is the server's fault.
func (s *Server) NotSignedIn(w http.ResponseWriter, r *http.Request, transaction string, err error) {
	p := s.hold(w, r, transaction)
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	s.refuse(w, r, p, err)
}

// refuse ends an authorization with a refusal that the person reads, or with an error of the server's.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, p *pending, err error) {
	var refusal *Refusal
	if !errors.As(err, &refusal) {
		s.o.Logger.Error("an authorization failed", "client", p.ask.Client.ID, "cause", err)
		refusal = &Refusal{Code: "server_error", Message: sayBroken}
	}
	s.end(w, r, p, refusal)
}

// end shows the refusal, with the way back to the client. The client learns the code only.
func (s *Server) end(w http.ResponseWriter, r *http.Request, p *pending, refusal *Refusal) {
	p.done = true
	s.pendings.take(p.id)
	s.failed(r, p.ask.Client.ID, refusal.code())
	message := refusal.Message
	if message == "" {
		message = sayRefused
	}
	status := http.StatusForbidden
	if refusal.code() == "server_error" {
		status = http.StatusInternalServerError
	}
	s.stop(w, status, message, s.replyURL(p.ask, errorAnswer(refusal.code(), "")))
}

var patientFields = fields{"transaction": 64, "form": 64, "patient": 64, "typed": 200, "decision": 16}

// choosePatient takes the record that was chosen or typed.
func (s *Server) choosePatient(w http.ResponseWriter, r *http.Request) {
	form, fault := readForm(w, r, patientFields)
	if fault != nil {
		s.stop(w, fault.status, sayForm, "")
		return
	}
	p := s.hold(w, r, form.get("transaction"))
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	if !s.ours(r, p.id, form.get("form")) {
		s.stop(w, http.StatusForbidden, sayForm, "")
		return
	}
	if p.who == nil {
		s.move(w, r, p)
		return
	}
	if form.get("decision") == "refuse" {
		s.turnDown(w, r, p)
		return
	}
	if choice, refusal := s.patients(p); refusal != nil || !choice {
		s.move(w, r, p)
		return
	}
	chosen, err := s.find(r, p, form)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Again:
		s.showPatients(w, r, p, refusal.Message)
	case err != nil:
		s.refuse(w, r, p, err)
	case chosen == nil:
		s.showPatients(w, r, p, sayNoOne)
	default:
		p.ask.choose(chosen)
		s.move(w, r, p)
	}
}

func (s *Server) find(r *http.Request, p *pending, form *params) (*PatientChoice, error) {
	if p.who.Patients == nil {
		if form.get("typed") == "" {
			return nil, nil
		}
		return s.o.Picker.Find(r.Context(), &p.ask.Request, p.who, form.get("typed"))
	}
	for n := range p.who.Patients {
		if p.who.Patients[n].ID == form.get("patient") {
			return &p.who.Patients[n], nil
		}
	}
	return nil, nil
}

// turnDown tells the client that the person said no.
func (s *Server) turnDown(w http.ResponseWriter, r *http.Request, p *pending) {
	p.done = true
	s.pendings.take(p.id)
	s.reply(w, r, p.ask, errorAnswer("access_denied", ""))
}

// showPatients lets the person choose among their records, or type whose is meant.
func (s *Server) showPatients(w http.ResponseWriter, r *http.Request, p *pending, message string) {
	v := s.formOf(r, p, "Choisir le dossier", message)
	v.Patients = p.who.Patients
	if v.Patients == nil {
		v.Field, v.FieldHelp = s.o.Picker.Field()
	}
	s.show(w, http.StatusOK, "patient", v)
}

// formOf begins a screen with a form.
func (s *Server) formOf(r *http.Request, p *pending, title, message string) screen {
	return screen{
		Title: title, Message: message, Client: p.ask.Client, Transaction: p.id, Form: s.formToken(s.readCookie(r, "browser"), p.id),
		Who: p.who.Name, Change: s.url(pathLogin) + "?transaction=" + p.id, Redirect: p.ask.redirect,
	}
}
