package signin

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const base = "https://dmp.example/fhir"

// world is one relying party at one provider, without a network: the provider is the sandbox, or a handler that stands before it.
type world struct {
	sandbox *Sandbox
	client  *Client
	now     time.Time
	// between may answer in the sandbox's place; it says whether it did.
	between func(w http.ResponseWriter, r *http.Request) bool
}

func (o *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if o.between == nil || !o.between(w, r) {
		o.sandbox.ServeHTTP(w, r)
	}
	return w.Result(), nil
}

func doctor(ctx context.Context, matching string) ([]Subject, error) {
	s := Situation{Profession: "10", Skill: "SM26", Activity: "GENR01", Mode: "L", StructureSystem: "https://finess.esante.gouv.fr", StructureID: "010000024", StructureName: "Cabinet de test"}
	return []Subject{{Key: "99900000003", Label: "Test Médecin", Claims: object{
		"SubjectNameID": "899900000003", "family_name": "MÉDECIN", "given_name": "Test", "Acces_Regulation_Medicale": "FAUX",
		"SubjectRefPro": object{"exercices": list{exercise(&s, "MÉDECIN", "Test")}},
	}}}, nil
}

func citizen(ctx context.Context, matching string) ([]Subject, error) {
	return []Subject{{Key: "1", Label: "Test Usager", Claims: object{
		"family_name": "TESTUSAGER", "given_name": "Ada Zoé", "birthdate": "1985-05-04", "gender": "female", "birthplace": "44109", "birthcountry": "99100",
	}}}, nil
}

func newWorld(t *testing.T, kind Kind) *world {
	t.Helper()
	o := &world{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	people, id := doctor, "psc"
	if kind != ProSanteConnect {
		people, id = citizen, "fc"
	}
	var err error
	o.sandbox, err = NewSandbox(SandboxOptions{
		Issuer: "https://dmp.example/sandbox/" + id, Kind: kind, Title: "Essai", ClientID: "carnet", ClientSecret: "secret", Redirect: Callback(base, id), People: people, Now: func() time.Time { return o.now },
	})
	require.NoError(t, err)
	o.client, err = NewClient(o.sandbox.Config(id), Callback(base, id), ClientOptions{Transport: o, Now: func() time.Time { return o.now }})
	require.NoError(t, err)
	return o
}

// begin makes an attempt and gives the provider's answer to it, as the browser would bring it.
func (o *world) begin(t *testing.T) (*Attempt, url.Values) {
	t.Helper()
	attempt, address, err := o.client.Begin(t.Context(), "transaction", false)
	require.NoError(t, err)
	people, err := o.sandbox.o.People(t.Context(), "")
	require.NoError(t, err)
	return attempt, o.choose(t, address, people[0].Key)
}

func (o *world) choose(t *testing.T, address, key string) url.Values {
	t.Helper()
	w := httptest.NewRecorder()
	o.sandbox.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address+"&login_hint="+url.QueryEscape(key), nil))
	require.Equal(t, http.StatusSeeOther, w.Code, w.Body.String())
	back, err := url.Parse(w.Header().Get("Location"))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(back.String(), o.client.redirect+"?"))
	return back.Query()
}

// answerToken makes the token endpoint answer with an ID token of these claims, changed by edit and signed by sign.
func (o *world) answerToken(a *Attempt, edit func(claims map[string]any), sign func(claims map[string]any) string) {
	claims := map[string]any{
		"iss": o.sandbox.o.Issuer, "aud": "carnet", "sub": "f:1", "exp": o.now.Add(time.Minute).Unix(), "iat": o.now.Unix(), "nonce": a.Nonce, "acr": "eidas2",
	}
	edit(claims)
	o.between = func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/token"):
			answerJSON(w, http.StatusOK, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": sign(claims)})
		case strings.HasSuffix(r.URL.Path, "/userinfo"):
			answerJSON(w, http.StatusOK, map[string]any{"sub": "f:1"})
		default:
			return false
		}
		return true
	}
}

func raw(t *testing.T, what any) map[string]json.RawMessage {
	t.Helper()
	text, err := json.Marshal(what)
	require.NoError(t, err)
	var out map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &out))
	return out
}
