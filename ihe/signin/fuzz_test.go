package signin

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/ins"
)

// FuzzAnswer: whatever a browser brings back, nobody is signed in but by the state of the attempt.
func FuzzAnswer(f *testing.F) {
	f.Add("state=s&code=c&iss=https://dmp.example/sandbox/psc")
	f.Add("state=s&state=s&error=access_denied")
	f.Fuzz(func(t *testing.T, query string) {
		answer, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		c := &Client{Config: Config{ID: "psc", Issuer: "https://dmp.example/sandbox/psc"}, now: func() time.Time { return time.Unix(0, 0) }}
		a := &Attempt{Provider: "psc", State: "the state", Expires: time.Unix(600, 0)}
		if c.judgeAnswer(&provider{issInAnswers: true}, a, answer) == nil && (answer.Get("state") != a.State || answer.Get("iss") != c.Issuer || answer.Get("code") == "") {
			t.Fatal("an answer of nobody was taken")
		}
	})
}

// FuzzSealed: what was not sealed here is not opened.
func FuzzSealed(f *testing.F) {
	s, err := newSealer([]byte(strings.Repeat("k", 32)))
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := s.seal("use", Attempt{State: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		var a Attempt
		if err := s.open("use", text, &a); err == nil && a.State != "x" {
			t.Fatal("opened what was never sealed")
		}
		if s.open("another use", text, &a) == nil {
			t.Fatal("opened for another use")
		}
	})
}

func FuzzReadPerson(f *testing.F) {
	f.Add([]byte(`{"family_name":"A","given_name":"B C","birthdate":"1962-00-00","gender":"female","birthplace":"44109","ins":"285073155504246","oid":"1.2.250.1.213.1.4.10"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var claims map[string]json.RawMessage
		if json.Unmarshal(text, &claims) != nil {
			return
		}
		p, err := ReadPerson(&Config{INSClaim: "ins", INSSystemClaim: "oid"}, ins.Production, claims)
		if err == nil && !p.INS.IsZero() && !p.INS.Kind().Real() {
			t.Fatal("a test number in production")
		}
	})
}

func FuzzReadConfigs(f *testing.F) {
	f.Add(`[{"id":"psc","kind":"pro-sante-connect","issuer":"https://x.example","client_id":"c"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		configs, err := ReadConfigs(strings.NewReader(text))
		if err != nil {
			return
		}
		for _, c := range configs {
			u, err := url.Parse(c.Issuer)
			if err != nil || !secure(u) || level(c.ACR) == 0 {
				t.Fatal("an unsafe provider was taken")
			}
		}
	})
}

// FuzzAssertion: an institution's assertion never makes more than an institution, unless it was registered for more.
func FuzzAssertion(f *testing.F) {
	f.Add([]byte(`{"ihe_iua":{"subject_name":"A","subject_role":{"system":"x","code":"y"},"national_provider_identifier":"99900000003"}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		asserted, err := assertedIUA(map[string]json.RawMessage{"extensions": text})
		if err != nil {
			return
		}
		r := &Registration{Kind: habilitation.Institution, Structure: habilitation.Identifier{System: "s", Value: "v"}}
		a, err := institutional(r, &smart.ServiceRequest{Client: &smart.Client{}}, asserted)
		if err == nil && (a.Kind != habilitation.Institution || a.Structure != r.Structure || a.Mode == habilitation.BreakGlass) {
			t.Fatal("an assertion widened the rights of an institution")
		}
	})
}
