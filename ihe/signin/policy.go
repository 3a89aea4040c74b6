package signin

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/carnet-fhir/carnet/fhir/repository"
	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// Policy is what France asks of people before an application gets access, and what it then may: the smart.Policy.
type Policy struct {
	Records    *dmp.Records
	Repository *repository.Repository
	// Emergency is told of each access in an emergency before it is granted; an error refuses it. nil: nobody is.
	Emergency func(context.Context, Emergency) error
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Majority is the age of it in years; 0: 18. MinorsOff offers no secret connection.
	Majority  int
	MinorsOff bool
}

// Emergency is an access in bris de glace or Centre 15 mode, at the moment when it is granted.
type Emergency struct {
	Actor habilitation.Actor
	// Patient is the logical id of the record; "" in Centre 15 mode when none was chosen yet.
	Patient string
	// Justification is why the glass is broken, in the caller's words.
	Justification string
	// Client is the client's id, Remote the address from which it was asked.
	Client, Remote string
}

func (p *Policy) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// The questions' names.
const (
	askSituation     = "situation"
	askMode          = "mode"
	askJustification = "justification"
	askSecret        = "secret"
	askCode          = "code"
	askContent       = "contenu"
	askDuration      = "duree"
	classPrefix      = "classe-"
)

// Questions implements smart.Policy.
func (p *Policy) Questions(_ context.Context, request *smart.Request, who *smart.Identity) ([]smart.Question, error) {
	principal, err := principalOf(who.Claims)
	if err != nil {
		return nil, err
	}
	if principal.Professional != nil {
		return p.professionalQuestions(request, principal.Professional)
	}
	if request.Client.Trusted {
		return nil, nil
	}
	return consentQuestions(request), nil
}

// Lasting implements smart.Lasting.
func (p *Policy) Lasting(request *smart.Request, who *smart.Identity) (longest time.Duration, asked bool) {
	principal, err := principalOf(who.Claims)
	if err != nil || principal.Professional != nil || request.Client.Trusted {
		return usualLength, false
	}
	return LongestConsent, true
}

func (p *Policy) professionalQuestions(request *smart.Request, who *Professional) ([]smart.Question, error) {
	if _, staff := who.Staff(); staff {
		return nil, nil // no emergencies, no codes, no secrets: documents of the structure
	}
	var out []smart.Question
	if len(who.Situations) > 1 {
		q := smart.Question{Name: askSituation, Label: "Votre situation d'exercice", Help: "Vos droits sont ceux de la situation choisie.", Required: true}
		for n := range who.Situations {
			q.Options = append(q.Options, smart.Option{Value: who.Situations[n].Key, Label: who.Situations[n].Label()})
		}
		out = append(out, q)
	}
	mode := smart.Question{Name: askMode, Label: "Mode d'accès", Help: notices, Value: string(habilitation.Normal), Required: true, Options: []smart.Option{
		{Value: string(habilitation.Normal), Label: "Normal", Help: "Le patient vous a autorisé, ou vous êtes membre de son équipe de soins."},
	}}
	if request.Patient != "" {
		mode.Options = append(mode.Options, smart.Option{
			Value: string(habilitation.BreakGlass), Label: "Bris de glace",
			Help: "Le patient ne peut pas exprimer sa volonté et son état comporte un risque immédiat pour sa santé. Le patient et son médecin traitant en sont informés.",
		})
	}
	if who.Regulation {
		mode.Options = append(mode.Options, smart.Option{Value: string(habilitation.Centre15), Label: "Centre 15", Help: "Régulation médicale. Le patient et son médecin traitant en sont informés."})
	}
	out = append(out, mode)
	if request.Patient == "" {
		return out, nil
	}
	rec, err := p.Records.FindByID(request.Patient)
	if isNoRecord(err) {
		return nil, &smart.Refusal{Message: "Le dossier demandé n'existe pas."}
	}
	if err != nil {
		return nil, err
	}
	out = append(out, smart.Question{
		Name: askJustification, Label: "Motif de l'accès", Help: "Accès au dossier de " + nameOf(rec) + ", " + born(rec.Traits.Sex, rec.Traits.BirthDate) + ". Obligatoire ; le patient peut le lire.", MaxLength: maxJustification, Required: true,
		When: &smart.Condition{Question: askMode, Answers: []string{string(habilitation.BreakGlass)}},
	})
	out = append(out, smart.Question{Name: askCode, Label: "Code d'accès temporaire", Help: "Si le patient vous en a donné un ; sinon, laissez vide.", MaxLength: maxCode})
	w := Who{Now: p.Now, Majority: p.Majority}
	if !p.MinorsOff && w.minor(rec.Traits.BirthDate) {
		out = append(out, smart.Question{
			Name: askSecret, Label: "Connexion secrète", Value: "non", Required: true, Options: []smart.Option{
				{Value: "non", Label: "Non"},
				{Value: "oui", Label: "Oui, à la demande du patient mineur", Help: "Ses représentants légaux ne verront ni cet accès, ni ce qui est déposé."},
			},
		})
	}
	return out, nil
}

// notices are what a professional reads before a record opens: rules that no program can decide (A6, A19, D14).
const notices = habilitation.NoticeNecessary + " " + habilitation.NoticePenalty + " " + habilitation.NoticeNoStorage

const (
	maxJustification = 500
	minJustification = 10
	maxCode          = 64
	emergencyLength  = time.Hour
	// usualLength is how long an authorization may be refreshed where nobody was asked.
	usualLength = 30 * 24 * time.Hour
)

// Grant implements smart.Policy.
func (p *Policy) Grant(ctx context.Context, request *smart.Request, who *smart.Identity, answers smart.Answers) (*smart.Granted, error) {
	principal, err := principalOf(who.Claims)
	if err != nil {
		return nil, err
	}
	if principal.Professional != nil {
		return p.grantProfessional(ctx, request, principal.Professional, answers)
	}
	return p.grantPerson(ctx, request, principal.Person, answers)
}

func (p *Policy) grantProfessional(ctx context.Context, request *smart.Request, professional *Professional, answers smart.Answers) (*smart.Granted, error) {
	situation, err := chosen(professional, answers[askSituation])
	if err != nil {
		return nil, err
	}
	actor := professional.Actor(situation)
	if actor.Mode, err = habilitation.ParseAccessMode("", answers[askMode]); err != nil {
		return nil, &smart.Refusal{Code: "invalid_request", Message: "Ce mode d'accès n'existe pas."}
	}
	if actor.Kind == habilitation.Staff && actor.Mode != habilitation.Normal {
		return nil, &smart.Refusal{Code: "invalid_request", Message: "Ce mode d'accès n'existe pas."}
	}
	actor.Secret = answers[askSecret] == "oui"
	granted := &smart.Granted{Scopes: request.Scopes, Patient: request.Patient, NeedPatientBanner: request.Patient != "", Lifetime: usualLength}
	switch actor.Mode {
	case habilitation.BreakGlass:
		if request.Patient == "" {
			return nil, &smart.Refusal{Message: "Le bris de glace concerne un patient : ouvrez son dossier depuis votre logiciel."}
		}
		if len([]rune(answers[askJustification])) < minJustification {
			return nil, &smart.Refusal{Again: true, Message: "Indiquez le motif de l'accès en quelques mots."}
		}
		actor.Justification = true
	case habilitation.Centre15:
		if !professional.Regulation {
			return nil, &smart.Refusal{Message: "Votre identité ne comporte pas la régulation médicale."}
		}
	}
	if actor.Mode != habilitation.Normal {
		granted.Lifetime, granted.TokenLifetime = emergencyLength, emergencyLength
	}
	if actor.Mode != habilitation.Normal && p.Emergency != nil {
		err := p.Emergency(ctx, Emergency{Actor: actor, Patient: request.Patient, Justification: answers[askJustification], Client: request.Client.ID, Remote: request.Remote})
		if err != nil {
			return nil, err
		}
	}
	organization := ""
	if situation != nil {
		organization = situation.StructureName
	}
	if granted.Claims, err = ActorClaims(&actor, organization); err != nil {
		return nil, err
	}
	if code := strings.TrimSpace(answers[askCode]); code != "" && len(code) <= maxCode {
		granted.Claims[access.ClaimAccessCode], err = json.Marshal(code)
	}
	return granted, err
}

// chosen gives the situation of an answer; the only one without an answer.
func chosen(p *Professional, key string) (*Situation, error) {
	switch {
	case key == "" && len(p.Situations) == 0:
		return nil, nil
	case key == "" && len(p.Situations) == 1:
		return &p.Situations[0], nil
	}
	if s := p.Situation(key); s != nil {
		return s, nil
	}
	return nil, &smart.Refusal{Again: true, Message: "Choisissez la situation d'exercice dans laquelle vous agissez."}
}

func (p *Policy) grantPerson(ctx context.Context, request *smart.Request, who *Holder, answers smart.Answers) (*smart.Granted, error) {
	other, own, known := who.choice(request.Patient)
	if !known {
		return nil, &smart.Refusal{Message: "Ce dossier n'est pas le vôtre, ni celui d'une personne que vous représentez."}
	}
	actor, user := who.actor(other, own)
	if !request.Client.Trusted {
		if !own && !other.Legal {
			return nil, &smart.Refusal{Message: "Seul le titulaire du dossier, ou qui le représente légalement, autorise une application."} // A7: who helps manages no sharing
		}
		if err := p.consent(ctx, request, user, other.Patient, answers); err != nil {
			return nil, err
		}
		actor = habilitation.Actor{Kind: habilitation.Application, ID: ClientIdentifier(request.Client.ID), Name: request.Client.Name, Authentication: habilitation.Direct, Mode: habilitation.Normal}
	}
	granted := &smart.Granted{Scopes: request.Scopes, Patient: request.Patient, FHIRUser: user, NeedPatientBanner: !own, Lifetime: cmp.Or(lengthOf(answers), usualLength)}
	var err error
	granted.Claims, err = ActorClaims(&actor, "")
	return granted, err
}

// SystemClient is the system of client_ids as identifiers.
const SystemClient = "https://carnet-fhir.github.io/client"

// ClientIdentifier is a client as Consents name it.
func ClientIdentifier(id string) habilitation.Identifier {
	return habilitation.Identifier{System: SystemClient, Value: id}
}

// ActorClaims are the claims of an access token: the Actor, and what IHE IUA has for it.
func ActorClaims(a *habilitation.Actor, organization string) (map[string]json.RawMessage, error) {
	actor, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	extensions, err := json.Marshal(map[string]any{"ihe_iua": iuaOf(a, organization)})
	return map[string]json.RawMessage{ClaimActor: actor, "extensions": extensions}, err
}
