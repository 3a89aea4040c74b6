package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/fhir/smart/scope"
	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp"
	"github.com/carnet-fhir/carnet/ihe/dmp/access"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/ihe/signin"
	"github.com/carnet-fhir/carnet/internal/ins"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// commandClient is the client of the tokens that "carnet token" makes; it is registered nowhere.
const commandClient = "carnet-token"

// draft is a token being made.
type draft struct {
	actor        habilitation.Actor
	organization string
	client       string
	subject      string
	user         string
	scope        string // by default
	patient      string // logical id
}

// mint makes an access token of a sandbox. Production servers give tokens by signing in only.
func (s *security) mint(ctx context.Context, r *tokenRequest) (*tokenAnswer, error) {
	if s.mode != ins.Sandbox {
		return nil, errors.New("tokens are made for sandbox identities only; with production identities people and applications sign in")
	}
	who, id, ok := strings.Cut(r.As, ":")
	if !ok || id == "" {
		return nil, errors.New("--as is ps:RPPS, cpe:IDNPS, patient:INS, representative:INS, es:FINESS, app:operator or app:CLIENT_ID")
	}
	d := &draft{client: commandClient, subject: r.As}
	if r.Patient != "" {
		rec, err := s.record(ctx, r.Patient)
		if err != nil {
			return nil, fmt.Errorf("--patient: %w", err)
		}
		d.patient = rec.ID
	}
	var err error
	switch who {
	case "ps":
		err = s.draftProfessional(ctx, d, id, r)
	case "cpe":
		p := signin.Professional{System: nos.SystemIDNPS, ID: id, Family: id}
		d.actor, d.scope = p.Actor(nil), "openid fhirUser user/*.cruds"
		if d.actor.Kind != habilitation.Staff {
			return nil, errors.New("--as cpe: is followed by 3 and a FINESS, 4 and a SIREN or 5 and a SIRET, a slash and an internal number, as in 3010000024/0001")
		}
		d.user, err = s.who.Practitioner(ctx, nos.SystemIDNPS, id)
	case "patient", "representative":
		err = s.draftPerson(ctx, d, id, who == "representative")
	case "es":
		d.actor = habilitation.Actor{Kind: habilitation.Institution, ID: signin.ClientIdentifier("es-" + id), Name: "Certificat " + id, Structure: habilitation.Identifier{System: nos.SystemFINESS, Value: id}, Authentication: habilitation.Indirect}
		d.scope = "system/*.cruds"
	case "app":
		d.draftApplication(id)
	default:
		err = fmt.Errorf("--as %s: is not known; see --help", who)
	}
	if err != nil {
		return nil, err
	}
	if err := d.enter(r); err != nil {
		return nil, err
	}
	return s.sign(ctx, d, r)
}

// record finds a record by an INS or by the Patient's logical id.
func (s *security) record(ctx context.Context, name string) (*dmp.Record, error) {
	if !isINS(name) {
		return s.who.Records.FindByID(name)
	}
	for _, kind := range []ins.Kind{ins.Test, ins.Demo, ins.NIR} {
		if number, err := s.mode.Parse(kind.System(), name); err == nil {
			if rec, err := s.who.Records.Find(ctx, number); err == nil {
				return rec, nil
			}
		}
	}
	return nil, errors.New("there is no record of this INS")
}

func isINS(name string) bool {
	return len(name) == 15 && strings.Trim(name, "0123456789AB") == ""
}

// draftProfessional takes a professional from the directory as Pro Santé Connect would describe them, or as the request does.
func (s *security) draftProfessional(ctx context.Context, d *draft, rpps string, r *tokenRequest) error {
	if rule := nos.CheckRPPS(rpps); rule != "" {
		return errors.New(string(rule))
	}
	d.scope = "openid fhirUser user/*.cruds"
	if d.patient != "" {
		d.scope += " patient/*.cruds"
	}
	found, err := signin.Directory{People: s.in.layers.people}.Professionals(ctx, rpps)
	if err != nil {
		return err
	}
	if len(found) == 1 && r.Profession == "" && r.Activity == "" {
		p, err := found[0].Professional()
		if err != nil {
			return err
		}
		var situation *signin.Situation
		if len(p.Situations) > 0 {
			situation = &p.Situations[0]
			d.organization = situation.StructureName
		}
		d.actor = p.Actor(situation)
	} else {
		d.actor = unknownProfessional(rpps, r)
	}
	d.user, err = s.who.Practitioner(ctx, nos.SystemRPPS, rpps)
	return err
}

// unknownProfessional is one whom the directory does not know: as the request describes them, a doctor by default.
func unknownProfessional(rpps string, r *tokenRequest) habilitation.Actor {
	p := signin.Professional{System: nos.SystemRPPS, ID: rpps, Family: rpps}
	s := signin.Situation{Profession: r.Profession, Skill: r.Speciality, Section: r.Section, Activity: r.Activity}
	if s.Profession == "" && s.Activity == "" {
		s.Profession = "10"
	}
	if s.Profession == "10" && s.Skill == "" {
		s.Skill = "SM26"
	}
	if s.Profession == "21" && s.Section == "" {
		s.Section = "A"
	}
	return p.Actor(&s)
}

func (s *security) draftPerson(ctx context.Context, d *draft, number string, represents bool) error {
	rec, err := s.record(ctx, number)
	if err != nil {
		return err
	}
	person, err := s.who.Person(ctx, rec)
	if err != nil {
		return err
	}
	if !represents {
		d.patient = rec.ID
	}
	d.actor, d.user, err = person.As(d.patient)
	d.scope = "openid fhirUser user/*.cruds patient/*.cruds"
	return err
}

func (d *draft) draftApplication(id string) {
	d.client = id
	if id == "operator" {
		d.actor = habilitation.Actor{Kind: habilitation.Operator, ID: signin.ClientIdentifier(id), Name: "Exploitant"}
		d.scope = "system/*.cruds"
		return
	}
	d.actor = habilitation.Actor{Kind: habilitation.Application, ID: signin.ClientIdentifier(id), Name: id, Authentication: habilitation.Direct}
	d.scope = "patient/*.cruds"
}

// enter sets the access mode.
func (d *draft) enter(r *tokenRequest) error {
	mode, err := habilitation.ParseAccessMode("", r.Mode)
	if err != nil {
		return err
	}
	d.actor.Mode, d.actor.Secret = mode, r.Secret
	if mode == habilitation.BreakGlass {
		if d.patient == "" || r.Justification == "" {
			return errors.New("bris_de_glace concerns one person and is justified: --patient and --justification")
		}
		d.actor.Justification = true
	}
	return nil
}

func (s *security) sign(ctx context.Context, d *draft, r *tokenRequest) (*tokenAnswer, error) {
	text := r.Scope
	if text == "" {
		text = d.scope
	}
	scopes, err := scope.Parse(text)
	if err != nil {
		return nil, err
	}
	claims, err := signin.ActorClaims(&d.actor, d.organization)
	if err != nil {
		return nil, err
	}
	extra := map[string]any{}
	for name, value := range claims {
		extra[name] = value
	}
	if r.Code != "" {
		extra[access.ClaimAccessCode] = r.Code
	}
	made, session, err := s.Minter.Access(ctx, token.Access{Client: d.client, Subject: d.subject, FHIRUser: d.user, Patient: d.patient, Scopes: scopes, Lifetime: cmp.Or(r.Lifetime, tokenLifetime), Extra: extra})
	if err != nil {
		return nil, err
	}
	if err := s.traceMinted(ctx, d, session, r.Justification); err != nil {
		return nil, err
	}
	return &tokenAnswer{
		Token: made, Base: s.in.baseURL, Expires: int(session.Expires.Sub(session.Issued).Seconds()), Scope: scopes.String(), Patient: d.patient, User: d.user, Name: d.actor.Name,
	}, nil
}

// traceMinted traces the token as one that was asked for by signing in.
func (s *security) traceMinted(ctx context.Context, d *draft, session *token.Session, justification string) error {
	trace := s.in.layers.rights
	if trace.untraced {
		return nil
	}
	traced := *session
	traced.Actor = &d.actor
	if err := trace.issued(ctx, smart.Issuance{Session: &traced, GrantType: "carnet token", Scope: session.Scopes.String()}); err != nil || d.actor.Mode == habilitation.Normal {
		return err
	}
	return trace.emergency(ctx, signin.Emergency{Actor: d.actor, Patient: d.patient, Justification: justification, Client: d.client})
}
