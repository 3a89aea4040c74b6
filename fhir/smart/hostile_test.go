package smart

import (
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func (b *walker) accept(transaction, form string) *url.URL {
	b.do(http.MethodPost, "/auth/consent", url.Values{"transaction": {transaction}, "form": {form}, "decision": {"accept"}, "scope": {"patient/DocumentReference.rs"}})
	return b.location()
}

var regexpBoxes = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)

func signedInAs(w *world, who Identity) echo.HandlerFunc {
	return func(c echo.Context) error {
		w.smart.SignedIn(c.Response(), c.Request(), c.QueryParam("transaction"), who)
		return nil
	}
}

// TestNobodyAnswersForWhoWasThereBefore: a consent screen that waits is not answered by who comes after a sign-out, by who signed in beside, or in a browser that has the one cookie and not the other.
func TestNobodyAnswersForWhoWasThereBefore(t *testing.T) {
	w := newWorld(t, nil)
	for name, leave := range map[string]func(b *walker){
		"after a sign-out": func(b *walker) {
			b.get("/auth/signout")
			b.do(http.MethodPost, "/auth/signout", url.Values{"form": {hiddenFields["form"].FindStringSubmatch(b.last.Body.String())[1]}})
			require.Equal(t, http.StatusOK, b.last.Code)
		},
		"when somebody else signed in in another window": func(b *walker) {
			b.get(askURL("prompt", "login"))
			other := b.location().Query().Get("transaction")
			b.get("/auth/login?via=patient&transaction=" + other)
			b.get("/test/patient/none?transaction=" + other)
		},
		"without the cookie of the session": func(b *walker) { delete(b.jar, "carnet-session") },
	} {
		t.Run(name, func(t *testing.T) {
			b := newWalker(t, w)
			transaction, form := b.consentScreen("alone")
			leave(b)
			to := b.accept(transaction, form)
			assert.Empty(t, to.Query().Get("code"), "a code in the name of who was there before")
			if b.last.Code == http.StatusSeeOther { // it begins again with who it is
				b.get(to.RequestURI())
				assert.NotContains(t, b.last.Body.String(), "Lou Seul")
			}
		})
	}
	b := newWalker(t, w)
	transaction, form := b.consentScreen("alone")
	first := b.jar["carnet-session"]
	b.consentScreen("alone", "prompt", "login")
	require.NotEqual(t, first, b.jar["carnet-session"])
	assert.NotEmpty(t, b.accept(transaction, form).Query().Get("code"), "the same person may sign in twice, and answer both windows")
}

// TestALoginIsCalledByItsOwnName: somebody who began with one provider and finished with another is not taken for one whom the second vouches for.
func TestALoginIsCalledByItsOwnName(t *testing.T) {
	w := newWorld(t, func(o *Options) {
		var err error
		o.Clients, err = NewClients(append(testClients(t).All(), &Client{ID: "pro", Name: "Pour professionnels", RedirectURIs: []string{"https://pro.example/cb"}, Logins: []string{"ps"}, Scope: "openid launch/patient patient/*.rs"})...)
		require.NoError(t, err)
	})
	b := newWalker(t, w)
	b.get(askURL())
	transaction := b.location().Query().Get("transaction")
	b.get("/auth/login?via=patient&transaction=" + transaction)
	b.get("/auth/login?via=ps&transaction=" + transaction) // begun last, and never finished
	b.get("/test/patient/alone?transaction=" + transaction)
	b.get(askURL("client_id", "pro", "redirect_uri", "https://pro.example/cb", "scope", "openid launch/patient patient/*.rs"))
	b.get(b.location().RequestURI())
	assert.NotContains(t, b.last.Body.String(), "Lou Seul", "a patient's sign-in passes for that of a professional")
}

// TestProofsThatAreTooOldAreNotTaken: a provider that knew the person from before does not answer prompt=login or max_age.
func TestProofsThatAreTooOldAreNotTaken(t *testing.T) {
	w := newWorld(t, nil)
	old := people["alone"]
	old.AuthTime = w.Now().Add(-2 * time.Hour)
	w.REST.Echo().GET("/test/old", signedInAs(w, old))
	for _, c := range []struct {
		name, value string
		taken       bool
	}{{"prompt", "login", false}, {"max_age", "60", false}, {"max_age", "0", false}, {"max_age", "10000", true}, {"prompt", "consent", true}} {
		b := newWalker(t, w)
		b.get(askURL(c.name, c.value))
		transaction := b.location().Query().Get("transaction")
		b.get("/auth/login?via=patient&transaction=" + transaction)
		b.get("/test/old?transaction=" + transaction)
		assert.Equal(t, c.taken, b.last.Code == http.StatusSeeOther, "%s=%s: %d", c.name, c.value, b.last.Code)
		if !c.taken {
			assert.Contains(t, b.last.Body.String(), "error=login_required")
		}
	}
}

// TestBackToAnAppOfItsOwnScheme: the way back from a refusal leads an app too, and no script.
func TestBackToAnAppOfItsOwnScheme(t *testing.T) {
	w := newWorld(t, nil)
	b := newWalker(t, w)
	b.get(askURL("client_id", "bound", "redirect_uri", "com.example.bound:/callback", "scope", "launch/patient patient/*.rs"))
	transaction := b.location().Query().Get("transaction")
	b.get("/auth/login?via=patient&transaction=" + transaction)
	b.get("/test/refused?transaction=" + transaction)
	assert.Contains(t, b.last.Body.String(), `href="com.example.bound:/callback?error=access_denied`)
	assert.Contains(t, b.last.Header().Get("Content-Security-Policy"), "default-src 'none'")
}

// TestAConsentWithManyScopesIsAnswered: a form is as long as what was asked.
func TestAConsentWithManyScopesIsAnswered(t *testing.T) {
	w := newWorld(t, nil)
	var scopes []string
	for typ := range nouns {
		for _, letter := range []string{".c", ".u", ".s?_tag=a|", ".r?_tag=b|"} {
			if typ != "*" && len(scopes) < 120 {
				scopes = append(scopes, "patient/"+typ+letter)
			}
		}
	}
	b := newWalker(t, w)
	transaction, form := b.consentScreen("alone", "scope", "launch/patient "+strings.Join(scopes, " "))
	boxes := regexpBoxes.FindAllStringSubmatch(b.last.Body.String(), -1)
	require.Greater(t, len(boxes), 64)
	answer := url.Values{"transaction": {transaction}, "form": {form}, "decision": {"accept"}}
	for _, box := range boxes {
		answer.Add("scope", box[1])
	}
	b.do(http.MethodPost, "/auth/consent", answer)
	assert.NotEmpty(t, b.location().Query().Get("code"), b.last.Body.String())
}

// TestClientsAreCalledByWhatIsSeen: names and addresses on the consent screen hold nothing that reads as something else.
func TestClientsAreCalledByWhatIsSeen(t *testing.T) {
	good := Client{ID: "a", Name: "Suivi du diabète – Été", RedirectURIs: []string{"https://a.example/cb"}, Scope: "patient/*.rs"}
	_, err := NewClients(&good)
	require.NoError(t, err)
	for what, change := range map[string]func(c *Client){
		"a name written backwards":   func(c *Client) { c.Name = "Carnet\u202Eelosnoc" },
		"a name with nothing in it":  func(c *Client) { c.Name = "Console\u200BCarnet" },
		"a name on two lines":        func(c *Client) { c.Name = "Suivi\u2028Vous êtes administrateur" },
		"a control":                  func(c *Client) { c.Name = "Suivi\u009b31m" },
		"a host in another alphabet": func(c *Client) { c.RedirectURIs = []string{"https://ap\u0440.example/cb"} },
		"a page in another alphabet": func(c *Client) { c.URI = "https://d\u043cp.example" },
	} {
		c := Client{ID: "a", Name: good.Name, RedirectURIs: good.RedirectURIs, Scope: good.Scope}
		change(&c)
		_, err := NewClients(&c)
		assert.Error(t, err, what)
	}
}

// TestRequestsOfNobodyAreBounded: authorization requests are kept for whoever sends them; their number and their length together are bounded, and the oldest give way.
func TestRequestsOfNobodyAreBounded(t *testing.T) {
	clock := time.Unix(0, 0)
	s := newShelf[int](time.Minute, 10, func() time.Time { return clock })
	s.load = 1000
	for n := range 100 {
		s.putHeavy(strconv.Itoa(n), n, 100+n)
		require.LessOrEqual(t, s.carried, s.load)
		require.LessOrEqual(t, len(s.items), s.size)
		_, there := s.get(strconv.Itoa(n))
		require.True(t, there, "the newest is kept")
	}
	s.take("99")
	clock = clock.Add(2 * time.Minute)
	s.putHeavy("last", 1, 1000)
	assert.Equal(t, 1000, s.carried, "what is gone weighs nothing")

	w := newWorld(t, func(o *Options) {})
	w.smart.pendings.load = 20_000
	b := newWalker(t, w)
	b.get(askURL())
	first := b.location().RequestURI()
	for range 10 {
		newWalker(t, w).get(askURL("nonce", strings.Repeat("n", 500), "scope", "launch/patient patient/Observation.rs?code="+strings.Repeat("x", 3000)))
	}
	assert.LessOrEqual(t, w.smart.pendings.carried, 20_000)
	b.get(first)
	assert.Equal(t, http.StatusBadRequest, b.last.Code)
}
