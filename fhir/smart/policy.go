package smart

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/carnet-fhir/carnet/fhir/smart/scope"
)

// Request is an authorization that a client asks for, read and checked: the client is known, the redirection is its own.
type Request struct {
	Client *Client
	// Scopes are those asked for; when Policy.Grant sees the request, those that the person left ticked.
	Scopes scope.Set
	// Patient is the record in context: of an EHR launch, or chosen on the screen; a logical id, "" where there is none.
	Patient string
	// PatientName is shown beside it, where it is known.
	PatientName string
	// Launched says that a professional's software launched the client (EHR launch, contextual call), with Intent as it said.
	Launched bool
	Intent   string
	// Remote is the address that asks, and UserAgent its software's name: for a trace.
	Remote, UserAgent string
}

// Question is something that the person is asked on the consent screen.
type Question struct {
	// Name is the field's: [A-Za-z][A-Za-z0-9._:-]{0,99}.
	Name string
	// Label and Help are French.
	Label, Help string
	// Options make it a choice of one; without options it is a text of up to MaxLength (500) characters.
	Options   []Option
	MaxLength int
	// Value is what stands there at first.
	Value string
	// Required refuses an empty answer. When shows the question only where another one, asked before it, has one of the answers, and drops its answer elsewhere.
	Required bool
	When     *Condition
}

// Option is one choice.
type Option struct{ Value, Label, Help string }

// Condition is an answer to another question.
type Condition struct {
	Question string
	Answers  []string
}

// Answers are what was answered, by Question.Name. Every question that was shown has one; each is an option, or a text within its length.
type Answers map[string]string

// Granted is what a Policy allows.
type Granted struct {
	// Scopes are granted; they must be among those of the request.
	Scopes scope.Set
	// Patient is the launch context, "" for none; FHIRUser replaces the identity's when it is not empty.
	Patient, FHIRUser string
	// Claims go into the access tokens (who acts, in which mode, for which purpose), over the identity's of the same names.
	Claims map[string]json.RawMessage
	// Lifetime is how long the authorization may be refreshed (0: the client's, or the server's); it only shortens.
	Lifetime time.Duration
	// TokenLifetime is that of an access token (0: the server's); it only shortens.
	TokenLifetime time.Duration
	// NeedPatientBanner tells the client to show who the patient is.
	NeedPatientBanner bool
}

// ServiceRequest is a backend service that asks for a token in its own name (client_credentials).
type ServiceRequest struct {
	Client *Client
	Scopes scope.Set
	// Assertion are the claims of the client's assertion beside the registered ones: whom it acts for ("ihe_iua"), when it says so. They are the client's word, signed by its key.
	Assertion map[string]json.RawMessage
	// Certificate is the client's of the TLS connection, verified; nil: there is none.
	Certificate *x509.Certificate
	Remote      string
}

// Renewal is an authorization that is about to be refreshed.
type Renewal struct {
	Client            *Client
	Subject, FHIRUser string
	Scopes            scope.Set
	Patient           string
	Claims            map[string]json.RawMessage
	AuthTime, Granted time.Time
}

// Lasting is a Policy that tells beforehand for how long at most it lets an authorization be refreshed, so that the screen says no more; asked says that a question of its own lets the person choose.
type Lasting interface {
	Lasting(request *Request, who *Identity) (longest time.Duration, asked bool)
}

// Policy is the say of the layer above: what must be asked of the person, and whether this may be granted. A *Refusal refuses; any other error is the server's fault.
type Policy interface {
	// Questions are asked once the person is known and the patient chosen.
	Questions(ctx context.Context, request *Request, who *Identity) ([]Question, error)
	// Grant decides, and may store what was agreed. It is called once for an authorization, when the person has accepted.
	Grant(ctx context.Context, request *Request, who *Identity, answers Answers) (*Granted, error)
	// Service decides on a backend service.
	Service(ctx context.Context, request *ServiceRequest) (*Granted, error)
	// Renew says whether an authorization still holds.
	Renew(ctx context.Context, renewal *Renewal) error
}
