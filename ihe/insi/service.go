package insi

import (
	"context"
	"errors"

	"github.com/carnet-fhir/carnet/internal/ins"
)

// Service is the national service.
type Service interface {
	// Retrieve gives the one identity that has the traits (recherche avec saisie des traits). ErrNone, ErrSeveral.
	Retrieve(ctx context.Context, q Query) (*Identity, error)
	// Verify says whether the matricule and the traits are those of one identity (vérification). The answer is yes or no, and never says what differs.
	Verify(ctx context.Context, v Verification) (bool, error)
}

// Errors of a Service.
var (
	// ErrNone: no identity has the traits (code retour 01).
	ErrNone = errors.New("insi: no identity has these traits")
	// ErrSeveral: several have them, so none is given (code retour 02).
	ErrSeveral = errors.New("insi: several identities have these traits")
	// ErrUnavailable: the service could not be asked, or did not answer as it is specified.
	ErrUnavailable = errors.New("insi: the service is not available")
)

// Query are the traits of a retrieval.
type Query struct {
	// Family is the birth name.
	Family string
	// Given is one of the birth given names: the first, or the list as a whole.
	Given string
	// Sex is male or female.
	Sex string
	// BirthDate is YYYY-MM-DD. What a certificate does not tell is 01 by RNIV; a query may say so (YYYY, YYYY-MM) and is then read as that.
	BirthDate string
	// BirthPlace is the INSEE code; "" when it is not known.
	BirthPlace string
}

// Traits are all five traits.
type Traits struct {
	Family, Given, Sex, BirthDate, BirthPlace string
}

// Earlier is an INS that the person had before.
type Earlier struct {
	INS ins.Matricule
	// Start and End are FHIR dates, "" when not told.
	Start, End string
}

// Identity is what the service gives: the INS and the traits of reference (traits d'identité de qualification).
type Identity struct {
	INS     ins.Matricule
	Traits  Traits
	Earlier []Earlier
}

// Verification is what a verification asks.
type Verification struct {
	INS    ins.Matricule
	Traits Traits
}
