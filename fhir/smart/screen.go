package smart

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
)

//go:embed screens
var screenFiles embed.FS

// screen is what a page shows.
type screen struct {
	Title, Message string
	Operator       string
	Sheet          string // the address of the style sheet
	Base           string // the issuer: where the forms go
	Client         *Client
	Transaction    string
	Form           string // the form's token
	Redirect       string // where the answer goes: forms may lead there

	// Who signed in, and where to change that.
	Who, Change string
	Logins      []loginView
	Patients    []PatientChoice
	// Field is the one to type into, where there are no Patients.
	Field, FieldHelp string
	Patient          string
	Launched         bool // on a record that the launching software named
	Scopes           []scopeView
	Questions        []questionView
	Duration         string
	Back             template.URL // the way back to the client after a refusal: a registered redirection, of an app's own scheme too
	Technical        string       // for the client's developer
}

type loginView struct{ Label, URL string }

// screens are the pages, parsed once.
type screens struct {
	pages map[string]*template.Template
	css   []byte
}

func newScreens() (*screens, error) {
	s := &screens{pages: map[string]*template.Template{}}
	functions := template.FuncMap{"host": hostOf, "join": strings.Join}
	for _, name := range []string{"login", "patient", "consent", "message", "signout"} {
		page, err := template.New("frame.html").Funcs(functions).ParseFS(screenFiles, "screens/frame.html", "screens/"+name+".html")
		if err != nil {
			return nil, err
		}
		s.pages[name] = page
	}
	css, err := screenFiles.ReadFile("screens/style.css")
	s.css = css
	return s, err
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Hostname()
}

func (s *screens) sheet(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/css; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write(s.css)
}

// show answers with a page. Nothing may run in it, nothing but our style sheet is loaded, nobody may frame it, no cache keeps it. Its forms lead to us, and from us to the client: browsers
// hold form-action also against the redirection that answers a form.
func (s *Server) show(w http.ResponseWriter, status int, page string, v screen) {
	v.Operator, v.Sheet, v.Base = s.o.Operator, s.url(pathSheet), s.issuer
	var body bytes.Buffer
	if err := s.screens.pages[page].Execute(&body, v); err != nil {
		s.o.Logger.Error("a page cannot be written", "page", page, "cause", err)
		http.Error(w, sayBroken, http.StatusInternalServerError)
		return
	}
	pageHeaders(w.Header(), formSource(v.Redirect))
	if s.secure { // the next visit is by TLS too, whatever is typed
		w.Header().Set("Strict-Transport-Security", "max-age=31536000")
	}
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

func pageHeaders(h http.Header, formAction string) {
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'"+formAction+"; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// formSource gives a client's redirection as a source of form-action, with a space before it.
func formSource(redirect string) string {
	u, err := url.Parse(redirect)
	switch {
	case redirect == "" || err != nil:
		return ""
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return " " + u.Scheme + ":"
	}
	return " " + u.Scheme + "://" + u.Host
}

// stop shows why nothing goes on; back is the way back to the client, "" when there is none.
func (s *Server) stop(w http.ResponseWriter, status int, message, back string) {
	s.show(w, status, "message", screen{Title: "Accès non accordé", Message: message, Back: template.URL(back)}) //nolint:gosec // a registered redirection with our answer
}

// stopDeveloper shows a fault that only the client's developer can mend, where the client cannot be told by redirection.
func (s *Server) stopDeveloper(w http.ResponseWriter, err *oauthError) {
	s.show(w, http.StatusBadRequest, "message", screen{
		Title: "Demande refusée", Message: "L'application a envoyé une demande qui ne peut pas aboutir. Signalez-le à son éditeur.",
		Technical: err.code + ": " + err.description,
	})
}

// Page answers with a page of a Login's own, in our frame and under the same headers: the body is a template's output. What it asks for must be sent by forms to this server.
func (s *Server) Page(w http.ResponseWriter, status int, title string, body template.HTML) error {
	var out bytes.Buffer
	v := struct {
		screen
		Body template.HTML
	}{screen{Title: title, Operator: s.o.Operator, Sheet: s.url(pathSheet), Base: s.issuer}, body}
	page, err := template.New("frame.html").ParseFS(screenFiles, "screens/frame.html")
	if err == nil {
		_, err = page.New("content").Parse(`<h1>{{.Title}}</h1>{{.Body}}`)
	}
	if err == nil {
		err = page.Execute(&out, v)
	}
	if err != nil {
		return fmt.Errorf("smart: a page cannot be written: %w", err)
	}
	pageHeaders(w.Header(), "")
	w.WriteHeader(status)
	_, err = w.Write(out.Bytes())
	return err
}

// FormToken gives what a Login's own form must send back for a transaction, and Ours checks it: the form was made here, for this browser.
func (s *Server) FormToken(r *http.Request, transaction string) string {
	return s.formToken(s.readCookie(r, "browser"), transaction)
}

// Ours says whether a form comes from a page of ours in this browser, by the token that FormToken gave for the transaction.
func (s *Server) Ours(r *http.Request, transaction, sent string) bool {
	return s.ours(r, transaction, sent)
}
