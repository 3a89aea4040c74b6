package smart

import (
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Identity is a person as an identity provider vouches for them.
type Identity struct {
	// Issuer names the identity provider and Subject the person there; together they are who it is, and make the subject of our tokens.
	Issuer, Subject string
	// FHIRUser is "Practitioner/[id]", "Patient/[id]" or "RelatedPerson/[id]": who the person is on this server. It may be empty until Policy.Grant says it.
	FHIRUser string
	// Login is the Name of the Login that vouches; "": the one that was begun last.
	Login string
	// Name is shown to the person themselves, on our screens only.
	Name string
	// AuthTime is when the person proved who they are; zero: now.
	AuthTime time.Time
	// ACR is the level of assurance as the provider names it.
	ACR string
	// Claims go into the access token, beside what Policy.Grant adds.
	Claims map[string]json.RawMessage
	// Patients are the records that the person may choose among where an application asks for one (launch/patient): their own, those of their
	// children. nil: any, found by a PatientPicker (professionals). Empty and not nil: none.
	Patients []PatientChoice
}

// PatientChoice is a record that can be chosen.
type PatientChoice struct {
	// ID is the Patient's logical id.
	ID string
	// Name and Detail ("née le 4 mai 1985") are shown on the screen, in French.
	Name, Detail string
}

// Login signs a person in at another place and comes back.
type Login interface {
	// Name is a short name for URLs and configuration ("psc").
	Name() string
	// Label is what the button says, in French ("Se connecter avec Pro Santé Connect").
	Label() string
	// Begin answers the request: mostly a redirection to the provider. The transaction is an opaque name of [A-Za-z0-9_-]{22} for one authorization under way in one
	// browser; the provider's answer reaches a route of the Login's own, which calls Server.SignedIn or Server.NotSignedIn with it. It must be bound to the
	// browser's request by the provider's own protocol (state, nonce); it is no secret. The way back must be a top-level GET: our cookies are SameSite=Lax.
	Begin(w http.ResponseWriter, r *http.Request, transaction string) error
}

// Anew is a Login that can have its provider ask for the proof again, although it may know the person from before.
type Anew interface {
	// BeginAnew is Login.Begin.
	BeginAnew(w http.ResponseWriter, r *http.Request, transaction string) error
}

// PatientPicker finds the record that a professional works on, where no launch context names it.
type PatientPicker interface {
	// Field is the label and the help of the one field that is filled in, in French ("Numéro").
	Field() (label, help string)
	// Find gives the record of what was typed. A *Refusal is shown; nil without an error: there is none that this person may open, which is said in the same words
	// whatever the reason.
	Find(ctx context.Context, request *Request, who *Identity, typed string) (*PatientChoice, error)
}

// Refusal is an error that ends an authorization and that the person reads.
type Refusal struct {
	// Code is the OAuth error that the application gets ("access_denied" when empty).
	Code string
	// Message is a French sentence for the person; the application does not get it.
	Message string
	// Again says that the same screen may be filled in anew: Message is shown on it, and nothing is sent to the application.
	Again bool
}

// Error gives the code only: the message may speak of a person's situation.
func (r *Refusal) Error() string { return "smart: refused: " + r.code() }

func (r *Refusal) code() string {
	if r.Code == "" {
		return "access_denied"
	}
	return r.Code
}
