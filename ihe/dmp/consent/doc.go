// Package consent reads the FHIR Consents by which a person says who may see what of the record (consent.html, R4): authorisations of professionals, blocks, oppositions to access in emergencies, choices of the
// holder, consents to applications. There is no rule language beside Consent.provision. What a Consent of these categories says and this package does not enforce is refused, never left out: a person must not
// believe in a rule that does not hold.
package consent

import (
	"time"

	"github.com/carnet-fhir/carnet/ihe/dmp/habilitation"
)

// CategorySystem is the code system of Category.
const CategorySystem = "https://carnet-fhir.github.io/CodeSystem/consent-category"

// Category is what a Consent is about: the code of CategorySystem in Consent.category.
type Category string

// The categories.
const (
	CareTeam          Category = "care-team"           // A2, A3: a professional or a structure is authorised as member of the équipe de soins; deny: the person objects to it
	Moment            Category = "moment"              // A4: consent of this consultation
	TreatingDoctor    Category = "treating-doctor"     // A14: médecin traitant DMP
	Block             Category = "block"               // A8: the professional is blocked
	BreakGlass        Category = "break-glass"         // E3: access in an emergency, bris de glace
	Centre15          Category = "centre-15"           // E3: access by the doctor who regulates emergency calls
	MaskedInEmergency Category = "masked-in-emergency" // E4: masked documents in emergencies
	AccessRule        Category = "access-rule"         // A7: what the holder keeps from some, or from all
	AccessCode        Category = "access-code"         // a code that opens chosen headings for a time
	Delegate          Category = "delegate"            // M6: a relative or helper acts for the holder; or D3: administers the profile
	Application       Category = "application"         // a referenced application acts for the holder
	Feeding           Category = "feeding"             // D17, D18: opposition to the feeding of kinds of documents
	Visibility        Category = "visibility"          // D5: deny: what is deposited is masked
	Notifications     Category = "notifications"       // T4: deny: the holder is not told of each access
	SecondaryUse      Category = "secondary-use"       // of the data, for the purposes named
)

// Directive is what one Consent says. The zero times are no bounds.
type Directive struct {
	Category Category
	// Active: status active. What is inactive said so once, and ends what it said.
	Active bool
	// Patient is the logical id of the person.
	Patient string
	Given   time.Time // dateTime
	Deny    bool
	// Actors are named by identifier, References literally ("RelatedPerson/x"). Professions are codes of a role without a name, for all who have it.
	Actors      []habilitation.Identifier
	References  []string
	Professions []string
	// Classes and Types are classCodes and typeCodes of documents, Resources resource types.
	Classes, Types, Resources []string
	From, Until               time.Time
	// Read and Write are the actions of a consent to an application or of a delegate.
	Read, Write bool
	// Purposes are codes of v3-ActReason.
	Purposes []string
	// Except are the exceptions of a denial.
	Except []habilitation.Provision
	// Collector is the professional who took down the person's word, for itself or for another (A5); Means how it was given: oral, written, electronic.
	Collector habilitation.Identifier
	Means     string
	// Verified: the explicit first consent was asked for and given (A3): Consent.verification.
	Verified bool
	// Administers: a delegate is an administrator of the profile.
	Administers bool
	// CodeDigest is that of a temporary access code, see Digest.
	CodeDigest string
	// Reason: a legitimate reason is given (D17).
	Reason bool
}

// Provision is the directive as the engine takes it.
func (d *Directive) Provision() habilitation.Provision {
	return habilitation.Provision{
		Actors: d.Actors, Professions: d.Professions, Classes: d.Classes, Types: d.Types, From: d.From, Until: d.Until, Reason: d.Reason, Except: d.Except,
	}
}

// Holds says whether the directive is active at a moment.
func (d *Directive) Holds(at time.Time) bool {
	return d.Active && !at.Before(d.From) && (d.Until.IsZero() || at.Before(d.Until))
}
