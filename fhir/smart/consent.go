package smart

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

const (
	maxQuestions  = 64
	maxAnswers    = 512 // fields of the form: scopes, and answers to questions
	defaultAnswer = 500 // characters
	answerPrefix  = "q-"
	ticked        = "scope"
)

var questionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._:-]{0,99}$`)

// consent shows what is asked for, or goes on where nobody has to be asked.
func (s *Server) consent(w http.ResponseWriter, r *http.Request, p *pending, message string) {
	questions, err := s.o.Policy.Questions(r.Context(), &p.ask.Request, p.who)
	if err != nil {
		s.refuse(w, r, p, err)
		return
	}
	if err := checkQuestions(questions); err != nil {
		s.refuse(w, r, p, err)
		return
	}
	p.questions = questions
	if len(questions) == 0 && p.ask.Client.Trusted && !p.ask.prompts("consent") {
		s.grant(w, r, p, p.ask.Scopes, Answers{})
		return
	}
	s.showConsent(w, r, p, message, Answers{}, p.ask.Scopes)
}

func checkQuestions(questions []Question) error {
	if len(questions) > maxQuestions {
		return fmt.Errorf("smart: the policy has %d questions, at most %d are asked", len(questions), maxQuestions)
	}
	for n, q := range questions {
		again := slices.ContainsFunc(questions[:n], func(o Question) bool { return o.Name == q.Name })
		if !questionName.MatchString(q.Name) || again {
			return fmt.Errorf("smart: the policy's question %q has no name of its own that fits a form", q.Name)
		}
		if q.When != nil && !slices.ContainsFunc(questions[:n], func(o Question) bool { return o.Name == q.When.Question }) {
			return fmt.Errorf("smart: the policy's question %q depends on one that does not come before it", q.Name)
		}
	}
	return nil
}

// showConsent shows the screen, with what was answered and ticked before.
func (s *Server) showConsent(w http.ResponseWriter, r *http.Request, p *pending, message string, answers Answers, left scope.Set) {
	a := p.ask
	p.shown = true
	v := s.formOf(r, p, "Autoriser l'accès", message)
	v.Patient, v.Launched = a.PatientName, a.Launched && a.Patient != ""
	v.Scopes = describe(a.Scopes, p.who, a)
	kept := list(left)
	for n := range v.Scopes {
		v.Scopes[n].Ticked = slices.Contains(kept, v.Scopes[n].Scope)
	}
	v.Duration = s.duration(a, p.who)
	v.Questions = arrange(p.questions, answers)
	s.show(w, http.StatusOK, "consent", v)
}

// duration says for how long, in French.
func (s *Server) duration(a *ask, who *Identity) string {
	life := s.refreshLife(a.Client, a.Scopes)
	if lasting, ok := s.o.Policy.(Lasting); ok && life > 0 {
		longest, asked := lasting.Lasting(&a.Request, who)
		if asked && life >= longest {
			return "pendant la durée que vous choisissez ci-dessous"
		}
		life = shortest(life, longest)
	}
	switch {
	case life == 0:
		return "pour cette fois, quelques minutes"
	case life >= 48*time.Hour:
		return "pendant " + count(int(life/(24*time.Hour)), "jour") + " au plus"
	case life >= 2*time.Hour:
		return "pendant " + count(int(life/time.Hour), "heure") + " au plus"
	default:
		return "pendant " + count(max(1, int(life/time.Minute)), "minute") + " au plus"
	}
}

// decide takes the answer of the consent screen.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	raw, fault := formOf(w, r)
	if fault != nil {
		s.stop(w, fault.status, sayForm, "")
		return
	}
	head := parsePairs(raw, fields{"transaction": 64, "form": 64, "decision": 16}, maxAnswers)
	p := s.hold(w, r, head.get("transaction"))
	if p == nil {
		return
	}
	defer p.mu.Unlock()
	if !s.ours(r, p.id, head.get("form")) || head.fault() != "" || !p.shown && p.who != nil {
		s.stop(w, http.StatusForbidden, sayForm, "")
		return
	}
	if p.who == nil { // who was asked is not who sits there now
		s.move(w, r, p)
		return
	}
	if choice, refusal := s.patients(p); refusal != nil || choice {
		s.move(w, r, p)
		return
	}
	if head.get("decision") != "accept" {
		s.turnDown(w, r, p)
		return
	}
	form, err := url.ParseQuery(raw)
	if err != nil {
		s.stop(w, http.StatusBadRequest, sayForm, "")
		return
	}
	left := leave(p.ask.Scopes, form[ticked])
	answers, missing := readAnswers(p.questions, form)
	switch {
	case missing != "":
		s.showConsent(w, r, p, missing, answers, left)
	case len(left.Resources()) == 0 && !left.Has(scope.OpenID) && !left.Has(scope.Launch):
		s.turnDown(w, r, p)
	default:
		s.grant(w, r, p, left, answers)
	}
}

// leave gives the scopes that the person left ticked. Scopes that cannot be unticked stay; a form cannot add one.
func leave(asked scope.Set, boxes []string) scope.Set {
	var kept []string
	for _, one := range list(asked) {
		if !optional(one) || slices.Contains(boxes, one) {
			kept = append(kept, one)
		}
	}
	set, err := scope.Parse(strings.Join(kept, " "))
	if err != nil {
		return scope.Set{}
	}
	return set.Known()
}

// without gives a set without one of its scopes.
func without(s scope.Set, name string) scope.Set {
	if !s.Has(name) {
		return s
	}
	kept := slices.DeleteFunc(list(s), func(one string) bool { return one == name })
	out, err := scope.Parse(strings.Join(kept, " "))
	if err != nil {
		return scope.Set{}
	}
	return out
}

// list gives the scopes of a set one by one, as text.
func list(s scope.Set) []string { return strings.Fields(s.Known().String()) }

// optional says whether a person may untick a scope: what it opens. Launch contexts open nothing.
func optional(one string) bool {
	return one != scope.Launch && one != scope.LaunchPatient && one != scope.LaunchEncounter && one != scope.OpenID && one != scope.FHIRUser && one != scope.Profile
}

// readAnswers reads the answers to what was asked. missing is a French sentence when one is not there or not as it must be.
func readAnswers(questions []Question, form url.Values) (answers Answers, missing string) {
	answers = Answers{}
	for _, q := range questions {
		if q.When != nil && !slices.Contains(q.When.Answers, answers[q.When.Question]) {
			continue
		}
		var answer string
		if sent := form[answerPrefix+q.Name]; len(sent) == 1 {
			answer = strings.TrimSpace(strings.ReplaceAll(sent[0], "\r\n", "\n"))
		}
		if !q.takes(answer) {
			answer = ""
		}
		answers[q.Name] = answer
		if answer == "" && q.Required && missing == "" {
			missing = "À compléter : " + q.Label
		}
	}
	return answers, missing
}

// takes says whether an answer is one of the options, or a text of the length.
func (q *Question) takes(answer string) bool {
	if len(q.Options) > 0 {
		return slices.ContainsFunc(q.Options, func(o Option) bool { return o.Value == answer })
	}
	return clean(strings.ReplaceAll(answer, "\n", " ")) && utf8.RuneCountInString(answer) <= q.Length()
}

// Length is MaxLength, or its default.
func (q *Question) Length() int {
	if q.MaxLength <= 0 {
		return defaultAnswer
	}
	return q.MaxLength
}

// grant asks the Policy and, when it agrees, sends the browser back with a code.
func (s *Server) grant(w http.ResponseWriter, r *http.Request, p *pending, left scope.Set, answers Answers) {
	request := p.ask.Request
	request.Scopes = left
	granted, err := s.o.Policy.Grant(r.Context(), &request, p.who, answers)
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Again && !p.ask.prompts("none") {
		s.showConsent(w, r, p, refusal.Message, answers, left)
		return
	}
	if err != nil {
		s.denied(w, r, p, err)
		return
	}
	if granted == nil || !granted.Scopes.Within(left) {
		s.denied(w, r, p, errors.New("smart: the policy granted what was not asked for"))
		return
	}
	p.done = true
	s.pendings.take(p.id)
	s.reply(w, r, p.ask, url.Values{"code": {s.issue(p, granted)}})
}

// denied refuses on a screen, or to the client where there is none.
func (s *Server) denied(w http.ResponseWriter, r *http.Request, p *pending, err error) {
	if p.ask.prompts("none") {
		s.answerError(w, r, p.ask, refusalOf(err))
		return
	}
	s.refuse(w, r, p, err)
}
