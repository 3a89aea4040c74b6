package smart

import (
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// pending is an authorization under way in one browser, between the request and its answer.
type pending struct {
	id      string
	browser string // hashed

	mu  sync.Mutex // one step at a time
	ask *ask
	who *Identity
	how string // the login that vouches
	// began is when the request came; again says that the person wants to be somebody else than who is signed in.
	began time.Time
	again bool
	done  bool
	// shown says that the consent screen was shown to who, with the questions.
	shown     bool
	questions []Question
}

// authorize is the authorization endpoint (RFC 6749, section 3.1), by GET and POST.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	raw := r.URL.RawQuery
	if r.Method == http.MethodPost {
		form, err := formOf(w, r)
		if err != nil {
			s.stopDeveloper(w, err)
			return
		}
		raw = form
	}
	a, err := s.readAsk(raw)
	if a == nil {
		s.stopDeveloper(w, err)
		return
	}
	if err == nil {
		err = s.readContext(a)
	}
	if err != nil {
		s.answerError(w, r, a, err)
		return
	}
	a.Remote, a.UserAgent = remote(r), cut(r.UserAgent(), 200)
	p := &pending{id: random(16), browser: hashed(s.browser(w, r)), ask: a, began: s.o.Clock()}
	s.reuse(r, p)
	s.pendings.putHeavy(p.id, p, len(raw))
	p.mu.Lock()
	defer p.mu.Unlock()
	if a.prompts("none") {
		s.silently(w, r, p)
		return
	}
	s.move(w, r, p)
}

// readContext looks the launch up. A handle is worth one request, whoever sends it.
func (s *Server) readContext(a *ask) *oauthError {
	if a.handle == "" {
		return nil
	}
	l, ok := s.launches.take(hashed(a.handle))
	if !ok || l.client != a.Client.ID {
		return badRequest("The launch is unknown, expired, used before, or another client's.")
	}
	a.Launched, a.launcher, a.Patient, a.Intent = true, l.subject, l.patient, l.intent
	return nil
}

// reuse takes the person from the browser's session where the request allows it.
func (s *Server) reuse(r *http.Request, p *pending) {
	a, found := p.ask, s.signedIn(r)
	if found == nil || a.prompts("login") || a.prompts("select_account") || !a.Client.takesLogin(found.login) {
		return
	}
	if a.maxAge >= 0 && s.o.Clock().Sub(found.who.AuthTime) > a.maxAge {
		return
	}
	if a.launcher != "" && a.launcher != s.SubjectOf(&found.who) {
		return
	}
	who := found.who
	p.who, p.how = &who, found.login
}

// move sends the browser to the next screen, so that reloading and going back do no harm.
func (s *Server) move(w http.ResponseWriter, r *http.Request, p *pending) {
	s.redirect(w, r, s.url(pathStep)+"?transaction="+p.id)
}

// redirect answers 303: what follows is a GET, whatever this was.
func (s *Server) redirect(w http.ResponseWriter, r *http.Request, to string) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Location", to)
	w.WriteHeader(http.StatusSeeOther)
}

// reply sends the browser back to the client, with the issuer beside every answer so that a client that talks to several servers cannot be led to mix them up (RFC 9207).
func (s *Server) reply(w http.ResponseWriter, r *http.Request, a *ask, answer url.Values) {
	s.redirect(w, r, s.replyURL(a, answer))
}

func (s *Server) replyURL(a *ask, answer url.Values) string {
	if a.state != "" {
		answer.Set("state", a.state)
	}
	answer.Set("iss", s.issuer)
	mark := "?"
	if strings.Contains(a.redirect, "?") {
		mark = "&"
	}
	return a.redirect + mark + answer.Encode()
}

func (s *Server) answerError(w http.ResponseWriter, r *http.Request, a *ask, err *oauthError) {
	if err.cause != nil {
		s.o.Logger.Error("an authorization failed", "code", err.code, "cause", err.cause)
	}
	s.reply(w, r, a, errorAnswer(err.code, err.description))
}

func errorAnswer(code, description string) url.Values {
	v := url.Values{"error": {code}}
	if description != "" {
		v.Set("error_description", description)
	}
	return v
}

// silently answers prompt=none: a code where nobody has to be asked, otherwise what would have been needed (OpenID Connect Core, section 3.1.2.6).
func (s *Server) silently(w http.ResponseWriter, r *http.Request, p *pending) {
	s.pendings.take(p.id)
	p.done = true
	need := func(code string) { s.reply(w, r, p.ask, errorAnswer(code, "")) }
	if p.who == nil {
		need("login_required")
		return
	}
	if choice, err := s.patients(p); err != nil {
		need(err.code())
		return
	} else if choice {
		need("interaction_required")
		return
	}
	questions, err := s.o.Policy.Questions(r.Context(), &p.ask.Request, p.who)
	if err != nil {
		s.answerError(w, r, p.ask, refusalOf(err))
		return
	}
	if len(questions) > 0 || !p.ask.Client.Trusted {
		need("consent_required")
		return
	}
	p.done = false
	s.grant(w, r, p, p.ask.Scopes, Answers{})
}

// needsPatient says whether a record must be in the context.
func (a *ask) needsPatient() bool {
	return a.Scopes.Has(scope.LaunchPatient) || a.Scopes.HasContext(scope.Patient)
}

// remote is the address that asks, without its port.
func remote(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func cut(text string, length int) string {
	if len(text) > length {
		text = text[:length]
	}
	return strings.ToValidUTF8(text, "")
}
