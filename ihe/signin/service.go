package signin

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/carnet-fhir/carnet/fhir/smart"
	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
	"github.com/carnet-fhir/carnet/internal/nos"
)

// Registration is what the registration of a client says for the DMP: the attribute "dmp" of smart.Client.Attributes.
type Registration struct {
	// Kind is operator, institution or application; "": application.
	Kind habilitation.Kind `json:"kind"`
	// Structure is the institution whose software it is; it may be left out for a client that shows a certificate of the institution.
	Structure habilitation.Identifier `json:"structure"`
	// Reinforced lets the software vouch for professionals (authentification indirecte renforcée, PDT-INF-606).
	Reinforced bool `json:"reinforced_indirect"`
}

// AttributeDMP is the name of the attribute.
const AttributeDMP = "dmp"

// RegistrationOf reads and checks a client's registration; the zero Registration without one.
func RegistrationOf(attributes map[string]json.RawMessage) (Registration, error) {
	r := Registration{Kind: habilitation.Application}
	raw := attributes[AttributeDMP]
	if raw == nil {
		return r, nil
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return r, fmt.Errorf("signin: the attribute dmp of a client: %w", err)
	}
	switch r.Kind {
	case habilitation.Operator, habilitation.Application, habilitation.Institution:
	default:
		return r, fmt.Errorf("signin: the attribute dmp of a client has a kind: operator, institution or application")
	}
	return r, nil
}

// Service implements smart.Policy: what a backend service may do in its own name, or in that of the person whom its assertion names.
func (p *Policy) Service(ctx context.Context, request *smart.ServiceRequest) (*smart.Granted, error) {
	r, err := RegistrationOf(request.Client.Attributes)
	if err != nil {
		return nil, err
	}
	actor := habilitation.Actor{Kind: r.Kind, ID: ClientIdentifier(request.Client.ID), Name: request.Client.Name, Mode: habilitation.Normal}
	organization := ""
	if r.Kind == habilitation.Institution {
		asserted, err := assertedIUA(request.Assertion)
		if err != nil {
			return nil, &smart.Refusal{Code: "invalid_request", Message: "L'extension ihe_iua de l'assertion est illisible."}
		}
		organization = asserted.Organization
		if err := certified(&r, request); err != nil {
			return nil, err
		}
		if actor, err = institutional(&r, request, asserted); err != nil {
			return nil, err
		}
	}
	granted := &smart.Granted{Scopes: request.Scopes}
	if actor.Mode != habilitation.Normal && p.Emergency != nil {
		if err := p.Emergency(ctx, Emergency{Actor: actor, Client: request.Client.ID, Remote: request.Remote}); err != nil {
			return nil, err
		}
	}
	granted.Claims, err = ActorClaims(&actor, organization)
	return granted, err
}

// certified takes the structure from the client's certificate. What registration and certificate say must be the same.
func certified(r *Registration, request *smart.ServiceRequest) error {
	if request.Certificate == nil || request.Client.AuthMethod != smart.AuthCertificate {
		if r.Structure.Zero() {
			return &smart.Refusal{Code: "invalid_client", Message: "Ni l'enregistrement du logiciel ni son certificat ne nomment la structure."}
		}
		return nil
	}
	named, _, err := Institution(request.Certificate)
	switch {
	case err != nil && r.Structure.Zero():
		return &smart.Refusal{Code: "invalid_client", Message: "Le certificat du logiciel ne nomme pas la structure."}
	case err == nil && r.Structure.Zero():
		r.Structure = named
	case err == nil && r.Structure != named:
		return &smart.Refusal{Code: "invalid_client", Message: "Le certificat du logiciel nomme une autre structure que son enregistrement."}
	}
	return nil
}

// institutional is who acts by an institution's software. In indirect authentication the rights are the certificate's, whoever the user is; the user must be named all the same, for the trace. In reinforced indirect authentication the
// institution has authenticated the professional, who has the rights of the role that the assertion gives.
func institutional(r *Registration, request *smart.ServiceRequest, asserted *iua) (habilitation.Actor, error) {
	actor := habilitation.Actor{
		Kind: habilitation.Institution, ID: ClientIdentifier(request.Client.ID), Name: asserted.SubjectName, Structure: r.Structure, Authentication: habilitation.Indirect, Mode: habilitation.Normal,
	}
	if actor.Name == "" && request.Client.AuthMethod == smart.AuthCertificate {
		actor.Name = request.Client.Name // there is no assertion to name a user in: the institution itself acts
	}
	if actor.Name == "" {
		return actor, &smart.Refusal{Code: "invalid_request", Message: "L'assertion ne nomme pas l'utilisateur (extensions.ihe_iua.subject_name)."}
	}
	if asserted.OrganizationID != "" && asserted.OrganizationID != r.Structure.Value {
		return actor, &smart.Refusal{Code: "invalid_request", Message: "L'assertion nomme une autre structure que celle du logiciel."}
	}
	switch purpose := firstCode(asserted.Purpose); purpose {
	case "", "TREAT":
	case "ETREAT":
		actor.Mode = habilitation.Centre15
	default:
		return actor, &smart.Refusal{Code: "invalid_request", Message: "Cette finalité n'est pas ouverte à une authentification indirecte."}
	}
	if asserted.NationalID == "" {
		return actor, nil
	}
	if !r.Reinforced {
		return actor, nil // a plain certificate gives its own rights, whoever the user is
	}
	if nos.CheckRPPS(asserted.NationalID) != "" {
		return actor, &smart.Refusal{Code: "invalid_request", Message: "L'identifiant national du professionnel n'est pas un numéro RPPS."}
	}
	actor.Kind, actor.Authentication = habilitation.Professional, habilitation.ReinforcedIndirect
	actor.ID = habilitation.Identifier{System: nos.SystemRPPS, Value: asserted.NationalID}
	asserted.describe(&actor)
	return actor, nil
}

func firstCode(l codingList) string {
	if len(l) == 0 {
		return ""
	}
	return l[0].Code
}
