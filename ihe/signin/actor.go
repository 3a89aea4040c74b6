package signin

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/carnet-fhir/carnet/fhir/smart/token"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// ClaimActor is the claim of our tokens that holds the habilitation.Actor.
const ClaimActor = "https://carnet-fhir.github.io/dmp"

// Actor is the professional in one situation of exercise, in normal mode; s may be nil, for somebody who has none: nothing opens to them, unless they act for a structure (Staff). Somebody with several situations has the rights of the chosen one alone (PDT-INF-527 §2.7).
func (p *Professional) Actor(s *Situation) habilitation.Actor {
	a := habilitation.Actor{
		Kind: habilitation.Professional, ID: habilitation.Identifier{System: p.System, Value: p.ID}, Name: p.Name(), Authentication: habilitation.Direct, Mode: habilitation.Normal,
	}
	if s != nil {
		s.describe(&a)
	}
	if structure, ok := p.Staff(); ok {
		a.Kind, a.Structure = habilitation.Staff, structure
	}
	return a
}

// Name is what people read.
func (p *Professional) Name() string { return strings.TrimSpace(p.Given + " " + p.Family) }

// describe writes the codes of the situation into an actor. A code whose list is not known is left out: it opens nothing.
func (s *Situation) describe(a *habilitation.Actor) {
	if c, ok := nos.Profession(s.Profession, s.Training); ok {
		switch c.System {
		case nos.ProfessionSante:
			a.Profession = c.Code
		case nos.ProfessionFormation:
			a.TrainingProfession = c.Code
		case nos.ProfessionSocial:
			a.SocialProfession = c.Code
		case nos.UsagerTitre:
			a.Title = c.Code
		}
	}
	a.Speciality, a.Section, a.Activity = s.Skill, s.Section, s.Activity
	if nos.FonctionSystem(s.Role) == nos.RolePriseCharge {
		a.Role = s.Role
	}
	a.Structure = habilitation.Identifier{System: s.StructureSystem, Value: s.StructureID}
}

// Decode reads the Actor of a token, once for each token (token.VerifierOptions.Decode). A token without one is refused: no rule would apply to it.
func Decode(s *token.Session) (any, error) {
	raw, ok := s.Claims[ClaimActor]
	if !ok {
		return nil, errNoActor
	}
	var a habilitation.Actor
	if err := json.Unmarshal(raw, &a); err != nil || a.Kind == "" {
		return nil, errNoActor
	}
	return &a, nil
}

var errNoActor = errors.New("signin: the token does not say who acts (" + ClaimActor + ")")
