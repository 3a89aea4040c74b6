package smart

import (
	"crypto/subtle"
	"net/http"
	"time"
)

// session is a person who signed in with a browser. It is in memory: after a restart people sign in again.
type session struct {
	who     Identity
	login   string
	browser string // hashed: a session cookie that was carried to another browser is worth nothing there
	since   time.Time
}

// cookie names a cookie of ours. The prefix makes browsers refuse one that was set without TLS, for a path or by a neighbouring host.
func (s *Server) cookie(name string) string {
	if s.secure {
		return "__Host-carnet-" + name
	}
	return "carnet-" + name
}

func (s *Server) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{
		Name: s.cookie(name), Value: value, Path: "/", MaxAge: int(life / time.Second), Secure: s.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

func (s *Server) readCookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookie(name))
	if err != nil || len(c.Value) != 43 {
		return ""
	}
	return c.Value
}

// browser gives the secret by which a browser is known again, making one for a new browser. It says nothing of a person.
func (s *Server) browser(w http.ResponseWriter, r *http.Request) string {
	b := s.readCookie(r, "browser")
	if b == "" {
		b = random(32)
	}
	s.setCookie(w, "browser", b, 24*time.Hour)
	return b
}

// signedIn gives the session of a browser, nil when there is none.
func (s *Server) signedIn(r *http.Request) *session {
	c, b := s.readCookie(r, "session"), s.readCookie(r, "browser")
	if c == "" || b == "" {
		return nil
	}
	found, ok := s.sessions.get(hashed(c))
	if !ok || found.browser != hashed(b) {
		return nil
	}
	return found
}

// begin makes a new session: the identifier is never one that was there before signing in.
func (s *Server) begin(w http.ResponseWriter, r *http.Request, who Identity, login string) {
	if old := s.readCookie(r, "session"); old != "" {
		s.sessions.take(hashed(old))
	}
	c := random(32)
	s.sessions.put(hashed(c), &session{who: who, login: login, browser: hashed(s.readCookie(r, "browser")), since: s.o.Clock()})
	s.setCookie(w, "session", c, s.o.SessionLifetime)
	if s.readCookie(r, "again") != "" {
		s.setCookie(w, "again", "", -time.Second)
	}
}

// formToken is what a form must send back: it belongs to one browser and one matter.
func (s *Server) formToken(browser, matter string) string {
	return encode(mac(s.secrets.form, browser, matter)[:16])
}

// ours says whether a form was sent from a page of ours to this browser.
func (s *Server) ours(r *http.Request, matter, sent string) bool {
	b := s.readCookie(r, "browser")
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" {
		return false
	}
	return b != "" && subtle.ConstantTimeCompare([]byte(s.formToken(b, matter)), []byte(sent)) == 1
}

// signOut shows the form that ends a session, and ends it.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) {
	browser := s.browser(w, r)
	if r.Method != http.MethodPost {
		s.show(w, http.StatusOK, "signout", screen{Title: "Se déconnecter", Form: s.formToken(browser, pathSignOut)})
		return
	}
	form, err := readForm(w, r, fields{"form": 64})
	if err != nil || !s.ours(r, pathSignOut, form.get("form")) {
		s.stop(w, http.StatusForbidden, "Le formulaire ne vient pas de cette page, ou il a trop attendu.", "")
		return
	}
	if c := s.readCookie(r, "session"); c != "" {
		s.sessions.take(hashed(c))
	}
	s.setCookie(w, "session", "", -time.Second)
	s.setCookie(w, "again", random(32), 24*time.Hour) // who comes next is not who the identity provider still knows
	s.show(w, http.StatusOK, "message", screen{Title: "Vous êtes déconnecté", Message: "Vous pouvez fermer cette fenêtre."})
}
