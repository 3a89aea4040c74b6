package signin

import (
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/carnet-fhir/carnet/fhir/rest"
	"github.com/carnet-fhir/carnet/fhir/smart"
)

// Authorization is the authorization server, to which people come back (smart.Server).
type Authorization interface {
	SignedIn(w http.ResponseWriter, r *http.Request, transaction string, who smart.Identity)
	NotSignedIn(w http.ResponseWriter, r *http.Request, transaction string, err error)
}

// Options configure Logins. BaseURL, Key and Who are needed.
type Options struct {
	Providers []Config
	// BaseURL is the FHIR base as clients know it; answers of the provider x come to [what stands before /fhir]/signin/x/callback.
	BaseURL string
	// Key (32 bytes) seals what lies in the browser while somebody signs in.
	Key []byte
	// Who finds people and professionals on this server.
	Who *Who
	ClientOptions
	Logger *slog.Logger
}

// Logins are the logins of a server, one for each provider.
type Logins struct {
	all    []*providerLogin
	seal   *sealer
	who    *Who
	server Authorization
	secure bool
	log    *slog.Logger
	now    func() time.Time
}

// providerLogin is the smart.Login of one provider.
type providerLogin struct {
	*Logins
	client *Client
}

// NewLogins makes them. Bind them to the authorization server before the first request.
func NewLogins(o Options) (*Logins, error) {
	seal, err := newSealer(o.Key)
	if err != nil {
		return nil, err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	origin := Origin(o.BaseURL)
	l := &Logins{seal: seal, who: o.Who, secure: strings.HasPrefix(origin, "https:"), log: o.Logger, now: o.Now}
	for _, config := range o.Providers {
		client, err := NewClient(config, Callback(o.BaseURL, config.ID), o.ClientOptions)
		if err != nil {
			return nil, err
		}
		l.all = append(l.all, &providerLogin{l, client})
	}
	return l, nil
}

// Origin gives what stands before /fhir in a FHIR base URL.
func Origin(baseURL string) string {
	return strings.TrimSuffix(strings.TrimRight(baseURL, "/"), "/fhir")
}

// Callback is the address to which a provider answers, to be registered there.
func Callback(baseURL, provider string) string {
	return Origin(baseURL) + "/signin/" + provider + "/callback"
}

// Bind gives the authorization server.
func (l *Logins) Bind(server Authorization) { l.server = server }

// SMART gives the logins to the authorization server.
func (l *Logins) SMART() []smart.Login {
	out := make([]smart.Login, len(l.all))
	for n, one := range l.all {
		out[n] = one
	}
	return out
}

// Mount adds the routes to which providers answer.
func (l *Logins) Mount(e *echo.Echo) {
	for _, one := range l.all {
		e.GET("/signin/"+one.client.ID+"/callback", rest.Outside(echo.WrapHandler(http.HandlerFunc(one.callback))))
	}
}

// Name implements smart.Login.
func (l *providerLogin) Name() string { return l.client.ID }

// Label implements smart.Login.
func (l *providerLogin) Label() string { return "Se connecter avec " + l.client.Title }

// Begin implements smart.Login: the attempt goes to the browser as a sealed cookie of its own, so that several windows may sign in at once.
func (l *providerLogin) Begin(w http.ResponseWriter, r *http.Request, transaction string) error {
	return l.begin(w, r, transaction, false)
}

// BeginAnew implements smart.Anew.
func (l *providerLogin) BeginAnew(w http.ResponseWriter, r *http.Request, transaction string) error {
	return l.begin(w, r, transaction, true)
}

func (l *providerLogin) begin(w http.ResponseWriter, r *http.Request, transaction string, anew bool) error {
	attempt, address, err := l.client.Begin(r.Context(), transaction, anew)
	if err != nil {
		return &smart.Refusal{Code: "temporarily_unavailable", Message: l.client.Title + " ne répond pas. Réessayez dans quelques instants."}
	}
	sealed, err := l.seal.seal(l.use(), attempt)
	if err != nil {
		return err
	}
	http.SetCookie(w, l.cookie(attempt.State, sealed, int(attemptLifetime.Seconds())))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// use is what a cookie is sealed for: a provider's is no good for another one.
func (l *providerLogin) use() string { return "signin\x00" + l.client.ID + "\x00" + l.client.Issuer }

func (l *providerLogin) cookie(state, value string, age int) *http.Cookie {
	return &http.Cookie{
		Name: l.cookieName(state), Value: value, Path: "/signin/" + l.client.ID + "/", MaxAge: age, HttpOnly: true, Secure: l.secure, SameSite: http.SameSiteLaxMode,
	}
}

// cookieName tells attempts apart by the beginning of their state.
func (l *providerLogin) cookieName(state string) string {
	if len(state) > 12 {
		state = state[:12]
	}
	return "signin-" + l.client.ID + "-" + strings.Map(cookieSafe, state)
}

func cookieSafe(r rune) rune {
	if r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
		return r
	}
	return -1
}

// callback takes the provider's answer.
func (l *providerLogin) callback(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	answer, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > 8<<10 {
		l.stray(w)
		return
	}
	var attempt Attempt
	cookie, err := r.Cookie(l.cookieName(answer.Get("state")))
	if err != nil || l.seal.open(l.use(), cookie.Value, &attempt) != nil {
		l.log.Warn("sign-in refused", "provider", l.client.ID, "reason", "the answer belongs to no sign-in of this browser")
		l.stray(w)
		return
	}
	http.SetCookie(w, l.cookie(attempt.State, "", -1))
	claims, err := l.client.Finish(r.Context(), &attempt, answer)
	if err != nil {
		l.failed(w, r, &attempt, err)
		return
	}
	identity, err := l.who.Identify(r.Context(), &l.client.Config, claims)
	if err != nil {
		l.failed(w, r, &attempt, err)
		return
	}
	identity.Login = l.Name()
	l.server.SignedIn(w, r, attempt.Transaction, *identity)
}

// failed ends the sign-in with a sentence for the person. What is logged says which check failed, and nothing of the person.
func (l *providerLogin) failed(w http.ResponseWriter, r *http.Request, a *Attempt, err error) {
	refusal := &smart.Refusal{Code: "access_denied"}
	switch {
	case errors.As(err, &refusal):
	case errors.Is(err, ErrDenied):
		refusal.Message = "Vous ne vous êtes pas connecté."
	case errors.Is(err, ErrNoMatch):
		refusal.Message = "Aucun dossier ne correspond exactement à votre identité. Adressez-vous à la structure qui tient votre dossier."
	case errors.Is(err, ErrUnavailable):
		refusal.Code, refusal.Message = "temporarily_unavailable", l.client.Title+" ne répond pas. Réessayez dans quelques instants."
	case errors.Is(err, ErrSignin), errors.Is(err, ErrClaims):
		refusal.Message = "La réponse de " + l.client.Title + " n'est pas acceptée. Recommencez ; si cela se répète, prévenez l'exploitant du service."
	default:
		l.log.Error("sign-in failed", "provider", l.client.ID, "error", err)
		l.server.NotSignedIn(w, r, a.Transaction, err)
		return
	}
	l.log.Warn("sign-in refused", "provider", l.client.ID, "reason", err.Error())
	l.server.NotSignedIn(w, r, a.Transaction, refusal)
}

// stray answers what belongs to no sign-in of this browser: a stale window, or somebody else's answer that the browser was made to bring.
func (l *providerLogin) stray(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusBadRequest)
	_ = strayPage.Execute(w, pageStyle)
}

var strayPage = template.Must(template.New("stray").Parse(`<!DOCTYPE html>
<html lang="fr"><head><meta charset="utf-8"><title>Connexion</title><style>{{.}}</style></head><body><main><h1>Connexion impossible</h1>
<p>Cette réponse ne correspond à aucune connexion en cours dans ce navigateur. Retournez à votre logiciel et recommencez.</p></main></body></html>
`))
